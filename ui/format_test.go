package ui

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	tests := []struct {
		bytes int64
		want  string
	}{
		{-1, "0 B"}, {0, "0 B"}, {999, "999 B"}, {1000, "1.0 KB"}, {9_949, "9.9 KB"}, {9_951, "10 KB"}, {999_499, "999 KB"},
		{999_501, "1.0 MB"}, {1_480_000_000, "1.5 GB"}, {64_000_000_000, "64 GB"}, {2_000_000_000_000, "2.0 TB"},
		{1<<63 - 1, "9223 PB"},
	}
	w := speak("en")
	for _, tt := range tests[:len(tests)-1] {
		if got := w.size(tt.bytes); got != tt.want {
			t.Errorf("size(%d) = %q, want %q", tt.bytes, got, tt.want)
		}
	}
	if got := w.size(1<<63 - 1); got != "9 EB" {
		t.Errorf("size(max) = %q, want %q", got, "9 EB")
	}
}

func TestLeftAndRate(t *testing.T) {
	w := speak("en")
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{-1, ""}, {0, "1 s left"}, {1400 * time.Millisecond, "1 s left"}, {59 * time.Second, "59 s left"}, {time.Minute, "1 min left"},
		{59 * time.Minute, "59 min left"}, {65 * time.Minute, "1 h 5 min left"}, {50 * time.Hour, "2 days left"},
	} {
		if got := w.left(tt.d); got != tt.want {
			t.Errorf("left(%v) = %q, want %q", tt.d, got, tt.want)
		}
	}
	if got := w.rate(0); got != "" {
		t.Errorf("rate(0) = %q, want nothing", got)
	}
	if got, want := w.rate(112_400_000), "112 MB/s"; got != want {
		t.Errorf("rate = %q, want %q", got, want)
	}
}

func TestDay(t *testing.T) {
	now := time.Date(2026, 3, 12, 0, 5, 0, 0, time.Local)
	tests := []struct {
		why    string
		at     time.Time
		en, zh string
	}{
		{"five minutes ago is yesterday when it was before midnight", now.Add(-10 * time.Minute), "Yesterday", "昨天"},
		{"today", now.Add(time.Hour), "Today", "今天"},
		{"this year", time.Date(2026, 1, 2, 9, 0, 0, 0, time.Local), "Friday 2 January", "1月2日 星期五"},
		{"another year, same day of the year", time.Date(2025, 3, 12, 9, 0, 0, 0, time.Local), "12 March 2025", "2025年3月12日"},
	}
	for _, tt := range tests {
		if got := speak("en").day(tt.at, now); got != tt.en {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.en)
		}
		if got := speak("zh-Hans").day(tt.at, now); got != tt.zh {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.zh)
		}
	}
}
