package app

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// minRate is the slowest limit: below, the other side would take the transfer for stalled.
const minRate = 1 << 10

const maxRate = 1 << 40 // bytes per second

var errRate = errors.New("want 0, or a number of at least 1K such as 500K, 5M or 1.5G: bytes per second, where K is 1024")

// ParseRate reads a limit in bytes per second: a number that K, M or G may follow, for
// powers of 1024. "" and "0" are no limit.
func ParseRate(text string) (int64, error) {
	text = strings.TrimSpace(text)
	unit := 1.0
	if text != "" {
		if at := strings.IndexByte("KMG", text[len(text)-1]&^0x20); at >= 0 {
			unit = math.Pow(1024, float64(at+1))
			text = text[:len(text)-1]
		}
	}
	if text == "" && unit == 1 {
		return 0, nil
	}
	if strings.Trim(text, "0123456789.") != "" { // neither signs nor exponents
		return 0, errRate
	}
	n, err := strconv.ParseFloat(text, 64)
	if rate := n * unit; err == nil && (rate == 0 || rate >= minRate && rate <= maxRate) {
		return int64(rate), nil
	}
	return 0, errRate
}

// FormatRate writes a limit so that [ParseRate] reads it back; "" for none.
func FormatRate(rate int64) string {
	if rate <= 0 {
		return ""
	}
	unit := 0
	for unit < 3 && rate%1024 == 0 {
		rate, unit = rate/1024, unit+1
	}
	return strconv.FormatInt(rate, 10) + []string{"", "K", "M", "G"}[unit]
}

// applyRates tells the engine the limits of all transfers together. The caller holds mu.
func (a *App) applyRates() {
	down := a.settings.DownLimit
	if a.override.DownLimit != 0 {
		down = a.override.DownLimit
	}
	a.node.SetRate(a.settings.UpLimit, down)
}

func badRate(rate int64) bool { return rate != 0 && (rate < minRate || rate > maxRate) }
