package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"lukechampine.com/blake3"
)

// offered lets the node send paths to the puppet and returns the stream, the hash of
// the offer and where the result of Send will come.
func (p *puppet) offered(from *testNode, out *Outgoing) (stream uint32, hash value, result chan error) {
	p.t.Helper()
	var s *Session
	for s = from.Session(p.id); s == nil; s = from.Session(p.id) {
		time.Sleep(time.Millisecond)
	}
	result = make(chan error, 1)
	go func() {
		_, err := s.Send(context.Background(), out)
		result <- err
	}()
	for {
		h, payload, err := p.hear()
		if err != nil {
			p.t.Fatal(err)
		}
		if h.typ == frameOffer || h.typ == frameUpdate {
			var m offer
			if err := unmarshal(payload, &m); err != nil {
				p.t.Fatal(err)
			}
			if m.Final {
				return h.stream, blake3.Sum256(payload), result
			}
		}
	}
}

// TestHostileReceiver lets a peer break every rule of a receiver in turn. What is sent
// meanwhile to somebody else arrives.
func TestHostileReceiver(t *testing.T) {
	noLeaks(t)
	src, dst := t.TempDir(), t.TempDir()
	big := write(t, filepath.Join(src, "big.bin"), random(12*chunkSize))
	small := write(t, filepath.Join(src, "f", "small"), []byte("small"))
	a, other := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	take := func(hash value) *accept {
		return &accept{Offer: hash, Entries: maxEntries, Bytes: maxTotal, Credit: window}
	}
	type row struct {
		reason string
		path   string
		attack func(p *puppet, stream uint32, hash value)
		want   error // of Send
		ends   bool  // the session is ended, with BYE 1
	}
	tests := []row{
		{"accepts something else", big, func(p *puppet, stream uint32, hash value) {
			hash[0] ^= 1
			p.say(frameAccept, stream, take(hash))
		}, ErrInterrupted, true},
		{"accepts less than was offered", big, func(p *puppet, stream uint32, hash value) {
			m := take(hash)
			m.Bytes = 12*chunkSize - 1
			p.say(frameAccept, stream, m)
		}, ErrLimit, false},
		{"accepts twice", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.say(frameAccept, stream, take(hash))
		}, ErrInterrupted, true},
		{"accepts and declines", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.say(frameDecline, stream, &status{Code: 6})
		}, ErrInterrupted, true},
		{"declines with a code from the future", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameDecline, stream, &status{Code: 200})
		}, ErrInternal, false},
		{"declines twice", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameDecline, stream, &status{Code: 6})
			p.say(frameDecline, stream, &status{Code: 6})
		}, ErrDeclined, false},
		{"credit before it accepts", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameCredit, stream, &credit{Bytes: 1})
		}, ErrInterrupted, true},
		{"credit without bounds", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.say(frameCredit, stream, &credit{Bytes: maxCredit + 1})
		}, ErrInterrupted, true},
		{"accepts with credit of 2^64-1", big, func(p *puppet, stream uint32, hash value) {
			m := take(hash)
			m.Credit = 1<<64 - 1
			p.say(frameAccept, stream, m)
			p.expect(framePage, &page{})
			p.alive()
			p.say(frameCancel, stream, &status{Code: 8})
		}, ErrPeerCancel, false},
		{"takes 2^64-1 entries and bytes", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, &accept{Offer: hash, Entries: 1<<64 - 1, Bytes: 1<<64 - 1, Credit: window})
			p.expect(framePage, &page{})
			p.alive()
			p.say(frameCancel, stream, &status{Code: 8})
		}, ErrPeerCancel, false},
		{"HAVE that was not announced", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.say(frameHave, stream, &have{Upto: 1, Claims: []claim{}})
		}, ErrInterrupted, true},
		{"HAVE of chunks behind the end", big, having(claim{Entry: 0, First: 12, Values: make([]byte, 32)}), ErrInterrupted, true},
		{"HAVE of 2^32 chunks", big, having(claim{Entry: 0, First: 1<<32 - 1, Values: make([]byte, 32)}), ErrInterrupted, true},
		{"HAVE of an unknown entry", big, having(claim{Entry: 7, Values: make([]byte, 32)}), ErrInterrupted, true},
		{"HAVE of a folder", filepath.Dir(small), having(claim{Entry: 0, Values: make([]byte, 32)}), ErrInterrupted, true},
		{"WANT of chunks behind the end", big, wanting(chunkRange{First: 12, Count: 1}), ErrInterrupted, true},
		{"WANT of no chunks", big, wanting(chunkRange{}), ErrInterrupted, true},
		{"WANT of 2^32-1 chunks", big, wanting(chunkRange{Count: 1<<32 - 1}), ErrInterrupted, true},
		{"WANT of an unknown entry", big, wanting(chunkRange{Entry: 1<<32 - 1, Count: 1}), ErrInterrupted, true},
		{"WANT of a folder", filepath.Dir(small), wanting(chunkRange{Count: 1}), ErrInterrupted, true},
		{"WANT without end", big, func(p *puppet, stream uint32, hash value) {
			m := take(hash)
			m.Credit = 0
			p.say(frameAccept, stream, m)
			p.expect(framePage, &page{})
			for range 1 << 13 {
				p.say(frameWant, stream, &want{Chunks: []chunkRange{{Count: 12}}})
			}
		}, ErrInterrupted, true},
		{"STORED with impossible numbers", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.say(frameStored, stream, &stored{Chunks: []chunkRange{}, Files: 1<<64 - 1, Bytes: 1<<64 - 1, Resumed: 1 << 63})
			p.alive()
			p.say(frameCancel, stream, &status{Code: 8})
		}, ErrPeerCancel, false},
		{"cancels with a text of a page", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameCancel, stream, &status{Code: 8, Text: string(bytes.Repeat([]byte("x"), maxText+1))})
		}, ErrInterrupted, true},
		{"sends data to its sender", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.say(frameData, stream, whole(0, []byte("x")))
		}, ErrInterrupted, true},
		{"hangs up", big, func(p *puppet, stream uint32, hash value) {
			p.say(frameAccept, stream, take(hash))
			p.wire.Conn.Close()
		}, ErrInterrupted, false},
	}
	for typ, r := range gate {
		if r.place == onSending || r.place == onMoving {
			tests = append(tests, row{"an empty " + r.name, big, func(p *puppet, stream uint32, hash value) {
				if r.place == onMoving {
					p.say(frameAccept, stream, take(hash))
				}
				p.say(typ, stream, nil2)
			}, ErrInterrupted, true})
		}
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			p := newPuppet(t, a)
			out := outgoing(test.path)
			stream, hash, result := p.offered(a, out)
			test.attack(p, stream, hash)
			if test.ends {
				if got := p.ended(); got != 1 && got != 0 {
					t.Errorf("BYE with code %d, want 1", got)
				}
			}
			select {
			case err := <-result:
				if !errors.Is(err, test.want) {
					t.Errorf("Send = %v, want %v", err, test.want)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("Send does not return")
			}
			if progress := out.Progress(); progress.Stored < 0 || progress.Stored > progress.Bytes || progress.Resumed > progress.Bytes {
				t.Errorf("progress = %+v", progress)
			}
			p.wire.Conn.Close()
		})
	}
	if _, err := connect(t, a, other).Send(t.Context(), outgoing(children(t, src)...)); err != nil {
		t.Fatal(err)
	}
	sameTree(t, dst, src)
}

// having accepts with the promise to say what is there, and claims c.
func having(c claim) func(p *puppet, stream uint32, hash value) {
	return func(p *puppet, stream uint32, hash value) {
		p.say(frameAccept, stream, &accept{Offer: hash, Entries: maxEntries, Bytes: maxTotal, Credit: window, Have: true})
		p.expect(framePage, &page{})
		p.say(frameHave, stream, &have{Upto: 1, Claims: []claim{c}})
	}
}

// wanting accepts and asks for chunks.
func wanting(r chunkRange) func(p *puppet, stream uint32, hash value) {
	return func(p *puppet, stream uint32, hash value) {
		p.say(frameAccept, stream, &accept{Offer: hash, Entries: maxEntries, Bytes: maxTotal, Credit: window})
		p.expect(framePage, &page{})
		p.say(frameWant, stream, &want{Chunks: []chunkRange{r}})
	}
}

// TestSenderIgnoresHave resumes with a sender that does not look at what it is told and
// sends another content at once, over and over: what counts is the last version and its
// digest, while the chunks of the first run are hashed again behind.
func TestSenderIgnoresHave(t *testing.T) {
	for round := range 5 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			noLeaks(t)
			dst := t.TempDir()
			b := startNode(t, nil, dst, nil)
			mine := newKey(t)
			first, second := load{"big.bin", random(4*chunkSize + 1)}, load{"big.bin", random(4*chunkSize + 1)}
			send := func(p *puppet, l load, n int64) {
				for chunk := range n {
					part := l.content[chunk*chunkSize:][:chunkLen(int64(len(l.content)), chunk)]
					p.say(frameData, 1, fragment(0, uint32(chunk), 0, headOf(l.content, chunk), part))
				}
			}
			p := identifiedPuppet(t, b, mine)
			p.accepted(1, offering(1, first))
			p.say(framePage, 1, manifestOf(first))
			send(p, first, 4)
			for m := (stored{}); m.Bytes < 4*chunkSize; {
				p.expect(frameStored, &m)
			}
			p.wire.Conn.Close()
			b.until("the end of the first run", func() bool { return len(b.ended) == 1 })

			p = identifiedPuppet(t, b, mine)
			if m := p.accepted(1, offering(1, second)); !m.Have {
				t.Error("nothing is left of the first run")
			}
			release := b.hold() // all that follows is there before anything is looked at
			p.say(framePage, 1, manifestOf(second))
			send(p, second, 5)
			p.say(frameFiles, 1, outcome(second.content))
			p.say(frameEnd, 1, &end{Skipped: []skipped{}})
			release()
			var m done
			if p.expect(frameDone, &m); m.Files != 1 || m.Failed != 0 {
				t.Errorf("DONE = %+v, want one file", m)
			}
			holds(t, filepath.Join(dst, "big.bin"), string(second.content))
		})
	}
}

// TestWantAfterTheEnd asks for chunks of files that were read to their end: they are
// sent again, and the files are not kept open for it.
func TestWantAfterTheEnd(t *testing.T) {
	noLeaks(t)
	src := t.TempDir()
	const count = 40
	for i := range count {
		write(t, filepath.Join(src, "f", fmt.Sprintf("%02d", i)), random(chunkSize+1))
	}
	a := startNode(t, nil, "", nil)
	p := newPuppet(t, a)
	out := outgoing(filepath.Join(src, "f"))
	stream, hash, result := p.offered(a, out)
	p.say(frameAccept, stream, &accept{Offer: hash, Entries: maxEntries, Bytes: maxTotal, Credit: maxCredit})
	p.expect(frameEnd, &end{})
	before := openFiles(t)
	for i := range uint32(count) {
		p.say(frameWant, stream, &want{Chunks: []chunkRange{{Entry: i + 1, Count: 1}}})
	}
	for again := 0; again < count; {
		h, payload, err := p.hear()
		if err != nil {
			t.Fatal(err)
		}
		if h.typ != frameData {
			continue
		}
		d := parseDataHeader((*[dataHeaderSize]byte)(payload))
		if d.chunk != 0 {
			t.Errorf("chunk %d of entry %d sent, which was not wanted", d.chunk, d.entry)
		}
		if d.offset == 0 {
			again++
		}
	}
	if after := openFiles(t); after > before+count/2 {
		t.Errorf("%d descriptors are open, before it were %d", after, before)
	}
	p.say(frameDone, stream, &done{Files: count, Skipped: []skipped{}})
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("descriptors are counted on Linux only")
	}
	return len(entries)
}

// TestConnectPastADeadSession does not take a session that has ended and only waits for
// its transfer to notice.
func TestConnectPastADeadSession(t *testing.T) {
	noLeaks(t)
	src, dst := t.TempDir(), t.TempDir()
	path := write(t, filepath.Join(src, "a"), random(8*chunkSize))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	first := connect(t, a, b)
	release := a.hold() // the transfer hangs in its hashing
	result := make(chan error, 1)
	out := outgoing(path)
	go func() {
		_, err := first.Send(context.Background(), out)
		result <- err
	}()
	for out.Progress().Phase != Moving {
		time.Sleep(time.Millisecond)
	}
	first.wire.Conn.Close()
	<-first.Done()
	second, err := a.Connect(t.Context(), b.id, []netip.AddrPort{b.addr})
	if err != nil || second == first {
		t.Errorf("Connect = the session that ended: %v, %v", second == first, err)
	}
	release()
	if err := <-result; !errors.Is(err, ErrInterrupted) {
		t.Errorf("Send over the first = %v, want ErrInterrupted", err)
	}
	if _, err := second.Send(t.Context(), out); err != nil {
		t.Errorf("Send over the second = %v", err)
	}
	sameTree(t, dst, src)
}

// TestOutcomesWhileItEnds cancels at the receiver while the sender's word about its
// files is coming in: nothing is looked at in a staging folder that is closed.
func TestOutcomesWhileItEnds(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	const count = 300
	content := []byte("x")
	list, said := []entry{folder(0, "f")}, &files{}
	for i := range uint32(count) {
		list = append(list, file(1, fmt.Sprintf("%03d", i)))
		said.Done = append(said.Done, fileDone{Entry: i + 1, Digest: blake3.Sum256(content)})
	}
	for round := range 10 {
		p := newPuppet(t, b)
		p.accepted(1, &offer{Key: [16]byte{byte(round)}, Conv: []byte{}, Names: []topName{{Name: "f", Folder: true}}, Count: 1, Entries: count + 1, Bytes: count, Final: true})
		p.say(framePage, 1, &page{Last: true, Entries: list, Digest: manifestOf().Digest})
		for i := range uint32(count) {
			p.say(frameData, 1, whole(i+1, content))
		}
		for m := (stored{}); m.Bytes < count; {
			p.expect(frameStored, &m)
		}
		b.mu.Lock()
		in := b.offers[round]
		b.mu.Unlock()
		p.say(frameFiles, 1, said)
		for in.Progress().Files == 0 { // the first of them have been taken
			runtime.Gosched()
		}
		in.Cancel()
		waitCancel(p, 8)
		p.alive()
		p.say(frameBye, 0, &status{Code: 9})
		p.ended()
	}
	b.until("every end", func() bool { return len(b.ended) == 10 })
	for _, e := range b.ended {
		if !errors.Is(e.err, ErrCancelled) {
			t.Errorf("receiver = %v, want ErrCancelled", e.err)
		}
	}
}
