package discovery

import (
	"math/rand/v2"
	"time"
)

// burstAt are the times of the announcements that go out by every carrier when
// something begins: some of them get lost.
var burstAt = [...]time.Duration{0, 250 * time.Millisecond, time.Second, 3 * time.Second}

// schedule says when to announce. It has no clock.
type schedule struct {
	start  time.Time // of the burst
	sent   int       // how many of the burst have left
	steady time.Time // the next one after the burst
	early  time.Time // one out of turn, for a newcomer; zero: none
	last   time.Time // anything left
	round  int       // chooses the carrier of the steady ones
}

// begin starts a burst.
func (p *schedule) begin(now time.Time) { p.start, p.sent, p.early = now, 0, time.Time{} }

// newcomer plans an announcement within a second, unless one has just left or
// is about to. Others may need it who cannot be answered directly.
func (p *schedule) newcomer(now time.Time) {
	if p.sent < len(burstAt) || !p.early.IsZero() || now.Sub(p.last) < time.Second {
		return
	}
	p.early = now.Add(rand.N(time.Second))
}

// examined begins a burst for somebody who tests the network, unless one is under
// way or has been a short while ago, whoever wanted it.
func (p *schedule) examined(now time.Time) {
	if p.sent == len(burstAt) && now.Sub(p.start) >= examineAgain {
		p.begin(now)
	}
}

// due reports whether to announce now; round is -1 for every carrier, else it
// chooses one. The times of the next ones follow from period.
func (p *schedule) due(now time.Time, period time.Duration) (send bool, round int) {
	switch {
	case p.sent < len(burstAt):
		if now.Before(p.start.Add(burstAt[p.sent])) {
			return false, 0
		}
		for p.sent < len(burstAt) && !now.Before(p.start.Add(burstAt[p.sent])) {
			p.sent++ // those that were missed are not made up for
		}
		round = -1
	case !p.early.IsZero() && !now.Before(p.early):
		round = -1
	case !p.steady.IsZero() && !now.Before(p.steady):
		round = p.round
		p.round++
	default:
		return false, 0
	}
	p.early, p.last = time.Time{}, now
	p.steady = now.Add(period*9/10 + rand.N(period/5))
	return true, round
}

// next returns when due will say yes.
func (p *schedule) next() time.Time {
	if p.sent < len(burstAt) {
		return p.start.Add(burstAt[p.sent])
	}
	return earlier(p.steady, p.early)
}
