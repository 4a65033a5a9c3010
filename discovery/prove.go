package discovery

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// proveSilent tries the proof that ends the check of a silent peer.
func (s *Service) proveSilent(q question) {
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, proveLimit)
		defer cancel()
		begun := s.cfg.Now()
		id, err := s.cfg.Prove(ctx, q.to, &q.id)
		s.order(func() {
			if err != nil || id != q.id {
				s.reg.unproved(q.id)
				return
			}
			s.proved(id, q.to, Contact, begun)
		})
	})
}

// proveCandidate tries the proof for an address that did not answer a question.
func (s *Service) proveCandidate(c candidate) {
	limit := 1500 * time.Millisecond
	if c.source == Manual {
		limit = 5 * time.Second
	}
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, limit)
		defer cancel()
		var want *ID
		if !c.want.IsZero() {
			want = &c.want
		}
		begun, at := s.cfg.Now(), netip.AddrPortFrom(c.addr, c.tcp)
		id, err := s.cfg.Prove(ctx, at, want)
		s.order(func() {
			switch {
			case err == nil && id == s.id:
				err = errors.New("that is this device itself")
			case err == nil && want != nil && id != *want:
				err = &WrongPeerError{*want, id, at}
			}
			var peer Peer
			if err == nil {
				peer = s.proved(id, at, c.source, begun)
			}
			s.probes.proofEnded(c, peer, err)
		})
	})
}

// proved enters a proof into the registry.
func (s *Service) proved(id ID, at netip.AddrPort, source Source, begun time.Time) Peer {
	now, iface := s.cfg.Now(), ""
	if l, ok := linkOf(s.net.links(), at.Addr()); ok {
		iface = l.ifi.Name
	}
	s.board.post(s.reg.proved(now, id, at, source, iface, now.Sub(begun)))
	return s.reg.entries[id].copy()
}
