package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// pair returns two hosts that see each other, and what each front end sees.
func pair(t *testing.T) (a, b *host, fa, fb *follower) {
	l := newLAN()
	a, b = l.add(t, nil), l.add(t, nil)
	fa, fb = follow(t, a), follow(t, b)
	a.see(b)
	b.see(a)
	fa.sees(b.id())
	fb.sees(a.id())
	return a, b, fa, fb
}

// file makes a file that can be sent.
func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func send(t *testing.T, from Backend, to DeviceID, retry time.Duration, paths ...string) ItemID {
	t.Helper()
	ids, err := from.Send(t.Context(), SendRequest{To: []DeviceID{to}, Paths: paths, Retry: retry})
	if err != nil || len(ids) != 1 {
		t.Fatalf("Send = %v, %v", ids, err)
	}
	return ids[0]
}

func accept(t *testing.T, b Backend, item ItemID) {
	t.Helper()
	if err := b.Answer(t.Context(), item, Answer{Accept: true}); err != nil {
		t.Fatalf("Answer(%s) = %v", item, err)
	}
}

func TestSendAndAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		id := send(t, a, b.id(), 0, file(t))
		fa.transferIs(id, Offered)
		offer := fb.incoming()
		if got := offer.Transfer; got.State != Offered || got.Names[0] != "photo.jpg" || got.Bytes != fakeSize || !got.Final {
			t.Errorf("offer is %+v", got)
		}
		if p, _ := fb.person(a.id()); p.Unread != 1 || p.Level != Unknown {
			t.Errorf("before the answer: unread %d, level %d; want 1, Unknown", p.Unread, p.Level)
		}
		accept(t, b, offer.ID)
		sent, got := fa.transferIs(id, Done), fb.transferIs(offer.ID, Done)
		if sent.Stored != fakeSize || got.Stored != fakeSize || got.Files != 1 {
			t.Errorf("stored %d and %d, want %d", sent.Stored, got.Stored, fakeSize)
		}
		if want := filepath.Join(b.me.Folder, "photo.jpg"); len(got.Paths) != 1 || got.Paths[0] != want {
			t.Errorf("Paths = %q, want %q", got.Paths, want)
		}
		for f, id := range map[*follower]DeviceID{fa: b.id(), fb: a.id()} {
			if p, _ := f.person(id); p.Level != Known {
				t.Errorf("level after the transfer = %d, want Known", p.Level)
			}
		}
	})
}

func TestProgressIsPacedAndExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.node.speed = fakeSize / 4 // four seconds
		id := send(t, a, b.id(), 0, file(t))
		accept(t, b, fb.incoming().ID)
		fa.transferIs(id, Running)
		begun := time.Now()
		var last time.Time
		var states []TransferState
		var stored int64
		rates := 0
		for fa.items[id].Transfer.State == Running {
			ev := <-fa.events
			fa.apply(ev)
			if ev.Kind != EventItem {
				continue
			}
			tr := ev.Item.Transfer
			if tr.State == Running {
				if !last.IsZero() && time.Since(last) < progressEvery {
					t.Errorf("progress after %v, want at most every %v", time.Since(last), progressEvery)
				}
				last = time.Now()
				if tr.Rate > 0 {
					rates++
					if tr.Rate < fakeSize/4*0.8 || tr.Rate > fakeSize/4*1.2 {
						t.Errorf("rate %.0f, want about %d", tr.Rate, fakeSize/4)
					}
				}
			}
			if len(states) == 0 || states[len(states)-1] != tr.State {
				states = append(states, tr.State)
			}
			if tr.Stored < stored {
				t.Errorf("stored went back from %d to %d", stored, tr.Stored)
			}
			stored = tr.Stored
		}
		if len(states) != 2 || states[1] != Done || stored != fakeSize {
			t.Errorf("states %v with %d bytes at the end, want running, done, %d", states, stored, fakeSize)
		}
		if rates < 20 || time.Since(begun) < 3*time.Second {
			t.Errorf("%d events with a rate in %v", rates, time.Since(begun))
		}
	})
}

func TestRetryLoop(t *testing.T) {
	t.Run("goes on by itself when the peer is back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, fa, fb := pair(t)
			id := send(t, a, b.id(), time.Minute, file(t))
			got := fb.incoming().ID
			accept(t, b, got)
			fa.transferIs(id, Running)
			time.Sleep(500 * time.Millisecond)
			b.node.setDown(true)
			if p := fa.transferIs(id, Waiting).Problem; p == nil || p.Code != CodeInterrupted && p.Code != CodeUnreachable {
				t.Errorf("while waiting the problem is %+v", p)
			}
			fb.transferIs(got, Interrupted)
			time.Sleep(20 * time.Second)
			b.node.setDown(false)
			a.find.news <- sighting{ID: b.id(), Gone: true}
			a.see(b)
			back := time.Now()
			done := fa.transferIs(id, Done)
			if d := time.Since(back); d > 2*time.Second {
				t.Errorf("done %v after the peer was seen, want at once", d)
			}
			if done.Resumed == 0 {
				t.Error("nothing was resumed")
			}
			fb.transferIs(got, Done)
			if n := len(fb.items); n != 1 {
				t.Errorf("the receiver has %d items, want the same one", n)
			}
		})
	})
	t.Run("pauses grow and end with the budget", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, fa, _ := pair(t)
			b.node.setDown(true)
			begun := time.Now()
			id := send(t, a, b.id(), time.Minute, file(t))
			p := fa.transferIs(id, Interrupted).Problem
			if d := time.Since(begun); d < time.Minute || d > time.Minute+lastPause {
				t.Errorf("gave up after %v, want a minute", d)
			}
			if p == nil || p.Code != CodeUnreachable {
				t.Errorf("problem = %+v, want %s", p, CodeUnreachable)
			}
			a.node.mu.Lock()
			defer a.node.mu.Unlock()
			if a.node.dials != 7 { // after 0, 1, 3, 7, 15, 31 and 60 s
				t.Errorf("dialled %d times in a minute, want 7", a.node.dials)
			}
		})
	})
	t.Run("a session that is replaced is no cut", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, fa, fb := pair(t)
			a.node.replaced = maxReplaced
			id := send(t, a, b.id(), 0, file(t))
			accept(t, b, fb.incoming().ID)
			fa.transferIs(id, Done)
			a.node.replaced = maxReplaced + 1 // but not for ever
			id = send(t, a, b.id(), 0, file(t))
			fa.transferIs(id, Interrupted)
		})
	})
	t.Run("no retry at all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, fa, _ := pair(t)
			b.node.setDown(true)
			id := send(t, a, b.id(), 0, file(t))
			fa.transferIs(id, Interrupted)
			if a.node.dials != 1 {
				t.Errorf("dialled %d times, want once", a.node.dials)
			}
		})
	})
	t.Run("Retry after Stop, Declined and Cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, b, fa, fb := pair(t)
			b.trusts(a.id(), Known) // offers of strangers wait
			id := send(t, a, b.id(), 0, file(t))
			got := fb.incoming().ID
			b.Answer(t.Context(), got, Answer{})
			fa.transferIs(id, Declined)
			a.Retry(t.Context(), id)
			a.Retry(t.Context(), id)
			fb.transferIs(got, Offered)
			a.Cancel(t.Context(), id)
			fa.transferIs(id, Cancelled)
			fb.transferIs(got, Cancelled)
			a.Retry(t.Context(), id)
			fb.transferIs(got, Offered)
			accept(t, b, got)
			time.Sleep(500 * time.Millisecond)
			a.Stop(t.Context(), id)
			a.Retry(t.Context(), id) // while it is still ending
			if done := fa.transferIs(id, Done); done.Resumed == 0 {
				t.Error("nothing was resumed")
			}
			fb.transferIs(got, Done)
			if err := a.Retry(t.Context(), id); err != nil {
				t.Errorf("Retry of what is done = %v, want no effect", err)
			}
			synctest.Wait()
			if s := a.lookup(id).Transfer.State; s != Done {
				t.Errorf("Retry of what is done made it %s", s)
			}
		})
	})
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		dirA, dirB := t.TempDir(), t.TempDir()
		a, b := l.addAt(t, dirA, nil), l.addAt(t, dirB, nil)
		fb := follow(t, b)
		a.see(b)
		follow(t, a).sees(b.id())
		path := file(t)
		id := send(t, a, b.id(), time.Hour, path)
		got := fb.incoming().ID
		accept(t, b, got)
		time.Sleep(500 * time.Millisecond)
		a.Close()
		fb.transferIs(got, Interrupted)
		partials := b.node.partials
		b.Close()

		b = l.addAt(t, dirB, nil)
		b.node.partials = partials
		a = l.addAt(t, dirA, nil)
		fa, fb := follow(t, a), follow(t, b)
		h, _ := a.History(t.Context(), b.id(), "", 10)
		if len(h.Items) != 1 || h.Items[0].ID != id || h.Items[0].Transfer.State != Waiting || h.Items[0].Transfer.Sources[0] != path {
			t.Fatalf("after the restart the history is %+v", h.Items)
		}
		if p, _ := fa.person(b.id()); p.Level != Known || p.Present {
			t.Errorf("after the restart b is %+v, want known and away", p)
		}
		a.see(b) // and it goes on by itself
		fa.sees(b.id())
		if done := fa.transferIs(id, Done); done.Resumed == 0 {
			t.Error("nothing was resumed")
		}
		fb.transferIs(got, Done)
		if len(fb.items) != 1 {
			t.Errorf("the receiver has %d items, want the same one", len(fb.items))
		}
	})
}

func TestResumeByAnotherItem(t *testing.T) { // the sender's program was killed and told to send again
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		path := file(t)
		first := send(t, a, b.id(), 0, path)
		got := fb.incoming().ID
		accept(t, b, got)
		time.Sleep(500 * time.Millisecond)
		b.node.cut()
		fa.transferIs(first, Interrupted)
		fb.transferIs(got, Interrupted)
		second := send(t, a, b.id(), 0, path)
		fa.transferIs(second, Done)
		fb.transferIs(got, Done)
		if len(fb.items) != 1 {
			t.Errorf("the receiver has %d items, want the one that goes on", len(fb.items))
		}
	})
}

func TestSendChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, _ := pair(t)
		good := file(t)
		tests := []struct {
			why  string
			to   DeviceID
			path string
			code string
		}{
			{"missing", b.id(), filepath.Join(t.TempDir(), "no"), CodeNoPath},
			{"below a file", b.id(), filepath.Join(good, "x"), CodeNoPath},
			{"relative", b.id(), "x", CodeNoPath},
			{"a device", b.id(), os.DevNull, CodeSpecial},
			{"somebody unknown", DeviceID{1}, good, CodeNotFound},
			{"to oneself", a.id(), good, CodeNotFound},
		}
		for _, tt := range tests {
			_, err := a.Send(t.Context(), SendRequest{To: []DeviceID{tt.to}, Paths: []string{tt.path}})
			if got := codeOf(err); got != tt.code {
				t.Errorf("%s: Send(%q) = %v, want code %s", tt.why, tt.path, err, tt.code)
			}
		}
		if _, err := a.Send(t.Context(), SendRequest{To: []DeviceID{b.id()}}); err == nil {
			t.Error("Send of nothing = nil, want an error")
		}
	})
}

func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		dir := t.TempDir()
		a, b := l.addAt(t, dir, nil), l.add(t, nil)
		fa, fb := follow(t, a), follow(t, b)
		a.see(b)
		fa.sees(b.id())
		id := send(t, a, b.id(), time.Hour, file(t))
		accept(t, b, fb.incoming().ID)
		fa.transferIs(id, Running)
		a.node.hang = time.Minute
		begun := time.Now()
		a.Close()
		if d := time.Since(begun); d > closeTime {
			t.Errorf("Close took %v, want at most %v", d, closeTime)
		}
		time.Sleep(2 * time.Minute)
		again := l.addAt(t, dir, nil)
		again.mu.Lock()
		defer again.mu.Unlock()
		if rec := again.lookup(id); rec == nil || rec.Transfer.State != Waiting {
			t.Errorf("after the restart the transfer is %+v, want it to go on", rec)
		}
	})
}

func TestDatabaseCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, _ := pair(t)
		a.store.close()
		for range 3 {
			if _, err := a.Say(t.Context(), b.id(), "x"); codeOf(err) != CodeNotSaved {
				t.Errorf("Say = %v, want %s: it could be lost", err, CodeNotSaved)
			}
		}
		peer := transfer.Peer{ID: transfer.ID(b.id())}
		if err := a.chat(peer, transfer.Chat{Body: "x"}); err == nil || errorsAny(err, transfer.ErrBlocked, transfer.ErrTooMany) {
			t.Errorf("chat = %v, want an error after which the sender tries again", err)
		}
		fa.problem(CodeNotSaved)
		synctest.Wait()
		for len(fa.events) > 0 {
			fa.apply(<-fa.events)
		}
		told := 0
		for _, ev := range fa.log {
			if ev.Kind == EventProblem {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times, want once", told)
		}
	})
}

func errorsAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}
