package app

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

const maxSize = 1 << 50 // bytes

var errSize = errors.New("want 0, or a number such as 500M, 5G or 1.5T: bytes, where K is 1024")

// ParseSize reads a count of bytes: a number that K, M, G or T may follow, for powers of
// 1024. "" and "0" are none.
func ParseSize(text string) (int64, error) {
	n, ok := parseCount(strings.TrimSpace(text), "KMGT")
	if !ok || n > maxSize || n > 0 && n < 1 {
		return 0, errSize
	}
	return int64(n), nil
}

// FormatSize writes a count of bytes so that [ParseSize] reads it back; "" for none.
func FormatSize(n int64) string { return formatCount(n, "KMGT") }

func badSize(n int64) bool { return n < 0 || n > maxSize }

// parseCount reads a number that one of units may follow, each 1024 times the one before;
// ok is false for what is none. "" is 0.
func parseCount(text, units string) (n float64, ok bool) {
	unit := 1.0
	if text != "" {
		if at := strings.IndexByte(units, text[len(text)-1]&^0x20); at >= 0 {
			unit = math.Pow(1024, float64(at+1))
			text = text[:len(text)-1]
		}
	}
	if text == "" {
		return 0, unit == 1
	}
	if strings.Trim(text, "0123456789.") != "" { // neither signs nor exponents
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n * unit, err == nil
}

// formatCount writes what [parseCount] reads; "" for 0.
func formatCount(n int64, units string) string {
	if n <= 0 {
		return ""
	}
	unit := 0
	for unit < len(units) && n%1024 == 0 {
		n, unit = n/1024, unit+1
	}
	return strconv.FormatInt(n, 10) + units[max(unit-1, 0):unit]
}
