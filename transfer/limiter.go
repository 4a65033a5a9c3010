package transfer

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter holds a stream of bytes to a rate that may be changed while it flows. The zero
// limiter, and the nil one, let everything through.
type limiter struct {
	mu     sync.Mutex
	bucket *rate.Limiter // nil: no limit
}

// limitBurst is for how long a limited stream may run ahead of its rate.
const limitBurst = 100 * time.Millisecond

// set changes the rate to n bytes per second; 0: no limit.
func (l *limiter) set(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n <= 0 {
		l.bucket = nil
		return
	}
	burst := max(minFragment, int(min(float64(n)*limitBurst.Seconds(), chunkSize)))
	if l.bucket == nil {
		l.bucket = rate.NewLimiter(rate.Limit(n), burst)
		return
	}
	l.bucket.SetLimit(rate.Limit(n))
	l.bucket.SetBurst(burst)
}

// rate returns the limit in bytes per second; 0: none.
func (l *limiter) rate() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bucket == nil {
		return 0
	}
	return int64(l.bucket.Limit())
}

// most returns how many of n bytes may go at once.
func (l *limiter) most(n int) int {
	if l == nil {
		return n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bucket == nil {
		return n
	}
	return min(n, l.bucket.Burst())
}

// wait returns how long n bytes, at most what [limiter.most] allows, must wait.
func (l *limiter) wait(now time.Time, n int) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bucket == nil {
		return 0
	}
	lack := float64(min(n, l.bucket.Burst())) - l.bucket.TokensAt(now)
	if lack <= 0 {
		return 0
	}
	return time.Duration(lack/float64(l.bucket.Limit())*float64(time.Second)) + time.Microsecond
}

// take counts n bytes that go now.
func (l *limiter) take(now time.Time, n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bucket != nil {
		l.bucket.AllowN(now, min(n, l.bucket.Burst()))
	}
}
