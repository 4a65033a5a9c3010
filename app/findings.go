package app

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"yonder/app/computer"
	"yonder/discovery"
)

// conclude says what follows from the facts, the worst first. It is never empty.
func conclude(f *facts) []Finding {
	c := conclusion{facts: f}
	c.listener()
	c.chosen()
	c.search()
	if len(f.links()) > 0 {
		c.firewall()
		c.carriers()
	}
	c.everybody()
	c.rest()
	sortFindings(c.found)
	return c.found
}

// conclusion collects findings. findpeers.go has those about people.
type conclusion struct {
	*facts
	found []Finding

	deaf   map[string]bool                       // interfaces on which nothing comes back
	broken map[string]map[discovery.Carrier]bool // carriers that do not work on an interface, because of this computer
}

// add adds a finding with the params that are not empty, given as pairs.
func (c *conclusion) add(code string, s Severity, pairs ...string) *Finding {
	f := Finding{Code: code, Severity: s}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			if f.Params == nil {
				f.Params = map[string]string{}
			}
			f.Params[pairs[i]] = pairs[i+1]
		}
	}
	c.found = append(c.found, f)
	return &c.found[len(c.found)-1]
}

// any reports whether something at least so bad was found.
func (c *conclusion) any(s Severity) bool {
	for _, f := range c.found {
		if !s.Worse(f.Severity) {
			return true
		}
	}
	return false
}

// has reports whether something with this code was found.
func (c *conclusion) has(code string) bool {
	for _, f := range c.found {
		if f.Code == code {
			return true
		}
	}
	return false
}

// listener is about the port that others connect to.
func (c *conclusion) listener() {
	if c.taken {
		severity := SeverityWarning
		if strings.HasPrefix(c.taker.Name, "yonder") { // of another profile or user: nothing is wrong
			severity = SeverityNote
		}
		used := ""
		if c.port != c.wanted {
			used = port(c.port)
		}
		c.add(FoundTCPTaken, severity, "port", port(c.wanted), "used", used, "program", c.taker.Name, "pid", pid(c.taker))
	}
	switch {
	case c.listening == "":
		c.add(FoundNotOpen, SeverityNote)
	default:
		c.add(FoundListening, SeverityOK, "address", c.listening)
	}
}

func port(n uint16) string { return strconv.Itoa(int(n)) }

func pid(p computer.Process) string {
	if p.PID == 0 {
		return ""
	}
	return strconv.Itoa(p.PID)
}

// chosen is about who may find this computer, as its user wants it.
func (c *conclusion) chosen() {
	switch c.visible {
	case Nobody:
		c.add(FoundHidden, SeverityNote)
	case PairedOnly:
		c.add(FoundPairedOnly, SeverityNote)
	}
}

// search is about what keeps this computer from looking for others at all.
func (c *conclusion) search() {
	switch {
	case c.mode == "none":
		c.add(FoundOff, SeverityWarning)
	case c.err != nil:
		c.add(FoundSearch, SeverityProblem, "cause", errText(c.err))
	}
	if len(c.links()) == 0 && (c.err == nil || len(c.status.Links) > 0) {
		var names []string
		for _, l := range c.status.Links {
			if !l.Loopback {
				names = append(names, l.Name)
			}
		}
		c.add(FoundNoNetwork, SeverityProblem, "interfaces", strings.Join(names, ", "))
	}
	err := c.status.Err
	if errors.Is(err, discovery.ErrPortTaken) {
		c.add(FoundUDPTaken, SeverityProblem, "port", port(discovery.DefaultPort), "program", c.udpTaker.Name, "pid", pid(c.udpTaker))
	}
	if errors.Is(err, discovery.ErrCopied) {
		c.add(FoundCopied, SeverityProblem)
	}
	if errors.Is(err, discovery.ErrMDNS) && len(c.links()) > 0 {
		severity := SeverityNote // announcements find everybody too
		if c.mode == "mdns" {
			severity = SeverityProblem
		}
		c.add(FoundMDNS, severity, "cause", mdnsCause(err))
	}
}

// mdnsCause returns those lines of a joined error that are about mDNS.
func mdnsCause(err error) string {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		if strings.HasPrefix(line, discovery.ErrMDNS.Error()) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return cut(strings.Join(lines, "; "), 300, 1200)
}

// firewall is about firewalls of this computer that can be read.
func (c *conclusion) firewall() {
	var through []string
	for _, w := range c.firewalls {
		switch v := w.Worst(); {
		case v == computer.Blocked:
			blocked := "TCP " + port(c.port) + ", UDP " + port(discovery.DefaultPort)
			switch {
			case w.TCP != computer.Blocked:
				blocked = "UDP " + port(discovery.DefaultPort)
			case w.UDP != computer.Blocked:
				blocked = "TCP " + port(c.port)
			}
			c.add(FoundFirewall, SeverityProblem, "firewall", w.Name, "where", w.Where, "ports", blocked).Command = w.Open
		case v == computer.Open:
			through = append(through, w.Name)
		case !w.On:
			c.add(FoundUnseen, SeverityNote, "firewall", w.Name).Command = "sudo nft list ruleset"
		case c.reached: // somebody came through
			through = append(through, w.Name)
		default:
			c.add(FoundFirewallOn, SeverityNote, "firewall", w.Name, "where", w.Where).Command = w.Open
		}
	}
	if !c.has(FoundFirewall) && !c.has(FoundFirewallOn) && !c.has(FoundUnseen) {
		c.add(FoundNoFirewall, SeverityOK, "firewalls", strings.Join(through, ", "))
	}
}

// carriers is about what we send ourselves: whether it leaves, and comes back. Where it does
// not, and nobody else is heard by that way either, this computer drops it.
func (c *conclusion) carriers() {
	c.deaf, c.broken = map[string]bool{}, map[string]map[discovery.Carrier]bool{}
	if !c.searching || c.mode == "mdns" || c.err != nil {
		return
	}
	var good []string
	for _, l := range c.links() {
		var lost, refused, working set
		var cause error
		for by := range discovery.ByMDNS {
			switch t := l.By[by]; {
			case t.Sent == 0 && t.Err != nil:
				refused, cause = append(refused, by), t.Err
			case t.Own > 0, t.Heard > 0: // some systems may not let a host hear itself
				working = append(working, by)
			case t.Sent > 0:
				lost = append(lost, by)
			}
		}
		c.broken[l.Name] = map[discovery.Carrier]bool{}
		for _, by := range append(lost[:len(lost):len(lost)], refused...) {
			c.broken[l.Name][by] = true
		}
		if len(refused) > 0 {
			severity := SeverityWarning
			if len(working)+len(lost) == 0 {
				severity = SeverityProblem
			}
			c.add(FoundSend, severity, "interface", l.Name, "carriers", refused.String(), "cause", errText(cause))
		}
		switch {
		case len(lost) > 0 && c.has(FoundUDPTaken): // that is why
		case len(lost) > 0 && len(working) == 0:
			c.deaf[l.Name] = true
			if !c.blocksUDP() {
				c.add(FoundDeaf, SeverityProblem, "interface", l.Name, "port", port(discovery.DefaultPort)).Command = c.opener()
			}
		case len(lost) > 0:
			c.add(FoundCarrierHere, SeverityWarning, "interface", l.Name, "carriers", lost.String())
		case len(working) > 0 && len(refused) == 0:
			good = append(good, l.Name)
		}
	}
	if len(good) > 0 {
		c.add(FoundAnnouncing, SeverityOK, "interfaces", strings.Join(good, ", "))
	}
}

// blocksUDP reports whether a firewall is known to block what we would hear.
func (c *conclusion) blocksUDP() bool {
	for _, w := range c.firewalls {
		if w.UDP == computer.Blocked {
			return true
		}
	}
	return false
}

// opener returns the command of a firewall that may be the one that blocks.
func (c *conclusion) opener() string {
	for _, w := range c.firewalls {
		if w.Open != "" {
			return w.Open
		}
	}
	return ""
}

// set is a list of carriers.
type set []discovery.Carrier

func (s set) String() string {
	var names []string
	for _, by := range s {
		names = append(names, by.String())
	}
	return strings.Join(names, ",")
}

// rest is what may matter besides.
func (c *conclusion) rest() {
	if c.tunnel {
		severity := SeverityNote
		if c.has(FoundNobody) || c.any(SeverityWarning) {
			severity = SeverityWarning
		}
		c.add(FoundVPN, severity, "interface", c.outlet)
	}
	for _, p := range c.peers {
		if skew := p.skew.Abs(); skew > skewThatTells {
			c.add(FoundClock, SeverityNote, "name", p.name, "minutes", fmt.Sprint(int(skew.Minutes())))
		}
	}
}
