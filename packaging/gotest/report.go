package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json` and `go help buildjson`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output
	Test       string // empty: the package itself
	Output     string
	Elapsed    float64 // seconds
}

// skip is one test that did not run.
type skip struct{ name, reason string }

// report turns events into lines. It is used by one goroutine.
type report struct {
	w       io.Writer
	output  map[string][]string // what a running test, by package and name, has printed
	passed  map[string]int      // tests of a package
	failed  int
	skipped []skip
}

func newReport(w io.Writer) *report {
	return &report{w: w, output: map[string][]string{}, passed: map[string]int{}}
}

// read handles events until r ends. Lines that are no events are printed as they are.
func (r *report) read(from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var ev event
			if json.Unmarshal([]byte(line), &ev) != nil {
				fmt.Fprint(r.w, line)
			} else {
				r.handle(ev)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) handle(ev event) {
	key := ev.Package + "\x00" + ev.Test
	switch ev.Action {
	case "build-output":
		fmt.Fprint(r.w, ev.Output)
	case "output":
		r.output[key] = append(r.output[key], ev.Output)
	case "pass", "skip", "fail":
		if ev.Test == "" {
			r.packageEnds(ev, r.output[key])
		} else {
			r.testEnds(ev, r.output[key])
		}
		delete(r.output, key)
	}
}

func (r *report) testEnds(ev event, output []string) {
	switch ev.Action {
	case "pass":
		r.passed[ev.Package]++
	case "skip":
		r.skipped = append(r.skipped, skip{ev.Package + "." + ev.Test, reason(output)})
	case "fail":
		r.failed++
		fmt.Fprintf(r.w, "FAIL  %s.%s (%.2fs)\n%s", ev.Package, ev.Test, ev.Elapsed, strings.Join(output, ""))
	}
}

func (r *report) packageEnds(ev event, output []string) {
	switch ev.Action {
	case "pass":
		fmt.Fprintf(r.w, "ok    %-28s %4d passed  %6.1fs\n", ev.Package, r.passed[ev.Package], ev.Elapsed)
	case "skip":
		fmt.Fprintf(r.w, "-     %-28s no tests\n", ev.Package)
	case "fail": // what a test printed when the whole package died belongs to no finished test
		for key, lines := range r.output {
			if name, ok := strings.CutPrefix(key, ev.Package+"\x00"); ok && name != "" {
				fmt.Fprintf(r.w, "FAIL  %s.%s did not end\n%s", ev.Package, name, strings.Join(lines, ""))
				delete(r.output, key)
			}
		}
		fmt.Fprintf(r.w, "FAIL  %-28s %6.1fs\n%s", ev.Package, ev.Elapsed, strings.Join(output, ""))
	}
}

// reason returns what a skipped test said, without the lines that every test prints.
func reason(output []string) string {
	var said []string
	for line := range strings.Lines(strings.Join(output, "")) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	if len(said) == 0 {
		return "no reason given"
	}
	return strings.Join(said, " ")
}

// finish prints what was skipped and how it ended.
func (r *report) finish() {
	total := 0
	for _, n := range r.passed {
		total += n
	}
	if len(r.skipped) > 0 {
		fmt.Fprintf(r.w, "skipped %d:\n", len(r.skipped))
		for _, s := range r.skipped {
			fmt.Fprintf(r.w, "  %s: %s\n", s.name, s.reason)
		}
	}
	fmt.Fprintf(r.w, "%d passed, %d failed, %d skipped\n", total, r.failed, len(r.skipped))
}
