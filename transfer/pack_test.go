package transfer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// packed encodes files as a pack.
func packed(files map[uint32][]byte, order ...uint32) (b []byte) {
	for _, i := range order {
		v := chunkValue(files[i], 0, true)
		b = binary.BigEndian.AppendUint32(b, i)
		b = append(append(b, v[:]...), files[i]...)
	}
	return b
}

func TestUnpack(t *testing.T) {
	files := map[uint32][]byte{0: []byte("a"), 3: bytes.Repeat([]byte("b"), 300), 4: []byte("cc")}
	size := func(i uint32) (int, bool) { b, ok := files[i]; return len(b), ok }
	whole := packed(files, 0, 3, 4)
	tests := []struct {
		reason string
		raw    []byte
		ok     bool
	}{
		{"three files", whole, true},
		{"nothing", nil, true},
		{"not all of them", packed(files, 3), true},
		{"a file twice", packed(files, 3, 3), false},
		{"entries that fall", packed(files, 4, 3), false},
		{"an entry that may not be in a pack", append(bytes.Clone(whole), packed(map[uint32][]byte{5: {1}}, 5)...), false},
		{"an entry of -1", append(bytes.Clone(whole), bytes.Repeat([]byte{0xff}, 99)...), false},
		{"a byte less", whole[:len(whole)-1], false},
		{"a byte more", append(bytes.Clone(whole), 0), false},
		{"half a row", whole[:20], false},
	}
	for _, test := range tests {
		got := map[uint32][]byte{}
		err := unpack(test.raw, size, func(i uint32, v value, content []byte) error {
			if v != chunkValue(files[i], 0, true) || !bytes.Equal(content, files[i]) {
				t.Errorf("%s: entry %d is %q", test.reason, i, content)
			}
			got[i] = content
			return nil
		})
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: unpack = %v, want ok %v", test.reason, err, test.ok)
		}
	}
	stop := errors.New("stop")
	if err := unpack(whole, size, func(uint32, value, []byte) error { return stop }); err != stop {
		t.Errorf("unpack = %v, want the error of its caller", err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(packed(map[uint32][]byte{1: []byte("x"), 2: []byte("yy")}, 1, 2))
	f.Add([]byte{0, 0, 0, 1})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, raw []byte) {
		total, last := 0, int64(-1)
		err := unpack(raw, func(i uint32) (int, bool) { return int(i), i > 0 && i <= maxPacked }, func(i uint32, _ value, content []byte) error {
			if int64(i) <= last || len(content) != int(i) {
				t.Errorf("entry %d of %d bytes behind %d", i, len(content), last)
			}
			total, last = total+packRow+len(content), int64(i)
			return nil
		})
		if err == nil && total != len(raw) || total > len(raw) {
			t.Errorf("%d of %d bytes used, %v", total, len(raw), err)
		}
	})
}

func TestPackHeaderLimits(t *testing.T) {
	for _, test := range []struct {
		h  packHeader
		ok bool
	}{
		{packHeader{raw: 1, encoded: 1}, true},
		{packHeader{raw: chunkSize, encoded: chunkSize}, true},
		{packHeader{raw: chunkSize + 1, encoded: chunkSize + 1}, false},
		{packHeader{raw: 5, encoded: 4}, false},
		{packHeader{encoding: encodingZstd, raw: 5, encoded: 4}, true},
		{packHeader{encoding: encodingZero, raw: 5}, false},
		{packHeader{}, false},
	} {
		if _, err := parsePackHeader((*[packHeaderSize]byte)(test.h.append(nil))); (err == nil) != test.ok {
			t.Errorf("%+v: parsePackHeader = %v, want ok %v", test.h, err, test.ok)
		}
	}
}

// packBy says a whole pack in one frame.
func (p *puppet) packBy(stream uint32, raw []byte) {
	b := packHeader{raw: uint32(len(raw)), encoded: uint32(len(raw))}.append(make([]byte, packOffsetSize))
	p.say(framePack, stream, append(b, raw...))
}

// TestHostilePacks: what a peer may do with packs that it was not meant to.
func TestHostilePacks(t *testing.T) {
	small, other := load{"a", []byte("small")}, load{"b", []byte("other")}
	tests := []struct {
		reason string
		act    func(p *puppet)
		ends   bool // the session
	}{
		{"a file that is not in the manifest", func(p *puppet) { p.packBy(1, packed(map[uint32][]byte{7: []byte("x")}, 7)) }, true},
		{"a pack inside a chunk", func(p *puppet) {
			p.say(frameData, 1, fragment(0, 0, 0, headOf(small.content, 0), small.content[:2]))
			p.packBy(1, packed(map[uint32][]byte{0: small.content}, 0))
		}, true},
		{"a fragment of no pack", func(p *puppet) { p.say(framePack, 1, []byte{0, 0, 0, 9, 1}) }, true},
		{"an empty frame", func(p *puppet) { p.say(framePack, 1, []byte{}) }, true},
		{"a header without content", func(p *puppet) {
			p.say(framePack, 1, packHeader{raw: 9, encoded: 9}.append(make([]byte, packOffsetSize)))
		}, true},
		{"garbage as zstd", func(p *puppet) {
			p.say(framePack, 1, append(packHeader{encoding: encodingZstd, raw: 99, encoded: 9}.append(make([]byte, packOffsetSize)), "garbage!!"...))
		}, true},
		{"the same file in two packs", func(p *puppet) {
			p.packBy(1, packed(map[uint32][]byte{0: small.content}, 0))
			p.packBy(1, packed(map[uint32][]byte{0: small.content}, 0))
			p.packBy(1, packed(map[uint32][]byte{1: other.content}, 1))
			p.say(frameEnd, 1, &end{Skipped: []skipped{}})
		}, false},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			dst := t.TempDir()
			b := startNode(t, nil, dst, nil)
			p := newPuppet(t, b)
			p.accepted(1, offering(1, small, other))
			p.say(framePage, 1, manifestOf(small, other))
			test.act(p)
			if test.ends {
				if got := p.ended(); got != 1 && got != 0 {
					t.Errorf("BYE with code %d, want 1", got)
				}
				onlyStaged(t, dst)
				return
			}
			var m done
			if p.expect(frameDone, &m); m.Files != 2 || m.Failed != 0 || m.SkipCount != 0 {
				t.Errorf("DONE = %+v, want two files", m)
			}
			onlyThese(t, dst, "a", "b")
		})
	}
}

// onlyStaged fails when anything has a final name.
func onlyStaged(t *testing.T, dst string) {
	t.Helper()
	list, err := os.ReadDir(dst)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range list {
		if entry.Name() != incomingFolder {
			t.Errorf("unexpected %s", entry.Name())
		}
	}
}

// TestDamagedInPack: a file of a pack that is not what its digest says is asked for again.
func TestDamagedInPack(t *testing.T) {
	small := load{"a", []byte("small")}
	dst := t.TempDir()
	b := startNode(t, nil, dst, nil)
	p := newPuppet(t, b)
	p.accepted(1, offering(1, small))
	p.say(framePage, 1, manifestOf(small))
	raw := packed(map[uint32][]byte{0: small.content}, 0)
	raw[len(raw)-1]++
	p.packBy(1, raw)
	var again want
	if p.expect(frameWant, &again); len(again.Chunks) != 1 || again.Chunks[0] != (chunkRange{Count: 1}) {
		t.Fatalf("WANT = %+v, want the file", again)
	}
	p.say(frameData, 1, fragment(0, 0, 0, headOf(small.content, 0), small.content))
	p.say(frameFiles, 1, outcome(small.content))
	p.say(frameEnd, 1, &end{Skipped: []skipped{}})
	var m done
	if p.expect(frameDone, &m); m.Files != 1 || m.Failed != 0 {
		t.Errorf("DONE = %+v, want one file", m)
	}
	holds(t, filepath.Join(dst, "a"), "small")
}

// TestManifestOnDisk reads a manifest that does not fit into memory, in every order.
func TestManifestOnDisk(t *testing.T) {
	from, to := newManifest(), newManifest()
	t.Cleanup(from.close)
	t.Cleanup(to.close)
	var want []string
	var add func(dir string, depth, folders, files int)
	add = func(dir string, depth, folders, files int) {
		for i := range folders {
			name := fmt.Sprintf("a folder with some name %02d", i)
			if _, err := from.add(node{name: name, kind: kindFolder, depth: uint16(depth)}); err != nil {
				t.Fatal(err)
			}
			want = append(want, cleanJoin(dir, name))
			if depth < 2 {
				add(cleanJoin(dir, name), depth+1, folders, files)
			}
		}
		for i := range files {
			name := fmt.Sprintf("file %03d", i)
			if _, err := from.add(node{name: name, size: int64(i), depth: uint16(depth)}); err != nil {
				t.Fatal(err)
			}
			want = append(want, cleanJoin(dir, name))
		}
	}
	add("", 0, 9, 900)
	from.finish()
	for k, last := 0, false; !last; k++ {
		payload, _, ends, ok := from.page(k, false)
		if last = ends; !ok {
			t.Fatalf("no page %d: %v", k, from.err())
		}
		if _, err := to.addPage(payload, everything); err != nil {
			t.Fatal(err)
		}
	}
	if from.spool.file == nil || to.spool.file == nil {
		t.Fatalf("%d bytes were kept in memory", to.spool.size)
	}
	for _, m := range []*manifest{from, to} {
		for k := range 300 { // jumps about: every page is decoded again and again
			i := uint32(k*7919) % uint32(len(want))
			if got := m.path(i); got != want[i] {
				t.Fatalf("path of entry %d = %q, want %q", i, got, want[i])
			}
		}
	}
}
