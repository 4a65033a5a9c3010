//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

func main() {
	if code, is := child(os.Args[1:]); is {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// bench is one run of the command.
type bench struct {
	ctx     context.Context
	yonder  string // the program that is measured
	rounds  int
	scale   int64     // sizes and counts are divided by it
	isolate bool      // links are made of network namespaces, else only loopback can be had
	dir     string    // of this run alone, for what is written
	log     io.Writer // what goes on, for people
}

// run does what the arguments say. The table goes to stdout, what goes on to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	b := &bench{ctx: ctx, log: stderr, scale: 1}
	flags.StringVar(&b.yonder, "yonder", "", "the headless `program` to measure")
	flags.IntVar(&b.rounds, "rounds", 5, "how often each program moves each thing")
	flags.BoolVar(&b.isolate, "isolate", os.Geteuid() == 0, "use network namespaces, which needs root")
	only := flags.String("run", "", "only the scenarios whose names match this regular `expression`")
	quick := flags.Bool("quick", false, "one round with a sixteenth of everything: to see that it works, not how fast")
	dir := flags.String("dir", memoryFolder(), "the `folder` in which to send and receive, of the disk that is to be measured too")
	out := flags.String("o", "", "write the results between the markers of this `file` too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quick {
		b.rounds, b.scale = 1, 16
	}
	match, err := regexp.Compile(*only)
	switch {
	case err != nil:
		return fmt.Errorf("-run: %w", err)
	case b.yonder == "":
		return errors.New("-yonder: the program to measure is missing; `make bench` builds one")
	case b.rounds < 1:
		return fmt.Errorf("-rounds %d: want at least 1", b.rounds)
	}
	if b.yonder, err = filepath.Abs(b.yonder); err != nil {
		return err
	}
	machine, err := describeMachine(b.yonder)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp(*dir, "yonder-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)

	var report strings.Builder
	tell := func(text string) {
		report.WriteString(text)
		fmt.Fprint(stdout, text)
	}
	tell(machine + fmt.Sprintf("- rounds: %d\n", b.rounds))
	if *quick {
		tell("- **quick run**: sizes are a sixteenth, the figures mean nothing\n")
	}
	failed := b.scenarios(match, tell)
	if *out != "" && ctx.Err() == nil {
		failed = errors.Join(failed, insert(*out, report.String()))
	}
	return failed
}

// scenarios runs those that match and tells the outcome of each when it is known. One
// that fails does not keep the others from running.
func (b *bench) scenarios(match *regexp.Regexp, tell func(string)) (failed error) {
	for _, s := range allScenarios {
		if !match.MatchString(s.name) || b.ctx.Err() != nil {
			continue
		}
		fmt.Fprintf(b.log, "== %s\n", s.name)
		text, err := s.run(b)
		var cannot unavailable
		switch {
		case errors.As(err, &cannot):
			tell(fmt.Sprintf("\n### %s\n\nNot measured: %s.\n", s.name, cannot))
			continue
		case err != nil:
			fmt.Fprintf(b.log, "error: %s: %v\n", s.name, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.name, err))
			continue
		}
		tell(fmt.Sprintf("\n### %s\n\n%s\n\n%s", s.name, s.about, text))
	}
	return errors.Join(failed, b.ctx.Err())
}

// unavailable is an error that says why something cannot be measured on this machine.
type unavailable string

func (u unavailable) Error() string { return string(u) }

// inMemory is a file system in memory on most Linux systems.
const inMemory = "/dev/shm"

// memoryFolder returns a folder whose files stay in memory, or else the one for temporary files.
func memoryFolder() string {
	if info, err := os.Stat(inMemory); err == nil && info.IsDir() {
		return inMemory
	}
	return os.TempDir()
}
