package app

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"yonder/transfer"
)

// alarmPause is between two warnings about the same person.
const alarmPause = 10 * time.Minute

// checkPins looks whether another key answers at an address where the pinned key of id was
// proved before. Other addresses are hints, which may be wrong for many reasons.
func (a *App) checkPins(ctx context.Context, id DeviceID) {
	a.mu.Lock()
	p := a.people[id]
	var places []knownPlace
	if p != nil && p.rec.Level >= Known && p.changed == "" {
		places = slices.Clone(p.rec.Addresses)
	}
	a.mu.Unlock()
	for _, place := range places {
		at, err := netip.ParseAddrPort(place.Addr)
		if err != nil {
			continue
		}
		proving, cancel := context.WithTimeout(ctx, connectTime)
		_, err = a.node.Prove(proving, at, transfer.ID(id))
		cancel()
		if errors.Is(err, transfer.ErrWrongPeer) {
			a.mu.Lock()
			a.alarm(p, place.Addr)
			a.mu.Unlock()
			return
		}
	}
}

// alarm says loudly that another device than p answered at an address of theirs: nothing was
// said to it, and the pinned key stays. Networks give addresses to one computer after the
// other, so it is no alarm where somebody else who is known was proved to be since: then the
// address is theirs. The caller holds mu.
func (a *App) alarm(p *person, addr string) {
	mine := slices.IndexFunc(p.rec.Addresses, func(place knownPlace) bool { return place.Addr == addr })
	for _, q := range a.people {
		if q == p || q.rec.Level < Known || mine < 0 || p.rec.Addresses[mine].Manual {
			continue
		}
		for _, place := range q.rec.Addresses {
			if place.Addr == addr && place.Proved.After(p.rec.Addresses[mine].Proved) {
				a.dropPlace(p, addr)
				a.savePerson(p)
				a.show(p)
				return
			}
		}
	}
	if a.mark(p, addr) {
		a.tell(newProblem(CodeWrongPeer, addr, p.rec.Name))
	}
}

// mark notes that another device than p answered at an address of theirs, false if that is
// known, or the user was warned a while ago. The caller holds mu.
func (a *App) mark(p *person, addr string) bool {
	if p.changed != "" || len(p.sessions) > 0 || time.Since(p.alarmed) < alarmPause {
		return false
	}
	p.changed, p.alarmed = addr, time.Now()
	a.show(p)
	return true
}

// dropPlace forgets that p was ever at an address, however it was written. The caller holds mu
// and saves p.
func (a *App) dropPlace(p *person, addr string) {
	whole, _ := wholeAddress(addr)
	there := func(other string) bool {
		same, ok := wholeAddress(other)
		return other != "" && (other == addr || ok && same == whole)
	}
	p.rec.Addresses = slices.DeleteFunc(slices.Clone(p.rec.Addresses), func(place knownPlace) bool { return there(place.Addr) || there(place.Typed) })
	p.rec.Hints = slices.DeleteFunc(slices.Clone(p.rec.Hints), there)
	p.found = slices.DeleteFunc(slices.Clone(p.found), func(at Address) bool { return there(at.Addr) })
	for _, t := range a.typed {
		if there(t.rec.Addr) && t.rec.Person == p.rec.ID {
			t.rec.Person, t.problem = DeviceID{}, nil
			t.tries, t.next = 0, time.Now()
			a.saveTyped()
			a.wakeTyped()
		}
	}
}

// SettleChange implements [Backend].
func (a *App) SettleChange(ctx context.Context, id DeviceID, replaced bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.people[id]
	if p == nil {
		return newProblem(CodeNotFound, id.Short(), "")
	}
	addr := p.changed
	if addr == "" {
		return nil
	}
	p.changed, p.alarmed = "", time.Now()
	if replaced {
		a.dropPlace(p, addr)
		a.savePerson(p)
		if search := a.network.search; search != nil {
			a.spawn(func() { // whoever is there is listed like anybody
				ctx, cancel := context.WithTimeout(a.ctx, typedTime)
				defer cancel()
				search.Probe(ctx, addr, DeviceID{})
			})
		}
	}
	a.show(p)
	return nil
}
