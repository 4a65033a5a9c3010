package discovery

import (
	"testing"
	"time"
)

func TestHearing(t *testing.T) {
	type copied struct {
		at         float64
		epoch, seq uint64
		way, ways  CarrierSet
	}
	const b, m, v6, all = CarrierSet(1), CarrierSet(2), CarrierSet(4), CarrierSet(7)
	tests := []struct {
		why           string
		copies        []copied
		heard, missed [groupCarriers]int // one second after the last copy
	}{
		{"all copies of one", []copied{{0, 9, 1, b, all}, {0.01, 9, 1, m, all}, {0.02, 9, 1, v6, all}}, [3]int{1, 1, 1}, [3]int{}},
		{"one carrier is missing", []copied{{0, 9, 1, m, all}, {0.01, 9, 1, v6, all}}, [3]int{0, 1, 1}, [3]int{1, 0, 0}},
		{"in turn, which misses nothing", []copied{{0, 9, 1, b, b}, {5, 9, 2, m, m}, {10, 9, 3, v6, v6}}, [3]int{1, 1, 1}, [3]int{}},
		{"the sender has no IPv6", []copied{{0, 9, 1, b, b | m}, {0.01, 9, 1, m, b | m}}, [3]int{1, 1, 0}, [3]int{}},
		{"from two addresses of one link", []copied{{0, 9, 1, b, b | m}, {0, 9, 1, b, b | m}, {0, 9, 1, m, b | m}}, [3]int{1, 1, 0}, [3]int{}},
		{"two links of the sender, one has no IPv4", []copied{{0, 9, 1, v6, v6}, {0, 9, 1, b, b | m}}, [3]int{1, 0, 1}, [3]int{0, 1, 0}},
		{"a copy that the next one overtook says nothing", []copied{{0, 9, 2, b, b}, {0.1, 9, 1, m, b | m}}, [3]int{1, 0, 0}, [3]int{}},
		{"a new run begins at 1 again", []copied{{0, 9, 50, b, b}, {1, 10, 1, m, b | m}}, [3]int{1, 1, 0}, [3]int{1, 0, 0}},
		{"an older run is a recording", []copied{{0, 9, 1, b, b}, {1, 8, 2, m, b | m}}, [3]int{1, 0, 0}, [3]int{}},
		{"a sender that does not say", []copied{{0, 9, 1, 0, 0}}, [3]int{}, [3]int{}},
		{"a carrier that we do not know", []copied{{0, 9, 1, 128 | b, 128 | b}}, [3]int{1, 0, 0}, [3]int{}},
	}
	for _, tt := range tests {
		var h hearing
		end := 0.0
		for _, c := range tt.copies {
			h.note(at(c.at), &packet{Type: typeAnnounce, Epoch: c.epoch, Seq: c.seq, Way: c.way, Ways: c.ways})
			end = c.at
		}
		got := h.settled(at(end + 1))
		for c := range groupCarriers {
			if got.Heard[c] != tt.heard[c] || got.Missed[c] != tt.missed[c] {
				t.Errorf("%s: %v heard %d, missed %d; want %d, %d", tt.why, Carrier(c), got.Heard[c], got.Missed[c], tt.heard[c], tt.missed[c])
			}
		}
	}
}

func TestHearingIsCountedWhenAllCopiesAreThere(t *testing.T) {
	var h hearing
	one := func(way CarrierSet) *packet {
		return &packet{Type: typeAnnounce, Epoch: 1, Seq: 1, Way: way, Ways: 3}
	}
	h.note(at(0), one(1))
	if got := h.settled(at(0).Add(lateCopy - time.Millisecond)); got != (Hearing{}) {
		t.Errorf("while copies may come: %+v", got)
	}
	if got := h.settled(at(0).Add(lateCopy)); got.Heard[ByBroadcast] != 1 || got.Missed[ByMulticast4] != 1 {
		t.Errorf("after that: %+v", got)
	}
	h.note(at(2), one(2))
	if got := h.settled(at(9)); got.Heard[ByMulticast4] != 0 {
		t.Errorf("a copy after that: %+v", got)
	}
	if lately := h.lately(at(-1)); lately != ByBroadcast.set() {
		t.Errorf("heard lately by %b", lately)
	}
	if lately := h.lately(at(1)); lately != 0 {
		t.Errorf("heard since by %b", lately)
	}
}
