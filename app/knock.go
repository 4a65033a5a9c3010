package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"yonder/discovery"
)

// Typed addresses are tried at the start, when the network changes, and while nobody answers
// there, more and more rarely. Who answers is listed by the search, which then looks after
// them.

const (
	typedFirst = 5 * time.Second // until the first try again; doubled each time
	typedLast  = 5 * time.Minute // and not beyond this
	typedTime  = 8 * time.Second // for one try, with its look-up of the name
)

// reached reports whether the one who answered at t last is there now, wherever.
func (a *App) reached(t *typed) bool {
	p := a.people[t.rec.Person]
	return p != nil && p.present
}

// retryTyped has all of them tried now: something about the network is different.
func (a *App) retryTyped() {
	for _, t := range a.typed {
		t.tries, t.next = 0, time.Time{}
	}
	a.wakeTyped()
}

// wakeTyped has the loop look again.
func (a *App) wakeTyped() {
	select {
	case a.typedWake <- struct{}{}:
	default:
	}
}

// watchTyped tries until Close.
func (a *App) watchTyped() {
	for {
		a.mu.Lock()
		next := a.dueTyped(time.Now())
		a.tellTyped()
		a.mu.Unlock()
		var due <-chan time.Time
		if !next.IsZero() {
			due = time.After(time.Until(next))
		}
		select {
		case <-due:
		case <-a.typedWake:
		case <-a.ctx.Done():
			return
		}
	}
}

// dueTyped begins the tries that are due and returns when the next one is.
func (a *App) dueTyped(now time.Time) (next time.Time) {
	search := a.network.search
	for _, t := range a.typed {
		there := a.reached(t)
		if t.there && !there {
			t.tries, t.next = 0, now.Add(typedFirst)
		}
		t.there = there
		switch {
		case there:
		case search == nil || t.trying: // without a search nobody is looked for
		case !t.next.After(now):
			t.trying = a.spawn(func() { a.tryTyped(search, t) })
		case next.IsZero() || t.next.Before(next):
			next = t.next
		}
	}
	return next
}

// tryTyped asks once who is at an address. If somebody is, the search lists them.
func (a *App) tryTyped(search finder, t *typed) {
	a.mu.Lock()
	addr, want := t.rec.Addr, DeviceID{}
	if p := a.people[t.rec.Person]; p != nil && p.rec.Level >= Known {
		want = p.rec.ID // their key is pinned
	}
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(a.ctx, typedTime)
	defer cancel()
	id, err := search.Probe(ctx, addr, want)
	a.mu.Lock()
	defer a.mu.Unlock()
	t.trying = false
	if a.ctx.Err() != nil || !slices.Contains(a.typed, t) {
		return
	}
	if err == nil {
		t.tries, t.next, t.problem = 0, time.Now().Add(typedFirst), nil
		if id != t.rec.Person {
			t.rec.Person = id
			a.saveTyped()
		}
	} else {
		t.tries++
		t.next, t.problem = time.Now().Add(typedPause(t.tries)), a.typedProblem(err, t)
		if p := a.people[t.rec.Person]; p != nil && t.problem.Code == CodeWrongPeer {
			a.mark(p, addr)
		}
	}
	a.wakeTyped()
}

// typedPause is how long to wait after so many failures, with some jitter.
func typedPause(tries int) time.Duration {
	pause := typedLast
	if tries < 8 {
		pause = min(typedFirst<<(tries-1), typedLast)
	}
	return pause*9/10 + rand.N(pause/5)
}

// typedProblem words why nobody was reached.
func (a *App) typedProblem(err error, t *typed) *Problem {
	if _, ok := errors.AsType[*discovery.WrongPeerError](err); ok {
		return newProblem(CodeWrongPeer, t.rec.Addr, a.nameOf(t.rec.Person))
	}
	p := addressProblem(err, t.rec.Addr)
	if p.Code == CodeInternal {
		p = newProblem(CodeUnreachable, t.rec.Addr, "")
	}
	p.Detail = ""
	return p
}
