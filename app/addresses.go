package app

import (
	"errors"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"time"
)

// addressesEvery is how often the addresses of this device are looked at.
const addressesEvery = 5 * time.Second

// watchAddresses keeps Me.Addresses true until Close.
func (a *App) watchAddresses() {
	tick := time.NewTicker(addressesEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.mu.Lock()
			a.refreshMe()
			a.mu.Unlock()
		case <-a.ctx.Done():
			return
		}
	}
}

// refreshMe recomputes Me and tells what changed. The caller holds mu.
func (a *App) refreshMe() {
	me := a.me
	me.Name, me.Folder, me.Discovery = a.name(), a.folder(), a.searchMode()
	me.setVisible(a.visibility())
	me.Listening, me.Addresses = "", nil
	if a.network.port != 0 {
		me.Addresses = a.ownAddresses()
		me.Listening = me.Addresses[0]
	}
	if reflect.DeepEqual(me, a.me) {
		return
	}
	a.me = me
	if a.node != nil {
		a.node.SetSelf(a.self())
		a.admit()
	}
	if a.network.search != nil {
		a.network.search.SetSelf(a.announcement())
	}
	a.emit(Event{Kind: EventMe, Me: &me})
}

// ownAddresses returns where others reach us, best first: IPv4, then IPv6, then
// link-local; loopback only if there is nothing else. It is never empty.
func (a *App) ownAddresses() []string {
	local := a.network.local
	if local == nil {
		local = systemAddresses
	}
	addrs, _ := local() // without any, loopback is left
	rank := func(ip netip.Addr) int {
		switch {
		case ip.IsLoopback():
			return 3
		case ip.IsLinkLocalUnicast():
			return 2
		case ip.Is4():
			return 0
		}
		return 1
	}
	slices.SortStableFunc(addrs, func(x, y netip.Addr) int { return rank(x) - rank(y) })
	var out []string
	for _, ip := range addrs {
		if !ip.IsLoopback() && len(out) < 16 {
			out = append(out, netip.AddrPortFrom(ip, a.network.port).String())
		}
	}
	if len(out) == 0 {
		out = []string{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.network.port).String()}
	}
	return out
}

// systemAddresses returns the unicast addresses of the interfaces that are up.
func systemAddresses() ([]netip.Addr, error) {
	interfaces, err := net.Interfaces()
	var out []netip.Addr
	for _, ifi := range interfaces {
		addrs, addrErr := ifi.Addrs()
		err = errors.Join(err, addrErr)
		if ifi.Flags&net.FlagUp == 0 {
			continue
		}
		for _, addr := range addrs {
			prefix, parseErr := netip.ParsePrefix(addr.String())
			if parseErr != nil {
				continue
			}
			ip := prefix.Addr().Unmap()
			if ip.Is6() && ip.IsLinkLocalUnicast() {
				ip = ip.WithZone(ifi.Name)
			}
			out = append(out, ip)
		}
	}
	return out, err
}
