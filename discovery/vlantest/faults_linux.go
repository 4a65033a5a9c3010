package vlantest

import (
	"fmt"
	"strconv"
)

// What a network does to single packets. Each of these takes the place of the [LAN.Filter]
// of its host.

// PacketLoss has host lose percent of everything that reaches it; 0 undoes it.
func (l *LAN) PacketLoss(host, percent int) {
	l.t.Helper()
	if percent == 0 {
		l.Filter(host, "")
		return
	}
	l.SinglePackets()
	l.Filter(host, fmt.Sprintf("numgen random mod 100 <= %d counter drop", percent-1))
}

// Swallow loses packets to host that are longer than size bytes, headers of IP included, and
// tells nobody, as a path does that has a narrower part and no ICMP; 0 undoes it.
func (l *LAN) Swallow(host, size int) {
	l.t.Helper()
	if size == 0 {
		l.Filter(host, "")
		return
	}
	l.SinglePackets()
	l.Filter(host, fmt.Sprintf("meta length > %d counter drop", size))
}

// Damage changes one byte in some of thousand packets that reach host, behind all checks of
// network and transport: what arrives counts as right. 0 undoes it.
func (l *LAN) Damage(host, ofThousand int) {
	l.t.Helper()
	if ofThousand == 0 {
		l.Filter(host, "")
		return
	}
	l.Filter(host, fmt.Sprintf("meta length > 160 numgen random mod 1000 <= %d @th,800,8 set 0xa5 counter", ofThousand-1))
}

// Reset answers everything that host gets over TCP with a reset; false undoes it.
func (l *LAN) Reset(host int, on bool) {
	l.t.Helper()
	rule := ""
	if on {
		rule = "meta l4proto tcp counter reject with tcp reset"
	}
	l.Filter(host, rule)
}

// Duplicate brings a second copy to one host of everything that another one sends, from
// now on.
func (l *LAN) Duplicate(from, to int) {
	l.t.Helper()
	l.must("ip", "netns", "exec", l.switchNS(), "nft",
		fmt.Sprintf(`table netdev vlantest%d { chain in { type filter hook ingress device %q priority 0; dup to %q; }; }`, from, port(from), port(to)))
}

// MTU sets the size of the largest packet that host sends and takes.
func (l *LAN) MTU(host, size int) {
	l.t.Helper()
	l.IP(host, "link", "set", "dev", "eth0", "mtu", strconv.Itoa(size))
}

// Masquerade gives host's connections other ports on the network, as a router does that
// translates addresses. [LAN.Rebind] makes it forget them.
func (l *LAN) Masquerade(host int) {
	l.t.Helper()
	l.must("ip", "netns", "exec", l.Namespace(host), "nft",
		`table ip vlantestnat { chain out { type nat hook postrouting priority 100; oifname "eth0" meta l4proto tcp masquerade random; }; }`)
}

// Rebind makes the connections of a masqueraded host go on from other ports than before.
func (l *LAN) Rebind(host int) {
	l.t.Helper()
	l.IP(host, "link", "set", "dev", "eth0", "down") // forgets what is translated to its address
	l.IP(host, "link", "set", "dev", "eth0", "up")
	if !l.opts.NoRoutes {
		l.IP(host, "route", "add", "default", "via", "10.77.0.254", "dev", "eth0")
	}
}

// SinglePackets has all hosts send packets as a wire carries them. They would else hand
// many of them to each other as one, of which a slow [LAN.Rate] drops most.
func (l *LAN) SinglePackets() {
	for i := 1; i <= l.hosts; i++ {
		l.IP(i, "link", "set", "dev", "eth0", "gso_max_segs", "1")
	}
}
