package transfer

import (
	"time"

	"golang.org/x/time/rate"
)

// To take a frame costs about the same whether it carries a MiB or nothing. Who sends
// content is limited by what it weighs, who sends nothing by this: of frames below
// lightFrame a session takes lightRate in a second, lightBurst at once, and is not read
// from meanwhile. Peers that keep to the protocol send a few hundred.
const (
	lightFrame = 1 << 10 // bytes of payload
	lightRate  = 10_000
	lightBurst = 40_000
	brakeFrom  = 5 * time.Millisecond // no shorter waits, which timers do not keep
)

func newBrake() *rate.Limiter { return rate.NewLimiter(lightRate, lightBurst) }

// brake makes the reader wait while more frames come than that.
func (s *Session) brake(h header) {
	if h.length >= lightFrame {
		return
	}
	if wait := s.light.Reserve().Delay(); wait >= brakeFrom {
		time.Sleep(wait)
	}
}
