package app

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"yonder/discovery"
	"yonder/transfer"
)

// Addresses that the user typed are remembered and tried again by themselves: at the start,
// when the network changes, and while nobody answers there, more and more rarely. Who
// answers is listed by the search, which then looks after them.

const (
	typedFirst = 5 * time.Second // until the first try again; doubled each time
	typedLast  = 5 * time.Minute // and not beyond this
	typedTime  = 8 * time.Second // for one try, with its look-up of the name
	maxTyped   = 64
)

// typedRecord is one of them as it is stored.
type typedRecord struct {
	Addr   string   `json:"addr"`            // "HOST:PORT"
	Person DeviceID `json:"person,omitzero"` // who answered there last
}

// typed is one of them and what became of it. It is guarded by App.mu.
type typed struct {
	rec     typedRecord
	tries   int       // that failed, in a row
	next    time.Time // of the next one
	trying  bool
	there   bool     // the one who answered is there, as last looked at
	problem *Problem // of the last one; nil: somebody answered, or there was none yet
}

// typedKey is where the list is among the values of the profile.
const typedKey = "typed"

func (s *store) typed() (list []typedRecord) {
	decode(s.meta(typedKey), &list)
	return list
}

func (s *store) putTyped(list []typedRecord) error {
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return s.setMeta(typedKey, data)
}

// loadTyped reads the list. It runs before everything else.
func (a *App) loadTyped() {
	for _, rec := range a.store.typed() {
		a.typed = append(a.typed, &typed{rec: rec})
	}
	a.typedShown = a.typedList()
}

// wholeAddress is addr with its port, so that one place has one form; false if it is none.
func wholeAddress(addr string) (string, bool) {
	addr = strings.TrimSpace(addr)
	if !isAddress(addr) || strings.Contains(addr, "@") {
		return "", false
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), strconv.Itoa(DefaultPort)
	}
	return net.JoinHostPort(strings.ToLower(host), port), true
}

// KeepAddress implements [Backend].
func (a *App) KeepAddress(ctx context.Context, addr string) error {
	whole, ok := wholeAddress(addr)
	if !ok {
		p := newProblem(CodeBadSetting, cut(addr, 60, 240), "address")
		p.Hint = "give an IP address, or HOST:PORT"
		return p
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isOwn(whole) {
		return problemOf(transfer.ErrSelf, whole)
	}
	a.keepTyped(whole, DeviceID{})
	return nil
}

// isOwn reports whether this device itself listens at an address. The caller holds mu.
func (a *App) isOwn(addr string) bool {
	at, err := netip.ParseAddrPort(addr)
	return slices.Contains(a.me.Addresses, addr) || err == nil && at.Addr().IsLoopback() && at.Port() == a.network.port
}

// DropAddress implements [Backend].
func (a *App) DropAddress(ctx context.Context, addr string) error {
	whole, _ := wholeAddress(addr)
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.typed)
	a.typed = slices.DeleteFunc(a.typed, func(t *typed) bool { return t.rec.Addr == whole })
	if len(a.typed) == n {
		return nil
	}
	for _, p := range a.people { // nobody is bound to it any more
		kept := slices.DeleteFunc(slices.Clone(p.rec.Addresses), func(place knownPlace) bool {
			same, _ := wholeAddress(place.Typed)
			return place.Manual && same == whole
		})
		if len(kept) != len(p.rec.Addresses) {
			p.rec.Addresses = kept
			a.savePerson(p)
			a.show(p)
		}
	}
	a.saveTyped()
	a.tellTyped()
	return nil
}

// keepTyped remembers an address; who says who is there, zero if that is not known. The
// caller holds mu, here and below.
func (a *App) keepTyped(addr string, who DeviceID) {
	addr, ok := wholeAddress(addr)
	if !ok {
		return
	}
	i := slices.IndexFunc(a.typed, func(t *typed) bool { return t.rec.Addr == addr })
	if i < 0 {
		a.makeRoomTyped()
		i = len(a.typed)
		a.typed = append(a.typed, &typed{rec: typedRecord{Addr: addr}})
	}
	t := a.typed[i]
	if !who.IsZero() {
		t.rec.Person, t.problem = who, nil
	}
	t.tries, t.next = 0, time.Now()
	a.saveTyped()
	a.wakeTyped()
}

// makeRoomTyped forgets the oldest where nobody is while there are too many, else the oldest.
func (a *App) makeRoomTyped() {
	if len(a.typed) < maxTyped {
		return
	}
	i := max(0, slices.IndexFunc(a.typed, func(t *typed) bool { return !a.reached(t) }))
	a.typed = slices.Delete(a.typed, i, i+1)
}

func (a *App) saveTyped() {
	list := make([]typedRecord, len(a.typed))
	for i, t := range a.typed {
		list[i] = t.rec
	}
	a.saved(a.store.putTyped(list))
}

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

// typedList is what front ends see, in the order in which they were typed.
func (a *App) typedList() (list []TypedAddress) {
	for _, t := range a.typed {
		v := TypedAddress{Addr: t.rec.Addr, Person: t.rec.Person, Reached: a.reached(t)}
		if !v.Reached {
			v.Problem = t.problem
		}
		list = append(list, v)
	}
	return list
}

// tellTyped tells the list if it has changed.
func (a *App) tellTyped() {
	list := a.typedList()
	if reflect.DeepEqual(list, a.typedShown) {
		return
	}
	a.typedShown = list
	a.emit(Event{Kind: EventTyped, Typed: list})
}
