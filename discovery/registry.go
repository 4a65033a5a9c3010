package discovery

import (
	"net/netip"
	"slices"
	"time"
)

// Limits of the registry. Known ids and those with an open session count
// towards none of them and are never evicted.
const (
	maxStrangers = 1024 // ids, departed ones included
	maxPerSource = 16   // ids first heard from one address
)

// registry is the list of peers. It has no clock, no network and no lock: the
// time comes in, and what to do comes out. An entry lives like this:
//
//	          heard                     silent for 1.3 periods
//	(absent) ───────> alive <───────────────────────┐
//	                  │  │ ^        heard, answered │
//	             bye  │  │ └──────────── checked <──┘ asked thrice, proof tried
//	                  v  v                  │
//	                  gone <────────────────┘ no answer in 2 s
//
// A gone entry stays as long as there is room: its epoch and sequence number
// keep recorded datagrams from raising it again.
type registry struct {
	self     ID
	port     uint16 // the well-known UDP port, where every peer can be asked too
	canProve bool   // a check may end with a proof over TCP
	shy      bool   // but only of known ids, because a proof shows who we are
	entries  map[ID]*entry
	known    map[ID]bool
	open     map[ID]int // connections, as reported; the peer may not be in entries
}

type entry struct {
	peer   Peer // as shown, but for the order of the addresses
	seq    uint64
	tcp    uint16        // announced; 0: not to be listed
	period time.Duration // between the peer's announcements, as it says
	heard  time.Time     // the last sign of life
	quiet  time.Time     // silence counts from here: heard, unless the clock jumped or a check was ordered
	listed bool          // the world was told that it is there
	gone   bool
	source netip.Addr // where it was first heard
	check  check

	hearing hearing
}

// sighting is one datagram whose signature is right.
type sighting struct {
	*packet
	id     ID
	src    netip.AddrPort
	iface  string         // of the link that src is on; empty: none of ours
	source Source         // how its address was learned, should it be new
	asked  netip.AddrPort // the question that it answers went there; invalid: it answers none
	rtt    time.Duration
}

// solicited reports whether it answers a question of ours. Nobody who did not
// see that question could have made it, so it is never a replay.
func (s sighting) solicited() bool { return s.asked.IsValid() }

// news is a change of what is shown.
type news struct {
	peer    Peer
	present bool
	why     Reason
}

// outcome says what follows from a sighting.
type outcome struct {
	news  []news
	ask   []candidate // addresses that should be asked
	fresh bool        // somebody new, back again, or restarted: tell them about us
}

func newRegistry(self ID, port uint16) *registry {
	return &registry{self: self, port: port, entries: map[ID]*entry{}, known: map[ID]bool{}, open: map[ID]int{}}
}

// expects reports whether id is known, connected or there.
func (r *registry) expects(id ID) bool {
	e := r.entries[id]
	return r.known[id] || r.open[id] > 0 || e != nil && !e.gone
}

// heard takes in one datagram.
func (r *registry) heard(now time.Time, s sighting) outcome {
	if s.id == r.self {
		return outcome{}
	}
	e := r.entries[s.id]
	if e == nil {
		if s.Type == typeBye {
			return outcome{}
		}
		if !s.solicited() && !s.lists(s.src.Addr()) {
			return r.doubt(s)
		}
		out := r.makeRoom(s.src.Addr())
		e = &entry{peer: Peer{ID: s.id, FirstSeen: now}, gone: true, source: s.src.Addr()}
		r.entries[s.id] = e
		return r.update(now, e, s, out)
	}
	if !s.solicited() {
		switch {
		case s.Epoch < e.peer.Epoch && s.Type != typeBye:
			return r.doubt(s) // an old recording, or a clock that went back: only an answer tells
		case s.Epoch < e.peer.Epoch || s.Epoch == e.peer.Epoch && s.Seq < e.seq:
			return outcome{}
		case s.Epoch == e.peer.Epoch && s.Seq == e.seq:
			return r.repeated(now, e, s)
		case s.Type != typeBye && !s.lists(s.src.Addr()):
			return r.doubt(s)
		}
	}
	return r.update(now, e, s, outcome{})
}

// doubt asks for an answer from where an unproved datagram came.
func (r *registry) doubt(s sighting) outcome {
	return outcome{ask: []candidate{{addr: s.src.Addr(), udp: s.src.Port(), source: s.source, want: s.id, iface: s.iface}}}
}

// repeated takes in another copy of the last datagram: one announcement leaves
// by several carriers and addresses. It can teach an address that it names itself.
func (r *registry) repeated(now time.Time, e *entry, s sighting) outcome {
	if e.gone || s.Type == typeBye || !s.lists(s.src.Addr()) {
		return outcome{}
	}
	e.alive(now)
	var out outcome
	if e.meet(now, netip.AddrPortFrom(s.src.Addr(), e.tcp), s.UDPPort, s.source, s.iface) && e.listed {
		out.news = append(out.news, e.news(Updated))
	}
	return out
}

// update takes in a datagram that is newer than all before.
func (r *registry) update(now time.Time, e *entry, s sighting, out outcome) outcome {
	older := s.Epoch == e.peer.Epoch && s.Seq < e.seq // an answer that was overtaken
	if s.Type == typeBye {
		e.seq, e.peer.Epoch = s.Seq, s.Epoch
		out.news = append(out.news, e.leave(Left)...)
		return out
	}
	restarted := s.Epoch != e.peer.Epoch && e.peer.Epoch != 0
	out.fresh = e.gone || restarted
	if restarted || e.gone {
		e.peer.Addrs = nil
	}
	changed := restarted
	if !older {
		changed = e.learn(s) || changed
	}
	at, udp := s.src.Addr(), s.UDPPort
	if s.solicited() {
		at = s.asked.Addr()
	}
	changed = e.meet(now, netip.AddrPortFrom(at, s.TCPPort), udp, s.source, s.iface) || changed
	if s.solicited() {
		e.answered(now, at, s.rtt)
	}
	out.ask = append(out.ask, e.named(now, s)...)
	e.gone = false
	e.alive(now)
	out.news = append(out.news, e.show(changed, restarted)...)
	return out
}

// learn copies what the datagram says about its sender.
func (e *entry) learn(s sighting) (changed bool) {
	p := &e.peer
	changed = p.Name != s.Name || p.Proto != s.Proto || p.Caps != s.Caps || e.tcp != s.TCPPort
	p.Name, p.Proto, p.Caps, p.Epoch = s.Name, s.Proto, s.Caps, s.Epoch
	for i, a := range p.Addrs {
		if a.Port() == e.tcp { // others were proved to work as they are
			p.Addrs[i].AddrPort = netip.AddrPortFrom(a.Addr(), s.TCPPort)
		}
	}
	e.seq, e.tcp, e.period = s.Seq, s.TCPPort, s.Period
	return changed
}

// show says what the world should be told after something was heard.
func (e *entry) show(changed, restarted bool) []news {
	switch {
	case !e.listed && e.tcp != 0:
		e.listed = true
		return []news{e.news(Found)}
	case e.listed && e.tcp == 0:
		e.listed = false
		return []news{{e.copy(), false, Hidden}}
	case e.listed && restarted:
		return []news{e.news(Restarted)}
	case e.listed && changed:
		return []news{e.news(Updated)}
	}
	return nil
}

// leave makes e a gone entry.
func (e *entry) leave(why Reason) []news {
	e.gone, e.check = true, check{}
	if !e.listed {
		return nil
	}
	e.listed = false
	return []news{{e.copy(), false, why}}
}

func (e *entry) news(why Reason) news { return news{e.copy(), true, why} }

// copy returns the peer as it is shown.
func (e *entry) copy() Peer {
	p := e.peer
	p.Addrs = slices.Clone(p.Addrs)
	p.LastSeen = e.heard
	return p
}

// alive notes a sign of life.
func (e *entry) alive(now time.Time) { e.heard, e.quiet, e.check = now, now, check{} }

// proved takes in that a connection to a proved the key of id. A peer that answers no
// datagrams becomes known in this way alone; its name is then for the connection to tell.
func (r *registry) proved(now time.Time, id ID, a netip.AddrPort, source Source, iface string, took time.Duration) []news {
	if id == r.self || !a.IsValid() {
		return nil
	}
	var out outcome
	e := r.entries[id]
	if e == nil {
		out = r.makeRoom(a.Addr())
		e = &entry{peer: Peer{ID: id, FirstSeen: now}, period: maxPeriod, source: a.Addr()}
		r.entries[id] = e
	}
	changed := !e.peer.Verified
	if e.gone {
		e.peer.Addrs = nil
	}
	if e.peer.Verified, e.gone = true, false; e.tcp == 0 {
		e.tcp = a.Port()
	}
	e.alive(now)
	changed = e.meet(now, a, 0, source, iface) || changed
	e.answered(now, a.Addr(), took)
	return append(out.news, e.show(changed, false)...)
}

// report takes in what a session layer found out about id; a may be invalid.
func (r *registry) report(now time.Time, id ID, a netip.AddrPort, o Outcome) []news {
	switch o {
	case Opened:
		r.open[id]++
	case Closed:
		if r.open[id]--; r.open[id] <= 0 {
			delete(r.open, id)
		}
	}
	e := r.entries[id]
	if e == nil || e.gone {
		return nil
	}
	switch o {
	case Opened:
		changed := !e.peer.Verified
		e.peer.Verified = true
		e.alive(now)
		if at := e.find(a.Addr()); at != nil {
			at.LastOK, at.failed = now, time.Time{}
		}
		return e.show(changed, false)
	case Closed:
		r.suspect(now, e)
	case Failed:
		if at := e.find(a.Addr()); at != nil {
			at.failed = now
			if e.sort() && e.listed {
				return []news{e.news(Updated)}
			}
		}
		r.suspect(now, e)
	}
	return nil
}

// makeRoom evicts what must go so that one more id, first heard at source, fits.
func (r *registry) makeRoom(source netip.Addr) outcome {
	var out outcome
	var all, same []*entry
	for id, e := range r.entries {
		if r.known[id] || r.open[id] > 0 {
			continue
		}
		all = append(all, e)
		if e.source == source {
			same = append(same, e)
		}
	}
	victims := same
	if len(same) < maxPerSource {
		victims = all
		if len(all) < maxStrangers {
			return out
		}
	}
	worst := slices.MinFunc(victims, func(a, b *entry) int {
		if d := a.worth() - b.worth(); d != 0 {
			return d
		}
		return a.heard.Compare(b.heard)
	})
	delete(r.entries, worst.peer.ID)
	out.news = worst.leave(Evicted)
	return out
}

// worth orders entries for eviction, the least first.
func (e *entry) worth() int {
	switch {
	case e.gone:
		return 0
	case !e.listed:
		return 1
	case !e.peer.Verified:
		return 2
	}
	return 3
}

// listedCount returns how many peers are shown.
func (r *registry) listedCount() int {
	n := 0
	for _, e := range r.entries {
		if e.listed {
			n++
		}
	}
	return n
}
