package app

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestQueueKeepsItsOrder: what waits for somebody who is away is offered in the order in
// which it was sent, as soon as they are seen, and then moves side by side.
func TestQueueKeepsItsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.mu.Lock()
		b.person(a.id(), "").rec.Level = Paired // a stranger may offer a few at a time only
		b.mu.Unlock()
		b.node.setDown(true)
		var ids []ItemID
		var want []string
		for i := range 8 {
			want = append(want, fmt.Sprintf("%d.jpg", (i*5)%8))
			path := filepath.Join(t.TempDir(), want[i])
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, send(t, a, b.id(), 24*time.Hour, path))
			time.Sleep(time.Duration(i) * 7 * time.Second) // they rest at different times
		}
		if err := a.Cancel(t.Context(), ids[2]); err != nil { // leaves the line
			t.Fatal(err)
		}
		want = slices.Delete(want, 2, 3)
		time.Sleep(time.Hour)
		b.node.setDown(false)
		back := time.Now()
		a.find.news <- sighting{ID: b.id(), Gone: true}
		a.see(b)
		fb.until("all offers", func() bool { return len(fb.items) == len(want) })
		if d := time.Since(back); d > 2*time.Second {
			t.Errorf("offered after %v, want at once", d)
		}
		var got []string
		for _, ev := range fb.log {
			if ev.Kind == EventItem && ev.New {
				got = append(got, ev.Item.Transfer.Names[0])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("offered in the order %v, want %v", got, want)
		}
		for id := range fb.items {
			accept(t, b, id)
		}
		for i, id := range ids {
			if i != 2 {
				fa.transferIs(id, Done)
			}
		}
	})
}

// TestLineIsPerPerson: somebody who cannot be reached keeps nobody else waiting.
func TestLineIsPerPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		a, away, here := l.add(t, nil), l.add(t, nil), l.add(t, nil)
		fa := follow(t, a)
		for _, h := range []*host{away, here} {
			a.see(h)
			fa.sees(h.id())
		}
		away.node.setDown(true)
		ids, err := a.Send(t.Context(), SendRequest{To: []DeviceID{away.id(), here.id()}, Paths: []string{file(t)}, Retry: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		fa.transferIs(ids[1], Offered)
		fa.transferIs(ids[0], Waiting)
	})
}

// TestGoesOnAfterARestart: only what the end of the program cut, and what was to be tried
// again, does so by itself.
func TestGoesOnAfterARestart(t *testing.T) {
	for _, tt := range []struct {
		why    string
		window bool // of the process that sent it
		retry  time.Duration
		before func(t *testing.T, a *host, id ItemID)
		want   TransferState
	}{
		{"the program ended", true, time.Hour, nil, Waiting},
		{"a command sent it", false, time.Hour, nil, Interrupted},
		{"it was to be tried once", true, 0, nil, Interrupted},
		{"the user paused it", true, time.Hour, func(t *testing.T, a *host, id ItemID) { pause(t, a, id) }, Interrupted},
		{"the user stopped it", true, time.Hour, func(t *testing.T, a *host, id ItemID) {
			if err := a.Stop(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}, Interrupted},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, dir := newLAN(), t.TempDir()
			a, b := l.addAt(t, dir, func(o *Options) { o.Window = tt.window }), l.add(t, nil)
			fa, fb := follow(t, a), follow(t, b)
			a.see(b)
			fa.sees(b.id())
			b.node.speed = 1
			id := send(t, a, b.id(), tt.retry, file(t))
			accept(t, b, fb.incoming().ID)
			fa.transferIs(id, Running)
			if tt.before != nil {
				tt.before(t, a, id)
			}
			a.Close()
			a = l.addAt(t, dir, nil)
			if got := a.lookup(id).Transfer.State; got != tt.want {
				t.Errorf("%s: after a restart it is %s, want %s", tt.why, got, tt.want)
			}
		})
	}
}
