package app

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"yonder/discovery"
	"yonder/transfer"
)

// connectTime is for one try to reach somebody at all addresses side by side.
const connectTime = 15 * time.Second

// level tells the gate of the node how far id is trusted.
func (a *App) level(id DeviceID) Level {
	if level, ok := a.levels.Load(id); ok {
		return level.(Level)
	}
	return Unknown
}

// know raises a stranger to Known: the user has dealt with them, so from now on
// their key is pinned. The caller holds mu.
func (a *App) know(p *person) {
	if p.rec.Level == Unknown {
		p.rec.Level = Known
		a.levels.Store(p.rec.ID, Known)
	}
	a.remember(p)
	a.savePerson(p)
	a.show(p)
	if a.network.search != nil {
		a.network.search.Know(p.rec.ID)
	}
}

// connected notes a new session: now name, system and address are facts.
func (a *App) connected(s session) {
	peer := s.Peer()
	id := DeviceID(peer.ID)
	at, ok := listens(peer)
	a.mu.Lock()
	p := a.person(id, peer.Name)
	p.sessions = append(p.sessions, s)
	if peer.Gossip {
		a.gossips[s] = &gossiping{}
	}
	p.rec.System, p.rec.LastSeen = cleanName(peer.System), time.Now()
	p.changed = "" // they are somewhere, with their own key
	a.rename(p, peer.Name)
	if ok && peer.Dialled {
		a.proved(p, at, "", false)
	} else if ok {
		p.hint(at)
	}
	a.savePerson(p)
	a.show(p)
	a.kick(p)
	a.flush(id)
	a.mu.Unlock()
	a.log.Info("session begun", "peer", id.Short(), "dialled", peer.Dialled)
	if f := a.finder(); f != nil {
		f.Report(id, peer.Addr, discovery.Opened)
	}
}

// versionPause is between two notices about programs of other versions: anybody may claim to be one.
const versionPause = time.Hour

// otherVersion tells the user that somebody who dialled speaks another version of the protocol.
func (a *App) otherVersion(from netip.AddrPort, newer bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.versionTold.IsZero() && time.Since(a.versionTold) < versionPause {
		return
	}
	a.versionTold = time.Now()
	p := newProblem(CodeVersion, from.Addr().Unmap().String(), "")
	p.Detail, p.Hint = "there", "update Yonder on that computer"
	if newer {
		p.Detail, p.Hint = "here", "update Yonder on this computer"
	}
	a.tell(p)
}

// disconnected notes the end of a session.
func (a *App) disconnected(s session, err error) {
	peer := s.Peer()
	id := DeviceID(peer.ID)
	a.mu.Lock()
	delete(a.gossips, s)
	if p := a.people[id]; p != nil {
		p.sessions = slices.DeleteFunc(p.sessions, func(x session) bool { return x == s })
		p.rec.LastSeen = time.Now()
		a.savePerson(p)
		a.unsent(p)
		a.show(p)
		a.kick(p)
	}
	a.mu.Unlock()
	if f := a.finder(); f != nil {
		f.Report(id, peer.Addr, discovery.Closed)
	}
	a.log.Info("session ended", "peer", id.Short(), "err", err)
}

// proved remembers that a connection to addr proved the key of p. typed is what the
// user wrote, if anything. The caller holds mu and saves p.
func (a *App) proved(p *person, addr netip.AddrPort, typed string, manual bool) {
	place := knownPlace{Addr: addr.String(), Proved: time.Now(), Manual: manual, Typed: typed}
	for i, old := range p.rec.Addresses {
		if old.Addr == place.Addr {
			place.Manual = place.Manual || old.Manual
			if typed == "" {
				place.Typed = old.Typed
			}
			p.rec.Addresses = slices.Delete(p.rec.Addresses, i, i+1)
			break
		}
	}
	p.rec.Addresses = slices.Insert(p.rec.Addresses, 0, place)
	p.rec.Addresses = p.rec.Addresses[:min(len(p.rec.Addresses), maxPlaces)]
}

// boundTo returns the person whose pinned key is expected at what the user typed,
// or at one of the addresses that it stands for; nil if nobody's is. The caller
// holds mu.
func (a *App) boundTo(typed string, addrs []netip.AddrPort) *person {
	for _, p := range a.people {
		if p.rec.Level < Known {
			continue
		}
		for _, place := range p.rec.Addresses {
			if !place.Manual {
				continue
			}
			at, err := netip.ParseAddrPort(place.Addr)
			if place.Typed == typed || err == nil && slices.Contains(addrs, at) {
				return p
			}
		}
	}
	return nil
}

// unbind takes typed and addrs from everybody but keep: the user said that somebody
// else is there now. The caller holds mu.
func (a *App) unbind(typed string, addrs []netip.AddrPort, keep DeviceID) {
	for id, p := range a.people {
		if id == keep {
			continue
		}
		n := len(p.rec.Addresses)
		p.rec.Addresses = slices.DeleteFunc(p.rec.Addresses, func(place knownPlace) bool {
			at, err := netip.ParseAddrPort(place.Addr)
			return place.Manual && (place.Typed == typed || err == nil && slices.Contains(addrs, at))
		})
		if len(p.rec.Addresses) != n {
			a.savePerson(p)
			a.show(p)
		}
	}
}

// connect returns a session with somebody, the open one or a new one.
func (a *App) connect(ctx context.Context, id DeviceID) (session, error) {
	a.mu.Lock()
	p := a.people[id]
	if p == nil {
		a.mu.Unlock()
		return nil, transfer.ErrUnreachable
	}
	for _, s := range slices.Backward(p.sessions) {
		select {
		case <-s.Done():
		default:
			a.mu.Unlock()
			return s, nil
		}
	}
	addrs := p.dial()
	a.mu.Unlock()
	if len(addrs) == 0 {
		return nil, transfer.ErrUnreachable
	}
	dialing, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	s, err := a.node.Connect(dialing, transfer.ID(id), addrs)
	if err == nil {
		return s, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if f := a.finder(); f != nil {
		for _, at := range addrs {
			f.Report(id, at, discovery.Failed)
		}
	}
	if errors.Is(err, transfer.ErrWrongPeer) {
		a.checkPins(ctx, id)
	}
	return nil, err
}
