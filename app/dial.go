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
func (p *person) dial() (addrs []netip.AddrPort) {
	for _, a := range p.addresses() {
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
