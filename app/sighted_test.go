package app

import (
	"testing"
	"testing/synctest"
)

// TestSessionsAreChecked: news of the network lets sessions be asked whether they still
// lead anywhere, and nothing else does.
func TestSessionsAreChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		a, b := l.add(t, nil), l.add(t, nil)
		f := follow(t, a)
		a.see(b)
		f.sees(b.id())
		if _, err := a.Say(t.Context(), b.id(), "hello"); err != nil {
			t.Fatal(err)
		}
		f.until("a session", func() bool { p, _ := f.person(b.id()); return p.Connected })
		a.mu.Lock()
		s := a.people[b.id()].sessions[0].(*fakeSession)
		a.mu.Unlock()
		at := func(addr string) sighting {
			return sighting{ID: b.id(), Name: b.Name(), Addresses: []Address{{Addr: addr, Source: "broadcast"}}}
		}
		for _, step := range []struct {
			reason string
			news   sighting
			checks int64 // in all
		}{
			{"heard again at the same address", at(b.node.at.String()), 0},
			{"heard at another address", at("10.0.0.99:21925"), 1},
			{"heard there again", at("10.0.0.99:21925"), 1},
			{"our own network changed", sighting{Network: true}, 2},
			{"it was started again", sighting{ID: b.id(), Name: b.Name(), Restarted: true, Addresses: []Address{{Addr: "10.0.0.99:21925", Source: "broadcast"}}}, 3},
		} {
			a.find.news <- step.news
			synctest.Wait()
			if got := s.checks.Load(); got != step.checks {
				t.Errorf("%s: asked %d times, want %d", step.reason, got, step.checks)
			}
		}
	})
}
