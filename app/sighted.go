package app

import (
	"slices"
	"time"
)

// kick lets what waits for p try again now.
func (a *App) kick(p *person) {
	select {
	case p.wake <- struct{}{}:
	default:
	}
	for _, r := range a.runs {
		if r.rec.Person == p.rec.ID && r.wake != nil {
			r.lining = r.lining || r.resting // all at once, so that they go in their order
			select {
			case r.wake <- struct{}{}:
			default:
			}
		}
	}
}

// check looks whether the sessions with p still lead to it: the network has changed. What
// runs goes on over another one soon, and not when a session has been silent for long.
func (p *person) check() {
	for _, s := range p.sessions {
		s.Check()
	}
}

// sighted takes the news of the search. It is called from one goroutine.
func (a *App) sighted(s sighting) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.ending:
	case s.Trouble != nil:
		if text := s.Trouble.Error(); text != a.network.trouble { // once, not at every try
			a.network.trouble = text
			a.tell(newProblem(CodeDiscovery, "", text))
		}
	case s.Network:
		a.refreshMe()
		a.retryTyped()
		for _, p := range a.people {
			p.check()
		}
	case s.ID == a.me.ID || s.ID.IsZero():
	case s.Gone:
		if p := a.people[s.ID]; p != nil {
			p.present, p.found, p.rec.LastSeen = false, nil, time.Now()
			a.savePerson(p)
			a.show(p)
			a.wakeTyped()
		}
	default:
		p := a.person(s.ID, s.Name)
		came := !p.present
		if p.afterMS == 0 {
			p.afterMS = max(1, time.Since(a.begun).Milliseconds())
		}
		moved := !slices.Equal(p.found, s.Addresses)
		p.present, p.found = true, s.Addresses
		if came {
			p.rec.LastSeen = time.Now()
			a.wakeTyped()
		}
		if moved && p.hint(ports(s.Addresses)...) {
			a.savePerson(p)
		}
		a.rename(p, s.Name)
		a.show(p)
		if came || moved || s.Restarted {
			a.kick(p)
		}
		if moved || s.Restarted {
			p.check()
		}
	}
}
