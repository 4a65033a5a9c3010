package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"yonder/app"
)

// formatRate writes bytes per second, or "" where the rate is not known.
func formatRate(rate float64) string {
	if !(rate >= 1 && rate < 1e18) { // so written that NaN falls out too
		return ""
	}
	return app.FormatBytes(int64(rate)) + "/s"
}

// formatDuration writes a duration with the two units that matter: "0.4 s",
// "12 s", "2 min 5 s", "1 h 30 min", "3 d 4 h". Negative is "".
func formatDuration(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	seconds := int64(d.Round(time.Second) / time.Second)
	switch {
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
	case seconds < 86400:
		return fmt.Sprintf("%d h %d min", seconds/3600, seconds%3600/60)
	}
	return fmt.Sprintf("%d d %d h", seconds/86400, seconds%86400/3600)
}

// formatCount writes a number with a comma between each three digits.
func formatCount(n int64) string {
	s := strconv.FormatInt(max(n, 0), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural returns "1 file", "2 files", "1,000 files".
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return formatCount(n) + " " + many
}

// formatPercent returns how much of total is done, from "0 %" to "100 %"; never
// 100 before the end.
func formatPercent(done, total int64) string {
	switch {
	case total <= 0 || done <= 0:
		return "0 %"
	case done >= total:
		return "100 %"
	}
	return fmt.Sprintf("%d %%", int(float64(done)/float64(total)*100))
}

// levelName is how a level of trust is called in the terminal.
func levelName(l app.Level) string {
	switch l {
	case app.Blocked:
		return "blocked"
	case app.Unknown:
		return "new"
	case app.Known:
		return "known"
	case app.Paired:
		return "paired"
	case app.Mine:
		return "mine"
	}
	return strconv.Itoa(int(l))
}

// columns returns how many columns of a terminal s takes: wide East Asian
// characters take two, combining marks none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// pad fills s with spaces to n columns.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(n-columns(s), 0))
}

// cut shortens s to at most n columns, the last of them an ellipsis.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if columns(b.String())+columns(string(r)) > n-1 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}
