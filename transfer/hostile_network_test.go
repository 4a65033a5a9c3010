package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// framesOf is what a sender says behind the accept, frame by frame.
func framesOf(stream uint32, loads ...load) (list [][]byte) {
	var contents [][]byte
	list = append(list, frame(framePage, stream, marshal(manifestOf(loads...))))
	for i, l := range loads {
		contents = append(contents, l.content)
		for chunk := range chunks(int64(len(l.content))) {
			part := l.content[chunk*chunkSize:][:chunkLen(int64(len(l.content)), chunk)]
			half := len(part) / 2
			list = append(list, frame(frameData, stream, fragment(uint32(i), uint32(chunk), 0, headOf(l.content, chunk), part[:half])))
			list = append(list, frame(frameData, stream, fragment(uint32(i), uint32(chunk), uint32(half), nil, part[half:])))
		}
	}
	list = append(list, frame(frameFiles, stream, marshal(outcome(contents...))))
	return append(list, frame(frameEnd, stream, marshal(&end{Skipped: []skipped{}})))
}

// TestCutBetweenFrames ends the connection behind each frame of a transfer, in each way
// that a connection can end. The next attempt completes it, and nothing is there twice.
func TestCutBetweenFrames(t *testing.T) {
	loads := []load{{"a.txt", []byte("content")}, {"big.bin", random(chunkSize + 7)}}
	ways := []struct {
		name string
		end  func(p *puppet)
	}{
		{"reset", func(p *puppet) {
			p.wire.Conn.(*net.TCPConn).SetLinger(0)
			p.wire.Conn.Close()
		}},
		{"closed", func(p *puppet) { p.wire.Conn.Close() }},
		{"half closed", func(p *puppet) { p.wire.Conn.(*net.TCPConn).CloseWrite() }},
		{"half closed by TLS", func(p *puppet) {
			p.conn.CloseWrite() // leaves a deadline that nothing can be written after
			p.wire.SetWriteDeadline(time.Time{})
			p.wire.flush()
		}},
	}
	if testing.Short() {
		ways = ways[:1]
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s := newScene(t)
			mine := newKey(t)
			for cut := range len(framesOf(1, loads...)) + 1 {
				o := offering(byte(cut), loads...)
				p := identifiedPuppet(t, s.b, mine)
				theirs := p.session(s.b)
				p.accepted(1, o)
				for _, b := range framesOf(1, loads...)[:cut] {
					p.raw(b)
				}
				way.end(p)
				over(t, theirs, ErrInterrupted)
				p.wire.Conn.Close()
				s.quiet()

				p = identifiedPuppet(t, s.b, mine)
				p.accepted(1, o)
				for _, b := range framesOf(1, loads...) {
					p.raw(b)
				}
				var m done
				if p.expect(frameDone, &m); m.Files != 2 || m.Failed != 0 || len(m.Published) != 2 {
					t.Fatalf("cut behind %d frames: DONE = %+v", cut, m)
				}
				for i, l := range loads {
					if m.Published[i].As != l.name { // it was published by both attempts
						t.Errorf("cut behind %d frames: %s arrived as %s", cut, l.name, m.Published[i].As)
					}
					if got, err := os.ReadFile(filepath.Join(s.dest, l.name)); err != nil || !bytes.Equal(got, l.content) {
						t.Errorf("cut behind %d frames: %s holds %d bytes, %v", cut, l.name, len(got), err)
					}
					os.Remove(filepath.Join(s.dest, l.name))
				}
				p.say(frameBye, 0, &status{Code: 9})
				p.ended()
				s.quiet()
				s.untouched()
				if n := s.staged(); n != 0 {
					t.Errorf("cut behind %d frames: %d staging folders are left", cut, n)
				}
			}
			s.finish()
		})
	}
}

// TestRepeatedFrames sends everything that may come again a second time: chunks, outcomes,
// and chunks of a file that is complete.
func TestRepeatedFrames(t *testing.T) {
	s := newScene(t)
	loads := []load{{"a.txt", []byte("content")}, {"big.bin", random(2*chunkSize + 7)}}
	p := newPuppet(t, s.b)
	p.accepted(1, offering(1, loads...))
	list := framesOf(1, loads...)
	data, said := list[1:len(list)-2], list[len(list)-2]
	p.raw(list[0])
	for i := 0; i < len(data); i += 2 { // both halves of a chunk, twice
		for range 2 {
			p.raw(data[i])
			p.raw(data[i+1])
		}
	}
	p.raw(said)
	p.raw(said)
	for _, b := range data {
		p.raw(b)
	}
	p.alive()
	s.b.mu.Lock()
	in := s.b.offers[len(s.b.offers)-1]
	s.b.mu.Unlock()
	if now := in.Progress(); now.Stored > now.Bytes || now.Files > 2 {
		t.Errorf("progress = %+v, which is more than there is", now)
	}
	p.raw(list[len(list)-1])
	var m done
	if p.expect(frameDone, &m); m.Files != 2 || m.Failed != 0 || len(m.Published) != 2 {
		t.Errorf("DONE = %+v, want two files", m)
	}
	for _, l := range loads {
		holds(t, filepath.Join(s.dest, l.name), string(l.content))
	}
	if names := s.visible(); len(names) != 2 {
		t.Errorf("published: %q", names)
	}
	s.finish()
}

// TestSilence asks a peer that fell silent whether it is still there, and gives it up.
// The time is the test's.
func TestSilence(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	p := newPuppet(t, b)
	theirs := p.session(b)
	heard := time.Unix(0, theirs.wire.heard.Load())
	asked := func() bool {
		before := theirs.lastPing.Load()
		if !theirs.keepOnce(heard) {
			t.Fatal("given up at once")
		}
		return theirs.lastPing.Load() != before
	}
	if asked() {
		t.Error("asked a peer that was just heard")
	}
	if !theirs.keepOnce(heard.Add(pingAfter)) {
		t.Error("given up after the time to ask")
	}
	p.expect(framePing, &ping{})
	if now := heard.Add(lostAfter - time.Nanosecond); theirs.wire.heard.Load() == heard.UnixNano() && !theirs.keepOnce(now) {
		t.Error("given up too early")
	}
	if theirs.keepOnce(time.Unix(0, theirs.wire.heard.Load()).Add(lostAfter)) {
		t.Errorf("not given up after %v", lostAfter)
	}
	over(t, theirs, ErrInterrupted)
	if err := theirs.failure(); errors.Is(err, ErrProtocol) || fmt.Sprint(err) == ErrInterrupted.Error() {
		t.Errorf("the reason is %v, want that nothing was heard", err)
	}
}

// TestCheck: who is asked for a sign of life, and gives none, is given up soon; who gives
// one stays.
func TestCheck(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for three seconds")
	}
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	dead, alive := newPuppet(t, b), newPuppet(t, b)
	silent, live := dead.session(b), alive.session(b)
	silent.Check()
	live.Check()
	var m ping
	alive.expect(framePing, &m)
	alive.say(framePong, 0, &m)
	select {
	case <-silent.Done():
	case <-time.After(2 * signLimit):
		t.Error("a silent peer is not given up")
	}
	select {
	case <-live.Done():
		t.Error("a peer that answered is given up")
	default:
	}
}

// TestSlowFragment lets the bytes of one large fragment trickle in for two minutes, as they
// do when a fast link has become slow. Bytes move, so the transfer is not stalled; and the
// receiver, which has nothing to answer meanwhile, gives signs of life, since a sender whose
// own questions wait behind the fragment would else hear nothing. Time is the bubble's.
func TestSlowFragment(t *testing.T) {
	server, client, dst := newKey(t), newKey(t), t.TempDir()
	big := load{"big.bin", random(chunkSize)}
	const seconds = 128
	synctest.Test(t, func(t *testing.T) {
		p, _ := bubblePuppet(t, server, client, dst)
		p.conn.SetDeadline(time.Now().Add(2 * seconds * time.Second))
		p.accepted(1, offering(1, big))
		p.say(framePage, 1, manifestOf(big))
		whole := frame(frameData, 1, fragment(0, 0, 0, headOf(big.content, 0), big.content))
		for at := 0; at < len(whole); at += chunkSize / seconds {
			time.Sleep(time.Second)
			p.raw(whole[at:min(at+chunkSize/seconds, len(whole))])
		}
		p.say(frameFiles, 1, outcome(big.content))
		p.say(frameEnd, 1, &end{Skipped: []skipped{}})
		signs := 0
		for {
			h, payload, err := p.hear()
			if err != nil || h.typ == frameCancel || h.typ == frameBye {
				t.Fatalf("frame %#02x %q, %v", byte(h.typ), payload, err)
			}
			if h.typ == framePing {
				signs++
			}
			if h.typ == frameDone {
				break
			}
		}
		if least := seconds / int(lostAfter.Seconds()) * 2; signs < least {
			t.Errorf("%d signs of life in %d s, want %d at least", signs, seconds, least)
		}
		p.conn.Close()
		p.wire.Conn.Close()
	})
	holds(t, filepath.Join(dst, big.name), string(big.content))
}
