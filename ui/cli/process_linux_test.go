package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a yonder that runs on a host. Its events are kept, so that they can be
// waited for whenever they came.
type process struct {
	t     *testing.T
	what  string    // its command, for messages
	input io.Writer // its standard input
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is gone and its last event was taken

	mu     sync.Mutex
	events []lanEvent
	news   chan struct{} // closed at the next event
	output strings.Builder
}

// start runs a command on a host until it ends or the test does.
func (l *lan) start(host int, args ...string) *process {
	l.t.Helper()
	p := &process{
		t: l.t, what: args[0], cmd: l.command(host, args...),
		ended: make(chan struct{}), news: make(chan struct{}),
	}
	p.cmd.Stderr = printed{p}
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		p.input, err = p.cmd.StdinPipe()
	}
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		l.t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.read(out)
		p.cmd.Wait() // the exit code says it
	}()
	l.t.Cleanup(p.kill)
	return p
}

// startReceiver runs receive on a host and returns when it listens.
func (l *lan) startReceiver(host int, folder string, args ...string) *process {
	l.t.Helper()
	p := l.start(host, append([]string{"receive", "--name", "二号 two", "--accept", "all", "--save", folder}, args...)...)
	p.await("listening", time.Minute, func(e lanEvent) bool { return e.Event == "listening" })
	return p
}

func (p *process) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Fprintln(printed{p}, lines.Text())
		e := lanEvent{heard: time.Now()}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			p.t.Errorf("%s printed %q: %v", p.what, lines.Text(), err)
			continue
		}
		p.mu.Lock()
		p.events = append(p.events, e)
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
}

// printed keeps what a process printed, on both outputs.
type printed struct{ p *process }

func (w printed) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.p.output.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// since returns the events from an index on, and what is closed when there are more.
func (p *process) since(index int) ([]lanEvent, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events[index:len(p.events):len(p.events)], p.news
}

// mark is the index of the next event, for since and awaitFrom.
func (p *process) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

// await returns the first event that is wanted, and fails the test if there is none.
func (p *process) await(what string, most time.Duration, is func(lanEvent) bool) lanEvent {
	p.t.Helper()
	return p.awaitFrom(0, what, most, is)
}

func (p *process) awaitFrom(from int, what string, most time.Duration, is func(lanEvent) bool) lanEvent {
	p.t.Helper()
	timer := time.NewTimer(most)
	defer timer.Stop()
	for over := false; ; {
		events, news := p.since(from)
		if i := slices.IndexFunc(events, is); i >= 0 {
			return events[i]
		}
		if over {
			p.t.Fatalf("%s did not come to %q:\n%s", p.what, what, p.text())
		}
		select {
		case <-news:
		case <-p.ended:
			over = true // but look at its last events
		case <-timer.C:
			over = true
		}
	}
}

// finish waits until it has ended by itself and returns its exit code.
func (p *process) finish(most time.Duration) int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(most):
		p.t.Fatalf("%s has not ended after %v:\n%s", p.what, most, p.text())
	}
	return p.cmd.ProcessState.ExitCode()
}

// over reports whether it has ended.
func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// kill ends it as a power cut would, and returns when it is gone.
func (p *process) kill() {
	p.signal(os.Kill)
	<-p.ended
}

// signal sends it a signal. That it has ended already is no error.
func (p *process) signal(s os.Signal) {
	if !p.over() {
		p.cmd.Process.Signal(s)
	}
}

// stop and resume are what a laptop does that sleeps.
func (p *process) stop()   { p.signal(syscall.SIGSTOP) }
func (p *process) resume() { p.signal(syscall.SIGCONT) }

// isState is for await: a state event of an own or a received transfer.
func isState(state string) func(lanEvent) bool {
	return func(e lanEvent) bool { return e.Event == "state" && e.State == state }
}

// beyond is for await: more than so many bytes are on the receiver's disk.
func beyond(stored int64) func(lanEvent) bool {
	return func(e lanEvent) bool { return e.Event == "progress" && e.Stored > stored }
}
