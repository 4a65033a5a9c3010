package app

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/DeRuina/timberjack"
)

// The log of a profile says what happened, for whoever looks for the cause of something: who
// came and went and what became of transfers, by the beginnings of ids, counts and causes.
// Names, paths and text of other devices are in it at debug level only, quoted; keys, codes,
// nonces and messages never.
const (
	logFile   = "yonder.log"
	logSize   = 2 // MiB; then another one is begun
	logBefore = 4 // that are kept beside it, "yonder-TIME-size.log"
)

// openLog returns a logger that writes to the file at path, at debug level if also does so,
// and to also, which may be nil. The file is private, and made with the first line.
func openLog(path string, also *slog.Logger) (*slog.Logger, io.Closer) {
	if also == nil {
		also = slog.New(slog.DiscardHandler)
	}
	level := slog.LevelInfo
	if also.Enabled(context.Background(), slog.LevelDebug) {
		level = slog.LevelDebug
	}
	file := &timberjack.Logger{Filename: path, MaxSize: logSize, MaxBackups: logBefore, FileMode: 0o600}
	text := slog.NewTextHandler(file, &slog.HandlerOptions{Level: level})
	return slog.New(slog.NewMultiHandler(discreet{text}, discreet{also.Handler()})), file
}

// discreet passes on records; unless those of debug level are wanted, errors are told without
// the names and paths in them.
type discreet struct{ slog.Handler }

func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	if d.Enabled(ctx, slog.LevelDebug) {
		return d.Handler.Handle(ctx, r)
	}
	short := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok {
			a = slog.String(a.Key, withoutNames(err))
		}
		short.AddAttrs(a)
		return true
	})
	return d.Handler.Handle(ctx, short)
}

func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return discreet{d.Handler.WithAttrs(attrs)}
}

func (d discreet) WithGroup(name string) slog.Handler { return discreet{d.Handler.WithGroup(name)} }

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutNames returns the words of err with … for whatever is quoted, as names are in all our
// errors, and for the paths of those of the system.
func withoutNames(err error) string {
	paths := pathsIn(err)
	slices.SortFunc(paths, func(a, b string) int { return len(b) - len(a) }) // one may begin another
	text := err.Error()
	for _, path := range paths {
		if path != "" {
			text = strings.ReplaceAll(text, path, "…")
		}
	}
	return quoted.ReplaceAllString(text, "…")
}

// pathsIn returns the paths in err and in all that it wraps.
func pathsIn(err error) (paths []string) {
	switch e := err.(type) {
	case *fs.PathError:
		paths = append(paths, e.Path)
	case *os.LinkError:
		paths = append(paths, e.Old, e.New)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		paths = append(paths, pathsIn(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			paths = append(paths, pathsIn(one)...)
		}
	}
	return paths
}
