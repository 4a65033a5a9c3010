//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

var again = scenario{"again",
	"1 GiB sent three times to the same folder: when it is not there, unchanged, and after 1 MiB was overwritten at each of 10 random places. " +
		"Bytes are those on the interface, headers included, in both directions.",
	(*bench).again}

// steps of the scenario, and what the table calls them.
var steps = [...]string{"first time", "unchanged", "10 MiB changed"}

// repeater is a method that can send to the same place several times. open returns a
// function that sends once, and one that ends what was started.
type repeater struct {
	name string
	open func(b *bench, j job) (move func() (sample, error), stop func(), err error)
}

var repeaters = []repeater{
	{"yonder --policy update", func(b *bench, j job) (func() (sample, error), func(), error) {
		r, err := b.receive(j.link, j.dest, filepath.Join(j.work, "receiver"), "update")
		if err != nil {
			return nil, nil, err
		}
		return func() (sample, error) { return r.move(j.source, filepath.Join(j.work, "sender"), "update") }, r.stop, nil
	}},
	// Whole files are not sent: rsync skips what has the same size and time, and finds
	// what has changed inside a file.
	{"rsync daemon, -a --no-whole-file", func(b *bench, j job) (func() (sample, error), func(), error) {
		return func() (sample, error) { return rsyncCopy("-a", "--no-whole-file").move(b, j) }, func() {}, nil
	}},
}

// traffic is what one step cost.
type traffic struct {
	there, back int64 // bytes
	wall        time.Duration
}

func (b *bench) again() (string, error) {
	l, err := b.wire(0)
	if err != nil {
		return "", err
	}
	defer l.remove()
	size := gib / b.scale
	dir, err := b.spacious(2 * size)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "large.bin")
	if err := writeNoise(source, noise(1), size); err != nil {
		return "", err
	}
	usable, note := repeaters, ""
	if err := b.try(l, rsyncCopy("-a")); err != nil {
		usable, note = repeaters[:1], fmt.Sprintf("\nrsync was left out: %v.\n", err)
	}
	figures := make([][len(steps)][]traffic, len(usable))
	for round := range b.rounds {
		for i := range usable {
			i = (i + round) % len(usable)
			three, err := b.thrice(l, source, usable[i], uint64(100+10*round+2*i))
			if err != nil {
				return "", fmt.Errorf("%s: %w", usable[i].name, err)
			}
			for step, one := range three {
				figures[i][step] = append(figures[i][step], one)
				fmt.Fprintf(b.log, "round %d, %s, %s: %.3f s, %d bytes there, %d back\n",
					round+1, usable[i].name, steps[step], one.wall.Seconds(), one.there, one.back)
			}
		}
	}
	return trafficTable(usable, figures) + note, nil
}

// thrice goes through the steps in a new folder.
func (b *bench) thrice(l *link, source string, m repeater, seed uint64) (three [len(steps)]traffic, err error) {
	base, err := os.MkdirTemp(filepath.Dir(source), "round-")
	if err != nil {
		return three, err
	}
	defer os.RemoveAll(base)
	j := job{link: l, source: source, dest: filepath.Join(base, "dest"), work: filepath.Join(base, "work")}
	if err := errors.Join(os.Mkdir(j.dest, 0o755), os.Mkdir(j.work, 0o700)); err != nil {
		return three, err
	}
	move, stop, err := m.open(b, j)
	if err != nil {
		return three, err
	}
	defer stop()
	for step := range steps {
		if step == 2 {
			if err := damage(source, seed, 10, mib); err != nil {
				return three, err
			}
		}
		gotBefore, sentBefore, err := l.from.bytes()
		if err != nil {
			return three, err
		}
		cost, err := move()
		if err != nil {
			return three, err
		}
		got, sent, err := l.from.bytes()
		if err != nil {
			return three, err
		}
		three[step] = traffic{there: sent - sentBefore, back: got - gotBefore, wall: cost.wall}
		if err := same(source, filepath.Join(j.dest, filepath.Base(source))); err != nil {
			return three, err
		}
	}
	return three, nil
}

func trafficTable(usable []repeater, figures [][len(steps)][]traffic) string {
	t := table{head: []string{"program", "step", "MB to the receiver", "MB back", "seconds (min–max)"}}
	for i, m := range usable {
		for step, name := range steps {
			var there, back, walls []float64
			for _, one := range figures[i][step] {
				there = append(there, float64(one.there)/1e6)
				back = append(back, float64(one.back)/1e6)
				walls = append(walls, one.wall.Seconds())
			}
			t.add(m.name, name, fmt.Sprintf("%.4f", median(there)), fmt.Sprintf("%.4f", median(back)), spread("%.4g", walls))
		}
	}
	return t.String()
}
