package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// everything is a limit that allows what the protocol allows.
var everything = limits{tops: maxEntries, entries: maxEntries, bytes: maxTotal}

func folder(depth int, name string) entry {
	return entry{Depth: uint16(depth), Name: name, Kind: kindFolder}
}
func file(depth int, name string) entry { return entry{Depth: uint16(depth), Name: name, Size: 1} }

// rows puts entries into one page, the first.
func rows(entries ...entry) []byte { return marshal(&page{Entries: entries}) }

func TestManifestOrder(t *testing.T) {
	tests := []struct {
		reason  string
		entries []entry
		err     error
	}{
		{"one file", []entry{file(0, "a")}, nil},
		{"names rise", []entry{file(0, "a"), file(0, "b")}, nil},
		{"names fall", []entry{file(0, "b"), file(0, "a")}, ErrProtocol},
		{"a name twice", []entry{file(0, "a"), file(0, "a")}, ErrProtocol},
		{"a file and a folder of one name", []entry{file(0, "a"), folder(0, "a")}, ErrProtocol},
		{"bytes decide, not letters", []entry{file(0, "Z"), file(0, "a"), file(0, "é")}, nil},
		{"a space sorts before a slash would", []entry{folder(0, "a"), file(1, "x"), file(0, "a b")}, nil},
		{"a folder and what it holds", []entry{folder(0, "a"), file(1, "b"), file(1, "c"), file(0, "d")}, nil},
		{"the same name in two folders", []entry{folder(0, "a"), file(1, "x"), folder(0, "b"), file(1, "x")}, nil},
		{"a name twice around a folder", []entry{folder(0, "a"), folder(1, "b"), file(2, "x"), file(1, "b")}, ErrProtocol},
		{"back into a folder that was left", []entry{folder(0, "a"), file(1, "x"), file(0, "b"), file(1, "y")}, ErrProtocol},
		{"a file with children", []entry{file(0, "a"), file(1, "b")}, ErrProtocol},
		{"a file with children behind a folder", []entry{folder(0, "a"), file(1, "b"), file(2, "c")}, ErrProtocol},
		{"starts below the top", []entry{file(1, "a")}, ErrProtocol},
		{"a level is left out", []entry{folder(0, "a"), file(2, "b")}, ErrProtocol},
		{"depth -1 as uint16", []entry{file(1<<16-1, "a")}, ErrProtocol},
		{"an unknown kind", []entry{{Name: "a", Kind: 3}}, ErrProtocol},
		{"a folder with a size", []entry{{Name: "a", Kind: kindFolder, Size: 1}}, ErrProtocol},
		{"nanoseconds of a whole second", []entry{{Name: "a", Nsec: 1e9}}, ErrProtocol},
		{"the last nanosecond", []entry{{Name: "a", Nsec: 1e9 - 1}}, nil},
		{"a name that leaves", []entry{folder(0, "a"), file(1, "..")}, ErrBadName},
		{"a path in a name", []entry{file(0, "a/b")}, ErrBadName},
	}
	for _, test := range tests {
		_, err := newManifest().addPage(rows(test.entries...), everything)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: addPage = %v, want %v", test.reason, err, test.err)
		}
	}
}

func TestManifestLimits(t *testing.T) {
	nested := func(n int) (list []entry) {
		for i := range n {
			list = append(list, folder(i, "d"))
		}
		return list
	}
	sized := func(sizes ...uint64) (list []entry) {
		for i, size := range sizes {
			list = append(list, entry{Name: fmt.Sprintf("%05d", i), Size: size})
		}
		return list
	}
	long := strings.Repeat("n", maxComponent)
	tests := []struct {
		reason  string
		limit   limits
		entries []entry
		err     error
	}{
		{"as many entries as accepted", limits{tops: 9, entries: 2, bytes: 9}, sized(1, 1), nil},
		{"an entry more than accepted", limits{tops: 9, entries: 2, bytes: 9}, sized(1, 1, 1), ErrLimit},
		{"as many bytes as accepted", limits{tops: 9, entries: 9, bytes: 10}, sized(4, 6), nil},
		{"a byte more than accepted", limits{tops: 9, entries: 9, bytes: 10}, sized(4, 7), ErrLimit},
		{"nothing accepted, nothing sent", limits{tops: 9, entries: 9}, sized(0, 0), nil},
		{"as many names as accepted", limits{tops: 2, entries: 9, bytes: 9}, sized(1, 1), nil},
		{"a name more than accepted", limits{tops: 2, entries: 9, bytes: 9}, sized(1, 1, 1), ErrLimit},
		{"a name that was shown", limits{tops: 9, entries: 9, bytes: 9, names: map[string]bool{"00000": true}}, sized(1), nil},
		{"a name that was not shown", limits{tops: 9, entries: 9, bytes: 9, names: map[string]bool{"00000": true}}, sized(1, 1), ErrLimit},
		{"that name below one that was", limits{tops: 9, entries: 9, bytes: 9, names: map[string]bool{"a": true}}, []entry{folder(0, "a"), file(1, "00000")}, nil},
		{"the largest file", everything, sized(maxFile), nil},
		{"a byte more in a file", everything, sized(maxFile + 1), ErrLimit},
		{"2^62", everything, sized(maxTotal), ErrLimit},
		{"2^63", everything, sized(1 << 63), ErrLimit},
		{"-1", everything, sized(1<<64 - 1), ErrLimit},
		{"sizes that overflow together", limits{tops: 1 << 20, entries: 1 << 20, bytes: maxTotal}, sized(func() (s []uint64) {
			for range 2000 {
				s = append(s, maxFile)
			}
			return s
		}()...), ErrLimit},
		{"512 deep", everything, nested(maxDepth), nil},
		{"513 deep", everything, nested(maxDepth + 1), ErrProtocol},
		{"a name of 1 KiB", everything, []entry{file(0, long)}, nil},
		{"a name of 1 KiB + 1", everything, []entry{file(0, long+"n")}, ErrBadName},
		{"a path of 8 KiB", everything, append(longFolders(long, 7), file(7, strings.Repeat("n", maxPath-7*(maxComponent+1)))), nil},
		{"a path of 8 KiB + 1", everything, append(longFolders(long, 7), file(7, strings.Repeat("n", maxPath-7*(maxComponent+1)+1))), ErrBadName},
	}
	for _, test := range tests {
		_, err := newManifest().addPage(rows(test.entries...), test.limit)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: addPage = %v, want %v", test.reason, err, test.err)
		}
	}
}

func longFolders(name string, n int) (list []entry) {
	for i := range n {
		list = append(list, folder(i, name))
	}
	return list
}

// pagesOf encodes entries as a sender would.
func pagesOf(t *testing.T, perPage int, entries ...entry) [][]byte {
	t.Helper()
	hash := newManifest().digest
	var list [][]byte
	for number := 0; ; number++ {
		p := page{Number: uint64(number), Entries: entries[:min(perPage, len(entries))]}
		entries = entries[len(p.Entries):]
		if p.Last = len(entries) == 0; p.Last {
			hash.Sum(p.Digest[:0])
		}
		b := marshal(&p)
		hash.Write(b)
		if list = append(list, b); p.Last {
			return list
		}
	}
}

func TestManifestPages(t *testing.T) {
	entries := []entry{folder(0, "a"), file(1, "b"), file(1, "c"), file(0, "d")}
	add := func(pages ...[]byte) (*manifest, error) {
		m := newManifest()
		for _, p := range pages {
			if _, err := m.addPage(p, everything); err != nil {
				return m, err
			}
		}
		return m, nil
	}
	for perPage := 1; perPage <= 5; perPage++ {
		m, err := add(pagesOf(t, perPage, entries...)...)
		if err != nil {
			t.Fatalf("%d entries per page: %v", perPage, err)
		}
		if n, tops, size, complete := m.totals(); n != 4 || tops != 2 || size != 3 || !complete {
			t.Errorf("%d entries per page: totals = %d, %d, %d, %v", perPage, n, tops, size, complete)
		}
		if got := m.path(2); got != "a/c" {
			t.Errorf("path of entry 2 = %q, want a/c", got)
		}
	}
	good := pagesOf(t, 2, entries...)
	wrong := page{}
	if err := unmarshal(good[1], &wrong); err != nil {
		t.Fatal(err)
	}
	wrong.Digest[31] ^= 1
	tests := []struct {
		reason string
		pages  [][]byte
	}{
		{"a page after the last one", append(good[:2:2], marshal(&page{Number: 2, Entries: []entry{file(0, "z")}}))},
		{"an empty page after the last one", append(good[:2:2], marshal(&page{Number: 2, Last: true}))},
		{"the first page twice", [][]byte{good[0], good[0]}},
		{"the second page first", good[1:]},
		{"page 2^64-1", [][]byte{marshal(&page{Number: 1<<64 - 1, Entries: entries})}},
		{"a page without entries that is not the last", [][]byte{marshal(&page{})}},
		{"a digest that does not fit", [][]byte{good[0], marshal(&wrong)}},
		{"a last page without its digest", [][]byte{marshal(&page{Last: true, Entries: entries})}},
		{"a folder that goes on in the next page without itself", [][]byte{rows(file(0, "a")), marshal(&page{Number: 1, Entries: []entry{file(1, "b")}})}},
	}
	for _, test := range tests {
		if _, err := add(test.pages...); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: addPage = %v, want ErrProtocol", test.reason, err)
		}
	}
}

// TestManifestRoundTrip sends what a scan listed, more than one page of it.
func TestManifestRoundTrip(t *testing.T) {
	from, to := newManifest(), newManifest()
	add := func(n node) int32 {
		t.Helper()
		i, err := from.add(n)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	top := add(node{name: "资料", kind: kindFolder, parent: -1, sec: 5, nsec: 6})
	for i := range 20000 {
		add(node{name: fmt.Sprintf("file %05d", i), parent: top, depth: 1, size: int64(i), sec: int64(i), exec: i%2 == 0})
	}
	from.finish()
	pages := 0
	for last := false; !last; pages++ {
		payload, _, ends, ok := from.page(pages, false)
		if last = ends; !ok || len(payload) > maxPage {
			t.Fatalf("page %d of %d bytes, %v", pages, len(payload), ok)
		}
		if _, err := to.addPage(payload, everything); err != nil {
			t.Fatal(err)
		}
	}
	if pages < 2 {
		t.Fatalf("%d pages, want several", pages)
	}
	for i := range uint32(20001) {
		want, _ := from.node(i)
		got, ok := to.node(i)
		if !ok || got != want {
			t.Fatalf("entry %d arrives as %+v, want %+v", i, got, want)
		}
	}
}

func TestManifestAddLimits(t *testing.T) {
	m := newManifest()
	for i, test := range []struct {
		reason string
		size   int64
		ok     bool
	}{
		{"half of all", maxTotal / 2, true},
		{"the other half", maxTotal / 2, true},
		{"a byte more", 1, false},
		{"so much that the sum is negative", 1<<63 - 1, false},
		{"nothing", 0, true},
	} {
		if _, err := m.add(node{name: fmt.Sprint(i), parent: -1, size: test.size}); (err == nil) != test.ok {
			t.Errorf("%s: add = %v, want ok %v", test.reason, err, test.ok)
		}
	}
}

func TestClampSeconds(t *testing.T) {
	for in, want := range map[int64]int64{-1 << 63: 0, -1: 0, 0: 0, 1: 1, lastSecond: lastSecond, lastSecond + 1: lastSecond, 1<<63 - 1: lastSecond} {
		if got := clampSeconds(in); got != want {
			t.Errorf("clampSeconds(%d) = %d, want %d", in, got, want)
		}
	}
}

// FuzzPage: whatever a page holds, an accepted manifest has only paths that are safe,
// unique, and below a name that was accepted.
func FuzzPage(f *testing.F) {
	names := map[string]bool{"a": true, "b": true}
	f.Add(rows(folder(0, "a"), file(1, "x"), file(0, "b")), rows())
	f.Add(rows(file(0, "a")), marshal(&page{Number: 1, Entries: []entry{file(0, "b")}}))
	f.Add(rows(folder(0, "a"), file(1, "..")), []byte{})
	f.Add(rows(file(0, "a"), file(1, "b")), []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		m := newManifest()
		limit := limits{names: names, tops: 2, entries: 100, bytes: 1 << 40}
		for _, b := range [][]byte{first, second} {
			if _, err := m.addPage(b, limit); err != nil {
				if !errors.Is(err, ErrProtocol) && !errors.Is(err, ErrLimit) && !errors.Is(err, ErrBadName) {
					t.Errorf("addPage = %v", err)
				}
				return // the manifest must not be used
			}
		}
		entries, _, size, _ := m.totals()
		if entries > limit.entries || size < 0 || size > limit.bytes {
			t.Errorf("%d entries, %d bytes accepted", entries, size)
		}
		seen := map[string]bool{}
		for i := range uint32(entries) {
			p := m.path(i)
			if err := checkPath(p); err != nil {
				t.Errorf("accepted path %q: %v", p, err)
			}
			if top, _, _ := strings.Cut(p, "/"); !names[top] {
				t.Errorf("accepted path %q outside the offer", p)
			}
			if seen[p] {
				t.Errorf("accepted path %q twice", p)
			}
			seen[p] = true
		}
	})
}

// TestPageLimitOfCount keeps a page from claiming more rows than the decoder takes.
func TestPageLimitOfCount(t *testing.T) {
	many := func(n int) []byte {
		var list []entry
		for i := range n {
			list = append(list, file(0, fmt.Sprintf("%06d", i)))
		}
		return rows(list...)
	}
	if _, err := newManifest().addPage(many(16<<10), everything); err != nil {
		t.Errorf("a page of 16384 entries: %v", err)
	}
	if _, err := newManifest().addPage(many(16<<10+1), everything); !errors.Is(err, ErrProtocol) {
		t.Errorf("a page of 16385 entries: %v, want ErrProtocol", err)
	}
	lying := bytes.Replace(rows(file(0, "a")), []byte{0x81, 0x88}, []byte{0x9a, 0x7f, 0xff, 0xff, 0xff, 0x88}, 1)
	if _, err := newManifest().addPage(lying, everything); !errors.Is(err, ErrProtocol) {
		t.Errorf("a page that claims 2^31-1 entries: %v, want ErrProtocol", err)
	}
}
