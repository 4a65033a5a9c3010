package cli

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yonder/app"
	"yonder/discovery/vlantest"
)

// lan is the real program on the hosts of a network of their own: usually host 1
// sends and host 2 receives.
type lan struct {
	t      *testing.T
	net    *vlantest.LAN
	yonder string // this test binary under the program's name
	dir    string
	fresh  string // part of the profiles' names; another one means people who never met
}

func newLAN(t *testing.T) *lan { return newLANWith(t, 2, vlantest.Options{}) }

func newLANWith(t *testing.T, hosts int, opts vlantest.Options) *lan {
	t.Helper()
	if testing.Short() {
		t.Skip("runs many processes")
	}
	l := &lan{t: t, net: vlantest.NewWith(t, hosts, opts), dir: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l.yonder = filepath.Join(l.dir, "yonder")
	if err := os.Symlink(self, l.yonder); err != nil {
		t.Fatal(err)
	}
	return l
}

// command runs yonder with --json on a host, with the profile of that host.
func (l *lan) command(host int, args ...string) *exec.Cmd {
	args = append([]string{args[0], "--json", "--data", filepath.Join(l.dir, fmt.Sprint("profile", host, l.fresh))}, args[1:]...)
	return l.net.Command(host, l.yonder, args...)
}

// lanEvent is the part of a line of JSON that these tests read.
type lanEvent struct {
	Event   string `json:"event"`
	Name    string `json:"name"`
	AfterMS int64  `json:"after_ms"`
	State   string `json:"state"`
	Wire    int64  `json:"wire"`
	Resumed int64  `json:"resumed"`
	Source  string `json:"source"`
	Change  string `json:"change"`

	ID       string       `json:"id"`
	By       string       `json:"by"`
	Entry    *uint32      `json:"entry"`
	Code     string       `json:"code"`
	Hint     string       `json:"hint"`
	Outgoing bool         `json:"outgoing"`
	Stored   int64        `json:"stored"`
	Bytes    int64        `json:"bytes"`
	Rate     int64        `json:"rate"`
	Body     string       `json:"body"`
	Problem  *app.Problem `json:"problem"`

	Severity string            `json:"severity"`
	Params   map[string]string `json:"params"`
	Command  string            `json:"command"`
	heard    time.Time         // when a process of the test printed it
}

// run returns what a command prints, and its exit code.
func (l *lan) run(host int, args ...string) ([]lanEvent, int) {
	l.t.Helper()
	cmd := l.command(host, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		l.t.Fatal(err)
	}
	var events []lanEvent
	for line := range strings.Lines(string(out)) {
		var e lanEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			l.t.Fatalf("%q: %v", line, err)
		}
		events = append(events, e)
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		l.t.Logf("yonder %s: exit %d\n%s%s", strings.Join(args, " "), code, out, stderr.String())
	}
	return events, cmd.ProcessState.ExitCode()
}

// receive starts a receiver on host 2 and returns when it listens.
func (l *lan) receive(folder string, args ...string) *exec.Cmd {
	l.t.Helper()
	cmd := l.command(2, append([]string{"receive", "--name", "二号 two", "--accept", "all", "--save", folder}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.Contains(lines.Text(), `"listening"`) {
		l.t.Fatalf("receive says %q, %s", lines.Text(), stderr.String())
	}
	go func() { // ends with the program
		for lines.Scan() {
		}
	}()
	return cmd
}

// TestLANFind lets one host find the other by each source alone and by both.
func TestLANFind(t *testing.T) {
	l := newLAN(t)
	for _, source := range []string{"mdns", "broadcast", "both"} {
		l.fresh = source
		receiver := l.receive(t.TempDir(), "--discovery", source)
		events, code := l.run(1, "peers", "--wait", "5s", "--discovery", source)
		found := false
		for _, e := range events {
			if e.Event == "peer" && e.Name == "二号 two" {
				found = true
				t.Logf("%s: found after %d ms, heard by %s", source, e.AfterMS, e.Source)
			}
		}
		if !found || code != 0 {
			t.Errorf("%s: peers = %+v, exit %d", source, events, code)
		}
		receiver.Process.Kill()
		receiver.Wait()
	}
}

// goSource copies the Go distribution's network library: real files of many sizes.
func goSource(t *testing.T, to string) {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("needs the go command: %v", err)
	}
	if err := os.CopyFS(to, os.DirFS(filepath.Join(strings.TrimSpace(string(root)), "src", "net"))); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path string, size int) {
	t.Helper()
	content := make([]byte, size)
	rand.Read(content)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

const large = 200 << 20 // bytes of the large file

// TestLANSend sends a tree of several hundred real files, and some odd ones, to a
// name that has to be found first.
func TestLANSend(t *testing.T) {
	l := newLAN(t)
	source, folder := filepath.Join(l.dir, "source"), t.TempDir()
	goSource(t, filepath.Join(source, "net"))
	writeFile(t, filepath.Join(source, "large.bin"), large)
	writeFile(t, filepath.Join(source, "空文件.txt"), 0)
	writeFile(t, filepath.Join(source, "中文 文件夹", "说明 (最终版).docx"), 12345)
	writeFile(t, filepath.Join(source, "run.sh"), 20)
	if err := os.Chmod(filepath.Join(source, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(source, "empty folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2003, 4, 5, 6, 7, 8, 9, time.UTC)
	if err := os.Chtimes(filepath.Join(source, "run.sh"), old, old); err != nil {
		t.Fatal(err)
	}
	l.receive(folder)
	began := time.Now()
	events, code := l.run(1, "send", "--to", "二号 two", source)
	if code != 0 {
		t.Fatalf("send: exit %d, %+v", code, events)
	}
	t.Logf("sent in %v", time.Since(began).Round(time.Millisecond))
	sameTrees(t, filepath.Join(folder, "source"), source)
}

// TestLANKilledReceiver kills the receiver, as a power cut would, at about half of a
// large file. The same command then completes it without carrying much again.
func TestLANKilledReceiver(t *testing.T) {
	l := newLAN(t)
	source, folder := filepath.Join(l.dir, "large.bin"), t.TempDir()
	writeFile(t, source, large)
	receiver := l.receive(folder)
	killed := make(chan int64, 1)
	go func() {
		defer close(killed)
		for {
			staged, _ := filepath.Glob(filepath.Join(folder, ".yonder-incoming", "*", "tree", "large.bin"))
			for _, path := range staged {
				if info, err := os.Stat(path); err == nil && info.Size() >= large/2 {
					killed <- info.Size()
					receiver.Process.Kill()
					return
				}
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	first, code := l.run(1, "send", "--retry", "0", "--to", "二号 two", source)
	if code != 5 {
		t.Fatalf("send to a receiver that is killed: exit %d, want 5", code)
	}
	t.Logf("killed with %d MiB on disk", <-killed>>20)
	receiver.Wait()
	if _, err := os.Stat(filepath.Join(folder, "large.bin")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file has its final name: %v", err)
	}
	l.receive(folder)
	second, code := l.run(1, "send", "--to", "二号 two", source)
	if code != 0 {
		t.Fatalf("send again: exit %d", code)
	}
	sameTrees(t, folder, filepath.Dir(source), "large.bin")
	carried := first[len(first)-1].Wire + second[len(second)-1].Wire
	t.Logf("carried %d + %d bytes, %d more than the file; %d were there", first[len(first)-1].Wire, second[len(second)-1].Wire, carried-large, second[len(second)-1].Resumed)
	if carried < large || carried-large > 8<<20 {
		t.Errorf("%d bytes were carried twice, want at most 8 MiB", carried-large)
	}
}

// sameTrees compares content, modification time and executable bit of two folders, or
// of one name in them.
func sameTrees(t *testing.T, got, want string, names ...string) {
	t.Helper()
	read := func(root string) tree {
		rows, err := readTree(root)
		if err != nil {
			t.Fatal(err)
		}
		for name := range rows {
			if len(names) > 0 && name != names[0] {
				delete(rows, name)
			}
		}
		return rows
	}
	a, b := read(got), read(want)
	for name := range a {
		if _, ok := b[name]; !ok {
			t.Errorf("%q was not sent, and is there as %v", name, a[name])
		} else if a[name] != b[name] {
			t.Errorf("%q arrived as %v, was %v", name, a[name], b[name])
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			t.Errorf("%q is missing", name)
		}
	}
	t.Logf("%d entries compared", len(b))
}
