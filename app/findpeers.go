package app

import (
	"slices"
	"strconv"
	"strings"

	"yonder/discovery"
)

// everybody is about people: who is heard, who is reached, and who is not.
func (c *conclusion) everybody() {
	around := 0
	var reached []string
	for i := range c.peers {
		p := &c.peers[i]
		if p.present {
			around++
		}
		if c.reach(p) && p.present {
			reached = append(reached, p.name)
		}
	}
	c.between()
	for _, u := range c.unknown {
		c.add(FoundNoName, SeverityProblem, "address", u.addr, "cause", u.cause)
	}
	switch {
	case len(reached) > 0:
		c.add(FoundPeople, SeverityOK, "count", strconv.Itoa(len(reached)), "names", names(reached))
	case around == 0 && c.searching && !c.any(SeverityWarning):
		c.add(FoundNobody, SeverityNote)
	}
}

// names joins at most five names.
func names(all []string) string {
	if len(all) > 5 {
		all = append(all[:5:5], "…")
	}
	return strings.Join(all, ", ")
}

// reach is about connecting to one device; it reports whether that works.
func (c *conclusion) reach(p *peerFacts) bool {
	best, at := p.best()
	heard := p.present || p.seen != nil && p.seen.Heard[discovery.ByMDNS] > 0
	say := func(code string, s Severity) {
		there := ""
		if heard {
			there = "yes"
		}
		c.add(code, s, "name", p.name, "address", at.Addr, "heard", there)
	}
	unwell := SeverityWarning // somebody whom the user added by address may just be away
	if heard || p.asked {
		unwell = SeverityProblem
	}
	near := slices.ContainsFunc(p.addrs, func(a AddressFact) bool { return a.Near })
	switch {
	case p.connected, best == ReachAnswers:
		if !near && len(p.addrs) > 0 && (p.seen == nil || !p.seen.Here) {
			say(FoundElsewhere, SeverityNote)
		}
		return true
	case len(p.addrs) == 0, best == "", p.seen != nil && p.seen.Here:
	case !heard && !p.wanted && !(best == ReachRefused && near): // away, or remembered from another network
	case best == ReachOther:
		say(FoundWrong, SeverityWarning)
	case best == ReachPrivate:
		say(FoundPrivate, SeverityNote)
	case best == ReachVersion:
		say(FoundVersion, SeverityWarning)
	case !near:
		say(FoundFar, unwell)
	case best == ReachRefused && !heard && !p.wanted:
		say(FoundRefused, SeverityNote)
	case best == ReachRefused:
		say(FoundRefused, unwell)
	case best == ReachStrange:
		say(FoundStrange, unwell)
	case best == ReachNobody && !heard:
		say(FoundGone, unwell)
	default:
		say(FoundSilent, unwell)
	}
	return false
}

// best returns the result that tells most, and where it was had.
func (p *peerFacts) best() (Reach, AddressFact) {
	order := []Reach{"", ReachNobody, ReachSilent, ReachStrange, ReachRefused, ReachOther, ReachPrivate, ReachVersion, ReachAnswers}
	var best AddressFact
	for _, a := range p.addrs {
		if slices.Index(order, a.Result) > slices.Index(order, best.Result) || best.Addr == "" {
			best = a
		}
	}
	return best.Result, best
}

// enough is how many announcements must be missed by one carrier, and none heard: a single
// one may get lost on a wireless network, and more where others were lost too.
func enough(h discovery.Hearing) int {
	for by := range discovery.ByMDNS {
		if h.Heard[by] > 0 && h.Missed[by] > 0 {
			return 4
		}
	}
	return 2
}

// between is about announcements on their way from one computer to the other.
func (c *conclusion) between() {
	if !c.searching || c.mode == "mdns" || c.err != nil || c.has(FoundUDPTaken) {
		return
	}
	type list struct{ in, out []string } // names, by what does not come through
	lost := map[string]*list{}
	var order []string
	note := func(carriers set) *list {
		key := carriers.String()
		if lost[key] == nil {
			lost[key] = new(list)
			order = append(order, key)
		}
		return lost[key]
	}
	for _, p := range c.peers {
		s := p.seen
		if s == nil || !s.Listed || s.Here {
			continue
		}
		link, ok := c.linkOf(s)
		if !ok || c.deaf[link.Name] {
			continue
		}
		var in, out, sent set
		anyHeard := false
		for by := range discovery.ByMDNS {
			anyHeard = anyHeard || s.Heard[by] > 0
			switch {
			case c.broken[link.Name][by]: // this computer does it, as was said
			case s.Heard[by] == 0 && s.Missed[by] >= enough(s.Hearing):
				in = append(in, by)
			}
			if l := link.By[by]; l.Sent > 0 && !c.broken[link.Name][by] && s.Heard[by]+s.Missed[by] > 0 {
				sent = append(sent, by)
				if s.Tells && !s.Hears.Has(by) {
					out = append(out, by)
				}
			}
		}
		if !anyHeard && len(c.broken[link.Name]) == 0 {
			severity := SeverityNote // it may have been told not to announce itself
			if s.Tells {
				severity = SeverityWarning
			}
			c.add(FoundNotHeard, severity, "name", p.name)
		}
		if s.Tells && s.Hears == 0 && len(sent) > 0 {
			c.add(FoundPeerDeaf, SeverityWarning, "name", p.name, "port", port(discovery.DefaultPort))
			out = nil
		}
		if len(in) > 0 {
			l := note(in)
			l.in = append(l.in, p.name)
		}
		if out = without(out, in); len(out) > 0 {
			l := note(out)
			l.out = append(l.out, p.name)
		}
	}
	for _, key := range order {
		if who := lost[key].in; len(who) > 0 {
			c.add(FoundCarrier, SeverityWarning, "carriers", key, "names", names(who))
		}
		if who := lost[key].out; len(who) > 0 {
			c.add(FoundCarrierOut, SeverityWarning, "carriers", key, "names", names(who))
		}
	}
}

// without returns the carriers of a that are not in b.
func without(a, b set) (out set) {
	for _, by := range a {
		if !slices.Contains(b, by) {
			out = append(out, by)
		}
	}
	return out
}

// linkOf returns the interface behind which a peer is heard.
func (c *conclusion) linkOf(s *discovery.PeerStatus) (discovery.LinkStatus, bool) {
	for _, a := range s.Addrs {
		for _, l := range c.links() {
			if a.Iface == l.Name {
				return l, true
			}
		}
	}
	return discovery.LinkStatus{}, false
}
