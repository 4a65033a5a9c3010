package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary play another process of Yonder.
func TestMain(m *testing.M) {
	if dir := os.Getenv("YONDER_TEST_OWNER"); dir != "" {
		b, err := Open(context.Background(), Options{Dir: dir, Discovery: "none", Owner: true})
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		fmt.Println("owner of", b.(*ownerApp).me.Name)
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

func open(t *testing.T, o Options) Backend {
	t.Helper()
	if o.Discovery == "" {
		o.Discovery = "none"
	}
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestOpenOwnerAndClient(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Options{Dir: dir, Window: true})
	second := open(t, Options{Dir: dir})
	if _, ok := second.(*Client); !ok {
		t.Fatalf("the second is %T, want a client", second)
	}
	_, err := Open(t.Context(), Options{Dir: dir, Owner: true})
	if p := AsProblem(err); p == nil || p.Code != CodeRunning || p.Object != strconv.Itoa(os.Getpid()) {
		t.Errorf("Open as owner = %+v, want %s naming the pid", p, CodeRunning)
	}
	f := follow(t, first)
	if err := second.Raise(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	f.until("raise", func() bool { return f.log[len(f.log)-1].Kind == EventRaise })
	name := f.state.Me.Name
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third := open(t, Options{Dir: dir, Owner: true})
	if got := follow(t, third).state.Me; got.Name != name || got.ID != f.state.Me.ID {
		t.Errorf("the next owner is %s %s, want %s %s", got.Name, got.ID, name, f.state.Me.ID)
	}
}

func TestOwnerKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs kill -9")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "YONDER_TEST_OWNER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, _ := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, "owner of ") {
		t.Fatalf("the other process says %q", line)
	}
	_, err = Open(t.Context(), Options{Dir: dir, Owner: true})
	if p := AsProblem(err); p == nil || p.Code != CodeRunning || p.Object != strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("Open as owner = %+v, want %s naming %d", p, CodeRunning, cmd.Process.Pid)
	}
	client := open(t, Options{Dir: dir})
	events := client.Events(t.Context())
	if ev := <-events; ev.State.Me.PID != cmd.Process.Pid {
		t.Errorf("the client's owner is %d, want %d", ev.State.Me.PID, cmd.Process.Pid)
	}
	cmd.Process.Kill()
	cmd.Wait()
	for range events { // ends with the owner
	}
	if _, err := os.Stat(filepath.Join(dir, ownerFile)); err != nil {
		t.Fatalf("kill -9 leaves owner.json behind, but: %v", err)
	}
	b := open(t, Options{Dir: dir, Owner: true})
	if me := follow(t, b).state.Me; me.PID != os.Getpid() || "owner of "+me.Name+"\n" != line {
		t.Errorf("the next owner is %+v, want the same name as %q", me, line)
	}
}

func TestOpenPortTaken(t *testing.T) {
	ln, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	taken := int(portOf(ln))
	b := open(t, Options{Dir: t.TempDir(), Listen: true, Port: taken})
	f := follow(t, b)
	p := f.problem(CodePortTaken)
	if p.Object != strconv.Itoa(taken) || p.Detail == "" || !strings.HasSuffix(f.state.Me.Listening, ":"+p.Detail) {
		t.Errorf("problem %+v, listening at %s", p, f.state.Me.Listening)
	}
	if len(f.state.Me.Addresses) == 0 || f.state.Me.Addresses[0] != f.state.Me.Listening {
		t.Errorf("Addresses = %v, want %s first", f.state.Me.Addresses, f.state.Me.Listening)
	}
}

func TestOpenChangesPort(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir(), Listen: true, Port: freePort(t)})
	f := follow(t, b)
	before := f.state.Me.Listening
	want := freePort(t)
	if err := b.Configure(t.Context(), Settings{Port: want}); err != nil {
		t.Fatal(err)
	}
	f.until("the new port", func() bool { return strings.HasSuffix(f.state.Me.Listening, fmt.Sprint(":", want)) })
	if conn, err := net.DialTimeout("tcp", f.state.Me.Listening, 5*time.Second); err != nil {
		t.Errorf("nobody listens at the new port: %v", err)
	} else {
		conn.Close()
	}
	if conn, err := net.DialTimeout("tcp", before, 5*time.Second); err == nil {
		conn.Close()
		t.Error("somebody still listens at the old port")
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return int(portOf(ln))
}

func TestOpenWithoutListener(t *testing.T) {
	if me := follow(t, open(t, Options{Dir: t.TempDir()})).state.Me; me.Listening != "" || len(me.Addresses) != 0 {
		t.Errorf("a process that only sends is at %s %v", me.Listening, me.Addresses)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		why string
		o   Options
	}{
		{"name", Options{Name: "a\x00b"}},
		{"port", Options{Port: 70000}},
		{"folder", Options{Folder: "relative"}},
		{"discovery", Options{Discovery: "smoke"}},
	} {
		tt.o.Dir = filepath.Join(t.TempDir(), "p")
		_, err := Open(t.Context(), tt.o)
		if p := AsProblem(err); p == nil || p.Code != CodeBadSetting || p.Detail != tt.why {
			t.Errorf("Open with a bad %s = %+v, want %s", tt.why, p, CodeBadSetting)
		}
		if _, err := os.Stat(tt.o.Dir); err == nil {
			t.Errorf("Open with a bad %s made the profile", tt.why)
		}
	}
}

func TestOpenWhereNothingCanBeWritten(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	os.WriteFile(blocked, nil, 0o600)
	dir := filepath.Join(blocked, "profile")
	b := open(t, Options{Dir: dir})
	f := follow(t, b)
	if p := f.problem(CodeNotSaved); p.Object != dir {
		t.Errorf("problem = %+v, want %s", p, dir)
	}
	if err := b.Configure(t.Context(), Settings{Name: "This run"}); err != nil {
		t.Errorf("Configure = %v, want that it holds for this run", err)
	}
	f.until("the name", func() bool { return f.state.Me.Name == "This run" })
	work := b.(*ownerApp).profile.work
	b.Close()
	if _, err := os.Stat(work); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary folder is left behind: %v", err)
	}
}

func TestOpenFromEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(EnvData, dir)
	if me := follow(t, open(t, Options{})).state.Me; me.Dir != dir {
		t.Errorf("profile in %s, want %s", me.Dir, dir)
	}
}

func TestOpenWithoutHome(t *testing.T) {
	for _, name := range []string{EnvData, "HOME", "XDG_CONFIG_HOME", "XDG_DOWNLOAD_DIR"} {
		t.Setenv(name, "")
	}
	f := follow(t, open(t, Options{}))
	if p := f.problem(CodeNotSaved); p.Detail != errNoHome.Error() {
		t.Errorf("problem = %+v", p)
	}
	if f.state.Me.Folder != "" {
		t.Errorf("files would land in %s", f.state.Me.Folder)
	}
}

func TestDefaultFolderIsMade(t *testing.T) {
	chosen, missing := filepath.Join(t.TempDir(), "usb"), filepath.Join(t.TempDir(), "Downloads")
	if p := checkFolder(chosen, false); p == nil || p.Code != CodeNoFolder {
		t.Errorf("the user's own missing folder: %+v, want %s", p, CodeNoFolder)
	}
	if _, err := os.Stat(chosen); err == nil {
		t.Error("it was made: files would go into an empty mount point")
	}
	if p := checkFolder(missing, true); p != nil {
		t.Errorf("the default folder: %+v, want that it is made", p)
	}
	if left, err := os.ReadDir(missing); err != nil || len(left) != 0 {
		t.Errorf("in it there is %v, %v", left, err)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	b := open(t, Options{Dir: t.TempDir(), Listen: true, Port: freePort(t)})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := b.Events(ctx)
	<-events
	b.Close()
	for range events { // closed by Close, not by ctx
	}
	b.Close() // again: no effect
	if _, err := b.Say(t.Context(), DeviceID{1}, "x"); err == nil {
		t.Error("Say after Close = nil, want an error")
	}
	if _, open := <-b.Events(ctx); open {
		t.Error("events after Close")
	}
	goleak.VerifyNone(t, before)
}
