//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// crowd is how many send at once.
const crowd = 8

var fair = scenario{"fair",
	"8 senders to one receiver at once, 128 MiB each, over one link of 1 Gbit/s. Only the time counts in which all of them moved; the share is of an eighth of what they moved in it together.",
	(*bench).fair}

func (b *bench) fair() (string, error) {
	l, err := b.wire(1000 * mbit)
	if err != nil {
		return "", err
	}
	defer l.remove()
	size := 128 * mib / b.scale
	dir, err := b.spacious(2 * crowd * size)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	var sources []string
	for i := range crowd {
		name := filepath.Join(dir, fmt.Sprintf("from %d.bin", i))
		if err := writeNoise(name, noise(uint64(10+i)), size); err != nil {
			return "", err
		}
		sources = append(sources, name)
	}
	programs := []struct {
		name string
		run  func(l *link, sources []string, dest, work string) ([][]point, error)
	}{{yonderName, b.yonderCrowd}, {"plain TCP copy", b.plainCrowd}}
	shares := make([][2][]float64, len(programs)) // least and largest of each round
	together := make([][]float64, len(programs))
	each := ""
	for round := range b.rounds {
		for i := range programs {
			i = (i + round) % len(programs)
			ways, err := b.crowded(l, sources, programs[i].run)
			if err != nil {
				return "", fmt.Errorf("%s: %w", programs[i].name, err)
			}
			rates, err := ratesTogether(ways)
			if err != nil {
				return "", fmt.Errorf("%s: %w", programs[i].name, err)
			}
			slices.Sort(rates)
			var sum float64
			told := ""
			for _, rate := range rates {
				sum += rate
				told += fmt.Sprintf(" %.1f", rate/1e6)
			}
			together[i] = append(together[i], sum/1e6)
			shares[i][0] = append(shares[i][0], rates[0]*crowd/sum)
			shares[i][1] = append(shares[i][1], rates[crowd-1]*crowd/sum)
			line := fmt.Sprintf("round %d, %s:%s MB/s", round+1, programs[i].name, told)
			fmt.Fprintln(b.log, line)
			each += "- " + line + "\n"
		}
	}
	t := table{head: []string{"program", "least share", "largest share", "together MB/s"}}
	for i, p := range programs {
		t.add(p.name, spread("%.2f", shares[i][0]), spread("%.2f", shares[i][1]), spread("%.1f", together[i]))
	}
	return t.String() + "\nLink: " + l.about + ".\n\n" + each, nil
}

// crowded has run send all sources to a new folder and looks whether they arrived.
func (b *bench) crowded(l *link, sources []string, run func(l *link, sources []string, dest, work string) ([][]point, error)) ([][]point, error) {
	base, err := os.MkdirTemp(filepath.Dir(sources[0]), "round-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(base)
	dest, work := filepath.Join(base, "dest"), filepath.Join(base, "work")
	if err := errors.Join(os.Mkdir(dest, 0o755), os.Mkdir(work, 0o700)); err != nil {
		return nil, err
	}
	ways, err := run(l, sources, dest, work)
	for _, source := range sources {
		if err == nil {
			err = same(source, filepath.Join(dest, filepath.Base(source)))
		}
	}
	return ways, err
}

func (b *bench) yonderCrowd(l *link, sources []string, dest, work string) (ways [][]point, err error) {
	r, err := b.receive(l, dest, filepath.Join(work, "receiver"), "keep")
	if err != nil {
		return nil, err
	}
	defer r.stop()
	var all []*sending
	for i, source := range sources {
		s, startErr := r.send(source, filepath.Join(work, fmt.Sprint("sender ", i)), "keep")
		if startErr != nil {
			err = startErr
			break
		}
		all = append(all, s)
	}
	for _, s := range all {
		err = errors.Join(err, s.finish())
		ways = append(ways, s.way)
	}
	return ways, err
}

func (b *bench) plainCrowd(l *link, sources []string, dest, _ string) (ways [][]point, err error) {
	var p pipeline
	progress := make([]*lines, len(sources))
	ways = make([][]point, len(sources))
	for i, source := range sources {
		get, addr, err := b.receiver(l, &p, "get", filepath.Join(dest, filepath.Base(source)))
		if err != nil {
			return nil, err
		}
		put, err := b.self("put-progress", source, addr)
		if err != nil {
			return nil, err
		}
		progress[i] = events(func(e event) { ways[i] = append(ways[i], point{time.Now(), e.Stored}) })
		put.Stdout = progress[i]
		p.receivers, p.senders = append(p.receivers, get), append(p.senders, put)
	}
	_, err = p.run(l)
	return ways, err
}

// ratesTogether returns the bytes per second of each transfer during the time in which
// all of them moved: from when the last of them has begun to when the first has ended.
func ratesTogether(ways [][]point) ([]float64, error) {
	var from, to time.Time
	for i, way := range ways {
		if len(way) < 2 {
			return nil, fmt.Errorf("transfer %d told only %d times how far it was", i, len(way))
		}
		if begin := way[0].at; begin.After(from) {
			from = begin
		}
		if end := way[len(way)-1].at; to.IsZero() || end.Before(to) {
			to = end
		}
	}
	if !from.Before(to) {
		return nil, errors.New("at no time all of them moved")
	}
	rates := make([]float64, len(ways))
	for i, way := range ways {
		rates[i] = (storedAt(way, to) - storedAt(way, from)) / to.Sub(from).Seconds()
	}
	return rates, nil
}

// storedAt returns how far a transfer was at some time between its first and last point.
func storedAt(way []point, at time.Time) float64 {
	i := max(1, slices.IndexFunc(way, func(p point) bool { return !p.at.Before(at) }))
	a, b := way[i-1], way[i]
	if !a.at.Before(b.at) {
		return float64(b.stored)
	}
	return float64(a.stored) + float64(b.stored-a.stored)*at.Sub(a.at).Seconds()/b.at.Sub(a.at).Seconds()
}
