package vlantest

import (
	"net/netip"
	"os/exec"
	"strconv"
)

// Join puts a router between two networks with different [Options.Net]: what goes to one
// address passes it in both directions, broadcasts and multicasts do not.
func (l *LAN) Join(other *LAN) {
	l.t.Helper()
	if l.opts.Net == other.opts.Net {
		l.t.Fatal("two networks with the same addresses cannot be joined")
	}
	router := l.prefix + "-router"
	l.must("ip", "netns", "add", router)
	l.t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", router).CombinedOutput(); err != nil {
			l.t.Errorf("remove the router: %v: %s", err, out)
		}
	})
	for i, side := range []*LAN{l, other} {
		name, port := "eth"+strconv.Itoa(i), "router"
		l.must("ip", "-n", side.switchNS(), "link", "add", port, "type", "veth", "peer", "name", name, "netns", router)
		l.must("ip", "-n", side.switchNS(), "link", "set", port, "master", "br0", "up")
		l.must("ip", "-n", router, "link", "set", name, "up")
		l.must("ip", "-n", router, "addr", "add", side.gateway().String()+"/24", "dev", name)
	}
	l.must("ip", "netns", "exec", router, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
}

// gateway is the address to which hosts send what leaves their network.
func (l *LAN) gateway() netip.Addr { return l.Addr(254) }
