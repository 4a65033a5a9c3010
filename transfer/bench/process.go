//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a program that was started in a host. Its fields may be read once done is closed.
type process struct {
	cmd    *exec.Cmd
	errors tail
	done   chan struct{}
	ended  time.Time
	err    error // as of Wait, with the last that it said
}

// command returns a command that is killed when the run is interrupted.
func (b *bench) command(name string, args ...string) *exec.Cmd {
	return exec.CommandContext(b.ctx, name, args...)
}

// start starts cmd in h. Its standard error is kept for errors.
func (h host) start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	cmd.Stderr = &p.errors
	cmd.WaitDelay = 5 * time.Second
	if err := h.enter(cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		defer close(p.done)
		err := cmd.Wait()
		p.ended = time.Now()
		if err != nil {
			p.err = fmt.Errorf("%s %s: %w: %s", cmd.Path, cmd.Args[1], err, p.errors.last())
		}
	}()
	return p, nil
}

// wait returns when p has ended.
func (p *process) wait() error {
	<-p.done
	return p.err
}

// stop asks p to end, and makes it end after a while.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		p.kill()
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// cpu returns the processor time of p, which has ended, and of its children.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// cpuNow returns the processor time of p so far.
func (p *process) cpuNow() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return cpuTime(string(text))
}

// watch looks at the memory of processes all the time.
type watch struct {
	quit chan struct{}
	peak chan int64
}

// every is how often memory is looked at. A peak that is shorter may be missed.
const every = 20 * time.Millisecond

// watchMemory adds up the memory of these processes and of those that they start.
func watchMemory(processes ...*process) *watch {
	w := &watch{quit: make(chan struct{}), peak: make(chan int64)}
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		var peak int64
		for {
			var sum int64
			for _, p := range processes {
				for _, pid := range family(p.cmd.Process.Pid) {
					sum += anonymous(pid)
				}
			}
			peak = max(peak, sum)
			select {
			case <-ticker.C:
			case <-w.quit:
				w.peak <- peak
				return
			}
		}
	}()
	return w
}

// stop returns the largest sum that was seen, in bytes.
func (w *watch) stop() int64 {
	close(w.quit)
	return <-w.peak
}

// tail keeps the end of what a program writes to standard error.
type tail struct {
	mu   sync.Mutex
	text []byte // under mu; at most 4 KiB
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4<<10):]
	return len(p), nil
}

func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

// lines calls each for every line that is written to it.
type lines struct {
	each func(line []byte)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.each(line)
		l.rest = rest
	}
}
