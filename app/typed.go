package app

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"yonder/transfer"
)

// Addresses that the user typed are remembered, and tried again by themselves (knock.go)
// while nobody answers there.

const maxTyped = 64

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
	return slices.DeleteFunc(list, func(r typedRecord) bool {
		whole, ok := wholeAddress(r.Addr)
		return !ok || whole != r.Addr
	})
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
