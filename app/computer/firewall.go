package computer

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Verdict says what a firewall does with traffic that others begin.
type Verdict string

const (
	Unknown Verdict = ""        // it could not be read
	Open    Verdict = "open"    // lets it in
	Maybe   Verdict = "maybe"   // depends on what was not understood
	Blocked Verdict = "blocked" // does not
)

// Ports are those that others must reach.
type Ports struct{ TCP, UDP uint16 }

// Firewall is one firewall of this computer that is on, or may be.
type Firewall struct {
	Name  string  // "ufw", "firewalld", "nftables", "iptables", "windows", "macos"
	On    bool    // false: whether it is cannot be seen
	TCP   Verdict // of [Ports]
	UDP   Verdict
	Where string // the part that decides: a chain, a zone, a profile; may be empty
	Open  string // the command that opens both ports; empty: none is known
}

// Worst returns the worse verdict of the two ports.
func (f Firewall) Worst() Verdict { return worse(f.TCP, f.UDP) }

// worse returns the verdict that matters more where both apply.
func worse(a, b Verdict) Verdict {
	order := []Verdict{Open, Unknown, Maybe, Blocked}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// Firewalls returns the firewalls of this computer that may matter for traffic to
// ports through these interfaces. It takes at most a few seconds.
func Firewalls(ctx context.Context, ports Ports, interfaces []string) []Firewall {
	return firewalls(ctx, ports, interfaces)
}

// each writes the two ports, %[1]s the protocol and %[2]d the port, and joins them.
func (p Ports) each(format, join string) string {
	return fmt.Sprintf(format, "tcp", p.TCP) + join + fmt.Sprintf(format, "udp", p.UDP)
}

// has reports whether a port or a range of ports, written as LOW:HIGH or LOW-HIGH, holds port.
func has(text string, port uint16) bool {
	low, high, ranged := strings.Cut(strings.ReplaceAll(text, ":", "-"), "-")
	if !ranged {
		high = low
	}
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	return err1 == nil && err2 == nil && from <= int(port) && int(port) <= to
}

// exists reports whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
