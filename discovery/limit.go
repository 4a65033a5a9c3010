package discovery

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// How many datagrams are looked at. Those that answer a question of ours are
// not counted; the rest is dropped before its signature is checked.
const (
	sourceRate  = 10 // per second from one address
	sourceBurst = 30
	totalRate   = 500 // per second from everybody who is not a peer yet
	totalBurst  = 1000
	maxSources  = 4096
)

// limiter keeps a flood from costing more than its parsing.
type limiter struct {
	total   *rate.Limiter
	sources map[netip.Addr]*rate.Limiter
}

func newLimiter() *limiter {
	return &limiter{rate.NewLimiter(totalRate, totalBurst), map[netip.Addr]*rate.Limiter{}}
}

// allow reports whether one more datagram from src is looked at. Peers do not
// compete with strangers.
func (l *limiter) allow(now time.Time, src netip.Addr, peer bool) bool {
	s := l.sources[src]
	if s == nil {
		if len(l.sources) >= maxSources {
			clear(l.sources)
		}
		s = rate.NewLimiter(sourceRate, sourceBurst)
		l.sources[src] = s
	}
	return s.AllowN(now, 1) && (peer || l.total.AllowN(now, 1))
}
