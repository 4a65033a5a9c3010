package transfer

import "time"

const (
	window      = 4 << 20  // bytes of DATA that a sender may have on its way at most,
	firstWindow = 16 << 10 // at first,
	leastWindow = 4 << 10  // and at least

	// flowFor is for how long a link is busy with what is on its way, beside the time that
	// bytes travel: enough that it never runs empty, and little for a chat line to wait behind.
	flowFor = 250 * time.Millisecond

	maxRTT = 2 * time.Second // that is believed
)

// flow decides how much a sender may have on its way: what the link carries in [flowFor].
// More would wait in queues along the way, in front of everything else. It starts small
// and doubles for as long as that comes in at once.
type flow struct {
	window int64     // bytes
	since  time.Time // zero: nothing came yet
	got    int64     // bytes since then
}

// came notes n bytes of payload at a moment. rtt is how long a frame travels there and back
// when nothing is in its way.
func (f *flow) came(now time.Time, n int64, rtt time.Duration) {
	if f.since.IsZero() {
		f.since = now
	}
	f.got += n
	took := now.Sub(f.since)
	switch {
	case f.got >= f.window && took < flowFor/2+rtt:
		f.window *= 2
	case f.got >= f.window || took >= flowFor+rtt:
		fits := float64(f.got) * float64(flowFor+rtt) / float64(max(took, 1))
		f.window = max(int64(min(fits, window)), f.window/2) // one slow moment is not everything
	default:
		return
	}
	f.window = min(max(f.window, leastWindow), window)
	f.since, f.got = now, 0
}
