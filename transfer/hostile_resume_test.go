package transfer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// leftover is the partial of a file that its sender left behind, and what a disk could
// have made of it meanwhile.
type leftover struct {
	t       *testing.T
	b       *testNode
	sender  *Identity
	file    load
	partial Partial
	saved   string // copy of the staging folder
	next    uint32 // stream
}

// leave lets a sender vanish when its first chunks are on disk.
func leave(t *testing.T, b *testNode, file load, count int64) *leftover {
	t.Helper()
	l := &leftover{t: t, b: b, sender: newKey(t), file: file, saved: t.TempDir(), next: 1}
	p := identifiedPuppet(t, b, l.sender)
	theirs := p.session(b)
	p.accepted(1, offering(1, file))
	p.say(framePage, 1, manifestOf(file))
	for chunk := range count {
		p.say(frameData, 1, l.fragment(uint32(chunk)))
	}
	for m := (stored{}); m.Bytes < min(uint64(count)*chunkSize, uint64(len(file.content))); {
		p.expect(frameStored, &m)
	}
	p.wire.Conn.Close()
	over(t, theirs, ErrInterrupted)
	b.until("the end of the first run", func() bool { return len(b.ended) == len(b.offers) })
	var ok bool
	if l.partial, ok = b.store.FindPartial(p.id, [16]byte{1}); !ok {
		t.Fatal("nothing is left to resume")
	}
	if err := os.CopyFS(l.saved, os.DirFS(l.partial.Staging)); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *leftover) fragment(chunk uint32) []byte {
	part := l.file.content[int64(chunk)*chunkSize:][:chunkLen(int64(len(l.file.content)), int64(chunk))]
	return fragment(0, chunk, 0, headOf(l.file.content, int64(chunk)), part)
}

// restore puts the partial back as it was left, for a change by the test.
func (l *leftover) restore() (journal, staged string) {
	l.t.Helper()
	os.RemoveAll(l.partial.Staging)
	if err := os.CopyFS(l.partial.Staging, os.DirFS(l.saved)); err != nil {
		l.t.Fatal(err)
	}
	l.b.store.PutPartial(l.partial)
	return filepath.Join(l.partial.Staging, "journal"), filepath.Join(l.partial.Staging, "tree", l.file.name)
}

// resume is an honest sender: it does not send what is claimed rightly until it is asked
// to. It returns how many chunks were claimed and how many were sent.
func (l *leftover) resume(p *puppet) (claims, sent int) {
	l.t.Helper()
	p.conn.SetDeadline(time.Now().Add(30 * time.Second))
	stream := l.next
	l.next += 2
	o := offering(1, l.file)
	o.Transfer = [16]byte{byte(stream), byte(stream >> 8), 7}
	answer := p.accepted(stream, o)
	p.say(framePage, stream, manifestOf(l.file))
	missing := make([]uint32, chunks(int64(len(l.file.content))))
	for i := range missing {
		missing[i] = uint32(i)
	}
	for upto := uint64(0); answer.Have && upto == 0; {
		var m have
		p.expect(frameHave, &m)
		upto = m.Upto
		for _, c := range m.Claims {
			for i := range uint32(len(c.Values) / 32) {
				claims++
				if headOf(l.file.content, int64(c.First+i)).value == value(c.Values[32*i:]) {
					missing = slices.DeleteFunc(missing, func(chunk uint32) bool { return chunk == c.First+i })
				}
			}
		}
	}
	for _, chunk := range missing {
		p.say(frameData, stream, l.fragment(chunk))
		sent++
	}
	p.say(frameFiles, stream, outcome(l.file.content))
	p.say(frameEnd, stream, &end{Skipped: []skipped{}})
	for {
		h, payload, err := p.hear()
		if err != nil {
			l.t.Fatal(err)
		}
		switch h.typ {
		case frameWant:
			var m want
			if err := unmarshal(payload, &m); err != nil {
				l.t.Fatal(err)
			}
			for _, r := range m.Chunks {
				for i := range r.Count {
					p.say(frameData, stream, l.fragment(r.First+i))
					sent++
				}
			}
		case frameDone:
			var m done
			if err := unmarshal(payload, &m); err != nil || m.Files != 1 || m.Failed != 0 || len(m.Published) != 1 || m.Published[0].As != l.file.name {
				l.t.Errorf("DONE = %+v, %v, want the file under its name", m, err)
			}
			path := filepath.Join(l.b.dir, l.file.name)
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, l.file.content) {
				l.t.Errorf("the file holds %d bytes, %v; it is not what was sent", len(got), err)
			}
			os.Remove(path)
			return claims, sent
		case frameCancel, frameBye:
			l.t.Fatalf("frame %#02x: %q", byte(h.typ), payload)
		}
	}
}

// TestPowerCut loses what was not written yet when the power went: the journal claims
// chunks that the file does not hold, or has lost its own end. Every byte of it may be
// the last. The file is whole in the end.
func TestPowerCut(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	l := leave(t, b, load{"a.bin", random(900)}, 1)
	p := identifiedPuppet(t, b, l.sender)
	whole, err := os.ReadFile(filepath.Join(l.saved, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	noise := random(60)
	type loss struct {
		name string
		lose func(staged string) error
	}
	losses := []loss{
		{"nothing", func(string) error { return nil }},
		{"the content, zeros instead", func(staged string) error { return os.WriteFile(staged, make([]byte, len(l.file.content)), 0o600) }},
		{"the end of the content", func(staged string) error { return os.Truncate(staged, 500) }},
		{"the file", os.Remove},
		{"the file, a folder instead", func(staged string) error {
			os.Remove(staged)
			return os.MkdirAll(filepath.Join(staged, "x"), 0o700)
		}},
	}
	tails := []struct {
		name string
		tail []byte
	}{{"nothing", nil}, {"zeros", make([]byte, 60)}, {"noise", noise}}
	for i, lost := range losses {
		for _, behind := range tails {
			step := 1 // every byte where the content is right, or zeros; else some
			switch {
			case testing.Short():
				step = 23
			case i > 1 || behind.tail != nil:
				step = 11
			}
			for cut := len(whole); cut >= 0; cut -= step {
				journal, staged := l.restore()
				write(t, journal, append(bytes.Clone(whole[:cut]), behind.tail...))
				if err := lost.lose(staged); err != nil {
					t.Fatal(err)
				}
				claims, sent := l.resume(p)
				wants := 1 // the only chunk
				if cut == len(whole) && lost.name == "nothing" {
					wants = 0
				}
				if cut == len(whole) && lost.name != "the file, a folder instead" && lost.name != "the file" && claims != 1 {
					t.Errorf("%s lost, a whole journal: %d chunks claimed, want 1", lost.name, claims)
				}
				if sent != wants || t.Failed() {
					t.Fatalf("%s lost, journal cut at %d of %d, %s behind: %d chunks claimed, %d sent, want %d", lost.name, cut, len(whole), behind.name, claims, sent, wants)
				}
			}
		}
	}
}

// TestPowerCutOfPart loses one chunk of several: only that one is sent again.
func TestPowerCutOfPart(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	l := leave(t, b, load{"a.bin", random(4*chunkSize + 5)}, 3)
	p := identifiedPuppet(t, b, l.sender)
	for chunk := range int64(3) {
		_, staged := l.restore()
		f, err := os.OpenFile(staged, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, 4096), chunk*chunkSize+8192); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if claims, sent := l.resume(p); claims != 3 || sent != 3 { // two that were never there
			t.Errorf("chunk %d lost: %d claimed, %d sent; want 3 and 3", chunk, claims, sent)
		}
	}
}

// TestStrangerAndPartial lets somebody else offer what the first sender left half done,
// with everything that the first one said. He learns nothing of it.
func TestStrangerAndPartial(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	l := leave(t, b, load{"a.bin", random(2*chunkSize + 5)}, 2)
	asked := 0
	b.mu.Lock()
	asked = len(b.offers)
	b.mu.Unlock()
	stranger := newPuppet(t, b)
	if m := stranger.accepted(1, offering(1, l.file)); m.Have {
		t.Error("a stranger is promised to hear what is there")
	}
	b.mu.Lock()
	if len(b.offers) != asked+1 || b.offers[asked].Partial != nil {
		t.Error("a stranger's offer continues another's transfer")
	}
	b.mu.Unlock()
	for _, f := range framesOf(1, l.file) {
		stranger.raw(f)
	}
	for h, _, err := stranger.hear(); h.typ != frameDone; h, _, err = stranger.hear() {
		if err != nil || h.typ == frameHave || h.typ == frameWant {
			t.Fatalf("a stranger hears frame %#02x, %v", byte(h.typ), err)
		}
	}
	os.Remove(filepath.Join(b.dir, l.file.name))
	another := newPuppet(t, b)
	another.accepted(1, offering(1, l.file)) // what is through for one is not for another
	another.say(frameCancel, 1, &status{Code: 8})
	another.alive()
	p := identifiedPuppet(t, b, l.sender)
	if claims, sent := l.resume(p); claims != 2 || sent != 1 {
		t.Errorf("its own sender: %d chunks claimed, %d sent; want 2 and 1", claims, sent)
	}
}

// TestOneNameAtOnce lets several senders send a file of one name at the same time.
func TestOneNameAtOnce(t *testing.T) {
	noLeaks(t)
	src, dst := t.TempDir(), t.TempDir()
	b := startNode(t, nil, dst, nil)
	var senders sync.WaitGroup
	want := map[string]bool{}
	for i := range 4 {
		content := append(random(2*chunkSize), byte(i))
		path := write(t, filepath.Join(src, fmt.Sprint(i), "name.bin"), content)
		want[string(content)] = true
		a := startNode(t, nil, "", nil)
		s := connect(t, a, b)
		senders.Go(func() {
			if _, err := s.Send(t.Context(), outgoing(path)); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	for i := range 4 {
		got, err := os.ReadFile(filepath.Join(dst, numbered("name.bin", i, false)))
		if err != nil || !want[string(got)] {
			t.Errorf("copy %d: %d bytes, %v; want one of the files, once", i, len(got), err)
		}
		delete(want, string(got))
	}
	if names := children(t, dst); len(names) != 4 {
		t.Errorf("arrived: %q", names)
	}
}
