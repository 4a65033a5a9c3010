package transfer

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

// planned is a plan for a folder with files of 5, 0 and 1 chunks, all of it listed to
// the receiver, which has said that HAVE pages follow.
func planned(t testing.TB) *plan {
	t.Helper()
	m := newManifest()
	for i, size := range []int64{-1, 4*chunkSize + 1, 0, 1} {
		n := node{name: fmt.Sprint(i), kind: kindFile, size: size, parent: 0, depth: 1}
		if size < 0 {
			n = node{name: "f", kind: kindFolder, parent: -1}
		}
		if _, err := m.add(n); err != nil {
			t.Fatal(err)
		}
	}
	m.finish()
	p := newPlan(&sender{scan: &scan{manifest: m}, out: &Outgoing{}})
	p.await()
	p.pages(4, true)
	return p
}

// drainPlan takes every job there is and checks that each chunk is among them once, the
// ones that are claimed last. It returns how many are not.
func drainPlan(t testing.TB, p *plan) (first int) {
	t.Helper()
	seen := map[[2]uint32]bool{}
	for {
		j, ok := p.nextLocked()
		if !ok {
			break
		}
		type part struct {
			entry, chunk, count uint32
			claimed             bool
		}
		var parts []part
		if j.file != nil {
			parts = append(parts, part{j.file.index, j.chunk, j.file.node.chunkCount(), j.claimed})
		}
		for _, f := range j.small {
			parts = append(parts, part{f.index, 0, 1, f.claimed})
		}
		for _, part := range parts {
			at := [2]uint32{part.entry, part.chunk}
			if seen[at] || part.chunk >= part.count || p.unwanted[part.entry] {
				t.Fatalf("chunk %d of entry %d is handed out twice, or is none", part.chunk, part.entry)
			}
			seen[at] = true
			if !part.claimed {
				if first++; first != len(seen) {
					t.Fatalf("chunk %d of entry %d comes behind one that is claimed", part.chunk, part.entry)
				}
			}
		}
	}
	want := 6
	for entry, count := range map[uint32]int{1: 5, 3: 1} {
		if p.unwanted[entry] {
			want -= count
		}
	}
	if len(seen) != want {
		t.Fatalf("%d chunks handed out, want %d", len(seen), want)
	}
	return first
}

func TestHavePages(t *testing.T) {
	values := func(n int) []byte { return make([]byte, 32*n) }
	tests := []struct {
		reason string
		pages  []have
		ok     bool
		first  int // chunks that are not claimed
	}{
		{"nothing there", []have{{Upto: 4}}, true, 6},
		{"everything there", []have{{Upto: 4, Claims: []claim{{Entry: 1, Values: values(5)}, {Entry: 3, Values: values(1)}}}}, true, 0},
		{"the last chunk", []have{{Upto: 4, Claims: []claim{{Entry: 1, First: 4, Values: values(1)}}}}, true, 5},
		{"a chunk behind the last", []have{{Upto: 4, Claims: []claim{{Entry: 1, First: 4, Values: values(2)}}}}, false, 0},
		{"the same chunks twice", []have{{Upto: 4, Claims: []claim{{Entry: 1, First: 1, Values: values(2)}, {Entry: 1, First: 2, Values: values(2)}}}}, true, 3},
		{"in two pages", []have{{Upto: 2, Claims: []claim{{Entry: 1, Values: values(2)}}}, {Upto: 4, Claims: []claim{{Entry: 3, Values: values(1)}}}}, true, 3},
		{"of an entry whose turn is over", []have{{Upto: 2}, {Upto: 4, Claims: []claim{{Entry: 1, Values: values(1)}}}}, false, 0},
		{"of an entry whose turn has not come", []have{{Upto: 1, Claims: []claim{{Entry: 3, Values: values(1)}}}}, false, 0},
		{"going back", []have{{Upto: 4}, {Upto: 3}}, false, 0},
		{"up to more than was listed", []have{{Upto: 5}}, false, 0},
		{"up to 2^64-1", []have{{Upto: math.MaxUint64}}, false, 0},
		{"up to 2^32", []have{{Upto: 1 << 32}}, false, 0},
		{"of a folder", []have{{Upto: 4, Claims: []claim{{Entry: 0, Values: values(1)}}}}, false, 0},
		{"of an empty file", []have{{Upto: 4, Claims: []claim{{Entry: 2, Values: values(1)}}}}, false, 0},
		{"a file that is not wanted", []have{{Upto: 4, Unwanted: []uint32{1}}}, true, 1},
		{"a folder that is not wanted", []have{{Upto: 4, Unwanted: []uint32{0}}}, false, 0},
		{"an entry that is not there, not wanted", []have{{Upto: 4, Unwanted: []uint32{4}}}, false, 0},
		{"the first chunks of a file, then the others", []have{{Upto: 1, Chunks: 2, Claims: []claim{{Entry: 1, Values: values(2)}}}, {Upto: 4, Claims: []claim{{Entry: 1, First: 2, Values: values(3)}}}}, true, 1},
		{"a chunk whose turn is over", []have{{Upto: 1, Chunks: 2}, {Upto: 4, Claims: []claim{{Entry: 1, First: 1, Values: values(1)}}}}, false, 0},
		{"a chunk whose turn has not come", []have{{Upto: 1, Chunks: 2, Claims: []claim{{Entry: 1, First: 2, Values: values(1)}}}}, false, 0},
		{"going back inside a file", []have{{Upto: 1, Chunks: 2}, {Upto: 1, Chunks: 1}}, false, 0},
		{"as many chunks as there are", []have{{Upto: 1, Chunks: 5}, {Upto: 4}}, true, 6},
		{"a chunk more than there are", []have{{Upto: 1, Chunks: 6}}, false, 0},
		{"chunks of a folder", []have{{Upto: 0, Chunks: 1}}, false, 0},
		{"chunks behind the last entry", []have{{Upto: 4, Chunks: 1}}, false, 0},
		{"chunk 2^32-1", []have{{Upto: 4, Claims: []claim{{Entry: 1, First: math.MaxUint32, Values: values(1)}}}}, false, 0},
	}
	for _, test := range tests {
		p := planned(t)
		var err error
		for i := 0; i < len(test.pages) && err == nil; i++ {
			err = p.have(&test.pages[i])
		}
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: have = %v, want ok %v", test.reason, err, test.ok)
		}
		if err == nil {
			if first := drainPlan(t, p); first != test.first {
				t.Errorf("%s: %d chunks come first, want %d", test.reason, first, test.first)
			}
		}
	}
}

// FuzzHave: whatever a receiver claims, each chunk is handed out once, and what is
// remembered are chunks that there are.
func FuzzHave(f *testing.F) {
	f.Add(marshal(&have{Upto: 2, Claims: []claim{{Entry: 1, First: 1, Values: make([]byte, 96)}}}), marshal(&have{Upto: 4, Claims: []claim{{Entry: 3, Values: make([]byte, 32)}}}))
	f.Add(marshal(&have{Upto: 4, Claims: []claim{{Entry: 1, Values: make([]byte, 64)}, {Entry: 1, First: 1, Values: make([]byte, 64)}}}), marshal(&have{Upto: 4, Claims: []claim{}}))
	f.Add(marshal(&have{Upto: 1 << 40, Claims: []claim{}}), []byte{})
	f.Add(marshal(&have{Upto: 4, Claims: []claim{{Entry: 0, First: math.MaxUint32, Values: make([]byte, 32)}}}), []byte{0xa0})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		p := planned(t)
		for _, payload := range [][]byte{first, second} {
			var m have
			err := unmarshal(payload, &m)
			if err == nil {
				err = p.have(&m)
			}
			if err != nil {
				if !errors.Is(err, ErrProtocol) {
					t.Errorf("have = %v", err)
				}
				return // ends the session
			}
		}
		for entry := range p.claims.single {
			if n, ok := p.sender.scan.manifest.node(entry); !ok || n.chunkCount() != 1 {
				t.Errorf("entry %d is remembered as a file of one chunk", entry)
			}
		}
		for entry, claims := range p.claims.many {
			if n, ok := p.sender.scan.manifest.node(entry); !ok || len(claims.has) != int(n.chunkCount()) {
				t.Errorf("%d chunks of entry %d are remembered", len(claims.has), entry)
			}
		}
		if err := p.have(&have{Upto: 4}); err != nil {
			t.Fatalf("the last page is refused: %v", err)
		}
		drainPlan(t, p)
	})
}
