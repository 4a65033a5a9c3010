package transfer

import (
	"io"
	"testing"
	"time"
)

// TestLearn follows the size of fragments, and what the kernel may hold unsent, over
// flushes of known length.
func TestLearn(t *testing.T) {
	type flush struct {
		n    int
		took time.Duration
	}
	times := func(n int, f flush) (list []flush) {
		for range n {
			list = append(list, f)
		}
		return list
	}
	slow := flush{1 << 10, 82 * time.Millisecond} // 100 kbit/s
	fast := flush{1 << 20, time.Millisecond}
	tests := []struct {
		reason   string
		flushes  []flush
		least    int // bytes of a fragment
		most     int
		leastSum int // rate in bytes per second, 0: unknown
		mostSum  int
	}{
		{"nothing sent", nil, minFragment, minFragment, 0, 0},
		{"a fast link", times(64, fast), maxFragment, maxFragment, 0, 0},
		{"a fast link at first", times(2, fast), minFragment, 1 << 16, 0, 0},
		{"a slow link", times(5, slow), minFragment, minFragment, 12_000, 13_000},
		{"a slow link whose buffer has room once", append(times(5, slow), flush{1 << 10, 0}), minFragment, minFragment + minFragment/8, 12_000, 13_000},
		{"a slow link that becomes fast", append(times(5, slow), times(100, fast)...), maxFragment, maxFragment, 12_000, 13_000},
		{"10 Mbit/s", times(40, flush{64 << 10, 52 * time.Millisecond}), 60 << 10, 64 << 10, 1_200_000, 1_300_000},
		{"a fast link that hiccups", append(times(64, fast), flush{1 << 20, 100 * time.Millisecond}), 400 << 10, 600 << 10, 10_000_000, 11_000_000},
	}
	for _, test := range tests {
		held := 0
		w := newWriter(io.Discard, func() error { return nil })
		w.hold = func(n int) { held = n }
		for _, f := range test.flushes {
			w.learn(f.n, f.took)
		}
		if w.fragment < test.least || w.fragment > test.most {
			t.Errorf("%s: fragments of %d bytes, want %d to %d", test.reason, w.fragment, test.least, test.most)
		}
		if rate := int(w.linkRate()); rate < test.leastSum || rate > test.mostSum {
			t.Errorf("%s: %d bytes per second, want %d to %d", test.reason, rate, test.leastSum, test.mostSum)
		}
		if len(test.flushes) > 0 && held != w.fragment/2 {
			t.Errorf("%s: %d bytes may wait in the kernel, want half a fragment of %d", test.reason, held, w.fragment)
		}
	}
}
