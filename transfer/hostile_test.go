package transfer

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

func (h *testNode) deciding(decide func(context.Context, *Incoming) Decision) {
	h.mu.Lock()
	h.decide = decide
	h.mu.Unlock()
}

// outcomes returns how many offers have come to their end, and the last error.
func (h *testNode) outcomes() (n int, last error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n = len(h.ended); n > 0 {
		last = h.ended[n-1].err
	}
	return n, last
}

// TestHostileSender lets a peer break every rule of a sender in turn.
func TestHostileSender(t *testing.T) {
	s := newScene(t)
	small := load{"a.txt", []byte("content of a.txt")}
	big := load{"big.bin", random(2*chunkSize + 9)}
	bigHead := headOf(big.content, 0)
	const stream = 1
	undecided := func(ctx context.Context, in *Incoming) Decision {
		<-ctx.Done()
		return Decision{Accept: true, Folder: s.dest} // too late
	}
	declining := func(context.Context, *Incoming) Decision { return Decision{} }
	begin := func(p *puppet, files ...load) {
		p.t.Helper()
		p.accepted(stream, offering(1, files...))
		p.say(framePage, stream, manifestOf(files...))
	}
	data := func(payload []byte) func(p *puppet) {
		return func(p *puppet) {
			begin(p, big, small)
			p.say(frameData, stream, payload)
		}
	}
	const (
		lives    code = 0 // the session goes on
		protocol code = 1
	)
	tests := []struct {
		name   string
		decide func(context.Context, *Incoming) Decision // nil: accepts
		attack func(p *puppet)
		want   code
	}{
		{"data before any offer", nil, func(p *puppet) { p.say(frameData, stream, whole(0, small.content)) }, protocol},
		{"manifest before any offer", nil, func(p *puppet) { p.say(framePage, stream, manifestOf(small)) }, protocol},
		{"data before the accept", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(frameData, stream, whole(0, small.content))
		}, protocol},
		{"manifest before the accept", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(framePage, stream, manifestOf(small))
		}, protocol},
		{"END before the accept", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
		}, protocol},
		{"everything after a decline", declining, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			waitDecline(p, 6)
			p.say(framePage, stream, manifestOf(small))
			p.say(frameData, stream, whole(0, small.content))
			p.say(frameFiles, stream, outcome(small.content))
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
		}, lives},
		{"everything after its own cancel", nil, func(p *puppet) {
			begin(p, small)
			p.say(frameCancel, stream, &status{Code: 8})
			p.say(frameData, stream, whole(0, small.content))
			p.say(frameFiles, stream, outcome(small.content))
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
		}, lives},
		{"cancel at once", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(frameCancel, stream, &status{Code: 8})
		}, lives},
		{"cancel of nothing", nil, func(p *puppet) { p.say(frameCancel, stream, &status{Code: 8}) }, protocol},
		{"accept of nothing", nil, func(p *puppet) { p.say(frameAccept, 2, &accept{}) }, protocol},
		{"accept of its own offer", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(frameAccept, stream, &accept{})
		}, protocol},
		{"done with its own offer", nil, func(p *puppet) {
			begin(p, small)
			p.say(frameDone, stream, &done{Skipped: []skipped{}})
		}, protocol},
		{"a stream of our parity", nil, func(p *puppet) { p.say(frameOffer, 2, offering(1, small)) }, protocol},
		{"an offer on the session itself", nil, func(p *puppet) { p.say(frameOffer, 0, offering(1, small)) }, protocol},
		{"a stream twice", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(frameOffer, stream, offering(2, small))
		}, protocol},
		{"a lower stream", undecided, func(p *puppet) {
			p.say(frameOffer, 7, offering(1, small))
			p.say(frameOffer, 5, offering(2, small))
		}, protocol},
		{"another transfer's stream", nil, func(p *puppet) {
			begin(p, small)
			p.say(frameData, 3, whole(0, small.content))
		}, protocol},
		{"the stream number of somebody else's transfer", nil, func(p *puppet) {
			p.say(frameData, bystanderStream, fragment(0, 1, 0, bigHead, big.content[:chunkSize]))
		}, protocol},
		{"a chunk behind the end", nil, data(fragment(0, 3, 0, bigHead, big.content[:chunkSize])), protocol},
		{"chunk 2^32-1", nil, data(fragment(0, 1<<32-1, 0, bigHead, big.content[:chunkSize])), protocol},
		{"an entry behind the end", nil, data(fragment(2, 0, 0, bigHead, big.content[:chunkSize])), protocol},
		{"entry 2^32-1", nil, data(fragment(1<<32-1, 0, 0, bigHead, big.content[:chunkSize])), protocol},
		{"a chunk shorter than the file has it", nil, data(fragment(0, 0, 0, &chunkHeader{raw: 5, encoded: 5}, big.content[:5])), protocol},
		{"a chunk longer than the file has it", nil, data(fragment(1, 0, 0, bigHead, big.content[:chunkSize])), protocol},
		{"a fragment longer than its chunk", nil, data(fragment(1, 0, 0, headOf(small.content, 0), append(bytes.Clone(small.content), 'x'))), protocol},
		{"a fragment that does not begin at the beginning", nil, data(fragment(0, 0, 7, nil, big.content[:100])), protocol},
		{"a fragment without content", nil, data(fragment(0, 0, 0, bigHead, nil)), protocol},
		{"a fragment without its header", nil, data([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), protocol},
		{"DATA of nothing", nil, data(nil), protocol},
		{"fragments that overlap", nil, func(p *puppet) {
			begin(p, big)
			p.say(frameData, stream, fragment(0, 0, 0, bigHead, big.content[:5000]))
			p.say(frameData, stream, fragment(0, 0, 4000, nil, big.content[4000:6000]))
		}, protocol},
		{"fragments with a gap", nil, func(p *puppet) {
			begin(p, big)
			p.say(frameData, stream, fragment(0, 0, 0, bigHead, big.content[:5000]))
			p.say(frameData, stream, fragment(0, 0, 6000, nil, big.content[6000:7000]))
		}, protocol},
		{"a chunk inside another", nil, func(p *puppet) {
			begin(p, big)
			p.say(frameData, stream, fragment(0, 0, 0, bigHead, big.content[:5000]))
			p.say(frameData, stream, fragment(0, 1, 0, headOf(big.content, 1), big.content[chunkSize:2*chunkSize]))
		}, protocol},
		{"content for an empty file", nil, func(p *puppet) {
			begin(p, load{"empty", nil})
			p.say(frameData, stream, fragment(0, 0, 0, &chunkHeader{raw: 1, encoded: 1}, []byte("x")))
		}, protocol},
		{"content for a folder", nil, func(p *puppet) {
			p.accepted(stream, &offer{Conv: []byte{}, Names: []topName{{Name: "f", Folder: true}}, Count: 1, Entries: 1, Bytes: 9, Final: true})
			m := &page{Last: true, Entries: []entry{folder(0, "f")}}
			newManifest().digest.Sum(m.Digest[:0])
			p.say(framePage, stream, m)
			p.say(frameData, stream, whole(0, []byte("x")))
		}, protocol},
		{"an outcome for no entry", nil, func(p *puppet) {
			begin(p, small)
			p.say(frameFiles, stream, &files{Done: []fileDone{{Entry: 1}}})
		}, protocol},
		{"a page after the last", nil, func(p *puppet) {
			begin(p, small)
			p.say(framePage, stream, &page{Number: 1, Last: true})
		}, protocol},
		{"a page twice", nil, func(p *puppet) {
			p.accepted(stream, offering(1, small, big))
			m := &page{Entries: []entry{{Name: small.name, Size: uint64(len(small.content))}}}
			p.say(framePage, stream, m)
			p.say(framePage, stream, m)
		}, protocol},
		{"two ENDs", nil, func(p *puppet) {
			begin(p, big)
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
		}, protocol},
		{"END before the data", nil, func(p *puppet) {
			begin(p, small, big)
			p.say(frameData, stream, whole(0, small.content))
			p.say(frameFiles, stream, outcome(small.content))
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
			p.alive()
			p.say(frameCancel, stream, &status{Code: 8})
		}, lives},
		{"a digest that the content does not have", nil, func(p *puppet) {
			begin(p, small)
			p.say(frameData, stream, whole(0, small.content))
			p.say(frameFiles, stream, outcome(big.content))
			p.say(frameEnd, stream, &end{Skipped: []skipped{}})
			var m done
			if p.expect(frameDone, &m); m.Files != 0 || m.Failed != 1 || len(m.Published) != 0 {
				p.t.Errorf("DONE = %+v, want one failed file", m)
			}
		}, lives},
		{"the offer gets other names", undecided, func(p *puppet) {
			o := offering(1, small)
			o.Final = false
			p.say(frameOffer, stream, o)
			o.Names[0].Name = "b.txt"
			p.say(frameUpdate, stream, o)
		}, protocol},
		{"the offer gets another size behind a name", undecided, func(p *puppet) {
			o := offering(1, small)
			o.Final = false
			p.say(frameOffer, stream, o)
			o.Names[0].Size++
			p.say(frameUpdate, stream, o)
		}, protocol},
		{"the offer moves to another conversation", undecided, func(p *puppet) {
			o := offering(1, small)
			o.Final = false
			p.say(frameOffer, stream, o)
			o.Conv = []byte{1}
			p.say(frameUpdate, stream, o)
		}, protocol},
		{"the offer shrinks", undecided, func(p *puppet) {
			o := offering(1, small)
			o.Final = false
			p.say(frameOffer, stream, o)
			o.Bytes--
			p.say(frameUpdate, stream, o)
		}, protocol},
		{"the offer changes after it was final", undecided, func(p *puppet) {
			o := offering(1, small)
			p.say(frameOffer, stream, o)
			o.Bytes++
			p.say(frameUpdate, stream, o)
		}, protocol},
		{"the offer grows above what there is room for", nil, func(p *puppet) {
			o := offering(1, small)
			o.Final = false
			p.accepted(stream, o)
			o.Bytes = maxTotal
			p.say(frameUpdate, stream, o)
			waitCancel(p, 15)
		}, lives},
		{"more bytes than accepted", nil, func(p *puppet) {
			o := offering(1, small, big)
			o.Bytes--
			p.accepted(stream, o)
			p.say(framePage, stream, manifestOf(small, big))
			p.say(frameData, stream, whole(0, small.content)) // on its way already
			p.say(framePage, stream, &page{Number: 1, Last: true})
			waitCancel(p, 15)
		}, lives},
		{"more entries than accepted", nil, func(p *puppet) {
			o := offering(1, small)
			o.Bytes = 1 << 20
			p.accepted(stream, o)
			p.say(framePage, stream, manifestOf(small, load{"b.txt", nil}))
			waitCancel(p, 15)
		}, lives},
		{"another name than accepted", nil, func(p *puppet) {
			p.accepted(stream, offering(1, small))
			p.say(framePage, stream, manifestOf(load{"b.txt", small.content}))
			waitCancel(p, 15)
		}, lives},
		{"a size of -1", nil, func(p *puppet) {
			p.accepted(stream, offering(1, small))
			p.say(framePage, stream, &page{Last: true, Entries: []entry{{Name: small.name, Size: 1<<64 - 1}}, Digest: manifestOf().Digest})
			waitCancel(p, 15)
		}, lives},
		{"a chunk that is no zstd", nil, func(p *puppet) {
			begin(p, big)
			p.say(frameData, stream, fragment(0, 0, 0, &chunkHeader{encoding: encodingZstd, raw: chunkSize, encoded: 100, value: bigHead.value}, random(100)))
		}, protocol},
		{"a chunk that unpacks to 64 MiB", nil, func(p *puppet) {
			begin(p, big)
			bomb := pack(p.t, make([]byte, 64<<20))
			p.say(frameData, stream, fragment(0, 0, 0, &chunkHeader{encoding: encodingZstd, raw: chunkSize, encoded: uint32(len(bomb)), value: bigHead.value}, bomb))
		}, protocol},
		{"a selection twice in one session", undecided, func(p *puppet) {
			p.say(frameOffer, stream, offering(1, small))
			p.say(frameOffer, 3, offering(1, small))
			waitDecline(p, 5)
		}, lives},
		{"more transfers than are allowed at once", undecided, func(p *puppet) {
			for i := range uint32(maxStreams) {
				p.say(frameOffer, stream+2*i, offering(byte(i), small))
			}
			p.alive()
			p.say(frameOffer, stream+2*maxStreams, offering(100, small))
			waitDecline(p, 4)
			p.say(frameUpdate, stream+2*maxStreams, offering(100, small)) // had left before the answer came
		}, lives},
		{"HELLO again", nil, func(p *puppet) { p.say(frameHello, 0, &hello{ID: p.id}) }, protocol},
		{"an unknown frame", nil, func(p *puppet) { p.say(0x7e, 0, nil2) }, protocol},
		{"an unknown optional frame", nil, func(p *puppet) {
			p.raw(append(header{typ: 0x7e, flags: flagOptional, stream: 77, length: 5}.append(nil), "12345"...))
		}, lives},
		{"a length of 2^32-1", nil, func(p *puppet) { p.raw(header{typ: frameChat, length: 1<<32 - 1}.append(nil)) }, protocol},
		{"garbage", nil, func(p *puppet) { p.raw(bytes.Repeat([]byte{0xa5}, 4096)) }, protocol},
		{"half a frame, then nothing", nil, func(p *puppet) {
			p.raw(frame(framePing, 0, marshal(&ping{}))[:headerSize+1])
			p.wire.Conn.Close()
		}, protocol},
		{"a chat message that is too long", nil, func(p *puppet) {
			p.say(frameChat, 0, &chat{Conv: []byte{}, Body: strings.Repeat("x", maxChat+1)})
		}, protocol},
		{"10,000 WANTs for nothing", nil, func(p *puppet) {
			for range 10000 {
				p.say(frameWant, 2, &want{Chunks: []chunkRange{{Count: 1}}})
			}
		}, protocol},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.t, s.bystander.t = t, t
			s.b.deciding(test.decide)
			p := newPuppet(t, s.b)
			test.attack(p)
			if test.want == lives {
				p.alive()
				p.say(frameBye, 0, &status{Code: 9})
			} else if got := p.ended(); got != 0 && got != test.want { // 0: it could not even be told
				t.Errorf("BYE with code %d, want %d", got, test.want)
			}
			s.quiet()
			s.untouched()
			s.bystander.say(frameFiles, bystanderStream, &files{})
			s.bystander.alive()
			s.clean()
		})
	}
	s.t = t
	s.finish()
}

// nil2 is a payload without bytes.
var nil2 = []byte{}

// clean forgets the partials that a broken session left to be resumed.
func (s *scene) clean() {
	s.t.Helper()
	var list []Partial
	for _, p := range s.b.store.all() {
		if p.Peer != s.bystander.id {
			list = append(list, p)
		}
	}
	for _, p := range list {
		if err := p.Remove(); err != nil {
			s.t.Errorf("remove partial: %v", err)
		}
		s.b.store.RemovePartial(p.Peer, p.Key)
	}
	if n := s.staged(); n != 0 {
		s.t.Errorf("%d staging folders of nobody", n)
	}
}

func waitDecline(p *puppet, want code) { p.t.Helper(); waitStatus(p, frameDecline, want) }
func waitCancel(p *puppet, want code)  { p.t.Helper(); waitStatus(p, frameCancel, want) }

// waitStatus reads until a frame that closes a transfer comes.
func waitStatus(p *puppet, typ frameType, want code) {
	p.t.Helper()
	for {
		h, payload, err := p.hear()
		if err != nil {
			p.t.Fatalf("waiting for frame %#02x: %v", byte(typ), err)
		}
		if h.typ != typ && h.typ != frameBye {
			continue
		}
		var m status
		if err := unmarshal(payload, &m); err != nil || m.Code != want || h.typ != typ {
			p.t.Fatalf("frame %#02x with code %d %q, %v; want frame %#02x with %d", byte(h.typ), m.Code, m.Text, err, byte(typ), want)
		}
		if strings.Contains(m.Text, os.TempDir()) {
			p.t.Errorf("the peer is told where our files are: %q", m.Text)
		}
		return
	}
}
