package vlantest

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Rate makes host's cable carry at most so many bits in a second, in each direction;
// 0 takes the limit away. Up to 50 ms of traffic wait in each queue, as in a switch.
// It skips the test where the kernel cannot do that.
func (l *LAN) Rate(host int, bits int64) {
	l.t.Helper()
	l.RateQueue(host, bits, 50*time.Millisecond)
}

// RateQueue is [LAN.Rate] with queues of another length, such as the seconds of a modem.
func (l *LAN) RateQueue(host int, bits int64, queue time.Duration) {
	l.t.Helper()
	for _, end := range []struct{ ns, dev string }{{l.Namespace(host), "eth0"}, {l.switchNS(), port(host)}} {
		if bits == 0 {
			l.must("tc", "-n", end.ns, "qdisc", "del", "dev", end.dev, "root")
			continue
		}
		burst := max(bits/8/200, 4000) // bytes that pass at once: 5 ms of them, and no less than a packet
		out, err := exec.Command("tc", "-n", end.ns, "qdisc", "replace", "dev", end.dev, "root", "tbf",
			"rate", strconv.FormatInt(bits, 10), "burst", strconv.FormatInt(burst, 10), "latency", fmt.Sprintf("%dms", queue.Milliseconds())).CombinedOutput()
		if err != nil {
			l.t.Skipf("cannot limit the rate of a link here: tc: %v: %s", err, out)
		}
	}
}

// Traffic returns how many bytes host has taken in and put out over eth0, with all
// headers, since it was connected.
func (l *LAN) Traffic(host int) (in, out int64) {
	l.t.Helper()
	var text []byte
	var err error
	l.Enter(host, func() { text, err = os.ReadFile("/proc/thread-self/net/dev") })
	if err == nil {
		in, out, err = counters(string(text), "eth0")
	}
	if err != nil {
		l.t.Fatalf("traffic of host %d: %v", host, err)
	}
	return in, out
}

// counters finds the bytes of one interface in the text of /proc/net/dev.
func counters(text, dev string) (in, out int64, err error) {
	for line := range strings.Lines(text) {
		name, numbers, _ := strings.Cut(line, ":")
		columns := strings.Fields(numbers)
		if strings.TrimSpace(name) != dev || len(columns) < 9 {
			continue
		}
		if in, err = strconv.ParseInt(columns[0], 10, 64); err != nil {
			return 0, 0, err
		}
		out, err = strconv.ParseInt(columns[8], 10, 64)
		return in, out, err
	}
	return 0, 0, fmt.Errorf("no counters of %s", dev)
}
