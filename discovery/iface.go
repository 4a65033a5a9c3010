package discovery

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// Skip says why an interface is not used. Empty means that it is.
type Skip string

const (
	SkipDown         Skip = "down"           // switched off, or no cable
	SkipLoopback     Skip = "loopback"       // used only where nothing else is
	SkipPointToPoint Skip = "point-to-point" // a tunnel: no neighbours there
	SkipNoGroup      Skip = "no-group"       // neither broadcast nor multicast
	SkipVirtual      Skip = "virtual"        // its name is that of a bridge, VPN or virtual machine
	SkipNoAddress    Skip = "no-address"     // nothing to send from yet
	SkipNotChosen    Skip = "not-chosen"     // not among [Config.Interfaces]
)

// virtualPrefixes begin the names of interfaces that lead to containers, virtual
// machines and tunnels, where no other person's computer is.
var virtualPrefixes = []string{
	"docker", "br-", "veth", "virbr", "vnet", "lxc", "lxd", "cni", "flannel", "cali", "podman",
	"vethernet", "vmnet", "vmware", "vboxnet", "virtualbox",
	"utun", "awdl", "llw", "tun", "tap", "wg", "tailscale", "ppp", "ipsec", "gif", "stf", "anpi",
}

// Interface is one network interface as last looked at.
type Interface struct {
	Name  string
	Index int
	Addrs []netip.Prefix // without zones
	Skip  Skip           // empty: used
	Err   error          // the last failure of a socket on it; nil after a success

	Loopback bool // leads nowhere else
}

// link is an interface that is used.
type link struct {
	ifi   net.Interface
	addrs []netip.Prefix // at least one; without zones
}

func (l link) loopback() bool { return l.ifi.Flags&net.FlagLoopback != 0 }

func (l link) hasIPv4() bool {
	return slices.ContainsFunc(l.addrs, func(p netip.Prefix) bool { return p.Addr().Is4() })
}

// zoned returns a with the zone that it needs on this link.
func (l link) zoned(a netip.Addr) netip.Addr {
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.WithZone(l.ifi.Name)
	}
	return a.WithZone("")
}

// has reports whether a neighbour on this link may have the address a.
func (l link) has(a netip.Addr) bool {
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.Zone() == l.ifi.Name || a.Zone() == fmt.Sprint(l.ifi.Index)
	}
	return slices.ContainsFunc(l.addrs, func(p netip.Prefix) bool { return p.Contains(a.WithZone("")) })
}

// broadcasts reports whether a reaches everybody on this link.
func (l link) broadcasts(a netip.Addr) bool {
	return a.Is4() && slices.ContainsFunc(l.addrs, func(p netip.Prefix) bool { return p.Addr().Is4() && directedBroadcast(p) == a })
}

// linkOf returns the link that the neighbour a is on.
func linkOf(links []link, a netip.Addr) (link, bool) {
	for _, l := range links {
		if l.has(a) {
			return l, true
		}
	}
	return link{}, false
}

// ownLink returns the link on which a is an address of this host.
func ownLink(links []link, a netip.Addr) (link, bool) {
	for _, l := range links {
		if l.has(a) && slices.ContainsFunc(l.addrs, func(p netip.Prefix) bool { return p.Addr() == a.WithZone("") }) {
			return l, true
		}
	}
	return link{}, false
}

// ownAddrs returns up to 8 addresses by which others reach this host, first
// those of the link named first and among them first the address first. IPv6
// link-local addresses of other links say nothing there and are left out.
func ownAddrs(links []link, name string, first netip.Addr) []netip.Addr {
	var near, far []netip.Addr
	for _, l := range links {
		for _, p := range l.addrs {
			switch a := p.Addr(); {
			case l.ifi.Name == name:
				near = append(near, a)
			case !l.loopback() && !a.IsLinkLocalUnicast():
				far = append(far, a)
			}
		}
	}
	slices.SortStableFunc(near, func(a, b netip.Addr) int {
		switch {
		case a == first.WithZone(""):
			return -1
		case b == first.WithZone(""):
			return 1
		}
		return 0
	})
	all := append(near, far...)
	return all[:min(len(all), maxListed)]
}

// listInterfaces returns every interface with the reason why it is not used. A
// loopback interface is used if it is chosen by name, or if nothing else is
// there. only is [Config.Interfaces]; empty means all that look like a network.
func listInterfaces(only []string) ([]Interface, []link, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, nil, fmt.Errorf("list interfaces: %w", err)
	}
	var list []Interface
	var links, loops []link
	for _, ifi := range all {
		raw, err := ifi.Addrs()
		if err != nil {
			continue // it vanished since it was listed
		}
		addrs := usableAddrs(raw)
		skip := judge(ifi, addrs, only)
		list = append(list, Interface{Name: ifi.Name, Index: ifi.Index, Addrs: addrs, Skip: skip,
			Loopback: ifi.Flags&net.FlagLoopback != 0})
		switch skip {
		case "":
			links = append(links, link{ifi, addrs})
		case SkipLoopback:
			loops = append(loops, link{ifi, addrs})
		}
	}
	if len(links) == 0 && len(only) == 0 {
		for i := range list {
			if list[i].Skip == SkipLoopback {
				list[i].Skip = ""
			}
		}
		links = loops
	}
	return list, links, nil
}

// judge decides about one interface. It does not decide whether a loopback
// interface is needed.
func judge(ifi net.Interface, addrs []netip.Prefix, only []string) Skip {
	chosen := slices.Contains(only, ifi.Name)
	name := strings.ToLower(ifi.Name)
	switch {
	case len(only) > 0 && !chosen:
		return SkipNotChosen
	case ifi.Flags&net.FlagUp == 0 || ifi.Flags&net.FlagRunning == 0:
		return SkipDown
	case len(addrs) == 0:
		return SkipNoAddress
	case chosen:
		return ""
	case ifi.Flags&net.FlagLoopback != 0:
		return SkipLoopback
	case ifi.Flags&net.FlagPointToPoint != 0:
		return SkipPointToPoint
	case ifi.Flags&(net.FlagBroadcast|net.FlagMulticast) == 0:
		return SkipNoGroup
	case slices.ContainsFunc(virtualPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }):
		return SkipVirtual
	}
	return ""
}

// usableAddrs converts what package net lists and leaves out what cannot be a source.
func usableAddrs(raw []net.Addr) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range raw {
		n, ok := r.(*net.IPNet)
		if !ok {
			continue
		}
		a, ok := netip.AddrFromSlice(n.IP)
		ones, _ := n.Mask.Size()
		if a = a.Unmap(); ok && !a.IsUnspecified() && !a.IsMulticast() {
			out = append(out, netip.PrefixFrom(a, ones))
		}
	}
	return out
}

// directedBroadcast returns the broadcast address of an IPv4 network. Networks
// without one (/31, /32) give 255.255.255.255.
func directedBroadcast(p netip.Prefix) netip.Addr {
	if p.Bits() >= 31 {
		return netip.AddrFrom4([4]byte{255, 255, 255, 255})
	}
	a := p.Addr().As4()
	for i := range a {
		if host := max(0, min(8, 8*(i+1)-p.Bits())); host > 0 {
			a[i] |= byte(1<<host - 1)
		}
	}
	return netip.AddrFrom4(a)
}
