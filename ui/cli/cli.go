// Package cli is the terminal front end: it turns arguments into calls of
// package app and prints what comes of them, for people or, with --json, for
// programs.
//
// Start with [Main], the only thing that main.go needs. Behind it there is one
// file for each command (send.go, receive.go, peers.go, chat.go, pair.go, trust.go, doctor.go,
// version.go, man.go) and root.go for what happens without one. A command resolves its
// arguments, opens the backend, follows its events in one loop and says what it
// saw as a value of one of the types in events.go. A printer shows those: text.go
// in words and progress bars, json.go one object in each line. The two are
// twins, so nothing can be said to people that programs do not get, and
// docs/JSON.md describes every member (a test compares the two).
//
// The package opens no sockets, reads no content of files and never imports the
// window: that arrives as a function. Text of other people passes through
// [clean] before a terminal sees it.
//
// Goroutines: each command runs in the one that called it. Besides that there is
// one that waits for signals, one that reads standard input where a command
// needs it (a blocked read cannot be called back, so it ends with the process),
// and those of the progress bars, which end before the command returns.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"yonder/app"
)

// Window opens the window with paths preselected and returns when it is closed.
// Where no window can be opened its error has a method NoWindow() bool that
// returns true.
type Window = func(ctx context.Context, o app.Options, paths []string) error

// Main runs the program with the arguments after its name and returns its exit
// code: 0 all done, 1 failed, 2 wrong usage or no window, 3 peer not found,
// 4 declined, 5 interrupted but resumable.
func Main(args []string, version string, window Window) int {
	cobra.MousetrapHelpText = "" // a double click on Windows opens the window
	ctx, stop := interruptible(context.Background())
	defer stop()
	p := &program{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTTY:   term.IsTerminal(int(os.Stdin.Fd())),
		outTTY:  term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("TERM") != "dumb",
		errTTY:  term.IsTerminal(int(os.Stderr.Fd())),
		version: version,
		window:  window,
		open:    app.Open,
		now:     time.Now,
	}
	p.colour = p.outTTY && p.errTTY && os.Getenv("NO_COLOR") == "" && enableColour()
	return p.run(ctx, args)
}

// interruptible returns a context that ends with the first signal to stop. The
// second signal then ends the process in the system's own way.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup stays nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(parent, signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// program is one run: what it was started with and, once the arguments are
// read, how it speaks. Tests fill it with buffers and a backend of their own.
type program struct {
	in                    io.Reader
	out, err              io.Writer
	inTTY, outTTY, errTTY bool
	colour                bool
	version               string
	window                Window
	open                  func(context.Context, app.Options) (app.Backend, error)
	now                   func() time.Time

	flags      flags
	understood bool // the command line is read and a command runs
	printer    printer
	screen     *screen
}

// run executes one command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	p.flags.json = wantsJSON(args) // so that errors of the command line itself are told in the right form
	p.speak()
	root := p.rootCommand()
	root.SetArgs(args)
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	defer p.printer.close()
	return p.report(err)
}

// speak sets up the printer that the flags ask for.
func (p *program) speak() {
	p.screen = newScreen(p)
	if p.flags.json {
		p.printer = &jsonPrinter{w: p.out, now: p.now}
	} else {
		p.printer = &textPrinter{screen: p.screen, colour: p.colour, now: p.now}
	}
	if p.flags.quiet {
		p.printer = quietPrinter{p.printer}
	}
}
