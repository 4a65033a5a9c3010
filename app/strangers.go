package app

import (
	"maps"
	"slices"
	"time"

	"yonder/transfer"
)

// strangerLimits keep people whom the user does not know from filling the screen.
// It is guarded by App.mu.
type strangerLimits struct {
	recent []time.Time            // offers shown in the last minute
	last   map[DeviceID]time.Time // the last offer shown of each, while it counts
	noes   map[any][]time.Time    // device id or IP address → when the user declined
}

const (
	offersPerMinute = 10               // of all strangers together
	offersWaiting   = 5                // for an answer, of all strangers together
	offersAtOnce    = 1                // of one stranger
	offerPause      = 10 * time.Second // between two of one stranger; their side tries again by itself
	declinesToMute  = 3                // within muteTime
	muteTime        = 10 * time.Minute // that a stranger is not shown for
)

// offer reports whether one more offer of a stranger may be shown: nil, or why not. open are
// those that wait for an answer, of this one and of all.
func (l *strangerLimits) offer(id DeviceID, addr any, open, all int) error {
	now := time.Now()
	recent := func(times []time.Time, within time.Duration) []time.Time {
		return slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return now.Sub(t) > within })
	}
	for _, key := range []any{id, addr} {
		if len(recent(l.noes[key], muteTime)) >= declinesToMute {
			return transfer.ErrTooMany
		}
	}
	l.recent = recent(l.recent, time.Minute)
	maps.DeleteFunc(l.last, func(_ DeviceID, at time.Time) bool { return now.Sub(at) >= offerPause })
	if _, soon := l.last[id]; soon || len(l.recent) >= offersPerMinute || open >= offersAtOnce || all >= offersWaiting {
		return transfer.ErrTooMany
	}
	l.recent = append(l.recent, now)
	if l.last == nil {
		l.last = map[DeviceID]time.Time{}
	}
	l.last[id] = now
	return nil
}

// declined notes that the user said no to a stranger at an address.
func (l *strangerLimits) declined(keys ...any) {
	now := time.Now()
	if l.noes == nil {
		l.noes = map[any][]time.Time{}
	}
	for key, times := range l.noes { // it never grows beyond what ten minutes of clicking make
		if now.Sub(times[len(times)-1]) > muteTime {
			delete(l.noes, key)
		}
	}
	for _, key := range keys {
		l.noes[key] = append(l.noes[key], now)
	}
}
