package discovery

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Status is what discovery knows about its own work: why somebody is not seen.
type Status struct {
	Links []LinkStatus // every interface of this host, used or not
	Peers []PeerStatus // whoever is listed, and whom only mDNS names
	Err   error        // what failed at the last look at the network; see [ErrNoNetwork] and its neighbours
}

// LinkStatus is one interface and what every carrier did there.
type LinkStatus struct {
	Interface
	By [Carriers]Traffic
}

// Reaches reports whether a neighbour on this interface may have the address a.
func (l LinkStatus) Reaches(a netip.Addr) bool {
	return link{net.Interface{Name: l.Name, Index: l.Index}, l.Addrs}.has(a)
}

// Interfaces lists the interfaces of this host without any discovery.
func Interfaces() ([]LinkStatus, error) {
	all, _, err := listInterfaces(nil)
	var list []LinkStatus
	for _, i := range all {
		list = append(list, LinkStatus{Interface: i})
	}
	return list, err
}

// PeerStatus is one peer and how it is heard. Of whom only mDNS names, nothing but the
// id and addresses that do not answer are known.
type PeerStatus struct {
	Peer
	Hearing
	Listed bool       // it is one of [Service.Peers]
	Here   bool       // another program on this host
	Hears  CarrierSet // if Tells: by which carriers it heard us lately
	Tells  bool       // it answered an examination
}

const maxHearsay = 256 // devices that mDNS told about

// Status returns what was counted since Run began.
func (s *Service) Status(ctx context.Context) (Status, error) {
	return s.statusSince(ctx, time.Time{})
}

// statusSince is Status, with what peers told about hearing us after a moment.
func (s *Service) statusSince(ctx context.Context, since time.Time) (Status, error) {
	out := make(chan Status, 1)
	s.order(func() { out <- s.status(s.cfg.Now(), since) })
	select {
	case st := <-out:
		return st, nil
	case <-s.done:
		return Status{}, ErrNotRunning
	case <-ctx.Done():
		return Status{}, ctx.Err()
	}
}

// status makes the snapshot. It belongs to the loop, like everything below.
func (s *Service) status(now, since time.Time) Status {
	st := Status{Err: errors.Join(s.netErr.last, s.mdnsErr.last, s.cloneErr)}
	for _, i := range s.net.interfaces() {
		l := LinkStatus{Interface: i}
		for by := range l.By {
			if t := s.ledger[hop{i.Name, Carrier(by)}]; t != nil {
				l.By[by] = *t
			}
		}
		st.Links = append(st.Links, l)
	}
	for id, e := range s.reg.entries {
		if e.gone || !e.listed {
			continue
		}
		p := PeerStatus{Peer: e.copy(), Listed: true, Hearing: e.hearing.settled(now), Here: s.here(e)}
		if e.hearing.hearsAt.After(since) {
			p.Hears, p.Tells = e.hearing.hears, true
		}
		if n := s.hearsay[id]; n != nil {
			p.Heard[ByMDNS] = n.count
		}
		st.Peers = append(st.Peers, p)
	}
	for id, n := range s.hearsay {
		if e := s.reg.entries[id]; e == nil || e.gone || !e.listed {
			p := PeerStatus{Peer: Peer{ID: id, Addrs: slices.Clone(n.addrs)}}
			p.Heard[ByMDNS] = n.count
			st.Peers = append(st.Peers, p)
		}
	}
	slices.SortFunc(st.Peers, func(a, b PeerStatus) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return st
}

// here reports whether e is on this host: it was heard from an address of ours.
func (s *Service) here(e *entry) bool {
	return slices.ContainsFunc(e.peer.Addrs, func(a Addr) bool {
		_, own := ownLink(s.net.links(), a.Addr())
		return own
	})
}

// hearsay is what mDNS told about a device.
type hearsay struct {
	count int    // answers in which it was
	addrs []Addr // of the latest one
}

// heardMDNS takes in one question of mDNS on a link: who was named, or what failed.
func (s *Service) heardMDNS(now time.Time, l link, list []candidate, err error) {
	h := hop{l.ifi.Name, ByMDNS}
	s.ledger.left(now, []departure{{h, err}})
	fresh := map[ID]bool{}
	for _, c := range list {
		if c.want == s.id {
			if !fresh[c.want] {
				s.ledger.at(h).Own++
			}
			fresh[c.want] = true
			continue
		}
		n := s.hearsay[c.want]
		if n == nil {
			if len(s.hearsay) >= maxHearsay {
				clear(s.hearsay)
			}
			n = new(hearsay)
			s.hearsay[c.want] = n
		}
		if !fresh[c.want] {
			fresh[c.want] = true
			n.count++
			n.addrs = nil
			s.ledger.at(h).Heard++
		}
		n.addrs = append(n.addrs, c.address())
	}
	s.consider(now, s.missing(list))
}

// heardBy notes by which carrier a datagram of somebody else came.
func (s *Service) heardBy(now time.Time, sight sighting) {
	if e := s.reg.entries[sight.id]; e != nil {
		e.hearing.note(now, sight.packet)
	}
	if _, own := ownLink(s.net.links(), sight.src.Addr()); own || sight.iface == "" || sight.Type != typeAnnounce {
		return
	}
	for by := range Carrier(groupCarriers) {
		if sight.Way.Has(by) {
			s.ledger.at(hop{sight.iface, by}).Heard++
		}
	}
}

// heardOwn notes that an announcement of ours came back.
func (s *Service) heardOwn(p *packet, l link) {
	for by := range Carrier(groupCarriers) {
		if p.Type == typeAnnounce && p.Way.Has(by) {
			s.ledger.at(hop{l.ifi.Name, by}).Own++
		}
	}
}
