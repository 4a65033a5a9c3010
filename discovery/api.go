package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// Events returns the peers that are there as Up events, then every change. The channel is closed when
// ctx or Run ends. A slow reader misses steps between, never the latest state.
func (s *Service) Events(ctx context.Context) <-chan Event {
	out := make(chan Event)
	s.endLock.Lock()
	defer s.endLock.Unlock()
	if s.ended {
		close(out)
		return out
	}
	r := s.board.subscribe()
	s.wg.Go(func() { s.board.serve(ctx, r, out, s.done) })
	return out
}

// Peers returns the peers that are there, in the order in which they were found.
func (s *Service) Peers() []Peer { return s.board.peers() }

// SetSelf changes what is announced and announces it. Who becomes hidden says goodbye.
func (s *Service) SetSelf(self Self) {
	s.order(func() {
		if self.Hidden != s.self.Hidden {
			s.hide(self.Hidden)
		}
		s.setSelf(self)
		s.plan.begin(s.cfg.Now())
	})
}

// Refresh looks for peers with force: the user wants to see somebody.
func (s *Service) Refresh() {
	s.order(func() { s.refresh(s.cfg.Now()); s.renew(s.cfg.Now()) })
}

// Know keeps a device from being evicted, as if it had been in [Config.Cache].
func (s *Service) Know(id ID) { s.order(func() { s.reg.known[id] = true }) }

// Suggest has id asked at TCP addresses where somebody trusted says that it is, unless it is
// known to be at them. The first four count. Nothing is believed but its own answer.
func (s *Service) Suggest(id ID, addrs []netip.AddrPort) {
	addrs = slices.Clone(addrs[:min(len(addrs), maxSuggested)])
	s.order(func() {
		var list []candidate
		for _, a := range addrs {
			list = append(list, candidate{addr: a.Addr().Unmap(), tcp: a.Port(), source: Gossip, want: id})
		}
		s.consider(s.cfg.Now(), s.missing(list))
	})
}

const maxSuggested = 4 // addresses of one device

// Report tells what a session layer found out about a peer by connecting to a.
// For incoming connections the port of a says nothing and is not used.
func (s *Service) Report(id ID, a netip.AddrPort, o Outcome) {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	s.order(func() { s.board.post(s.reg.report(s.cfg.Now(), id, a, o)) })
}

// Probe looks for a peer at "host", "host:port" or "[v6%zone]:port"; port is that of TCP. With want, only
// that device counts. The peer it returns is listed from then on, if it takes connections. Errors
// wrap [ErrNoAnswer], [ErrNotRunning], a [*WrongPeerError], a [*net.DNSError] or what ctx says.
func (s *Service) Probe(ctx context.Context, addr string, want *ID) (Peer, error) {
	host, port, strict, err := splitAddr(addr, s.cfg.Port)
	if err != nil {
		return Peer{}, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return Peer{}, fmt.Errorf("look up %q: %w", host, err)
	}
	w := &waiter{done: make(chan probed, 1)}
	ask := func() {
		now := s.cfg.Now()
		for _, ip := range ips[:min(len(ips), maxAddrs)] {
			c := candidate{addr: ip.Unmap(), tcp: port, source: Manual, strict: strict}
			if want != nil {
				c.want = *want
			}
			if l, ok := linkOf(s.net.links(), c.addr); ok {
				c.iface = l.ifi.Name
			}
			s.probes.add(now, c, w)
		}
	}
	select {
	case s.posts <- ask:
	case <-s.done:
		return Peer{}, ErrNotRunning
	case <-ctx.Done():
		return Peer{}, ctx.Err()
	}
	select {
	case r := <-w.done:
		return r.peer, r.err
	case <-s.done:
		return Peer{}, ErrNotRunning
	case <-ctx.Done():
		return Peer{}, ctx.Err()
	}
}

// splitAddr reads "host", "host:port", an IP address or "[ip]:port". strict says that a port was given.
func splitAddr(addr string, usual uint16) (host string, port uint16, strict bool, err error) {
	if ip, err := netip.ParseAddr(addr); err == nil {
		return ip.String(), usual, false, nil
	}
	host, text, err := net.SplitHostPort(addr)
	if err != nil { // no port; anything else wrong with it shows when it is looked up
		return addr, usual, false, emptyHost(addr)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, false, fmt.Errorf("address %q: the port must be 1 to 65535", addr)
	}
	return host, uint16(n), true, emptyHost(host)
}

func emptyHost(host string) error {
	if host == "" {
		return errors.New("address: the host is missing")
	}
	return nil
}
