//go:build linux

package main

import (
	"os"
	"os/exec"
	"slices"
	"time"
)

// pipeline is a method whose programs all end when everything has been moved.
type pipeline struct {
	receivers []*exec.Cmd // started first; they wait for a connection
	senders   []*exec.Cmd // what they cost is counted from their start
	inherited []*os.File  // what the commands were given; closed here once they have it
	anyExit   bool        // the exit codes of receivers mean nothing
}

// run runs the programs until all have ended. If one fails the others are ended.
func (p *pipeline) run(l *link) (sample, error) {
	var started []*process
	defer func() {
		for _, one := range started {
			one.kill()
		}
	}()
	start := func(h host, commands []*exec.Cmd) ([]*process, error) {
		first := len(started)
		for _, cmd := range commands {
			one, err := h.start(cmd)
			if err != nil {
				return nil, err
			}
			started = append(started, one)
		}
		return started[first:], nil
	}
	receivers, err := start(l.to, p.receivers)
	begin := time.Now()
	var senders []*process
	if err == nil {
		senders, err = start(l.from, p.senders)
	}
	for _, file := range p.inherited {
		file.Close()
	}
	if err != nil {
		return sample{}, err
	}
	sending, receiving := watchMemory(senders...), watchMemory(receivers...)
	err = p.wait(senders, receivers)
	s := sample{mem: [2]int64{sending.stop(), receiving.stop()}}
	if err != nil {
		return sample{}, err
	}
	for _, one := range started {
		s.cpu += one.cpu()
		s.wall = max(s.wall, one.ended.Sub(begin))
	}
	return s, nil
}

// wait waits for all processes and ends the rest when one has failed.
func (p *pipeline) wait(senders, receivers []*process) error {
	all := slices.Concat(senders, receivers)
	ended := make(chan error, len(all))
	for i, one := range all {
		go func() {
			err := one.wait()
			if i >= len(senders) && p.anyExit {
				err = nil
			}
			ended <- err
		}()
	}
	var failed error
	for range all {
		err := <-ended
		if err != nil && failed == nil {
			for _, other := range all {
				_ = other.cmd.Process.Kill() // it may have ended
			}
			failed = err // what fails from now on was killed
		}
	}
	return failed
}
