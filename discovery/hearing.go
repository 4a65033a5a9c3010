package discovery

import "time"

// Hearing is what the copies of a device's announcements tell about the network
// between it and us. Each copy says by which carriers the others went.
type Hearing struct {
	Heard  [Carriers]int // announcements that came by this carrier; for mDNS: answers
	Missed [Carriers]int // those that were sent by it and came only by another one
}

// lateCopy is how long after the first copy of an announcement the last one may come.
const lateCopy = 300 * time.Millisecond

// hearing is what is known about one device.
type hearing struct {
	total Hearing
	last  [groupCarriers]time.Time // when something came by each carrier

	// The latest announcement, until it is counted.
	epoch, seq  uint64
	since       time.Time // of its first copy; zero: it is counted
	sent, heard CarrierSet

	// What the device told about hearing us.
	hears   CarrierSet
	hearsAt time.Time // zero: it told nothing
}

// note takes in one datagram of the device.
func (h *hearing) note(now time.Time, p *packet) {
	if p.Tells {
		h.hears, h.hearsAt = p.Hears, now
	}
	if p.Type != typeAnnounce || p.Way == 0 {
		return
	}
	switch {
	case p.Epoch == h.epoch && p.Seq == h.seq && h.since.IsZero():
		return // a copy that is too late to be counted
	case p.Epoch == h.epoch && p.Seq == h.seq:
	case p.Epoch < h.epoch || p.Epoch == h.epoch && p.Seq < h.seq:
		return
	default:
		h.count()
		h.epoch, h.seq, h.since, h.sent, h.heard = p.Epoch, p.Seq, now, 0, 0
	}
	h.sent |= p.Ways | p.Way
	h.heard |= p.Way
	for c := range h.last {
		if p.Way.Has(Carrier(c)) {
			h.last[c] = now
		}
	}
}

// count adds the latest announcement to the totals.
func (h *hearing) count() {
	if h.since.IsZero() {
		return
	}
	for c := range Carrier(groupCarriers) {
		switch {
		case h.heard.Has(c):
			h.total.Heard[c]++
		case h.sent.Has(c):
			h.total.Missed[c]++
		}
	}
	h.since = time.Time{}
}

// settled returns the totals, with the latest announcement once its copies are here.
func (h *hearing) settled(now time.Time) Hearing {
	if now.Sub(h.since) >= lateCopy {
		h.count()
	}
	return h.total
}

// lately returns the carriers by which something came since a moment.
func (h *hearing) lately(since time.Time) (s CarrierSet) {
	for c, at := range h.last {
		if at.After(since) {
			s |= Carrier(c).set()
		}
	}
	return s
}
