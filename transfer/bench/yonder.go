//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

const yonderName = "yonder"

// event has what the benchmark needs of the events in docs/JSON.md.
type event struct {
	Event   string `json:"event"`
	State   string `json:"state,omitempty"`      // of state and done
	OK      bool   `json:"ok,omitempty"`         // of done
	Elapsed int64  `json:"elapsed_ms,omitempty"` // of done
	Stored  int64  `json:"stored,omitempty"`     // of progress and done
	Text    string `json:"text,omitempty"`       // of error and warning
}

// events returns a writer that calls each for every event written to it.
func events(each func(event)) *lines {
	return &lines{each: func(line []byte) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			e = event{Event: "error", Text: fmt.Sprintf("%q is not JSON: %v", line, err)}
		}
		each(e)
	}}
}

// receiving is a running `yonder receive`.
type receiving struct {
	*process
	b    *bench
	link *link
	addr string
}

// receive starts `yonder receive` and returns once it listens. The caller stops it.
func (b *bench) receive(l *link, folder, profile, policy string) (*receiving, error) {
	port, err := l.to.freePort()
	if err != nil {
		return nil, err
	}
	cmd := b.command(b.yonder, "receive", "--json", "--accept", "all", "--policy", policy,
		"--save", folder, "--data", profile, "--no-discovery", "--port", strconv.Itoa(port))
	listening := make(chan struct{})
	cmd.Stdout = events(func(e event) {
		if e.Event == "listening" {
			close(listening)
		}
	})
	p, err := l.to.start(cmd)
	if err != nil {
		return nil, err
	}
	select {
	case <-listening:
		return &receiving{process: p, b: b, link: l, addr: fmt.Sprintf("%s:%d", l.to.addr, port)}, nil
	case <-p.done:
		return nil, errors.Join(errors.New("yonder receive ended before it listened"), p.err)
	case <-time.After(30 * time.Second):
		p.kill()
		return nil, fmt.Errorf("yonder receive did not listen: %s", p.errors.last())
	}
}

// point is how far a transfer was at some time.
type point struct {
	at     time.Time
	stored int64
}

// sending is a running `yonder send`.
type sending struct {
	*process
	begin time.Time
	last  event // its done
	came  time.Time
	way   []point // by its own progress, the end included
	said  error   // what it complained about
}

// send starts to send source. What is in the result may be read once it has ended.
func (r *receiving) send(source, profile, policy string) (*sending, error) {
	port, err := r.link.from.freePort()
	if err != nil {
		return nil, err
	}
	cmd := r.b.command(r.b.yonder, "send", "--json", "--to", r.addr, "--policy", policy, "--retry", "0",
		"--data", profile, "--no-discovery", "--port", strconv.Itoa(port), source)
	s := &sending{}
	cmd.Stdout = events(func(e event) {
		switch e.Event {
		case "state":
			if e.State == "running" {
				s.way = append(s.way, point{time.Now(), 0})
			}
		case "progress":
			s.way = append(s.way, point{time.Now(), e.Stored})
		case "done":
			s.last, s.came = e, time.Now()
			s.way = append(s.way, point{s.came, e.Stored})
		case "error":
			s.said = errors.Join(s.said, errors.New(e.Text))
		}
	})
	s.begin = time.Now()
	s.process, err = r.link.from.start(cmd)
	return s, err
}

// finish waits for s and returns an error if anything did not arrive.
func (s *sending) finish() error {
	if err := s.wait(); err != nil {
		return errors.Join(err, s.said)
	}
	if !s.last.OK {
		return fmt.Errorf("yonder send: done with state %q: %w", s.last.State, s.said)
	}
	return nil
}

// move sends source to r and returns what it cost both.
func (r *receiving) move(source, profile, policy string) (sample, error) {
	before, err := r.cpuNow()
	if err != nil {
		return sample{}, err
	}
	there := watchMemory(r.process)
	s, err := r.send(source, profile, policy)
	if err != nil {
		there.stop()
		return sample{}, err
	}
	here := watchMemory(s.process)
	err = s.finish()
	mem := [2]int64{here.stop(), there.stop()}
	if err != nil {
		return sample{}, fmt.Errorf("%w %s", err, r.errors.last())
	}
	after, err := r.cpuNow()
	return sample{
		wall: s.ended.Sub(s.begin), cpu: s.cpu() + after - before, mem: mem,
		done: s.came.Sub(s.begin), moved: time.Duration(s.last.Elapsed) * time.Millisecond,
	}, err
}

// yonder is the program that is measured, with new profiles on both sides.
func yonder() method {
	return method{yonderName, func(b *bench, j job) (sample, error) {
		r, err := b.receive(j.link, j.dest, filepath.Join(j.work, "receiver"), "keep")
		if err != nil {
			return sample{}, err
		}
		defer r.stop()
		return r.move(j.source, filepath.Join(j.work, "sender"), "keep")
	}}
}
