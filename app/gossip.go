package app

import (
	"net/netip"
	"reflect"
	"slices"
	"time"

	"yonder/transfer"
)

// Two people who have each other as paired tell each other where those are whom they have
// both as paired: so somebody in another network is found whom only one of the two had an
// address of. Names are not told, and nothing is believed but the proof of the key there.

const (
	gossipEvery = time.Minute     // to one session, at most
	gossipAge   = 5 * time.Minute // older news is not used
)

// gossiping is what was told in one session. It is guarded by App.mu.
type gossiping struct {
	told []transfer.Contact
	at   time.Time // zero: nothing was
}

// wakeGossip has the loop look whether there is something to tell.
func (a *App) wakeGossip() {
	select {
	case a.gossipWake <- struct{}{}:
	default:
	}
}

// watchGossip tells until Close.
func (a *App) watchGossip() {
	for {
		a.mu.Lock()
		due, next := a.dueGossip(time.Now())
		a.mu.Unlock()
		for s, people := range due {
			if err := s.SendGossip(people); err != nil {
				a.log.Debug("gossip not sent", "peer", DeviceID(s.Peer().ID).Short(), "err", err)
			}
		}
		var later <-chan time.Time
		if !next.IsZero() {
			later = time.After(time.Until(next))
		}
		select {
		case <-later:
		case <-a.gossipWake:
		case <-a.ctx.Done():
			return
		}
	}
}

// dueGossip returns what is to be told now, and when there is more. The caller holds mu,
// here and below.
func (a *App) dueGossip(now time.Time) (due map[session][]transfer.Contact, next time.Time) {
	due = map[session][]transfer.Contact{}
	if a.settings.NoGossip {
		return nil, next
	}
	for s, g := range a.gossips {
		to := DeviceID(s.Peer().ID)
		if p := a.people[to]; p == nil || p.rec.Level < Paired {
			continue
		}
		people := a.contacts(to)
		if len(people) == 0 || reflect.DeepEqual(people, g.told) {
			continue
		}
		if at := g.at.Add(gossipEvery); !g.at.IsZero() && now.Before(at) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		g.told, g.at = people, now
		due[s] = people
	}
	return due, next
}

// contacts returns the paired people whom the search lists, without the one that they are
// told to. Somebody who is only connected may not want to be found.
func (a *App) contacts(to DeviceID) (people []transfer.Contact) {
	for id, p := range a.people {
		if id == to || p.rec.Level < Paired || !p.present {
			continue
		}
		addrs := slices.DeleteFunc(ports(p.found), func(at netip.AddrPort) bool { return !transfer.Reachable(at) })
		if len(addrs) > 0 {
			people = append(people, transfer.Contact{ID: transfer.ID(id), Addrs: addrs[:min(len(addrs), transfer.MaxContactAddrs)]})
		}
	}
	slices.SortFunc(people, func(x, y transfer.Contact) int { return slices.Compare(x.ID[:], y.ID[:]) })
	return people[:min(len(people), transfer.MaxContacts)]
}

// gossip takes what a paired peer tells. Only places of people count whom this side has as
// paired too; the search asks there.
func (a *App) gossip(peer transfer.Peer, people []transfer.Contact) {
	a.mu.Lock()
	search := a.network.search
	from := a.people[DeviceID(peer.ID)]
	use := !a.settings.NoGossip && search != nil && from != nil && from.rec.Level >= Paired
	people = slices.DeleteFunc(slices.Clone(people), func(c transfer.Contact) bool {
		p := a.people[DeviceID(c.ID)]
		return !use || c.ID == peer.ID || p == nil || p.rec.Level < Paired || c.Age > gossipAge
	})
	a.mu.Unlock()
	for _, c := range people {
		search.Suggest(DeviceID(c.ID), c.Addrs)
	}
}
