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

// TestJournalDamageIsLogged resumes with a journal that was cut, emptied, overwritten or
// is of a later version. Each time one line of the log says so, and no line when nothing
// is wrong with it.
func TestJournalDamageIsLogged(t *testing.T) {
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
		journal []byte
		lines   int
	}{
		{"as it was", whole, 0},
		{"cut", whole[:len(whole)-1], 1},
		{"empty", nil, 1},
		{"garbage", random(500), 1},
		{"a later version", append([]byte("YONDERJ9"), whole[8:]...), 1},
		{"noise behind it", append(bytes.Clone(whole), random(50)...), 1},
	} {
		var log logged
		b.Node.log = slog.New(slog.NewTextHandler(&log, nil))
		journal, _ := l.restore()
		write(t, journal, test.journal)
		l.resume(p)
		if got := log.lines(t); len(got) != test.lines || test.lines == 1 && !strings.Contains(got[0], "journal damaged") {
			t.Errorf("%s: logged %q, want %d line about the journal", test.reason, got, test.lines)
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
