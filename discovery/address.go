package discovery

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// maxAddrs is how many addresses of one peer are kept.
const maxAddrs = 8

// find returns the entry's address a, or nil.
func (e *entry) find(a netip.Addr) *Addr {
	for i := range e.peer.Addrs {
		if e.peer.Addrs[i].Addr() == a {
			return &e.peer.Addrs[i]
		}
	}
	return nil
}

// meet notes that the peer was heard from, or answered at, a. It reports
// whether what is shown about addresses changed.
func (e *entry) meet(now time.Time, a netip.AddrPort, udp uint16, source Source, iface string) bool {
	if at := e.find(a.Addr()); at != nil {
		changed := at.UDP != udp && udp != 0 || at.Iface != iface || at.Port() != a.Port()
		at.AddrPort, at.Iface, at.LastOK, at.named, at.failed = a, iface, now, now, time.Time{}
		if udp != 0 {
			at.UDP = udp
		}
		return e.sort() || changed
	}
	if len(e.peer.Addrs) == maxAddrs { // the one that was named longest ago makes room
		old := slices.MinFunc(e.peer.Addrs, func(x, y Addr) int { return x.named.Compare(y.named) })
		e.drop(func(x Addr) bool { return x.Addr() == old.Addr() })
	}
	e.peer.Addrs = append(e.peer.Addrs, Addr{
		AddrPort: a, UDP: udp, Source: source, Iface: iface, LastOK: now, added: now, named: now,
	})
	e.sort()
	return true
}

// answered notes how long the answer from a took.
func (e *entry) answered(now time.Time, a netip.Addr, rtt time.Duration) {
	if at := e.find(a); at != nil {
		at.RTT, at.LastOK = max(rtt, time.Nanosecond), now
		e.sort()
	}
}

// named goes through the addresses that the peer gives itself: those that we
// have stay fresh, the others are returned to be asked.
func (e *entry) named(now time.Time, s sighting) (ask []candidate) {
	for _, a := range s.Addrs {
		if at := e.find(a); at != nil {
			at.named = now
			continue
		}
		if a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.IsLinkLocalUnicast() || len(e.peer.Addrs) == maxAddrs {
			continue
		}
		ask = append(ask, candidate{addr: a, udp: s.UDPPort, source: Listed, want: s.id})
	}
	return ask
}

// expire removes addresses that the peer has not been heard from and has not
// named since before, but never the last one. It reports whether there were any.
func (e *entry) expire(before time.Time) bool {
	newest := time.Time{}
	for _, a := range e.peer.Addrs {
		if a.named.After(newest) {
			newest = a.named
		}
	}
	return e.drop(func(a Addr) bool { return a.named.Before(before) && a.named.Before(newest) })
}

func (e *entry) drop(which func(Addr) bool) bool {
	n := len(e.peer.Addrs)
	e.peer.Addrs = slices.DeleteFunc(e.peer.Addrs, which)
	return len(e.peer.Addrs) != n
}

// sort puts the addresses into the order in which they should be dialled and
// reports whether that changed anything.
func (e *entry) sort() bool {
	if slices.IsSortedFunc(e.peer.Addrs, better) {
		return false
	}
	slices.SortStableFunc(e.peer.Addrs, better)
	return true
}

// better compares addresses: working before failed, on our own link before
// elsewhere, routable before link-local, quick before slow, old before new.
func better(a, b Addr) int {
	return cmp.Or(
		boolCompare(a.failed.IsZero(), b.failed.IsZero()),
		boolCompare(a.Iface != "", b.Iface != ""),
		boolCompare(!a.Addr().IsLinkLocalUnicast(), !b.Addr().IsLinkLocalUnicast()),
		cmp.Compare(speed(a.RTT), speed(b.RTT)),
		a.added.Compare(b.added),
		a.Addr().Compare(b.Addr()),
	)
}

// boolCompare puts true first.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// speed puts round trips into classes, so that noise does not change the order.
// Addresses that were never asked stand with the quick ones.
func speed(rtt time.Duration) int {
	switch {
	case rtt < 10*time.Millisecond:
		return 0
	case rtt < 50*time.Millisecond:
		return 1
	case rtt < 250*time.Millisecond:
		return 2
	}
	return 3
}
