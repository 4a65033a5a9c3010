package transfer

import (
	"testing"
	"time"
)

// TestLink follows the size of fragments and the rate of a connection over flushes of
// known length.
func TestLink(t *testing.T) {
	type flush struct {
		n     int
		took  time.Duration // that the write waited
		after time.Duration // that nothing was written before it
		lack  bool          // because credit was missing; else there was nothing to send
	}
	times := func(n int, f flush) (list []flush) {
		for range n {
			list = append(list, f)
		}
		return list
	}
	slow := flush{n: 1 << 10, took: 82 * time.Millisecond} // 100 kbit/s
	fast := flush{n: 1 << 20, took: time.Millisecond}
	credit := flush{n: 1 << 10, after: 82 * time.Millisecond, lack: true} // the same, without full buffers
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
		{"a slow link whose buffer has room once", append(times(5, slow), flush{n: 1 << 10}), minFragment, minFragment + minFragment/8, 12_000, 13_000},
		{"a slow link that becomes fast", append(times(5, slow), times(300, fast)...), maxFragment, maxFragment, 900_000_000, 1_100_000_000},
		{"10 Mbit/s", times(40, flush{n: 64 << 10, took: 52 * time.Millisecond}), 60 << 10, 64 << 10, 1_200_000, 1_300_000},
		{"a fast link that hiccups is not believed to be slow", append(times(64, fast), flush{n: 1 << 20, took: 100 * time.Millisecond}), 400 << 10, 600 << 10, 400_000_000, 420_000_000},
		{"it goes on after a hiccup", append(append(times(64, fast), flush{n: 1 << 20, took: 100 * time.Millisecond}), times(300, fast)...), maxFragment, maxFragment, 900_000_000, 1_100_000_000},
		{"a slow link whose buffer credit keeps empty", times(100, credit), minFragment, minFragment + minFragment/8, 12_000, 13_000},
		{"credit of a slow link becomes fast", append(times(20, credit), times(300, fast)...), maxFragment, maxFragment, 900_000_000, 1_100_000_000},
		{"nothing to send now and then", times(100, flush{n: 1 << 10, after: 82 * time.Millisecond}), minFragment, 4 << 10, 0, 0},
		{"credit that is short on a fast link", times(100, flush{n: 1 << 20, after: 10 * time.Millisecond, lack: true}), maxFragment, maxFragment, 0, 0},
	}
	for _, test := range tests {
		l := link{fragment: minFragment}
		now := time.Unix(1_000_000, 0)
		for _, f := range test.flushes {
			if f.after > 0 {
				if f.lack {
					l.wants(now)
				}
				l.pause()
				now = now.Add(f.after)
			}
			now = now.Add(f.took)
			l.wrote(now, f.n, f.took)
		}
		if l.fragment < test.least || l.fragment > test.most {
			t.Errorf("%s: fragments of %d bytes, want %d to %d", test.reason, l.fragment, test.least, test.most)
		}
		if rate := int(l.rate()); rate < test.leastSum || rate > test.mostSum {
			t.Errorf("%s: %d bytes per second, want %d to %d", test.reason, rate, test.leastSum, test.mostSum)
		}
	}
}
