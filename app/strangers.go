package app

import (
	"slices"
	"time"

	"yonder/transfer"
)

// strangerLimits keep people whom the user does not know from filling the screen.
// It is guarded by App.mu.
type strangerLimits struct {
	recent []time.Time         // offers shown in the last minute
	noes   map[any][]time.Time // device id or IP address → when the user declined
}

const (
	offersPerMinute = 10               // of all strangers together
	offersAtOnce    = 5                // open ones of one stranger
	declinesToMute  = 3                // within muteTime
	muteTime        = 10 * time.Minute // that a stranger is not shown for
)

// offer reports whether one more offer may be shown: nil, or why not.
func (l *strangerLimits) offer(id DeviceID, addr any, level Level, open int) error {
	if level > Unknown {
		return nil
	}
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
	if len(l.recent) >= offersPerMinute || open >= offersAtOnce {
		return transfer.ErrTooMany
	}
	l.recent = append(l.recent, now)
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
