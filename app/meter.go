package app

import (
	"math"
	"time"

	"yonder/transfer"
)

// meter smooths the rate of one transfer.
type meter struct {
	begun, last time.Time
	bytes       int64 // content bytes at last that were not there before this run
	rate        float64
}

const (
	meterSettle = 300 * time.Millisecond // before that the rate is unknown
	meterMemory = 2 * time.Second        // older samples count less than 1/e
)

// sample returns the smoothed rate in bytes per second, 0 while it is unknown, and
// the time left, -1 while that is.
func (m *meter) sample(now time.Time, pr transfer.Progress) (rate float64, left time.Duration) {
	bytes := max(0, pr.Stored-pr.Resumed)
	if m.begun.IsZero() {
		m.begun, m.last, m.bytes = now, now, bytes
		return 0, -1
	}
	if dt := now.Sub(m.last); dt > 0 {
		current := max(0, float64(bytes-m.bytes)/dt.Seconds())
		weight := 1 - math.Exp(-dt.Seconds()/meterMemory.Seconds())
		if age := now.Sub(m.begun); age < meterMemory { // at first the plain mean
			weight = max(weight, dt.Seconds()/age.Seconds())
		}
		m.rate += weight * (current - m.rate)
		m.last, m.bytes = now, bytes
	}
	if now.Sub(m.begun) < meterSettle || m.rate < 1 {
		return 0, -1
	}
	if !pr.Final {
		return m.rate, -1
	}
	seconds := float64(max(0, pr.Bytes-pr.Stored)) / m.rate
	if seconds > (100 * 24 * time.Hour).Seconds() {
		return m.rate, -1
	}
	return m.rate, time.Duration(seconds * float64(time.Second))
}
