//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// method is a program, or several, that can move a file or a folder.
type method struct {
	name string
	move func(b *bench, j job) (sample, error)
}

// job is what a method is to do once.
type job struct {
	link   *link
	source string // a file or folder
	dest   string // a folder that is empty; source is to appear there under its own name
	work   string // a folder for what else the method writes
}

// sample is what it cost to move something once.
type sample struct {
	wall  time.Duration // from the start of the sending program until all have ended that do
	cpu   time.Duration // processor time of both sides
	mem   [2]int64      // peak of the sending and of the receiving side, in bytes
	done  time.Duration // Yonder: until its event `done`
	moved time.Duration // Yonder: its own elapsed_ms
}

func (s sample) seconds() float64 { return s.wall.Seconds() }

// outcome is what one method did over all rounds.
type outcome struct {
	method  string
	samples []sample
}

// compare has each method move source over l once in each round. The first method of a
// round is another one each time, so that none is always the one behind a break. Methods
// that cannot be used here are left out, and notes say why.
func (b *bench) compare(l *link, source string, methods ...method) (outcomes []outcome, notes []string, err error) {
	var usable []method
	for _, m := range methods {
		if err := b.try(l, m); err != nil {
			if m.name == yonderName || b.ctx.Err() != nil {
				return nil, nil, err
			}
			notes = append(notes, fmt.Sprintf("%s was left out: %v.", m.name, err))
			continue
		}
		usable = append(usable, m)
		outcomes = append(outcomes, outcome{method: m.name})
	}
	for round := range b.rounds {
		for i := range usable {
			i = (i + round) % len(usable)
			s, err := b.once(l, source, usable[i])
			if err != nil {
				return nil, nil, err
			}
			outcomes[i].samples = append(outcomes[i].samples, s)
			fmt.Fprintf(b.log, "round %d, %s: %.3f s\n", round+1, usable[i].name, s.seconds())
		}
	}
	return outcomes, notes, nil
}

// once moves source into a new folder, looks whether all of it arrived, and removes it.
func (b *bench) once(l *link, source string, m method) (sample, error) {
	base, err := os.MkdirTemp(filepath.Dir(source), "round-")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(base)
	j := job{link: l, source: source, dest: filepath.Join(base, "dest"), work: filepath.Join(base, "work")}
	if err := errors.Join(os.Mkdir(j.dest, 0o755), os.Mkdir(j.work, 0o700)); err != nil {
		return sample{}, err
	}
	s, err := m.move(b, j)
	if err == nil {
		err = same(source, filepath.Join(j.dest, filepath.Base(source)))
	}
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", m.name, err)
	}
	return s, nil
}

// try moves next to nothing, to see whether m works on this machine.
func (b *bench) try(l *link, m method) error {
	dir, err := os.MkdirTemp(b.dir, "try-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "try.bin")
	if err := writeNoise(source, noise(1), 1000); err != nil {
		return err
	}
	_, err = b.once(l, source, m)
	return err
}
