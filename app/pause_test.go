package app

import (
	"testing"
	"testing/synctest"
	"time"
)

func pause(t *testing.T, b Backend, item ItemID) {
	t.Helper()
	if err := b.Pause(t.Context(), item); err != nil {
		t.Fatalf("Pause(%s) = %v", item, err)
	}
}

func resume(t *testing.T, b Backend, item ItemID) {
	t.Helper()
	if err := b.Resume(t.Context(), item); err != nil {
		t.Fatalf("Resume(%s) = %v", item, err)
	}
}

// pausedIs waits until a transfer is paused by us and by them as wanted.
func (f *follower) pausedIs(id ItemID, ours, theirs bool) {
	f.t.Helper()
	f.until("item "+string(id)+" to be paused as wanted", func() bool {
		i, ok := f.items[id]
		return ok && i.Transfer.Paused == ours && i.Transfer.PeerPaused == theirs
	})
}

// TestPauseFromEitherSide: nothing moves while one of the two pauses, both know who
// does, and it goes on only when both want it.
func TestPauseFromEitherSide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.node.speed = fakeSize / 10
		id := send(t, a, b.id(), 0, file(t))
		got := fb.incoming().ID
		accept(t, b, got)
		fa.transferIs(id, Running)
		pause(t, a, id)
		fa.pausedIs(id, true, false)
		fb.pausedIs(got, false, true)
		pause(t, b, got)
		fa.pausedIs(id, true, true)
		fb.pausedIs(got, true, true)
		before := fb.items[got].Transfer.Stored
		time.Sleep(time.Hour)
		resume(t, a, id)
		fa.pausedIs(id, false, true)
		time.Sleep(time.Hour)
		if tr := a.lookup(id).Transfer; tr.State != Running || tr.Stored > before+fakeSize/5 || tr.Rate != 0 || tr.Left != -1 {
			t.Errorf("after two hours of pause it is %s with %d bytes at %.0f B/s, want running with %d and standing still", tr.State, tr.Stored, tr.Rate, before)
		}
		resume(t, b, got)
		if done := fa.transferIs(id, Done); done.Paused || done.PeerPaused {
			t.Errorf("done and still paused: %+v", done)
		}
		fb.transferIs(got, Done)
		pause(t, a, id) // no effect any more
		if a.lookup(id).Transfer.Paused {
			t.Error("what is done can be paused")
		}
	})
}

// TestPausedOutgoingStays: neither a cut, nor the peer's coming, nor a restart makes a
// paused transfer go on; resuming does.
func TestPausedOutgoingStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		dir := t.TempDir()
		a, b := l.addAt(t, dir, nil), l.add(t, nil)
		fa, fb := follow(t, a), follow(t, b)
		a.see(b)
		fa.sees(b.id())
		id := send(t, a, b.id(), time.Hour, file(t))
		got := fb.incoming().ID
		accept(t, b, got)
		fa.transferIs(id, Running)
		pause(t, a, id)
		fa.pausedIs(id, true, false)
		b.node.setDown(true)
		if p := fa.transferIs(id, Interrupted).Problem; p != nil {
			t.Errorf("cut while paused the problem is %+v, want none", p)
		}
		b.node.setDown(false)
		a.find.news <- sighting{ID: b.id(), Gone: true}
		a.see(b)
		time.Sleep(time.Hour)
		if tr := a.lookup(id).Transfer; tr.State != Interrupted || !tr.Paused {
			t.Errorf("with the peer back it is %s, paused %v; want it untouched", tr.State, tr.Paused)
		}
		a.Close()
		a = l.addAt(t, dir, nil)
		fa = follow(t, a)
		a.see(b)
		fa.sees(b.id())
		time.Sleep(time.Hour)
		if tr := a.lookup(id).Transfer; tr.State != Interrupted || !tr.Paused {
			t.Errorf("after a restart it is %s, paused %v; want it untouched", tr.State, tr.Paused)
		}
		resume(t, a, id)
		if done := fa.transferIs(id, Done); done.Resumed == 0 {
			t.Error("nothing was resumed")
		}
		fb.transferIs(got, Done)
	})
}

// TestPauseWhileNobodyIsThere: what waits for its peer does not wait any more, however
// quickly orders follow each other.
func TestPauseWhileNobodyIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.node.setDown(true)
		id := send(t, a, b.id(), time.Hour, file(t))
		fa.transferIs(id, Waiting)
		for range 3 {
			pause(t, a, id)
			resume(t, a, id)
		}
		pause(t, a, id)
		fa.transferIs(id, Interrupted)
		b.node.setDown(false)
		a.find.news <- sighting{ID: b.id(), Gone: true}
		a.see(b)
		time.Sleep(time.Hour)
		if len(fb.items) != 0 {
			t.Error("it was offered while it was paused")
		}
		resume(t, a, id)
		fa.transferIs(id, Offered)
	})
}

// TestPausedIncomingBeginsPaused: the sender that comes back does not undo it.
func TestPausedIncomingBeginsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.node.speed = fakeSize / 10
		id := send(t, a, b.id(), time.Hour, file(t))
		got := fb.incoming().ID
		pause(t, b, got) // not decided: no effect
		accept(t, b, got)
		fb.transferIs(got, Running)
		pause(t, b, got)
		fb.pausedIs(got, true, false)
		b.node.cut()
		fa.transferIs(id, Running)
		fa.pausedIs(id, false, true)
		resume(t, b, got)
		fa.transferIs(id, Done)
	})
}

func TestBackendPause(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		other.node.mu.Lock()
		other.node.speed = fakeSize
		other.node.mu.Unlock()
		id := send(t, b, other.id(), time.Hour, file(t))
		got := fo.incoming().ID
		accept(t, other, got)
		f.transferIs(id, Running)
		pause(t, b, id)
		f.pausedIs(id, true, false)
		fo.pausedIs(got, false, true)
		resume(t, b, id)
		f.transferIs(id, Done)
		for name, order := range map[string]func() error{
			"Pause":  func() error { return b.Pause(t.Context(), "nonsense") },
			"Resume": func() error { return b.Resume(t.Context(), "nonsense") },
		} {
			if order() == nil {
				t.Errorf("%s of nothing = nil, want an error", name)
			}
		}
	})
}

// TestRealPause: the engine's own pausing, over a real connection.
func TestRealPause(t *testing.T) {
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	meet(t, a, b)
	dir, files := tree(t)
	id := send(t, a, b.me.ID, time.Hour, dir)
	got := fb.incoming().ID
	pause(t, a, id) // begins paused
	accept(t, b, got)
	fb.pausedIs(got, false, true)
	pause(t, b, got)
	fa.pausedIs(id, true, true)
	resume(t, a, id)
	fb.pausedIs(got, true, false)
	resume(t, b, got)
	fa.transferIs(id, Done)
	checkTree(t, fb.transferIs(got, Done).Paths[0], files)
}
