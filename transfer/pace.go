package transfer

import "time"

// A receiver shares out and limits what comes by the credit that it gives.

// window returns how much credit the sender may have, and the least that is worth a
// frame. Of a limited transfer little is on its way at a time, so that the limit holds from
// the start. mu is held.
func (r *receiver) window() (ahead, step int64) {
	ahead = min(r.flow.window, max(window/int64(max(r.session.node.incoming.Load(), 1)), shareWindow))
	if limit := r.limitRate(); limit > 0 {
		ahead = min(ahead, max(limit/4, 4*minFragment))
	}
	return ahead, min(creditStep, ahead/4)
}

// shareWindow is what each of many senders may have on its way at most. Equal windows that
// together are no more than the network holds give all of them the same share; larger
// ones would leave that to whose packets are lost.
const shareWindow = 256 << 10

// limitRate returns the lower of the limits on this transfer, in bytes per second; 0: none.
func (r *receiver) limitRate() int64 {
	own, all := r.pace.rate(), r.session.node.down.rate()
	if own == 0 || all > 0 && all < own {
		return all
	}
	return own
}

// paceLocked reports whether credit of n bytes must wait for the limits. It then comes
// back by itself. mu is held.
func (r *receiver) paceLocked(n int64) bool {
	now := time.Now()
	limits := []*limiter{&r.pace, &r.session.node.down}
	for _, l := range limits {
		if wait := l.wait(now, int(n)); wait > 0 {
			if r.waiting == nil {
				r.waiting = time.AfterFunc(wait, func() {
					r.mu.Lock()
					r.waiting = nil
					r.mu.Unlock()
					if r.ctx.Err() == nil {
						r.replenish(0)
					}
				})
			}
			return true
		}
	}
	for _, l := range limits {
		l.take(now, int(n))
	}
	return false
}
