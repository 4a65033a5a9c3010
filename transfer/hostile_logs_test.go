package transfer

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"
)

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// lines returns what was logged, and checks that each record is one line of text that
// shows what it is: the words of others cannot make lines or move the cursor.
func (l *logged) lines(t *testing.T) (list []string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "time=") || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("logged: %q", line)
		}
		list = append(list, line)
	}
	return list
}

// TestPartialDamageIsLogged resumes with a journal that was cut, emptied, overwritten or is of
// a later version, and with a partial that is gone or something else. Each time one line of
// the log says so, and no line when nothing is wrong.
func TestPartialDamageIsLogged(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	l := leave(t, b, load{"a.bin", random(2*chunkSize + 5)}, 2)
	whole, err := os.ReadFile(filepath.Join(l.saved, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	p := identifiedPuppet(t, b, l.sender)
	for _, test := range []struct {
		reason  string
		journal []byte // nil: none
		change  func() error
		line    string // empty: none
	}{
		{"as it was", whole, nil, ""},
		{"cut", whole[:len(whole)-1], nil, "journal damaged"},
		{"empty", []byte{}, nil, "journal damaged"},
		{"garbage", random(500), nil, "journal damaged"},
		{"a later version", append([]byte("YONDERJ9"), whole[8:]...), nil, "journal damaged"},
		{"noise behind it", append(bytes.Clone(whole), random(50)...), nil, "journal damaged"},
		{"deleted with all else", nil, func() error { return os.RemoveAll(l.partial.Staging) }, "cannot be resumed"},
		{"a file instead of the partial", nil, func() error {
			os.RemoveAll(l.partial.Staging)
			return os.WriteFile(l.partial.Staging, []byte("x"), 0o600)
		}, "cannot be resumed"},
	} {
		var log logged
		b.Node.log = slog.New(slog.NewTextHandler(&log, nil))
		journal, _ := l.restore()
		if test.journal != nil {
			write(t, journal, test.journal)
		}
		if test.change != nil {
			if err := test.change(); err != nil {
				t.Fatal(err)
			}
		}
		l.resume(p)
		if got := log.lines(t); len(got) != min(len(test.line), 1) || test.line != "" && !strings.Contains(got[0], test.line) {
			t.Errorf("%s: logged %q, want one line with %q", test.reason, got, test.line)
		}
	}
}

// TestLogsAreLines lets strangers write their worst into everything that may be logged.
func TestLogsAreLines(t *testing.T) {
	const worst = "a\nlevel=ERROR msg=\x1b[2J\x07\r\u202e\u009b\x00x"
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	var log logged
	b.Node.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config := newKey(t).tlsConfig(func(ID) error { return nil })
	config.NextProtos = []string{worst}
	conn := tls.Client(dialNode(t, b), config)
	if err := conn.Handshake(); err == nil {
		t.Error("they shook hands")
	}
	plain := dialNode(t, b)
	fmt.Fprint(plain, worst)
	plain.Close()
	p := shakenPuppet(t, b, newKey(t))
	p.raw(frame(frameHello, 0, marshal(&hello{ID: newKey(t).ID(), Name: worst, System: worst, Version: worst})))
	p.ended()
	b.deciding(func(context.Context, *Incoming) Decision { return Decision{Accept: true, Folder: b.dir} })
	p = newPuppet(t, b)
	name := strings.ReplaceAll(worst, "\x00", "")
	p.accepted(1, offering(1, load{name, []byte("x")}))
	p.say(framePage, 1, manifestOf(load{name + "y", []byte("x")}))
	waitCancel(p, 15)
	p.say(frameBye, 0, &status{Code: 9, Text: worst})
	p.ended()
	b.until("the end", func() bool { return len(b.ended) == 1 })
	b.stop()
	if lines := log.lines(t); len(lines) == 0 {
		t.Error("nothing was logged")
	}
	if err := b.ended[0].err; strings.ContainsFunc(err.Error(), unicode.IsControl) {
		t.Errorf("the error keeps what the peer said: %q", err)
	}
}
