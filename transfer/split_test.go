package transfer

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// slicing is a connection whose reads give what came in another cut: at most limit
// bytes, or, where limit is 0, everything that gathered while it waited a moment.
type slicing struct {
	net.Conn
	limit int
}

func (c slicing) Read(b []byte) (int, error) {
	if c.limit == 0 {
		time.Sleep(2 * time.Millisecond)
		return c.Conn.Read(b)
	}
	return c.Conn.Read(b[:min(len(b), c.limit)])
}

// slicingListener cuts what its connections read.
type slicingListener struct {
	net.Listener
	limit int
}

func (l slicingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return slicing{conn, l.limit}, nil
}

// TestSlicedConnection moves the same tree both ways over a connection that TCP cuts in
// other places each time. The side that listens reads in these cuts.
func TestSlicedConnection(t *testing.T) {
	src := t.TempDir()
	write(t, filepath.Join(src, "f", "empty"), nil)
	write(t, filepath.Join(src, "f", "你好"), bytes.Repeat([]byte("你好"), 30000))
	write(t, filepath.Join(src, "f", "noise"), random(chunkSize+77))
	for i := range 20 {
		write(t, filepath.Join(src, "f", "many", fmt.Sprint(i)), random(i*31))
	}
	limits := []int{1, 2, 7, 1000, 16384, 0}
	if testing.Short() {
		limits = []int{1, 1000, 0}
	}
	for _, limit := range limits {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			noLeaks(t)
			dstA, dstB := t.TempDir(), t.TempDir()
			a := startNode(t, nil, dstA, nil)
			b := startNode(t, nil, dstB, nil, func(ln net.Listener) net.Listener { return slicingListener{ln, limit} })
			s := connect(t, a, b)
			if _, err := s.Send(t.Context(), outgoing(filepath.Join(src, "f"))); err != nil {
				t.Fatal(err)
			}
			if err := s.SendChat(t.Context(), Chat{ID: [16]byte{1}, Body: "你好"}); err != nil {
				t.Fatal(err)
			}
			b.until("chat", func() bool { return len(b.chats) == 1 && b.chats[0].Body == "你好" })
			if _, err := b.Session(a.id).Send(t.Context(), outgoing(filepath.Join(src, "f"))); err != nil {
				t.Fatal(err)
			}
			sameTree(t, dstB, src)
			sameTree(t, dstA, src)
		})
	}
}

// TestSplitEverywhere records what a sender says behind the accept and says it again,
// cut in two at each byte (each part a TLS record of its own), in equal parts, and
// whole: the result is the same.
func TestSplitEverywhere(t *testing.T) {
	noLeaks(t)
	dst := t.TempDir()
	b := startNode(t, nil, dst, nil)
	one, two := load{"a.txt", []byte("some content")}, load{"b.bin", random(700)}
	record := func(stream uint32) (recorded []byte) {
		say := func(typ frameType, message any) {
			payload, raw := message.([]byte)
			if !raw {
				payload = marshal(message)
			}
			recorded = append(recorded, frame(typ, stream, payload)...)
		}
		say(framePage, manifestOf(one, two))
		say(frameData, whole(0, one.content))
		say(frameData, fragment(1, 0, 0, headOf(two.content, 0), two.content[:300]))
		recorded = append(recorded, header{typ: 0x7f, flags: flagOptional, stream: stream, length: 3}.append(nil)...)
		recorded = append(recorded, "???"...)
		say(frameData, fragment(1, 0, 300, nil, two.content[300:]))
		say(frameFiles, outcome(one.content, two.content))
		say(frameEnd, &end{Skipped: []skipped{}})
		return recorded
	}
	recorded := record(1)

	var cuts [][]int // the places where each run is cut
	every := func(n int) (at []int) {
		for i := n; i < len(recorded); i += n {
			at = append(at, i)
		}
		return at
	}
	cuts = append(cuts, nil, every(1), every(2), every(3), every(7), every(64))
	step := 1
	if testing.Short() {
		step = 41
	}
	for at := 1; at < len(recorded); at += step {
		cuts = append(cuts, []int{at})
	}
	p := newPuppet(t, b)
	for i, at := range cuts {
		stream := uint32(2*i + 1)
		recorded = record(stream)
		p.accepted(stream, &offer{Transfer: [16]byte{byte(i), byte(i >> 8), 1}, Key: [16]byte{1}, Conv: []byte{}, Names: offering(1, one, two).Names, Count: 2, Entries: 2,
			Bytes: uint64(len(one.content) + len(two.content)), Final: true})
		p.conn.SetDeadline(time.Now().Add(30 * time.Second))
		from := 0
		for _, to := range append(at, len(recorded)) {
			p.raw(recorded[from:to])
			from = to
		}
		var m done
		if p.expect(frameDone, &m); m.Files != 2 || m.Failed != 0 || len(m.Published) != 2 {
			t.Fatalf("cut at %v: DONE = %+v", at, m)
		}
		for i, l := range []load{one, two} {
			path := filepath.Join(dst, m.Published[i].As)
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, l.content) {
				t.Fatalf("cut at %v: %s holds %q, %v", at, l.name, got, err)
			}
			os.Remove(path)
		}
	}
}
