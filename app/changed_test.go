package app

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"yonder/discovery"
)

// changed makes b somebody whom a knows and cannot reach, because other answers there.
func changed(t *testing.T) (a, b, other *host, fa *follower) {
	l := newLAN()
	a, b, other = l.add(t, nil), l.add(t, nil), l.add(t, nil)
	fa = follow(t, a)
	a.see(b)
	fa.sees(b.id())
	id, _ := a.Say(t.Context(), b.id(), "hello")
	fa.messageIs(id, Delivered)
	b.node.setDown(true)
	l.mu.Lock()
	l.nodes[b.node.at] = other.node
	l.mu.Unlock()
	return a, b, other, fa
}

func (f *follower) changedIs(id DeviceID, want string) {
	f.t.Helper()
	f.until("the address where another device answered", func() bool {
		p, _ := f.person(id)
		return p.Changed == want
	})
}

// TestChanged: the warning is loud, stays with the person until they are reached or the user
// has decided, and takes nothing of what is known about them.
func TestChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, other, fa := changed(t)
		fa.patience = 10 * time.Second
		at := b.node.at.String()
		fa.patience = time.Hour
		item := send(t, a, b.id(), time.Hour, file(t))
		if p := fa.problem(CodeWrongPeer); p.Object != at || p.Detail != b.Name() {
			t.Errorf("told %+v", p)
		}
		fa.changedIs(b.id(), at)
		must(t, a.SettleChange(t.Context(), b.id(), false))
		fa.changedIs(b.id(), "")
		time.Sleep(alarmPause / 2) // it is tried again meanwhile
		synctest.Wait()
		a.mu.Lock()
		if p := a.people[b.id()]; p.changed != "" || p.rec.Level != Known {
			t.Errorf("five minutes after the user saw it: %+v", p.shown)
		}
		a.mu.Unlock()
		fa.changedIs(b.id(), at) // and later it is said again
		b.lan.mu.Lock()
		b.lan.nodes[b.node.at] = b.node
		b.lan.mu.Unlock()
		b.node.setDown(false)
		a.find.news <- sighting{ID: b.id(), Name: b.Name(), Addresses: []Address{{Addr: at, Source: "broadcast"}}}
		fa.changedIs(b.id(), "")
		fa.transferIs(item, Offered)
		if got := len(other.runs); got > 0 {
			t.Errorf("the other device has %d transfers", got)
		}
	})
}

// TestReplaced: the user says that they have a new device there. The old one stays known, with
// its key and level; the new one is somebody else.
func TestReplaced(t *testing.T) {
	a, b, other, fa := changed(t)
	fa.patience = 10 * time.Second
	at := b.node.at.String()
	a.find.mu.Lock()
	a.find.probe = func(ctx context.Context, addr string, want DeviceID) (DeviceID, error) {
		if addr != at || !want.IsZero() && want != other.id() {
			return DeviceID{}, &discovery.WrongPeerError{}
		}
		a.find.news <- sighting{ID: other.id(), Name: other.Name(), Addresses: []Address{{Addr: at, Source: "manual"}}}
		return other.id(), nil
	}
	a.find.mu.Unlock()
	must(t, a.KeepAddress(t.Context(), at))
	a.mu.Lock()
	a.typed[0].rec.Person = b.id() // it was typed while they were there
	a.mu.Unlock()
	send(t, a, b.id(), 0, file(t))
	fa.changedIs(b.id(), at)
	must(t, a.SettleChange(t.Context(), b.id(), true))
	fa.changedIs(b.id(), "")
	fa.sees(other.id())
	p, _ := fa.person(b.id())
	if p.Level != Known || slices.ContainsFunc(p.Addresses, func(x Address) bool { return x.Addr == at }) {
		t.Errorf("the one before is %+v", p)
	}
	if p, _ := fa.person(other.id()); p.Level != Unknown {
		t.Errorf("the new one is %+v", p)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if who := a.typed[0].rec.Person; who == b.id() {
		t.Error("the typed address is still theirs")
	}
	for _, place := range a.people[b.id()].rec.Addresses {
		if place.Addr == at {
			t.Errorf("the address is still bound: %+v", place)
		}
	}
}

// TestAddressPassedOn: an address that belongs to somebody else who is known, since, is no alarm.
func TestAddressPassedOn(t *testing.T) {
	a, b, other, fa := changed(t)
	fa.patience = 10 * time.Second
	other.node.at = b.node.at
	a.find.news <- sighting{ID: other.id(), Name: other.Name(), Addresses: []Address{{Addr: b.node.at.String(), Source: "broadcast"}}}
	fa.sees(other.id())
	id, _ := a.Say(t.Context(), other.id(), "hello, new colleague")
	fa.messageIs(id, Delivered)
	item := send(t, a, b.id(), 0, file(t))
	fa.transferIs(item, Interrupted)
	if p, _ := fa.person(b.id()); p.Changed != "" {
		t.Errorf("an alarm about %q, which is somebody else's now", p.Changed)
	}
	for _, ev := range fa.log {
		if ev.Kind == EventProblem {
			t.Errorf("told %+v", ev.Problem)
		}
	}
}

func TestSettleChangeRefused(t *testing.T) {
	a := newLAN().add(t, nil)
	if err := a.SettleChange(t.Context(), DeviceID{7}, true); codeOf(err) != CodeNotFound {
		t.Errorf("of somebody unknown: %v", err)
	}
}

// TestDropPlace: an address is the same with its port and without, and in capitals.
func TestDropPlace(t *testing.T) {
	a := newLAN().add(t, nil)
	for _, tt := range []struct {
		drop string
		left int
	}{
		{"10.0.0.5:21925", 1}, {"10.0.0.5", 1}, {"nas.lan:21925", 1}, {"NAS.lan:21925", 1}, {"10.0.0.5:4000", 2}, {"10.0.0.6", 2}, {"", 2}, {"nas.lan:1", 2},
	} {
		p := newPerson(personRecord{ID: DeviceID{7}, Addresses: []knownPlace{{Addr: "10.0.0.5:21925", Typed: "nas.lan:21925"}, {Addr: "10.0.0.9:21925"}}, Hints: []string{"10.0.0.5:21925", "10.0.0.9:21925"}})
		a.mu.Lock()
		a.dropPlace(p, tt.drop)
		a.mu.Unlock()
		if len(p.rec.Addresses) != tt.left {
			t.Errorf("without %q there is %+v, want %d places", tt.drop, p.rec.Addresses, tt.left)
		}
	}
}
