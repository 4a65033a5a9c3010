package transfer

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
)

// TestManyEntries lists files from one side to the other, a million where time does not
// matter, in bounded memory, and then one more than was accepted.
func TestManyEntries(t *testing.T) {
	count := 200_000
	if os.Getenv("YONDER_LARGE") != "" {
		count = 1_000_000
	} else if testing.Short() {
		count = 20_000
	}
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	from, to := newManifest(), newManifest()
	limit := limits{tops: 1, entries: int64(count), bytes: int64(count)}
	var parent int32
	for i := range count {
		n := node{name: fmt.Sprintf("%07d.txt", i), parent: parent, depth: 2, size: 1}
		switch {
		case i == 0:
			n = node{name: "f", kind: kindFolder, parent: -1}
		case i%1000 == 1:
			n.kind, n.size, n.parent, n.depth = kindFolder, 0, 0, 1
		}
		at, err := from.add(n)
		if err != nil {
			t.Fatal(err)
		}
		if n.kind == kindFolder {
			parent = at
		}
	}
	listed := int64(heap() - before)
	next, pages := uint32(0), uint64(0)
	for ; int(next) < count; pages++ {
		payload, upto, last, ok := from.page(int(pages), true)
		if next = upto; !ok || last || len(payload) > maxPage {
			t.Fatalf("page %d of %d bytes, last %v", pages, len(payload), last)
		}
		if _, err := to.addPage(payload, limit); err != nil {
			t.Fatal(err)
		}
	}
	both := int64(heap() - before)
	t.Logf("%d MiB at the sender, %d MiB at the receiver", listed>>20, (both-listed)>>20)
	if most := int64(16 << 20); listed > most || both-listed > most {
		t.Errorf("%d bytes at the sender, %d at the receiver, want %d at most", listed, both-listed, most)
	}
	if got := to.path(uint32(count - 1)); got != from.path(uint32(count-1)) {
		t.Errorf("the last path is %q, want %q", got, from.path(uint32(count-1)))
	}
	more := marshal(&page{Number: pages, Entries: []entry{{Depth: 2, Name: "z"}}})
	if _, err := to.addPage(more, limit); !errors.Is(err, ErrLimit) {
		t.Errorf("an entry more: %v, want ErrLimit", err)
	}
	runtime.KeepAlive(from)
}
