package discovery

import (
	"crypto/ed25519"
	"net/netip"
	"time"
)

// receive takes in one datagram. What costs little is checked first, the
// signature last.
func (s *Service) receive(now time.Time, d datagram) {
	p, err := parsePacket(d.data)
	if err != nil {
		return
	}
	l, near := linkOf(s.net.links(), d.src.Addr())
	id := KeyID(ed25519.PublicKey(p.Key[:]))
	if id == s.id {
		s.heardSelf(p, d, near)
		return
	}
	solicited := p.Type == typeReply && s.probes.waitsFor(p.Echo)
	if !solicited {
		e := s.reg.entries[id]
		peer := e != nil && e.find(d.src.Addr()) != nil
		if !s.limit.allow(now, d.src.Addr(), peer) {
			return
		}
		if !near && p.Type != typeQuery && !peer {
			return // announcements stay on their link; only questions come from farther away
		}
	}
	if p.Type == typeAnnounce && s.cfg.Sources&Broadcast == 0 {
		return
	}
	if !verifyPacket(p, d.data) {
		return
	}
	if !near && p.Type == typeQuery && !s.reg.expects(id) {
		s.reply(now, d, sighting{packet: p, id: id}) // and nothing else: strangers are those of our own links
		return
	}
	sight := sighting{packet: p, id: id, src: d.src, source: Broadcast}
	if near {
		sight.iface = l.ifi.Name
	}
	if p.Type == typeQuery {
		sight.source = Contact
	}
	var answers sent
	if solicited {
		answers, _ = s.probes.answered(p.Echo)
		if who := answers.who; !near && who.source&(Cache|Gossip) != 0 && who.want != id {
			return // in another network only the one that was looked for counts
		}
		sight.asked, sight.rtt = answers.to, now.Sub(answers.at)
		if answers.who.source != 0 {
			sight.source = answers.who.source
		}
		sight.iface = ""
		if l, ok := linkOf(s.net.links(), answers.to.Addr()); ok {
			sight.iface = l.ifi.Name
		}
	}
	s.take(now, d, sight, answers.who)
}

// take acts on a datagram whose signature is right.
func (s *Service) take(now time.Time, d datagram, sight sighting, who candidate) {
	out := s.reg.heard(now, sight)
	s.heardBy(now, sight)
	for _, n := range out.news {
		s.log.Debug("peer", "why", n.why, "id", n.peer.ID.Short(), "name", n.peer.Name, "from", d.src)
	}
	s.board.post(out.news)
	s.consider(now, out.ask)
	if s.mdns != nil && sight.Type == typeAnnounce && sight.iface != "" {
		s.mdns.announced(now, sight.iface)
	}
	if e := s.reg.entries[sight.id]; e != nil && sight.solicited() && who.source != 0 {
		s.probes.settle(who, e.copy(), e.tcp)
	}
	switch {
	case s.self.Hidden:
	case sight.Type == typeQuery:
		s.reply(now, d, sight)
	case out.fresh && sight.Type == typeAnnounce && !s.self.Hidden:
		s.later = append(s.later, answer{now.Add(s.spread(50 * time.Millisecond)), d.src})
	}
	if out.fresh {
		s.plan.newcomer(now)
	}
}

// reply answers a question, from the socket that heard it and never with more
// bytes than it had. Who is hidden answers nothing. Only neighbours may examine the
// network with our help, and only where announcements are sent and heard.
func (s *Service) reply(now time.Time, d datagram, q sighting) {
	if s.self.Hidden {
		return
	}
	p := &packet{Type: typeReply, Echo: q.Nonce}
	if e := s.reg.entries[q.id]; q.Examine && q.iface != "" && s.cfg.Sources&Broadcast != 0 {
		p.Tells = true
		if e != nil {
			p.Hears = e.hearing.lately(now.Add(-hearsLately))
		}
		s.plan.examined(now)
	}
	data, err := s.packet(p, d.src.Addr())
	if err != nil || len(data) > len(d.data) {
		return
	}
	s.write(d.src, data, d.via)
}

// heardSelf looks at a datagram with our own key. Our own come back all the
// time, which is counted and shows that nothing on this host drops them; one of another
// run, from another computer, means that somebody copied the profile.
func (s *Service) heardSelf(p *packet, d datagram, near bool) {
	l, own := ownLink(s.net.links(), d.src.Addr())
	if own && p.Epoch == s.cfg.Epoch {
		s.heardOwn(p, l)
	}
	if s.cloneErr != nil || own || !near || p.Epoch == s.cfg.Epoch || !verifyPacket(p, d.data) {
		return
	}
	s.cloneErr = ErrCopied
	s.showTrouble()
}

// packet signs p with what is announced about this device; to is where it goes, or invalid.
func (s *Service) packet(p *packet, to netip.Addr) ([]byte, error) {
	l, _ := linkOf(s.net.links(), to)
	s.seq++
	return s.sign(p, ownAddrs(s.net.links(), l.ifi.Name, netip.Addr{}))
}

func (s *Service) sign(p *packet, addrs []netip.Addr) ([]byte, error) {
	copy(p.Key[:], s.key.Public().(ed25519.PublicKey))
	p.Name, p.TCPPort, p.Proto, p.Caps = s.self.Name, s.self.TCPPort, s.self.Proto, s.self.Caps
	p.Epoch, p.Seq, p.UDPPort, p.Period, p.Addrs = s.cfg.Epoch, s.seq, s.net.ownPort(), s.period(), addrs
	return p.encode(s.key)
}

// announce sends p's type to everybody. All copies have the same sequence
// number, whatever address they leave from.
func (s *Service) announce(kind packetType, round int) {
	s.seq++
	tried := s.net.announce(round, func(l link, from netip.Addr, by Carrier, all CarrierSet) ([]byte, error) {
		return s.sign(&packet{Type: kind, Way: by.set(), Ways: all}, ownAddrs(s.net.links(), l.ifi.Name, from))
	})
	s.ledger.left(s.cfg.Now(), tried)
	s.log.Debug("announced", "type", kind, "round", round, "tried", len(tried))
}

// ask sends a question.
func (s *Service) ask(now time.Time, q sent) {
	n := s.probes.question(now, q)
	if s.self.Hidden {
		s.askHidden(q.to, n)
		return
	}
	s.send(q.to, nil, &packet{Type: typeQuery, Nonce: n})
}

func (s *Service) send(to netip.AddrPort, via *conn, p *packet) {
	data, err := s.packet(p, to.Addr())
	if err != nil {
		s.log.Warn("cannot make a datagram", "err", err)
		return
	}
	s.write(to, data, via)
}

func (s *Service) write(to netip.AddrPort, data []byte, via *conn) {
	if err := s.net.send(to, data, via); err != nil {
		s.log.Debug("cannot send", "to", to, "err", err)
	}
}

// maxByes bounds the goodbyes that are said to single peers.
const maxByes = 256

// sayBye tells everybody that we leave, twice because nobody confirms it. Peers
// hear it by themselves where they may not hear broadcasts. Who is hidden was not here.
func (s *Service) sayBye() {
	if s.self.Hidden {
		return
	}
	for range 2 {
		if s.cfg.Sources&Broadcast != 0 {
			s.announce(typeBye, -1)
		}
		n := 0
		for _, e := range s.reg.entries {
			if e.gone || s.cfg.Sources&Broadcast != 0 && len(e.peer.Addrs) > 0 && e.peer.Addrs[0].Source == Broadcast {
				continue
			}
			for _, a := range e.peer.Addrs[:min(len(e.peer.Addrs), 2)] {
				if a.UDP != 0 {
					s.send(netip.AddrPortFrom(a.Addr(), a.UDP), nil, &packet{Type: typeBye})
				}
			}
			if n++; n == maxByes {
				break
			}
		}
	}
}
