//go:build linux

package main

import (
	"os"
	"testing"
	"time"
)

func TestCPUTime(t *testing.T) {
	const rest = "S 1 2 2 0 -1 4194560 100 0 0 0 150 25 7 9 20 0 1 0 500 1000000 200"
	for _, test := range []struct {
		stat string
		want time.Duration
		bad  bool
	}{
		{"42 (yonder) " + rest, 1750 * time.Millisecond, false},
		{"42 (a) b ( c) " + rest, 1750 * time.Millisecond, false}, // a name may hold parentheses and spaces
		{"42 (yonder) S 1 2", 0, true},
		{"", 0, true},
		{"42 (yonder) S 1 2 2 0 -1 4194560 100 0 0 0 x 25 7 9", 0, true},
	} {
		got, err := cpuTime(test.stat)
		if got != test.want || (err != nil) != test.bad {
			t.Errorf("cpuTime(%q) = %v, %v, want %v", test.stat, got, err, test.want)
		}
	}
}

func TestKilobytes(t *testing.T) {
	const status = "Name:\tyonder\nVmRSS:\t   20000 kB\nRssAnon:\t    1234 kB\nRssFile:\t 9 kB\nBroken:\tmany kB\n"
	for _, test := range []struct {
		field string
		want  int64
		ok    bool
	}{
		{"RssAnon", 1234 << 10, true},
		{"RssFile", 9 << 10, true},
		{"Rss", 0, false}, // only a whole name
		{"Broken", 0, false},
	} {
		if got, ok := kilobytes(status, test.field); got != test.want || ok != test.ok {
			t.Errorf("kilobytes(%q) = %d, %v, want %d, %v", test.field, got, ok, test.want, test.ok)
		}
	}
}

func TestInterfaceBytes(t *testing.T) {
	const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     500       5    0    0    0     0          0         0      600       5    0    0    0     0       0          0
  eth0: 1000000    1000    0    0    0     0          0         0  2000000     900    0    0    0     0       0          0
`
	for _, test := range []struct {
		name           string
		received, sent int64
		bad            bool
	}{
		{"eth0", 1_000_000, 2_000_000, false},
		{"lo", 500, 600, false},
		{"eth", 0, 0, true},
		{" face |bytes", 0, 0, true},
	} {
		received, sent, err := interfaceBytes(text, test.name)
		if received != test.received || sent != test.sent || (err != nil) != test.bad {
			t.Errorf("interfaceBytes(%q) = %d, %d, %v, want %d, %d", test.name, received, sent, err, test.received, test.sent)
		}
	}
}

// TestOwnProcess reads what this kernel really writes.
func TestOwnProcess(t *testing.T) {
	if n := anonymous(os.Getpid()); n < 100<<10 {
		t.Errorf("anonymous memory of this process = %d bytes", n)
	}
	if _, err := cpuTime(readText("/proc/self/stat")); err != nil {
		t.Error(err)
	}
	if _, _, err := (host{iface: "lo"}).bytes(); err != nil {
		t.Error(err)
	}
	if n, ok := kilobytes(readText("/proc/meminfo"), "MemAvailable"); !ok || n <= 0 {
		t.Errorf("MemAvailable = %d, %v", n, ok)
	}
}
