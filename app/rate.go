package app

import (
	"errors"
	"strings"
)

// minRate is the slowest limit: below, the other side would take the transfer for stalled.
const minRate = 1 << 10

const maxRate = 1 << 40 // bytes per second

var errRate = errors.New("want 0, or a number of at least 1K such as 500K, 5M or 1.5G: bytes per second, where K is 1024")

// ParseRate reads a limit in bytes per second: a number that K, M or G may follow, for
// powers of 1024. "" and "0" are no limit.
func ParseRate(text string) (int64, error) {
	n, ok := parseCount(strings.TrimSpace(text), "KMG")
	if ok && (n == 0 || n >= minRate && n <= maxRate) {
		return int64(n), nil
	}
	return 0, errRate
}

// FormatRate writes a limit so that [ParseRate] reads it back; "" for none.
func FormatRate(rate int64) string { return formatCount(rate, "KMG") }

// applyRates tells the engine the limits of all transfers together. The caller holds mu.
func (a *App) applyRates() {
	down := a.settings.DownLimit
	if a.override.DownLimit != 0 {
		down = a.override.DownLimit
	}
	a.node.SetRate(a.settings.UpLimit, down)
}

func badRate(rate int64) bool { return rate != 0 && (rate < minRate || rate > maxRate) }
