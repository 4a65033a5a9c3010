package transfer

import (
	"math"
	"sync/atomic"
	"time"
)

const (
	minFragment = 1 << 10
	maxFragment = chunkSize
	fragmentFor = 50 * time.Millisecond // how long a fragment may occupy the link

	linkLook  = 100 * time.Millisecond              // for how long bytes are counted for one look at the rate
	linkWaits = 2 * time.Millisecond                // how long a write takes that had to wait for the link
	slowLink  = window * int64(time.Second/flowFor) // bytes per second; slower ones never get the whole window
)

// link is what a writer learns of the speed of its connection: from writes that had to
// wait and, on slow ones, where the receiver's credit keeps the buffers of the system
// empty so that no write waits, from how fast new credit comes. It belongs to the
// writer's goroutine, but for rate and total.
type link struct {
	fragment int           // bytes that take about 50 ms
	total    atomic.Int64  // bytes written so far
	speed    atomic.Uint64 // float64 bits: bytes per second while the link was the limit; 0: it was not

	since time.Time // bytes have been counted since then
	bytes int64
	short bool // meanwhile there was more to send than credit
	idle  bool // or nothing to send
	lack  bool // credit is missing at this moment
}

// wrote notes that n bytes went to the system, which took so long. Until a write had to
// wait the system's buffers may still be filling, so the size of fragments only doubles, and
// never goes past a 32nd of what was sent. Later a write that did not have to wait says little.
func (l *link) wrote(now time.Time, n int, took time.Duration) {
	total := l.total.Add(int64(n))
	l.bytes += int64(n)
	switch {
	case took > linkWaits && n >= minFragment:
		l.note(float64(n) / took.Seconds())
		l.fit(float64(n) / took.Seconds())
	case l.rate() > 0: // known to be slow: it may be faster by now
		l.fragment = min(l.fragment+l.fragment/8, maxFragment)
	default:
		l.fragment = min(2*l.fragment, maxFragment)
	}
	l.look(now)
	l.fragment = max(minFragment, int(min(int64(l.fragment), total/32)))
}

// wants notes that something waits for credit.
func (l *link) wants(now time.Time) {
	l.short, l.lack = true, true
	l.look(now)
}

// pause notes that a source has nothing that could leave. If it is not for lack of credit, what
// is counted says nothing about the link.
func (l *link) pause() {
	l.idle = l.idle || !l.lack
	l.lack = false
}

// look draws a conclusion from what was counted for a while.
func (l *link) look(now time.Time) {
	took := now.Sub(l.since)
	if took < linkLook {
		return
	}
	rate := float64(l.bytes) / took.Seconds()
	old := l.rate()
	switch {
	case l.since.IsZero():
	case l.short && !l.idle && rate < float64(slowLink):
		l.note(rate)
		l.fit(rate)
	case old > 0 && rate > old: // it carried more than it was believed to
		l.speed.Store(math.Float64bits(rate))
	}
	l.since, l.bytes, l.short, l.idle = now, 0, false, false
}

// note counts a measured rate in.
func (l *link) note(rate float64) {
	if old := l.rate(); old > 0 {
		rate = 0.9*old + 0.1*rate
	}
	l.speed.Store(math.Float64bits(rate))
}

// fit makes fragments of what goes out in 50 ms at a rate.
func (l *link) fit(rate float64) {
	l.fragment = int(min(max(rate*fragmentFor.Seconds(), minFragment), maxFragment))
}

// rate returns the speed of the connection in bytes per second as far as it was
// ever the limit; 0: it was not.
func (l *link) rate() float64 { return math.Float64frombits(l.speed.Load()) }
