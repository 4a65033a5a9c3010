package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// session returns the node's end of the puppet's connection, once it is there.
func (p *puppet) session(of *testNode) *Session {
	p.t.Helper()
	p.alive() // the node answers frames of sessions that it has taken only
	s := of.Session(p.id)
	if s == nil {
		p.t.Fatal("there is no session")
	}
	return s
}

// over waits for the end of a session and checks its reason.
func over(t *testing.T, s *Session, want error) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the session does not end")
	}
	if err := s.failure(); !errors.Is(err, want) {
		t.Errorf("the session ended with %v, want %v", err, want)
	}
}

// TestCutInsideFrame closes the connection behind each byte of a frame.
func TestCutInsideFrame(t *testing.T) {
	s := newScene(t)
	whole := frame(framePing, 0, marshal(&ping{Nonce: 1}))
	for n := range len(whole) {
		p := newPuppet(t, s.b)
		theirs := p.session(s.b)
		p.raw(whole[:n])
		p.wire.Conn.Close()
		over(t, theirs, ErrInterrupted)
		s.bystander.alive()
	}
	s.untouched()
	s.finish()
}

// TestCoalesced puts HELLO, a message and an offer into one write, and everything that
// follows the accept into another.
func TestCoalesced(t *testing.T) {
	s := newScene(t)
	mine, small := newKey(t), load{"a.txt", []byte("content")}
	p := shakenPuppet(t, s.b, mine)
	p.conn.SetDeadline(time.Now().Add(20 * time.Second))
	first := frame(frameHello, 0, marshal(&hello{ID: mine.ID()}))
	first = append(first, frame(frameChat, 0, marshal(&chat{ID: [16]byte{1}, Conv: []byte{}, Body: "你好"}))...)
	first = append(first, frame(frameOffer, 1, marshal(offering(1, small)))...)
	p.raw(first)
	p.expect(frameAck, &ack{})
	p.expect(frameAccept, &accept{})
	second := frame(framePage, 1, marshal(manifestOf(small)))
	second = append(second, frame(frameData, 1, whole(0, small.content))...)
	second = append(second, frame(frameFiles, 1, marshal(outcome(small.content)))...)
	second = append(second, frame(frameEnd, 1, marshal(&end{Skipped: []skipped{}}))...)
	p.raw(second)
	p.expect(frameDone, &done{})
	holds(t, filepath.Join(s.dest, small.name), "content")
	s.finish()
}

// TestGarbageAfterBye does not look at what comes behind a goodbye.
func TestGarbageAfterBye(t *testing.T) {
	s := newScene(t)
	for _, behind := range [][]byte{random(4096), frame(frameOffer, 1, marshal(offering(1, load{"a", []byte("x")}))), frame(frameBye, 0, nil)} {
		p := newPuppet(t, s.b)
		theirs := p.session(s.b)
		p.raw(append(frame(frameBye, 0, marshal(&status{Code: 9, Text: "idle"})), behind...))
		over(t, theirs, ErrInterrupted)
	}
	s.quiet() // nobody was asked about an offer
	s.untouched()
	s.finish()
}

// allocates returns how many bytes the process allocates while f runs.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestLengthsCostNothing announces long frames: they are refused by their length, and
// no memory was taken for what they announced.
func TestLengthsCostNothing(t *testing.T) {
	s := newScene(t)
	for _, h := range []header{
		{typ: frameChat, length: 1<<32 - 1}, {typ: frameChat, length: 1 << 31}, {typ: frameChat, length: maxControl + 1},
		{typ: 0x7f, flags: flagOptional, length: 1<<32 - 1}, {typ: 0x7f, flags: flagOptional, length: maxPage + 1},
		{typ: frameOffer, stream: 1, length: 1 << 30}, {typ: framePage, stream: 1, length: 1<<32 - 1}, {typ: frameData, stream: 1, length: 1<<32 - 1},
	} {
		p := newPuppet(t, s.b)
		theirs := p.session(s.b)
		taken := allocates(func() {
			p.raw(h.append(nil))
			if got := p.ended(); got != 1 {
				t.Errorf("%+v: BYE with code %d, want 1", h, got)
			}
			over(t, theirs, ErrProtocol)
		})
		if r, known := gate[h.typ]; known {
			if want := fmt.Sprintf("%s frame too large (%d > %d)", r.name, h.length, r.limit); !strings.Contains(theirs.failure().Error(), want) {
				t.Errorf("%+v: the session ended with %v, want %q", h, theirs.failure(), want)
			}
		}
		if taken > 1<<20 {
			t.Errorf("%+v: %d bytes allocated", h, taken)
		}
	}
	s.untouched()
	s.finish()
}

// TestOptionalFlood sends unknown optional frames of the largest size: as many are
// skipped as are allowed, in a memory that does not grow.
func TestOptionalFlood(t *testing.T) {
	s := newScene(t)
	p := newPuppet(t, s.b)
	theirs := p.session(s.b)
	flood := append(header{typ: 0x7f, flags: flagOptional, length: maxPage}.append(nil), make([]byte, maxPage)...)
	const fit = maxSkip / (maxPage + headerSize)
	taken := allocates(func() {
		for range fit {
			p.raw(flood)
		}
		p.alive()
		p.raw(flood)
		if got := p.ended(); got != 1 && got != 0 {
			t.Errorf("BYE with code %d, want 1", got)
		}
		over(t, theirs, ErrProtocol)
	})
	if taken > 4<<20 {
		t.Errorf("%d bytes allocated while %d frames were skipped", taken, fit)
	}
	s.bystander.alive()
	s.finish()
}

// TestUnreadAnswers asks and asks and reads nothing: the session ends when too many
// answers wait, and the others go on.
func TestUnreadAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("fills the buffers of the system first")
	}
	s := newScene(t)
	p := newPuppet(t, s.b)
	theirs := p.session(s.b)
	theirs.light.SetLimit(rate.Inf) // or it would take most of a minute
	many := bytes.Repeat(frame(framePing, 0, marshal(&ping{Nonce: 1 << 63})), 5000)
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for p.conn.SetWriteDeadline(time.Now().Add(20 * time.Second)); theirs.failure() == nil; {
			if _, err := p.conn.Write(many); err != nil {
				return
			}
			if p.wire.flush() != nil {
				return
			}
		}
	}()
	over(t, theirs, ErrStalled)
	<-asked
	s.bystander.alive()
	s.finish()
}

// TestCreditToTheByte uses all credit there is, which is right, and then more.
func TestCreditToTheByte(t *testing.T) {
	s := newScene(t)
	big := load{"big.bin", make([]byte, 16*chunkSize)}
	p := newPuppet(t, s.b)
	theirs := p.session(s.b)
	left := int(p.accepted(1, offering(1, big)).Credit)
	p.say(framePage, 1, manifestOf(big))
	release := s.b.hold() // nothing is written, so credit ends
	defer release()
	head, at, chunk, sent := headOf(big.content, 0), 0, uint32(0), 0
	send := func(payload int) { // the next fragment, in a payload of at most so many bytes
		var h *chunkHeader
		size := payload - dataHeaderSize
		if at == 0 {
			h, size = head, size-chunkHeaderSize
		}
		size = min(size, chunkSize-at)
		b := fragment(0, chunk, uint32(at), h, big.content[:size])
		p.say(frameData, 1, b)
		left, sent = left-len(b), sent+len(b)
		if at += size; at == chunkSize {
			at, chunk = 0, chunk+1
		}
	}
	least := func() int { // payload of a fragment of one byte
		if at == 0 {
			return dataHeaderSize + chunkHeaderSize + 1
		}
		return dataHeaderSize + 1
	}
	for granted := true; granted; {
		for left >= least() {
			send(min(left, 64<<10))
		}
		granted = false
		p.say(framePing, 0, &ping{})
		for h, payload, err := p.hear(); h.typ != framePong; h, payload, err = p.hear() {
			if err != nil || h.typ == frameBye {
				t.Fatalf("the session ended within credit: %v %q", err, payload)
			}
			var m credit
			if h.typ == frameCredit && unmarshal(payload, &m) == nil {
				left, granted = left+int(m.Bytes), true
			}
		}
	}
	if sent > maxHeld || sent < window {
		t.Errorf("credit for %d bytes while nothing is written, want %d to %d", sent, window, maxHeld)
	}
	send(left + least())
	if got := p.ended(); got != 1 && got != 0 {
		t.Errorf("BYE with code %d, want 1", got)
	}
	over(t, theirs, ErrProtocol)
	release()
	s.quiet()
	s.clean()
	s.finish()
}

// TestWantToTheChunk asks for as many chunks in a row as are allowed, and then one more.
func TestWantToTheChunk(t *testing.T) {
	noLeaks(t)
	path := write(t, filepath.Join(t.TempDir(), "sparse"), nil)
	if err := os.Truncate(path, 1025*chunkSize); err != nil {
		t.Fatal(err)
	}
	a := startNode(t, nil, "", nil)
	p := newPuppet(t, a)
	theirs := p.session(a)
	stream, hash, result := p.offered(a, outgoing(path))
	p.say(frameAccept, stream, &accept{Offer: hash, Entries: 1<<64 - 1, Bytes: 1<<64 - 1})
	p.expect(framePage, &page{})
	p.say(frameWant, stream, &want{Chunks: []chunkRange{{Count: 1024}}})
	p.alive()
	p.say(frameWant, stream, &want{Chunks: []chunkRange{{Count: 1025}}})
	if got := p.ended(); got != 1 && got != 0 {
		t.Errorf("BYE with code %d, want 1", got)
	}
	over(t, theirs, ErrProtocol)
	if err := <-result; !errors.Is(err, ErrInterrupted) || fmt.Sprint(err) == ErrInterrupted.Error() {
		t.Errorf("Send = %v, want ErrInterrupted and why", err)
	}
}
