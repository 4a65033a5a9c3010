package computer

import (
	"net"
	"net/netip"
)

// internet are addresses that no network has: packets to them would take the way to
// everywhere else.
var internet = []string{"192.0.2.1:9", "[2001:db8::1]:9"}

// DefaultInterface returns the interface by which packets leave to the Internet, false if
// there is none. It asks the system's own routing, which rules of VPNs are part of, by
// opening sockets that send nothing.
func DefaultInterface() (net.Interface, bool) {
	for _, to := range internet {
		conn, err := net.Dial("udp", to)
		if err != nil {
			continue
		}
		from, err := netip.ParseAddrPort(conn.LocalAddr().String())
		conn.Close()
		if err != nil {
			continue
		}
		if ifi, ok := interfaceOf(from.Addr().Unmap().WithZone("")); ok {
			return ifi, true
		}
	}
	return net.Interface{}, false
}

// interfaceOf returns the interface that has an address.
func interfaceOf(a netip.Addr) (net.Interface, bool) {
	all, err := net.Interfaces()
	if err != nil {
		return net.Interface{}, false
	}
	for _, ifi := range all {
		addrs, err := ifi.Addrs()
		if err != nil {
			continue
		}
		for _, addr := range addrs {
			if p, err := netip.ParsePrefix(addr.String()); err == nil && p.Addr().Unmap() == a {
				return ifi, true
			}
		}
	}
	return net.Interface{}, false
}
