//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// table is written as markdown. The first column is text, the others are figures.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	var text strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
		}
		fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | "))
	}
	line(slices.Clone(t.head))
	text.WriteString("|---|" + strings.Repeat("---:|", len(t.head)-1) + "\n")
	for _, row := range t.rows {
		line(slices.Clone(row))
	}
	return text.String()
}

// spread writes the median and, of several values, the smallest and the largest.
func spread(format string, values []float64) string {
	text := fmt.Sprintf(format, median(values))
	if len(values) < 2 {
		return text
	}
	return text + fmt.Sprintf(" ("+format+"–"+format+")", slices.Min(values), slices.Max(values))
}

// costs is the table of a comparison: size bytes over l. Yonder's outcome comes first.
func costs(l *link, size int64, outcomes []outcome, notes []string) string {
	t := table{head: []string{"program", "seconds (min–max)", "MB/s"}}
	if l.rate > 0 {
		t.head = append(t.head, "of the line rate")
	}
	t.head = append(t.head, "CPU s per GB", "sender MB", "receiver MB", "yonder is … as fast")
	for i, o := range outcomes {
		walls := pick(o.samples, sample.seconds)
		rate := float64(size) / median(walls)
		row := []string{o.method, spread("%.4g", walls), fmt.Sprintf("%.4g", rate/1e6)}
		if l.rate > 0 {
			row = append(row, fmt.Sprintf("%.1f %%", 100*rate*8/float64(l.rate)))
		}
		row = append(row, fmt.Sprintf("%.2f", median(pick(o.samples, func(s sample) float64 { return s.cpu.Seconds() / float64(size) * 1e9 }))))
		for side := range 2 {
			row = append(row, spread("%.0f", pick(o.samples, func(s sample) float64 { return float64(s.mem[side]) / 1e6 })))
		}
		faster := ""
		if i > 0 {
			faster = spread("%.2f×", ratios(walls, pick(outcomes[0].samples, sample.seconds)))
		}
		t.add(append(row, faster)...)
	}
	mine := outcomes[0].samples
	notes = append([]string{fmt.Sprintf("Link: %s. Of yonder's time, its `done` came after %.3g s; by its own clock it moved for %.3g s.", l.about,
		median(pick(mine, func(s sample) float64 { return s.done.Seconds() })),
		median(pick(mine, func(s sample) float64 { return s.moved.Seconds() })))}, notes...)
	return t.String() + "\n" + strings.Join(notes, " ") + "\n"
}

// What stands between these lines of a document is replaced by a run.
const (
	beginMark = "<!-- bench: begin -->"
	endMark   = "<!-- bench: end -->"
)

// between returns text with what stands between the markers replaced.
func between(text, results string) (string, error) {
	before, rest, begins := strings.Cut(text, beginMark)
	_, after, ends := strings.Cut(rest, endMark)
	if !begins || !ends {
		return "", fmt.Errorf("the lines %q and %q are missing", beginMark, endMark)
	}
	return before + beginMark + "\n" + strings.TrimSpace(results) + "\n" + endMark + after, nil
}

// insert writes the results into the document called name.
func insert(name, results string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	replaced, err := between(string(text), results)
	if err != nil {
		return errors.Join(fmt.Errorf("write the results into %s", name), err)
	}
	return os.WriteFile(name, []byte(replaced), 0o644)
}
