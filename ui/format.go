package ui

import (
	"fmt"
	"strconv"
	"time"
)

// size writes bytes as people read them: 999 B, 1.2 KB, 34 MB; powers of 1000.
func (w *words) size(bytes int64) string {
	if bytes < 1000 {
		return w.L("size.bytes", "n", max(bytes, 0))
	}
	value := float64(bytes)
	for _, unit := range []string{"KB", "MB", "GB", "TB", "PB"} {
		value /= 1000
		if value < 9.95 {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
		if value < 999.5 {
			return fmt.Sprintf("%.0f %s", value, unit)
		}
	}
	return fmt.Sprintf("%.0f EB", value/1000)
}

// rate writes bytes per second; "" when nothing is known.
func (w *words) rate(bytes float64) string {
	if bytes < 1 {
		return ""
	}
	return w.L("rate", "size", w.size(int64(bytes)))
}

// left writes an estimate of the time that remains; "" when it is unknown.
func (w *words) left(d time.Duration) string {
	switch {
	case d < 0:
		return ""
	case d < time.Minute:
		return w.L("left.seconds", "n", max(1, int(d.Round(time.Second)/time.Second)))
	case d < time.Hour:
		return w.L("left.minutes", "n", int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		return w.L("left.hours", "h", int(d/time.Hour), "m", int(d%time.Hour/time.Minute))
	}
	return w.N("left.days", int64(d/(24*time.Hour)))
}

// clock writes the time of day.
func (w *words) clock(t time.Time) string { return t.Local().Format("15:04") }

// day names the day of t as seen from now: Today, Yesterday, or the date.
func (w *words) day(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	switch {
	case sameDay(t, now):
		return w.L("day.today")
	case sameDay(t, now.AddDate(0, 0, -1)):
		return w.L("day.yesterday")
	}
	key := "day.date"
	if t.Year() != now.Year() {
		key = "day.date.year"
	}
	return w.L(key,
		"weekday", w.L("weekday."+strconv.Itoa(int(t.Weekday()))),
		"month", w.L("month."+strconv.Itoa(int(t.Month()))),
		"day", t.Day(), "year", t.Year())
}

// moment writes when somebody was last seen: a time today, else the day.
func (w *words) moment(t, now time.Time) string {
	if sameDay(t.Local(), now.Local()) {
		return w.clock(t)
	}
	if sameDay(t.Local(), now.Local().AddDate(0, 0, -1)) {
		return w.L("moment.yesterday")
	}
	return w.day(t, now)
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}
