package transfer

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// TestSendLater has many frames wait, and then a control frame: it passes them, and they
// keep their order.
func TestSendLater(t *testing.T) {
	var out bytes.Buffer
	var w *writer
	const many = 20
	frames := func() (nonces []uint64) {
		for rest := bytes.NewReader(out.Bytes()); rest.Len() > 0; {
			h, err := readHeader(rest)
			if err != nil {
				t.Fatal(err)
			}
			payload := make([]byte, h.length)
			rest.Read(payload)
			var m ping
			if err := unmarshal(payload, &m); err != nil {
				t.Fatal(err)
			}
			nonces = append(nonces, m.Nonce)
		}
		return nonces
	}
	w = newWriter(&out, func() error {
		switch len(frames()) {
		case 1: // while the first one was on its way
			return w.send(framePing, 0, &ping{Nonce: 100})
		case many + 1:
			w.close()
		}
		return nil
	})
	var want []uint64
	for n := range uint64(many) {
		want = append(want, n)
		if err := w.sendLater(framePing, 0, &ping{Nonce: n}); err != nil {
			t.Fatal(err)
		}
	}
	w.link.fragment = 1 // every frame is flushed by itself
	if err := w.run(); err != nil {
		t.Fatal(err)
	}
	got := frames()
	if at := slices.Index(got, 100); at != 1 {
		t.Errorf("a control frame came as number %d, want 1", at)
	}
	if got = slices.DeleteFunc(got, func(n uint64) bool { return n == 100 }); !slices.Equal(got, want) {
		t.Errorf("frames that had time came as %v, want %v", got, want)
	}
	if err := w.sendLater(framePing, 0, &ping{}); !errors.Is(err, errClosed) {
		t.Errorf("after close sendLater = %v, want %v", err, errClosed)
	}
}

// TestSendLaterLimit ends it with a peer that reads nothing.
func TestSendLaterLimit(t *testing.T) {
	w := newWriter(&bytes.Buffer{}, func() error { return nil })
	big := &chat{Body: string(make([]byte, 16<<10))}
	size := len(frame(frameChat, 0, marshal(big)))
	for n := range maxBacklog / size {
		if err := w.sendLater(frameChat, 0, big); err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
	}
	if err := w.sendLater(frameChat, 0, big); !errors.Is(err, ErrStalled) {
		t.Errorf("beyond the limit sendLater = %v, want ErrStalled", err)
	}
}
