package transfer

import (
	"testing"
	"time"
)

// TestFlow has content come over links of known rates. After a while what is on its way must be
// what such a link carries in a quarter of a second and a round trip, between the least
// and the whole window.
func TestFlow(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		reason string
		rate   int // bytes per second
		trip   time.Duration
		least  int64
		most   int64
		used   float64 // of the link, at least
	}{
		{"56 kbit/s: the least, or nothing would move", 7_000, 2 * ms, leastWindow, leastWindow, 0.95},
		{"100 kbit/s: the least too", 12_500, ms, leastWindow, leastWindow, 0.95},
		{"1 Mbit/s", 125_000, ms, 28 << 10, 36 << 10, 0.95},
		{"10 Mbit/s", 1_250_000, ms, 290 << 10, 330 << 10, 0.95},
		{"100 Mbit/s", 12_500_000, ms, 3_000_000, window, 0.95},
		{"1 Gbit/s: the whole window", 125_000_000, ms, window, window, 0.95},
		{"1 Gbit/s, other side of the world: the whole window, which is not enough", 125_000_000, 300 * ms, window, window, 0.09},
		{"10 Mbit/s over a satellite: a round trip more", 1_250_000, 600 * ms, 900 << 10, 1200 << 10, 0.95},
	}
	for _, test := range tests {
		f := flow{window: firstWindow}
		now := time.Unix(1_000_000, 0)
		// A byte of credit comes back as content one trip later, or when the link has carried
		// all that was before it.
		busy := now // until then the link carries what is on its way
		const piece = 1 << 10
		var coming []time.Time
		ahead, carried := int64(0), 0
		begun := now.Add(10 * time.Second) // of what is counted
		for now.Before(begun.Add(10 * time.Second)) {
			for ahead+piece <= f.window {
				at := now.Add(test.trip / 2)
				if at.Before(busy) {
					at = busy
				}
				busy = at.Add(time.Second * piece / time.Duration(test.rate))
				coming = append(coming, busy.Add(test.trip/2))
				ahead += piece
			}
			now = coming[0]
			coming = coming[1:]
			ahead -= piece
			if now.After(begun) {
				carried += piece
			}
			f.came(now, piece, test.trip)
		}
		if f.window < test.least || f.window > test.most {
			t.Errorf("%s: %d bytes may be on their way, want %d to %d", test.reason, f.window, test.least, test.most)
		}
		if used := float64(carried) / (10 * float64(test.rate)); used < test.used {
			t.Errorf("%s: only %.0f %% of the link is used", test.reason, 100*used)
		}
	}
}

// TestFlowChanges follows the window over moments in which nothing came, and a change of the link.
func TestFlowChanges(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	f := flow{window: firstWindow}
	come := func(seconds float64, rate int64) {
		for end := now.Add(time.Duration(seconds * float64(time.Second))); now.Before(end); {
			now = now.Add(10 * time.Millisecond)
			f.came(now, rate/100, time.Millisecond)
		}
	}
	come(2, 125_000_000)
	if f.window != window {
		t.Fatalf("on a fast link %d bytes may be on their way, want %d", f.window, window)
	}
	now = now.Add(time.Hour) // paused
	come(0.01, 125_000_000)
	if f.window != window/2 {
		t.Errorf("after a pause %d bytes may be on their way, want %d", f.window, window/2)
	}
	come(0.1, 125_000_000)
	if f.window != window {
		t.Errorf("soon after a pause %d bytes may be on their way, want %d", f.window, window)
	}
	come(4, 12_500)
	if f.window != leastWindow {
		t.Errorf("when the link became slow %d bytes may be on their way, want %d", f.window, leastWindow)
	}
	come(1, 125_000_000)
	if f.window != window {
		t.Errorf("when it is fast again %d bytes may be on their way, want %d", f.window, window)
	}
}
