package cli

import (
	"math"
	"testing"
	"time"
	"yonder/app"
)

func TestFormatBytes(t *testing.T) {
	for _, test := range []struct {
		reason string
		n      int64
		want   string
	}{
		{"nothing", 0, "0 B"},
		{"a hostile peer may claim it", -1, "0 B"},
		{"the last that is written in bytes", 1023, "1023 B"},
		{"the first that is not", 1024, "1.0 KiB"},
		{"one digit behind the point below 10", 1536, "1.5 KiB"},
		{"9.95 would be written 10.0", 10189, "10 KiB"},
		{"never 1024 of a unit", 1<<20 - 1, "1.0 MiB"},
		{"MiB", 200 << 20, "200 MiB"},
		{"GiB", 5 << 30, "5.0 GiB"},
		{"the most there can be", math.MaxInt64, "8.0 EiB"},
	} {
		if got := app.FormatBytes(test.n); got != test.want {
			t.Errorf("%s: app.FormatBytes(%d) = %q, want %q", test.reason, test.n, got, test.want)
		}
	}
}

func TestFormatRate(t *testing.T) {
	for _, test := range []struct {
		rate float64
		want string
	}{
		{0, ""}, {-5, ""}, {math.NaN(), ""}, {math.Inf(1), ""}, {0.5, ""}, {1 << 20, "1.0 MiB/s"}, {1.17e9, "1.1 GiB/s"},
	} {
		if got := formatRate(test.rate); got != test.want {
			t.Errorf("formatRate(%v) = %q, want %q", test.rate, got, test.want)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for _, test := range []struct {
		d    time.Duration
		want string
	}{
		{-1, ""}, {0, "0.0 s"}, {20 * time.Millisecond, "0.0 s"}, {150 * time.Millisecond, "0.1 s"}, {9949 * time.Millisecond, "9.9 s"},
		{9950 * time.Millisecond, "10 s"}, {59400 * time.Millisecond, "59 s"}, {59500 * time.Millisecond, "1 min 0 s"},
		{125 * time.Second, "2 min 5 s"}, {time.Hour, "1 h 0 min"}, {90 * time.Minute, "1 h 30 min"}, {76 * time.Hour, "3 d 4 h"},
	} {
		if got := formatDuration(test.d); got != test.want {
			t.Errorf("formatDuration(%v) = %q, want %q", test.d, got, test.want)
		}
	}
}

func TestFormatCount(t *testing.T) {
	for _, test := range []struct {
		n    int64
		want string
	}{{0, "0"}, {-3, "0"}, {999, "999"}, {1000, "1,000"}, {1234567, "1,234,567"}} {
		if got := formatCount(test.n); got != test.want {
			t.Errorf("formatCount(%d) = %q, want %q", test.n, got, test.want)
		}
	}
}

func TestFormatPercent(t *testing.T) {
	for _, test := range []struct {
		reason      string
		done, total int64
		want        string
	}{
		{"nothing of nothing", 0, 0, "0 %"},
		{"below 0", -1, 5, "0 %"},
		{"the last byte is missing", 1<<40 - 1, 1 << 40, "99 %"},
		{"the end", 5, 5, "100 %"},
		{"beyond the end", 9, 5, "100 %"},
		{"no overflow", math.MaxInt64 / 2, math.MaxInt64, "50 %"},
	} {
		if got := formatPercent(test.done, test.total); got != test.want {
			t.Errorf("%s: formatPercent(%d, %d) = %q, want %q", test.reason, test.done, test.total, got, test.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, test := range []struct {
		s    string
		want int
	}{{"", 0}, {"abc", 3}, {"贝塔", 4}, {"e\u0301", 1}, {"ｗ", 2}} {
		if got := columns(test.s); got != test.want {
			t.Errorf("columns(%q) = %d, want %d", test.s, got, test.want)
		}
	}
	for _, test := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"贝塔贝", 4, "贝…"}, {"贝塔", 4, "贝塔"}} {
		if got := cut(test.s, test.n); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.s, test.n, got, test.want)
		}
	}
}

func TestVolume(t *testing.T) {
	for _, test := range []struct {
		reason         string
		entries, bytes int64
		final          bool
		want           string
	}{
		{"one file needs no count", 1, 10, true, "10 B"},
		{"several do", 12, 2048, true, "12 files and folders, 2.0 KiB"},
		{"the list is still being made", 12, 2048, false, "at least 12 files and folders, 2.0 KiB"},
	} {
		if got := volume(test.entries, test.bytes, test.final); got != test.want {
			t.Errorf("%s: %q, want %q", test.reason, got, test.want)
		}
	}
}
