package app

import (
	"net/netip"
	"slices"

	"yonder/transfer"
)

// addresses returns where p can be dialled, best first: what the search says, where
// an open session leads, where the key was proved before.
func (p *person) addresses() (all []Address) {
	add := func(addr Address) {
		if !slices.ContainsFunc(all, func(x Address) bool { return x.Addr == addr.Addr }) {
			all = append(all, addr)
		}
	}
	for _, addr := range p.found {
		add(addr)
	}
	for _, s := range slices.Backward(p.sessions) {
		if at, ok := listens(s.Peer()); ok {
			add(Address{Addr: at.String(), Source: "session"})
		}
	}
	for _, place := range p.rec.Addresses {
		source := "remembered"
		if place.Manual {
			source = "manual"
		}
		add(Address{Addr: place.Addr, Source: source})
	}
	return all
}

// dial returns the addresses of p in the form for dialling.
func (p *person) dial() []netip.AddrPort { return ports(p.addresses()) }

// search returns where the search should ask for p at its start: where they were last, then
// where their key was proved.
func (p *person) search() (addrs []netip.AddrPort) {
	for _, text := range p.rec.Hints {
		if at, err := netip.ParseAddrPort(text); err == nil {
			addrs = append(addrs, at)
		}
	}
	for _, at := range p.dial() {
		if !slices.Contains(addrs, at) {
			addrs = append(addrs, at)
		}
	}
	return addrs
}

// maxHints is how many are remembered of one person.
const maxHints = 2

// hint notes where the search last found p, or where they said that they listen. Nothing is
// proved by it. It reports whether that changed anything.
func (p *person) hint(addrs ...netip.AddrPort) bool {
	var hints []string
	for _, at := range addrs {
		ip := at.Addr()
		if at.IsValid() && at.Port() != 0 && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && len(hints) < maxHints {
			hints = append(hints, at.String())
		}
	}
	if len(hints) == 0 || slices.Equal(hints, p.rec.Hints) {
		return false
	}
	p.rec.Hints = hints
	return true
}

// ports returns addresses in the form for dialling.
func ports(addresses []Address) (addrs []netip.AddrPort) {
	for _, a := range addresses {
		if at, err := netip.ParseAddrPort(a.Addr); err == nil && at.Port() != 0 {
			addrs = append(addrs, at)
		}
	}
	return addrs
}

// listens returns where the peer of a session takes connections, false if nowhere.
func listens(peer transfer.Peer) (netip.AddrPort, bool) {
	addr := netip.AddrPortFrom(peer.Addr.Addr().Unmap(), peer.Addr.Port())
	if peer.Dialled {
		return addr, addr.IsValid()
	}
	return netip.AddrPortFrom(addr.Addr(), peer.Port), addr.IsValid() && peer.Port != 0
}
