package transfer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestDamagedChunk asks twice more for a chunk that is not what its header says, then
// gives up that file and no other.
func TestDamagedChunk(t *testing.T) {
	s := newScene(t)
	bad, good := load{"bad.bin", random(chunkSize + 1)}, load{"good.txt", []byte("good")}
	p := newPuppet(t, s.b)
	p.accepted(1, offering(1, bad, good))
	p.say(framePage, 1, manifestOf(bad, good))
	damaged := bytes.Clone(bad.content[:chunkSize])
	damaged[99] ^= 1
	for range maxTries - 1 {
		p.say(frameData, 1, fragment(0, 0, 0, headOf(bad.content, 0), damaged))
		var m want
		if p.expect(frameWant, &m); len(m.Chunks) != 1 || m.Chunks[0] != (chunkRange{Entry: 0, First: 0, Count: 1}) {
			t.Errorf("WANT = %+v, want chunk 0 of entry 0", m)
		}
	}
	p.say(frameData, 1, fragment(0, 0, 0, headOf(bad.content, 0), damaged))
	p.say(frameData, 1, whole(1, good.content))
	p.say(frameFiles, 1, outcome(bad.content, good.content))
	p.say(frameEnd, 1, &end{Skipped: []skipped{}})
	var m done
	p.expect(frameDone, &m)
	if m.Files != 1 || m.Failed != 1 || len(m.Skipped) != 1 || m.Skipped[0].Path != bad.name || !strings.Contains(m.Skipped[0].Detail, "offset 0") {
		t.Errorf("DONE = %+v, want %q failed at offset 0", m, bad.name)
	}
	if names := s.visible(); len(names) != 1 || names[0] != good.name {
		t.Errorf("published: %q, want %q", names, good.name)
	}
	s.finish()
}

// TestCreditOverrun holds back the receiver's hashing: a sender that does not wait for
// credit is stopped before it fills the memory.
func TestCreditOverrun(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	big := load{"big.bin", make([]byte, 64*chunkSize)}
	p := newPuppet(t, b)
	p.accepted(1, offering(1, big))
	p.say(framePage, 1, manifestOf(big))
	release := b.hold()
	defer release()
	head := headOf(big.content, 0)
	for chunk := range uint32(64) {
		p.say(frameData, 1, fragment(0, chunk, 0, head, big.content[:chunkSize]))
	}
	if got := p.ended(); got != 1 && got != 0 {
		t.Errorf("BYE with code %d, want 1", got)
	}
	b.mu.Lock()
	got := b.offers[0].Progress().Wire
	b.mu.Unlock()
	if got > maxHeld {
		t.Errorf("%d bytes taken, want at most %d", got, maxHeld)
	}
	release()
	b.until("end", func() bool { return len(b.ended) == 1 })
	if err := b.ended[0].err; !errors.Is(err, ErrInterrupted) {
		t.Errorf("receiver = %v, want ErrInterrupted", err)
	}
}

// hold takes every place for hashing, so that nothing is sent, checked or written until
// release is called.
func (h *testNode) hold() (release func()) {
	for range cap(h.hashing) {
		h.hashing <- struct{}{}
	}
	held := true
	return func() {
		if held {
			for range cap(h.hashing) {
				<-h.hashing
			}
			held = false
		}
	}
}

// TestGarbageAfterDone leaves what is complete alone.
func TestGarbageAfterDone(t *testing.T) {
	s := newScene(t)
	small := load{"a.txt", []byte("content")}
	p := newPuppet(t, s.b)
	p.accepted(1, offering(1, small))
	p.say(framePage, 1, manifestOf(small))
	p.say(frameData, 1, whole(0, small.content))
	p.say(frameFiles, 1, outcome(small.content))
	p.say(frameEnd, 1, &end{Skipped: []skipped{}})
	p.expect(frameDone, &done{})
	p.say(frameCancel, 1, &status{Code: 8}) // too late
	p.say(frameData, 1, whole(0, []byte("CONTENT")))
	p.alive()
	p.raw(random(4096))
	p.ended()
	if got, err := os.ReadFile(filepath.Join(s.dest, small.name)); string(got) != "content" {
		t.Errorf("the file holds %q, %v", got, err)
	}
	s.b.until("end", func() bool { return len(s.b.ended) == 1 })
	if _, err := s.b.outcomes(); err != nil {
		t.Errorf("the transfer ended with %v", err)
	}
	s.finish()
}

// TestEmptyFrames sends a frame without payload of each type, in a state in which it
// may come.
func TestEmptyFrames(t *testing.T) {
	s := newScene(t)
	for typ, r := range gate {
		if r.place == onSending || r.place == onMoving {
			continue // only a receiver may send it: see TestHostileReceiver
		}
		t.Run(r.name, func(t *testing.T) {
			s.t, s.bystander.t = t, t
			s.b.trust(max(Unknown, r.level))
			defer s.b.trust(Unknown)
			p := newPuppet(t, s.b)
			stream := uint32(1)
			switch r.place {
			case onSession:
				stream = 0
			case onNew:
			default:
				p.accepted(1, offering(1, load{"a", []byte("x")}))
			}
			p.say(typ, stream, nil2)
			if got := p.ended(); got != 1 && got != 0 {
				t.Errorf("empty %s: BYE with code %d, want 1", r.name, got)
			}
			s.quiet()
			s.untouched()
			s.bystander.alive()
		})
	}
	s.t = t
	s.clean()
	s.finish()
}

// TestStall ends a transfer that only trickles, and one whose sender says that it is
// through when it is not. What came is kept. Time is the bubble's.
func TestStall(t *testing.T) {
	big := load{"big.bin", random(2 * chunkSize)}
	first := fragment(0, 0, 0, headOf(big.content, 0), big.content[:chunkSize])
	for _, test := range []struct {
		reason string
		attack func(p *puppet, second int)
	}{
		{"a byte each second", func(p *puppet, at int) {
			if at == 0 {
				p.say(frameData, 1, fragment(0, 1, 0, headOf(big.content, 1), big.content[chunkSize:chunkSize+1]))
			} else {
				p.say(frameData, 1, fragment(0, 1, uint32(at), nil, big.content[chunkSize+at:chunkSize+at+1]))
			}
		}},
		{"END before the data, then signs of life", func(p *puppet, at int) {
			if at == 0 {
				p.say(frameFiles, 1, outcome(big.content))
				p.say(frameEnd, 1, &end{Skipped: []skipped{}})
			}
			p.say(framePing, 0, &ping{})
		}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			server, client, dst := newKey(t), newKey(t), t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				p, b := bubblePuppet(t, server, client, dst)
				p.accepted(1, offering(1, big))
				p.say(framePage, 1, manifestOf(big))
				p.say(frameData, 1, first)
				for m := (stored{}); m.Bytes < chunkSize; {
					p.expect(frameStored, &m)
				}
				began, over := time.Now(), make(chan struct{})
				go func() {
					for at := 0; ; at++ {
						test.attack(p, at)
						select {
						case <-over:
							return
						case <-time.After(time.Second):
						}
					}
				}()
				waitCancel(p, 10)
				close(over)
				if took := time.Since(began); took < stallAfter || took > stallAfter+2*time.Second {
					t.Errorf("given up after %v, want %v", took, stallAfter)
				}
				b.until("end", func() bool { return len(b.ended) == 1 })
				if err := b.ended[0].err; !errors.Is(err, ErrStalled) || !strings.Contains(err.Error(), "1048576 of 2097152 bytes") {
					t.Errorf("receiver = %v, want ErrStalled and how much is there", err)
				}
				if b.store.count() != 1 {
					t.Errorf("%d partials, want one to resume", b.store.count())
				}
				p.conn.Close()
				p.wire.Conn.Close()
			})
			if names := children(t, dst); len(names) != 1 || filepath.Base(names[0]) != incomingFolder {
				t.Errorf("in the folder: %q, want the partial alone", names)
			}
		})
	}
}
