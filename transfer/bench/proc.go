//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat: USER_HZ is 100 wherever Go runs.
const tick = 10 * time.Millisecond

// cpuTime returns the processor time in the text of /proc/PID/stat.
func cpuTime(stat string) (time.Duration, error) {
	// The second field is the name, in parentheses, and may hold anything.
	_, rest, ok := cutLast(stat, ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("stat %q is not understood", stat)
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, the 14th and 15th of all
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// kilobytes returns a field such as "RssAnon:     1234 kB" of /proc/PID/status or
// /proc/meminfo in bytes. A process that is ending has no RssAnon.
func kilobytes(text, field string) (bytes int64, ok bool) {
	for line := range strings.Lines(text) {
		rest, is := strings.CutPrefix(line, field+":")
		if !is {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		return n << 10, err == nil
	}
	return 0, false
}

// interfaceBytes returns what an interface received and sent, from the text of /proc/net/dev.
func interfaceBytes(text, name string) (received, sent int64, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		iface, rest, ok := strings.Cut(lines.Text(), ":")
		fields := strings.Fields(rest)
		if !ok || strings.TrimSpace(iface) != name || len(fields) < 9 {
			continue
		}
		if received, err = strconv.ParseInt(fields[0], 10, 64); err == nil {
			sent, err = strconv.ParseInt(fields[8], 10, 64)
		}
		return received, sent, err
	}
	return 0, 0, fmt.Errorf("there is no interface %s", name)
}

// family returns pid and its descendants. Those that a thread other than the main one
// started are not seen; programs of one thread alone, such as rsync and scp, have some.
func family(pid int) []int {
	pids := []int{pid}
	for i := 0; i < len(pids); i++ {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pids[i], pids[i])) // it may have ended
		for _, field := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(field); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// anonymous returns the memory of a process that is its own, in bytes; 0 if it has ended.
func anonymous(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	n, _ := kilobytes(string(text), "RssAnon")
	return n
}
