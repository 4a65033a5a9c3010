package cli

import (
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/vbauerster/mpb/v8"
)

// screen is where text goes. It keeps apart the three things that meet on a
// terminal: lines that stay, progress bars that are drawn again and again below
// them, and a question that waits behind the cursor. Its methods may be called
// from any goroutine, because the log of the engine comes here too.
type screen struct {
	out, err io.Writer
	outTTY   bool
	errTTY   bool

	mu       sync.Mutex
	bars     *mpb.Progress // nil: none are drawn
	question string        // the cursor stands behind it; "": none is open
}

func newScreen(p *program) *screen {
	return &screen{out: p.out, err: p.err, outTTY: p.outTTY, errTTY: p.errTTY}
}

// line writes one line to standard output, above the bars if there are any.
func (s *screen) line(text string) { s.write(s.out, s.outTTY, text+"\n") }

// errorLine writes one line to standard error.
func (s *screen) errorLine(text string) { s.write(s.err, s.errTTY, text+"\n") }

// ask writes a question and leaves the cursor behind it. Until it is answered,
// other lines go above it.
func (s *screen) ask(question string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.outTTY {
		io.WriteString(s.out, question+"\n")
		return
	}
	if s.question != "" {
		io.WriteString(s.out, "\n")
	}
	s.question = question
	io.WriteString(s.out, question)
}

// answered says that a question is not open any more, and whether the user ended
// its line with Return.
func (s *screen) answered(byUser bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.question != "" && !byUser {
		io.WriteString(s.out, "\n")
	}
	s.question = ""
}

// home brings the cursor back to the first column, from where bars are drawn: a
// terminal shows Ctrl+C as two characters.
func (s *screen) home() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outTTY {
		io.WriteString(s.out, "\r")
	}
}

func (s *screen) write(w io.Writer, tty bool, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !tty:
		io.WriteString(w, text)
		return
	case s.question != "":
		io.WriteString(w, "\n"+text)
		io.WriteString(s.out, s.question)
		return
	case s.bars != nil:
		if _, err := io.WriteString(s.bars, text); err == nil {
			return
		}
	}
	io.WriteString(w, text)
}

// logger returns a logger that writes lines of at least level to standard error.
func (s *screen) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(logWriter{s}, &slog.HandlerOptions{Level: level}))
}

// logWriter passes whole lines of a log to the screen.
type logWriter struct{ screen *screen }

func (w logWriter) Write(b []byte) (int, error) {
	w.screen.errorLine(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}
