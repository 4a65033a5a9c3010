package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"yonder/app"
)

// TestMain lets the test binary be the program: the scripts below run it as
// "yonder", in processes of their own, with everything real but the window.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"yonder": func() {
			os.Exit(Main(os.Args[1:], "1.2.3", func(context.Context, app.Options, []string) error { return noWindow{} }))
		},
	})
}

// TestScripts runs the sessions of testdata/script over loopback, without any
// search for others. What they add to the commands of testscript:
//
//	start [-tty] NAME ARGS...    runs yonder ARGS..., with -tty on a terminal of its
//	                      own, and waits for its first line; if that names a listener,
//	                      $NAME is where to reach it
//	await NAME REGEXP     waits until its output matches
//	answer NAME accept|decline    answers its last offer with a line of JSON
//	compare NAME same|differ      answers the last code that it shows with a line of JSON
//	type NAME TEXT        writes a line to it; ^C is Ctrl+C, without a line
//	hangup NAME           ends its standard input
//	finish NAME SIGNAL|- CODE   sends INT, TERM or KILL (or nothing), wants the exit code;
//	                      its output is then in NAME.out and NAME.err
//	describes FILE        wants docs/JSON.md to describe each line of FILE
//	same A B              wants two files or folders to be equal
//	exit CODE ARGS...     runs yonder ARGS..., wants the exit code
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("runs many processes")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			text, err := os.ReadFile(manual)
			if err != nil {
				return err
			}
			env.Values[manual] = string(text)
			env.Values["programs"] = map[string]*background{}
			env.Setenv("YONDER_DATA", filepath.Join(env.WorkDir, "profile"))
			port, err := freePort()
			env.Setenv("FREE", port)
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"start": start, "await": await, "answer": answerOffer, "type": typeLine, "hangup": hangup, "finish": finish,
			"compare": compareCode, "describes": describes, "same": same, "exit": exitWith,
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "signals":
				return runtime.GOOS != "windows", nil
			case "terminals":
				return runtime.GOOS == "linux", nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// freePort returns a TCP port that nobody listens on now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// patience of a script for one thing to happen.
const scriptWait = time.Minute

// background is a program that runs beside the script.
type background struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	err   safeBuffer
	out   safeBuffer
	more  chan struct{} // gets a value when something is printed; closed at the end
	once  sync.Once
}

func programs(ts *testscript.TestScript) map[string]*background {
	return ts.Value("programs").(map[string]*background)
}

func named(ts *testscript.TestScript, name string) *background {
	b := programs(ts)[name]
	if b == nil {
		ts.Fatalf("no program called %s was started", name)
	}
	return b
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	tty := len(args) > 0 && args[0] == "-tty"
	if tty {
		args = args[1:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start [-tty] NAME ARGS...")
	}
	path, err := exec.LookPath("yonder")
	ts.Check(err)
	b := &background{cmd: exec.Command(path, args[1:]...), more: make(chan struct{}, 1)}
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = append(os.Environ(), "YONDER_DATA="+ts.Getenv("YONDER_DATA"), "TERM=xterm")
	for _, name := range []string{"LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		if value := ts.Getenv(name); value != "" {
			b.cmd.Env = append(b.cmd.Env, name+"="+value)
		}
	}
	out, err := b.connect(tty)
	ts.Check(err)
	programs(ts)[args[0]] = b
	ts.Defer(func() { b.cmd.Process.Kill(); b.wait() })
	go b.read(out)
	b.await(ts, regexp.MustCompile(`\n`))
	if m := regexp.MustCompile(`^(?:listening on |\{"event":"listening","address":")[^\n"]*:(\d+)`).FindStringSubmatch(b.out.String()); m != nil {
		ts.Setenv(args[0], "127.0.0.1:"+m[1])
	}
}

// connect starts the program and returns what it prints.
func (b *background) connect(tty bool) (out io.Reader, err error) {
	if tty {
		user, terminal, err := onTerminal(b.cmd)
		if err != nil {
			return nil, err
		}
		defer terminal.Close()
		b.stdin = user
		return user, b.cmd.Start()
	}
	b.cmd.Stderr = &b.err
	if b.stdin, err = b.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if out, err = b.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return out, b.cmd.Start()
}

// read collects what the program prints, until it ends.
func (b *background) read(out io.Reader) {
	defer close(b.more)
	buf := make([]byte, 4096)
	for {
		n, err := out.Read(buf)
		b.out.Write(buf[:n])
		if err != nil {
			return
		}
		select {
		case b.more <- struct{}{}:
		default:
		}
	}
}

// await returns when the output matches.
func (b *background) await(ts *testscript.TestScript, re *regexp.Regexp) {
	end := time.After(scriptWait)
	for open := true; !re.MatchString(b.out.String()); {
		if !open {
			ts.Fatalf("the program ended without %q; output %q, errors %q", re, b.out.String(), b.err.String())
		}
		select {
		case _, open = <-b.more:
		case <-end:
			ts.Fatalf("%q does not come; output %q, errors %q", re, b.out.String(), b.err.String())
		}
	}
}

func await(ts *testscript.TestScript, _ bool, args []string) {
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	named(ts, args[0]).await(ts, re)
}

func answerOffer(ts *testscript.TestScript, _ bool, args []string) {
	b := named(ts, args[0])
	offer := regexp.MustCompile(`"event":"offer","id":"([0-9a-f]+)"`)
	b.await(ts, offer)
	found := offer.FindAllStringSubmatch(b.out.String(), -1)
	_, err := fmt.Fprintf(b.stdin, "{%q:%q}\n", args[1], found[len(found)-1][1])
	ts.Check(err)
}

func compareCode(ts *testscript.TestScript, _ bool, args []string) {
	b := named(ts, args[0])
	code := regexp.MustCompile(`"code":"([0-9]{6})"`)
	b.await(ts, code)
	found := code.FindAllStringSubmatch(b.out.String(), -1)
	_, err := fmt.Fprintf(b.stdin, "{%q:%q}\n", args[1], found[len(found)-1][1])
	ts.Check(err)
}

func typeLine(ts *testscript.TestScript, _ bool, args []string) {
	text := args[1] + "\n"
	if args[1] == "^C" {
		text = "\x03"
	}
	_, err := io.WriteString(named(ts, args[0]).stdin, text)
	ts.Check(err)
}

func hangup(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(named(ts, args[0]).stdin.Close())
}

// wait waits for the end of the program, once.
func (b *background) wait() {
	b.once.Do(func() {
		for range b.more {
		}
		b.cmd.Wait()
	})
}

func finish(ts *testscript.TestScript, _ bool, args []string) {
	b := named(ts, args[0])
	switch args[1] {
	case "INT":
		ts.Check(b.cmd.Process.Signal(os.Interrupt))
	case "TERM":
		ts.Check(b.cmd.Process.Signal(syscall.SIGTERM))
	case "KILL":
		ts.Check(b.cmd.Process.Kill())
	}
	timer := time.AfterFunc(scriptWait, func() { b.cmd.Process.Kill() })
	defer timer.Stop()
	b.wait()
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(b.out.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), []byte(b.err.String()), 0o600))
	ts.Logf("[%s out]\n%s[%s err]\n%s", args[0], b.out.String(), args[0], b.err.String())
	if got := strconv.Itoa(b.cmd.ProcessState.ExitCode()); got != args[2] {
		ts.Fatalf("%s ended with exit code %s, want %s", args[0], got, args[2])
	}
}

func describes(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if _, err := documented([]byte(line), ts.Value(manual).(string)); err != nil {
			ts.Fatalf("%q: %v", line, err)
		}
	}
}

// same compares two trees: names, content, times and the executable bit.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := listing(ts, ts.MkAbs(args[0])), listing(ts, ts.MkAbs(args[1]))
	if (a == b) == neg {
		ts.Fatalf("first:\n%s\nsecond:\n%s", a, b)
	}
}

// listing describes each entry of a tree in one line, but for links.
func listing(ts *testscript.TestScript, root string) string {
	var out strings.Builder
	ts.Check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		if d.IsDir() {
			fmt.Fprintf(&out, "%q folder\n", name)
			return nil
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(&out, "%q %t %d %q\n", name, info.Mode()&0o100 != 0, info.ModTime().UnixMilli(), content)
		return err
	}))
	return out.String()
}

func exitWith(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("yonder", args[1:]...)
	code := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
