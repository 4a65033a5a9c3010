package discovery

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// openShared opens the sockets that do not depend on links.
func (s *sockets) openShared() (errs []error) {
	open := func(at **conn, network string, port uint16, shared bool) {
		if *at != nil && (*at).broken.Load() {
			(*at).Close()
			*at = nil
			if shared {
				clear(s.joined)
			}
		}
		if *at != nil {
			return
		}
		c, err := s.listen(network, fmt.Sprintf(":%d", port), shared)
		switch {
		case err != nil && shared:
			err = fmt.Errorf("%w: %w", ErrPortTaken, err)
			fallthrough
		case err != nil:
			errs = append(errs, err)
		default:
			*at = c
		}
	}
	open(&s.own, "udp", 0, false)
	open(&s.rx4, "udp4", s.port, true)
	if slices.ContainsFunc(s.used, func(l link) bool { return slices.ContainsFunc(l.addrs, is6) }) {
		open(&s.rx6, "udp6", s.port, true)
	}
	return errs
}

func is6(p netip.Prefix) bool { return p.Addr().Is6() }

// openLinks makes the sockets and memberships match the links.
func (s *sockets) openLinks() (errs []error) {
	wantTx, wantJoin := map[txKey]bool{}, map[joinKey]bool{}
	clear(s.errs)
	for _, l := range s.used {
		for _, p := range senders(l) {
			key := txKey{l.ifi.Index, p}
			wantTx[key] = true
			if err := s.openTx(key, l); err != nil {
				s.errs[l.ifi.Name] = err
				errs = append(errs, err)
			}
		}
		for _, v6 := range []bool{false, true} {
			if !s.group || !slices.ContainsFunc(l.addrs, func(p netip.Prefix) bool { return is6(p) == v6 }) {
				continue
			}
			key := joinKey{l.ifi.Index, v6}
			wantJoin[key] = true
			// A link without multicast is not a failure: broadcasts are heard there.
			if err := s.join(key, l); err != nil && l.ifi.Flags&net.FlagMulticast != 0 {
				s.errs[l.ifi.Name] = err
				errs = append(errs, err)
			}
		}
	}
	for key, c := range s.tx {
		if !wantTx[key] {
			c.Close()
			delete(s.tx, key)
		}
	}
	for key := range s.joined {
		if !wantJoin[key] {
			s.leave(key)
		}
	}
	return errs
}

// senders returns the addresses of a link to announce from: up to four IPv4
// ones, and one IPv6 address, link-local if there is one.
func senders(l link) []netip.Prefix {
	var out []netip.Prefix
	var six netip.Prefix
	for _, p := range l.addrs {
		switch {
		case p.Addr().Is4() && len(out) < 4:
			out = append(out, p)
		case p.Addr().Is6() && (!six.IsValid() || p.Addr().IsLinkLocalUnicast() && !six.Addr().IsLinkLocalUnicast()):
			six = p
		}
	}
	if six.IsValid() {
		out = append(out, six)
	}
	return out
}

// openTx opens the socket of one address, if it is not open already.
func (s *sockets) openTx(key txKey, l link) error {
	if c := s.tx[key]; c != nil {
		if !c.broken.Load() {
			c.link = l
			return nil
		}
		c.Close()
		delete(s.tx, key)
	}
	network, a := "udp4", l.zoned(key.addr.Addr())
	if a.Is6() {
		network = "udp6"
	}
	c, err := s.listenOn(network, netip.AddrPortFrom(a, 0).String(), false, l, key.addr)
	if err != nil {
		return fmt.Errorf("send on %s from %v: %w", l.ifi.Name, a, err)
	}
	// Where a link has no multicast these fail, and so does sending later; broadcasts remain.
	if a.Is4() {
		p := ipv4.NewPacketConn(c)
		_ = p.SetMulticastInterface(&l.ifi)
		_ = p.SetMulticastTTL(1)
		_ = p.SetMulticastLoopback(true)
	} else {
		p := ipv6.NewPacketConn(c)
		_ = p.SetMulticastInterface(&l.ifi)
		_ = p.SetMulticastHopLimit(1)
		_ = p.SetMulticastLoopback(true)
	}
	s.tx[key] = c
	return nil
}

func (s *sockets) join(key joinKey, l link) (err error) {
	rx := s.rx4
	if key.v6 {
		rx = s.rx6
	}
	if rx == nil || s.joined[key] {
		return nil
	}
	if key.v6 {
		err = ipv6.NewPacketConn(rx).JoinGroup(&l.ifi, &net.UDPAddr{IP: group6.AsSlice()})
	} else {
		err = ipv4.NewPacketConn(rx).JoinGroup(&l.ifi, &net.UDPAddr{IP: group4.AsSlice()})
	}
	if err != nil {
		return fmt.Errorf("listen to the group on %s: %w", l.ifi.Name, err)
	}
	s.joined[key] = true
	return nil
}

// leave gives up a membership; the interface may be gone already.
func (s *sockets) leave(key joinKey) {
	delete(s.joined, key)
	ifi := &net.Interface{Index: key.index}
	if key.v6 && s.rx6 != nil {
		_ = ipv6.NewPacketConn(s.rx6).LeaveGroup(ifi, &net.UDPAddr{IP: group6.AsSlice()})
	} else if !key.v6 && s.rx4 != nil {
		_ = ipv4.NewPacketConn(s.rx4).LeaveGroup(ifi, &net.UDPAddr{IP: group4.AsSlice()})
	}
}

func (s *sockets) listen(network, address string, shared bool) (*conn, error) {
	return s.listenOn(network, address, shared, link{}, netip.Prefix{})
}

// listenOn opens a socket and starts its reader.
func (s *sockets) listenOn(network, address string, shared bool, l link, p netip.Prefix) (*conn, error) {
	var lc net.ListenConfig
	if shared {
		lc.Control = shareAddress
	}
	pc, err := lc.ListenPacket(context.Background(), network, address) // never blocks: there is no name to resolve
	if err != nil {
		return nil, err
	}
	c := &conn{UDPConn: pc.(*net.UDPConn), link: l, prefix: p}
	s.wg.Add(1)
	go s.read(c)
	return c, nil
}
