package transfer

import (
	"fmt"
	"net/netip"
	"time"
)

// Limits of one GOSSIP.
const (
	MaxContacts     = 32 // people
	MaxContactAddrs = 4  // addresses of one of them
	maxGossip       = 8 << 10
	gossipPause     = 30 * time.Second // GOSSIP that comes sooner is not looked at
)

// capGossip in HELLO says: you are paired with me, and I take GOSSIP.
const capGossip = 1

// Contact is somebody whom the sender of GOSSIP has as paired, and where. It is a hint: only
// a connection there proves who answers.
type Contact struct {
	ID    ID
	Addrs []netip.AddrPort // only what [Reachable] allows
	Age   time.Duration    // since the sender last knew them to be there, in whole seconds
}

// SetGossip says whether GOSSIP is taken from paired peers. Sessions that are open keep
// what they said in their HELLO; what comes in them is not looked at while it is off.
func (n *Node) SetGossip(on bool) { n.gossips.Store(on) }

// SendGossip tells the peer where others are: at most [MaxContacts] of them, which the
// caller has as paired. It does nothing unless the peer takes it.
func (s *Session) SendGossip(people []Contact) error {
	if !s.peer.Gossip {
		return nil
	}
	return s.out.sendFrame(gossipFrame(people))
}

func gossipFrame(people []Contact) []byte {
	m := gossip{People: []contact{}}
	for _, c := range people[:min(len(people), MaxContacts)] {
		row := contact{ID: c.ID, Addrs: [][]byte{}, Age: uint64(max(0, c.Age) / time.Second)}
		for _, at := range c.Addrs {
			if Reachable(at) && len(row.Addrs) < MaxContactAddrs {
				row.Addrs = append(row.Addrs, wireAddr(at))
			}
		}
		if len(row.Addrs) > 0 {
			m.People = append(m.People, row)
		}
	}
	b := frame(frameGossip, 0, marshal(&m))
	b[1] |= flagOptional
	return b
}

// onGossip passes on what can be meant seriously.
func (s *Session) onGossip(payload []byte) error {
	var m gossip
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	now := time.Now()
	if !s.node.gossips.Load() || !s.gossiped.IsZero() && now.Sub(s.gossiped) < gossipPause {
		return nil
	}
	s.gossiped = now
	if people := m.contacts(); len(people) > 0 {
		s.node.cfg.Host.Gossip(s.peer, people)
	}
	return nil
}

// contacts returns the rows that name somebody at some place.
func (g *gossip) contacts() (people []Contact) {
	for _, row := range g.People {
		c := Contact{ID: row.ID, Age: time.Duration(min(row.Age, 1<<32)) * time.Second}
		for _, b := range row.Addrs {
			if at := addrPort(b); Reachable(at) {
				c.Addrs = append(c.Addrs, at)
			}
		}
		if !c.ID.IsZero() && len(c.Addrs) > 0 {
			people = append(people, c)
		}
	}
	return people
}

// Reachable reports whether an address can mean the same device to somebody else: not this
// host, no group, no link without its zone, no place that nobody has.
func Reachable(at netip.AddrPort) bool {
	ip := at.Addr()
	switch {
	case !at.IsValid() || at.Port() == 0 || ip.Is4In6() || ip.Zone() != "":
		return false
	case ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast():
		return false
	case ip.Is4():
		first := ip.As4()[0]
		return first != 0 && first < 240 // 0.0.0.0/8 is "this network"; from 240 on there is broadcast and nothing
	}
	return true
}

// wireAddr is the wire form of an address: 4 or 16 bytes, then the port.
func wireAddr(at netip.AddrPort) []byte {
	b := at.Addr().AsSlice()
	return append(b, byte(at.Port()>>8), byte(at.Port()))
}

// addrPort reads the wire form, whose length was checked.
func addrPort(b []byte) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(b[:len(b)-2])
	return netip.AddrPortFrom(ip, uint16(b[len(b)-2])<<8|uint16(b[len(b)-1]))
}

func (g *gossip) check() error {
	if len(g.People) > MaxContacts {
		return fmt.Errorf("gossip about %d people", len(g.People))
	}
	for _, row := range g.People {
		if len(row.Addrs) > MaxContactAddrs {
			return fmt.Errorf("gossip with %d addresses of one device", len(row.Addrs))
		}
		for _, b := range row.Addrs {
			if len(b) != 4+2 && len(b) != 16+2 {
				return fmt.Errorf("address of %d bytes", len(b))
			}
		}
	}
	return nil
}
