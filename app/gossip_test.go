package app

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// trusts sets how far h trusts somebody.
func (h *host) trusts(id DeviceID, level Level) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.person(id, "")
	p.rec.Level, p.stored = level, true
	h.levels.Store(id, level)
	h.show(p)
}

// finds lets the search of h list somebody at addresses.
func (h *host) finds(id DeviceID, addrs ...string) {
	var all []Address
	for _, addr := range addrs {
		all = append(all, Address{Addr: addr, Source: "broadcast"})
	}
	h.find.news <- sighting{ID: id, Name: "somebody", Addresses: all}
	synctest.Wait()
}

func (h *host) gone(id DeviceID) {
	h.find.news <- sighting{ID: id, Gone: true}
	synctest.Wait()
}

func (h *host) dials(other *host) {
	h.node.Connect(h.ctx, transfer.ID(other.id()), []netip.AddrPort{other.node.at})
	synctest.Wait()
}

// heard returns what was told to h since the last call, as "ID addresses".
func (h *host) heard() (all []string) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	for _, people := range h.node.told {
		var rows []string
		for _, c := range people {
			rows = append(rows, fmt.Sprint(c.ID[0], c.Addrs))
		}
		all = append(all, strings.Join(rows, ", "))
	}
	h.node.told = nil
	return all
}

// suggested returns what the search of h was told by gossip since the last call.
func (h *host) suggested() (all []string) {
	h.find.mu.Lock()
	defer h.find.mu.Unlock()
	h.find.said = slices.DeleteFunc(h.find.said, func(s string) bool {
		if text, ok := strings.CutPrefix(s, "suggest "); ok {
			all = append(all, text)
			return true
		}
		return false
	})
	return all
}

var cem = DeviceID{3, 3, 3}

// TestGossip: ann and bea are connected, bea's search lists cem.
func TestGossip(t *testing.T) {
	at := func(text string) string { return fmt.Sprintf("%d [%s]", cem[0], text) }
	tests := []struct {
		why              string
		annOfBea, annOfC Level
		beaOfAnn, beaOfC Level
		annOff, beaOff   bool
		addrs            []string
		told             string // to ann; empty: nothing is
		used             bool
	}{
		{"everybody is paired", Paired, Paired, Paired, Paired, false, false, []string{"10.9.0.3:21925"}, at("10.9.0.3:21925"), true},
		{"own devices", Mine, Mine, Mine, Mine, false, false, []string{"10.9.0.3:21925"}, at("10.9.0.3:21925"), true},
		{"ann has bea only as known", Known, Paired, Paired, Paired, false, false, []string{"10.9.0.3:21925"}, "", false},
		{"bea has ann only as known", Paired, Paired, Known, Paired, false, false, []string{"10.9.0.3:21925"}, "", false},
		{"bea has cem only as known", Paired, Paired, Paired, Known, false, false, []string{"10.9.0.3:21925"}, "", false},
		{"ann has cem only as known", Paired, Known, Paired, Paired, false, false, []string{"10.9.0.3:21925"}, at("10.9.0.3:21925"), false},
		{"ann does not know cem", Paired, Unknown, Paired, Paired, false, false, []string{"10.9.0.3:21925"}, at("10.9.0.3:21925"), false},
		{"ann blocks cem", Paired, Blocked, Paired, Paired, false, false, []string{"10.9.0.3:21925"}, at("10.9.0.3:21925"), false},
		{"ann wants none", Paired, Paired, Paired, Paired, true, false, []string{"10.9.0.3:21925"}, "", false},
		{"bea tells none", Paired, Paired, Paired, Paired, false, true, []string{"10.9.0.3:21925"}, "", false},
		{"addresses that mean nothing elsewhere", Paired, Paired, Paired, Paired, false, false, []string{"127.0.0.1:1", "[fe80::1%eth0]:1", "169.254.1.1:1"}, "", false},
		{"only four", Paired, Paired, Paired, Paired, false, false, []string{"[fe80::1%eth0]:1", "10.9.0.1:1", "10.9.0.2:1", "10.9.0.3:1", "10.9.0.4:1", "10.9.0.5:1"}, at("10.9.0.1:1 10.9.0.2:1 10.9.0.3:1 10.9.0.4:1"), true},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLAN()
				ann, bea := l.add(t, nil), l.add(t, nil)
				ann.trusts(bea.id(), tt.annOfBea)
				ann.trusts(cem, tt.annOfC)
				bea.trusts(ann.id(), tt.beaOfAnn)
				bea.trusts(cem, tt.beaOfC)
				ann.Configure(t.Context(), Settings{NoGossip: tt.annOff})
				bea.Configure(t.Context(), Settings{NoGossip: tt.beaOff})
				bea.finds(cem, tt.addrs...)
				bea.finds(DeviceID{4}, "10.9.0.4:21925") // a stranger, of whom nothing is said
				bea.finds(ann.id(), ann.node.at.String())
				ann.dials(bea)
				if got := strings.Join(ann.heard(), "; "); got != tt.told {
					t.Errorf("told is %q, want %q", got, tt.told)
				}
				used := ann.suggested()
				if (len(used) > 0) != tt.used {
					t.Errorf("used is %q, want some %v", used, tt.used)
				}
				if got := bea.heard(); len(got) != 0 {
					t.Errorf("ann, who lists nobody, told %q", got)
				}
			})
		})
	}
}

// TestGossipIsRare: once when the session is ready, then when something changed, at most once
// in a minute, and not about those who left.
func TestGossipIsRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		ann, bea := l.add(t, nil), l.add(t, nil)
		ann.trusts(bea.id(), Paired)
		bea.trusts(ann.id(), Paired)
		ann.dials(bea)
		if got := ann.heard(); len(got) != 0 {
			t.Errorf("about nobody it told %q", got)
		}
		bea.trusts(cem, Paired)
		bea.finds(cem, "10.9.0.3:1")
		if got := ann.heard(); len(got) != 1 {
			t.Errorf("when somebody came it told %q", got)
		}
		for i := range 50 { // an unsteady network
			bea.finds(cem, fmt.Sprintf("10.9.0.3:%d", i+2))
			bea.gone(cem)
		}
		bea.finds(cem, "10.9.0.3:99")
		time.Sleep(50 * time.Second)
		if got := ann.heard(); len(got) != 0 {
			t.Errorf("within a minute it told %q again", got)
		}
		time.Sleep(11 * time.Second)
		if got := ann.heard(); len(got) != 1 || got[0] != "3 [10.9.0.3:99]" {
			t.Errorf("after a minute it told %q, want how it is now", got)
		}
		time.Sleep(time.Hour)
		bea.gone(cem)
		time.Sleep(time.Hour)
		if got := ann.heard(); len(got) != 0 {
			t.Errorf("when nothing changed, and when somebody left, it told %q", got)
		}
		for i := range 100 {
			id := DeviceID{100, byte(i)}
			bea.trusts(id, Paired)
			bea.finds(id, "10.8.0.1:1")
		}
		time.Sleep(2 * time.Minute)
		for _, told := range ann.heard() {
			if n := strings.Count(told, "[10.8.0.1:1]"); n == 0 || n > transfer.MaxContacts {
				t.Errorf("about 100 people it told of %d", n)
			}
		}
		bea.Configure(t.Context(), Settings{NoGossip: true})
		bea.trusts(DeviceID{1, 1}, Paired)
		bea.finds(DeviceID{1, 1}, "10.7.0.1:1")
		time.Sleep(2 * time.Minute)
		if got := ann.heard(); len(got) != 0 {
			t.Errorf("after it was switched off it told %q", got)
		}
		bea.mu.Lock()
		open := len(bea.gossips)
		bea.mu.Unlock()
		ann.node.cut()
		synctest.Wait()
		bea.mu.Lock()
		left := len(bea.gossips)
		bea.mu.Unlock()
		if open != 1 || left != 0 {
			t.Errorf("%d sessions are told to, and %d after their end", open, left)
		}
	})
}

// What a paired peer says is looked at as if it lied.
func TestGossipIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		ann, bea := l.add(t, nil), l.add(t, nil)
		ann.trusts(bea.id(), Paired)
		ann.trusts(cem, Paired)
		from := transfer.Peer{ID: transfer.ID(bea.id())}
		tell := func(c transfer.Contact) []string {
			ann.App.gossip(from, []transfer.Contact{c})
			return ann.suggested()
		}
		addrs := ports([]Address{{Addr: "10.9.0.3:1"}})
		if got := tell(transfer.Contact{ID: transfer.ID(cem), Addrs: addrs}); len(got) != 1 {
			t.Fatalf("what is new is not asked: %q", got)
		}
		for why, c := range map[string]transfer.Contact{
			"old news":        {ID: transfer.ID(cem), Addrs: addrs, Age: gossipAge + time.Second},
			"about ourselves": {ID: transfer.ID(ann.id()), Addrs: addrs},
			"about itself":    {ID: transfer.ID(bea.id()), Addrs: addrs},
			"about nobody":    {Addrs: addrs},
			"about strangers": {ID: transfer.ID{9}, Addrs: addrs},
		} {
			if got := tell(c); len(got) != 0 {
				t.Errorf("%s: asked is %q", why, got)
			}
		}
		ann.trusts(bea.id(), Known)
		if got := tell(transfer.Contact{ID: transfer.ID(cem), Addrs: addrs}); len(got) != 0 {
			t.Errorf("from somebody who is not paired any more: asked is %q", got)
		}
		ann.mu.Lock()
		defer ann.mu.Unlock()
		if p := ann.people[cem]; p.present || len(p.rec.Addresses) != 0 || len(p.rec.Hints) != 0 {
			t.Errorf("gossip alone made of cem %+v", p.rec)
		}
		if ann.people[DeviceID{9}] != nil {
			t.Error("gossip alone made a stranger known")
		}
	})
}
