package app

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// tap stands between two devices and keeps all that passes.
type tap struct {
	mu   sync.Mutex
	seen bytes.Buffer
}

func (x *tap) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.seen.Write(p)
}

// startTap passes connections on to addr, and returns where it listens.
func startTap(t *testing.T, addr string) (*tap, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := new(tap)
	var running sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", addr)
			if err != nil {
				in.Close()
				continue
			}
			pass := func(from, to net.Conn) {
				io.Copy(io.MultiWriter(to, x), from)
				from.Close()
				to.Close()
			}
			running.Go(func() { pass(in, out) })
			running.Go(func() { pass(out, in) })
		}
	})
	return x, ln.Addr().String()
}

// TestNothingInTheClear has two people compare a code, talk and send a file, and looks at every
// byte between them: no name, message, code, file name or content can be read.
func TestNothingInTheClear(t *testing.T) {
	name := func(name string) func(*Options) { return func(o *Options) { o.Name = name } }
	a, b := openReal(t, t.TempDir(), 0, name("Vertraute Anna")), openReal(t, t.TempDir(), 0, name("Vertrauter Bodo"))
	fa, fb := followReal(t, a), followReal(t, b)
	between, at := startTap(t, b.loopback())
	if p, err := a.Find(t.Context(), at, time.Minute); err != nil || p.ID != b.me.ID {
		t.Fatalf("Find = %+v, %v", p, err)
	}
	must(t, a.Pair(t.Context(), b.me.ID))
	code := fa.pairingIs(PairingComparing).Code
	fb.pairingIs(PairingComparing)
	must(t, a.AnswerPairing(t.Context(), b.me.ID, code, true))
	must(t, b.AnswerPairing(t.Context(), a.me.ID, code, true))
	fa.pairingIs(PairingDone)
	must(t, b.SetRule(t.Context(), a.me.ID, Rule{Accept: RuleAlways}))
	fb.until("paired", func() bool { p, _ := fb.person(a.me.ID); return p.Level == Paired })
	id, err := a.Say(t.Context(), b.me.ID, "Wort im Vertrauen")
	if err != nil {
		t.Fatal(err)
	}
	fa.messageIs(id, Delivered)
	path := filepath.Join(t.TempDir(), "Datei im Vertrauen.txt")
	content := []byte(strings.Repeat("Inhalt im Vertrauen. ", 20_000))
	must(t, os.WriteFile(path, content, 0o600))
	fa.transferIs(send(t, a, b.me.ID, time.Minute, path), Done)
	a.Close()
	b.Close()
	between.mu.Lock()
	defer between.mu.Unlock()
	seen := between.seen.Bytes()
	if len(seen) < 5000 {
		t.Fatalf("only %d bytes passed", len(seen))
	}
	for _, secret := range []string{"Vertraute", "Vertrauter", "Vertrauen", code, "Inhalt", b.me.ID.String(), string(b.me.ID[:]), string(a.me.ID[:])} {
		if bytes.Contains(seen, []byte(secret)) {
			t.Errorf("%q can be read", secret)
		}
	}
}
