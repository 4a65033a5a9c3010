package discovery

import (
	"os"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// TestLinkFlaps pulls a host's cable and puts it back, then its adapter, and so on. What
// the process holds must not grow with that.
func TestLinkFlaps(t *testing.T) {
	t.Parallel()
	flaps := 10
	switch {
	case os.Getenv("YONDER_LAB") != "":
		flaps = 100
	case testing.Short():
		flaps = 4
	}
	const mayGrow = 512 << 10 // bytes; the buffers of one server that was left behind are 128 KiB
	lan := vlantest.New(t, 2)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	a := onHost(t, lan, 1, Broadcast|MDNS, "Ann")
	b := launch(t, lan.Command(2, exe), childConfig{
		Key: 2, Self: Self{Name: "Bea", TCPPort: 4002}, Sources: Broadcast | MDNS, Vitals: true,
	})
	flap := func(i int) {
		cut, mend := lan.Unplug, lan.Plug
		if i%2 == 1 {
			cut, mend = lan.Disconnect, lan.Connect
		}
		cut(2)
		b.vitals("the link goes", mended, off("eth0"))
		mend(2)
		b.vitals("the link comes", mended, on("eth0"))
	}
	flap(0) // once each, so that whatever is made once has been made
	flap(1)
	b.vitals("they find each other", mended, func(v vitals) bool { return v.Peers == 1 })
	time.Sleep(5 * time.Second) // the first questions of mDNS, which hold sockets, are over
	before := b.least(8)
	begun := time.Now()
	for i := range flaps {
		flap(i)
	}
	took := time.Since(begun)
	b.vitals("they find each other again", mended, func(v vitals) bool { return v.Peers == 1 })
	time.Sleep(5 * time.Second)
	after := b.least(8)
	t.Logf("%d flaps in %.0f s: goroutines %d, then %d; descriptors %d, then %d; heap %d, then %d KiB", flaps, took.Seconds(),
		before.Goroutines, after.Goroutines, before.Files, after.Files, before.Heap>>10, after.Heap>>10)
	if after.Goroutines != before.Goroutines || after.Files != before.Files {
		t.Errorf("goroutines %d, then %d; descriptors %d, then %d", before.Goroutines, after.Goroutines, before.Files, after.Files)
	}
	if after.Heap > before.Heap+mayGrow {
		t.Errorf("%d bytes of heap, then %d", before.Heap, after.Heap)
	}
	if _, gone := a.look("trouble", ID{}, time.Millisecond); gone && a.last().Err != "" {
		t.Errorf("the host that stayed has trouble: %s", a.last().Err)
	}
}
