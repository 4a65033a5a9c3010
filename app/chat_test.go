package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

func TestOfflineQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		dir := t.TempDir()
		a, b := l.addAt(t, dir, nil), l.add(t, nil)
		f := follow(t, a)
		a.see(b)
		f.sees(b.id())
		b.node.setDown(true)
		var ids []ItemID
		for i := range 120 {
			id, err := a.Say(t.Context(), b.id(), fmt.Sprint("line ", i))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		a.Close() // they survive a restart
		a = l.addAt(t, dir, nil)
		f = follow(t, a)
		time.Sleep(10 * time.Minute)
		if got := a.store.record(ids[0]).Message.State; got != Queued {
			t.Errorf("after the restart the first is %s, want queued", got)
		}
		b.node.setDown(false)
		back := time.Now()
		a.see(b)
		f.messageIs(ids[119], Delivered)
		if d := time.Since(back); d > 15*time.Second { // 120 at 15 a second after 37 at once
			t.Errorf("the queue took %v", d)
		}
		b.node.mu.Lock()
		defer b.node.mu.Unlock()
		if len(b.node.said) != 120 || b.node.said[0] != "line 0" || b.node.said[119] != "line 119" {
			t.Errorf("%d messages went out, first %q", len(b.node.said), b.node.said[0])
		}
		if n := len(a.store.outbox(b.id(), 1000)); n != 0 {
			t.Errorf("%d are still queued", n)
		}
	})
}

func TestUnconfirmedIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.node.mute = true // it takes them, but the confirmation is lost
		id, _ := a.Say(t.Context(), b.id(), "once")
		fa.messageIs(id, Sent)
		time.Sleep(time.Second)
		b.node.cut()
		fa.messageIs(id, Queued)
		b.node.mu.Lock()
		b.node.mute = false
		b.node.mu.Unlock()
		fa.messageIs(id, Delivered)
		fb.incoming()
		if len(fb.items) != 1 {
			t.Errorf("%d messages arrived, want 1", len(fb.items))
		}
	})
}

func TestRepeatedMessageIsOne(t *testing.T) {
	h := newLAN().add(t, nil)
	peer := transfer.Peer{ID: transfer.ID{5}, Self: transfer.Self{Name: "Bo"}}
	m := transfer.Chat{ID: [16]byte{1}, Body: "hello", At: time.Now()}
	for range 3 {
		if err := h.chat(peer, m); err != nil {
			t.Errorf("chat = %v, want that it is confirmed again", err)
		}
	}
	page, _ := h.History(t.Context(), DeviceID{5}, "", 10)
	if len(page.Items) != 1 {
		t.Errorf("%d items, want 1", len(page.Items))
	}
	other := peer
	other.ID = transfer.ID{6} // uses the same id, by chance or on purpose
	if err := h.chat(other, m); err != nil {
		t.Error(err)
	}
	if page, _ := h.History(t.Context(), DeviceID{6}, "", 10); len(page.Items) != 1 {
		t.Error("the message of another person was taken for a repetition")
	}
}

func TestReceivedChat(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		why  string
		m    transfer.Chat
		skew time.Duration
		body string
		at   time.Time
		err  error
	}{
		{"plain", transfer.Chat{Body: "hi", At: now.Add(-time.Minute)}, 0, "hi", now.Add(-time.Minute), nil},
		{"their clock is an hour ahead", transfer.Chat{Body: "hi", At: now.Add(time.Hour - time.Minute)}, time.Hour, "hi", now.Add(-time.Minute), nil},
		{"written in the future", transfer.Chat{Body: "hi", At: now.Add(24 * time.Hour)}, 0, "hi", now, nil},
		{"written in another age", transfer.Chat{Body: "hi", At: time.Unix(0, 0)}, 0, "hi", now, nil},
		{"terminal sequences", transfer.Chat{Body: "a\x1b[2Jb", At: now}, 0, "a[2Jb", now, nil},
		{"somebody else's name in it", transfer.Chat{Body: "Mum: hi", At: now}, 0, "Mum: hi", now, nil},
		{"16 KiB", transfer.Chat{Body: strings.Repeat("x", maxBody), At: now}, 0, strings.Repeat("x", maxBody), now, nil},
		{"one byte more", transfer.Chat{Body: strings.Repeat("x", maxBody+1), At: now}, 0, "", now, transfer.ErrTooMany},
		{"a kind of a newer version", transfer.Chat{Kind: 99, Body: "\x00", At: now}, 0, "", now, nil},
	} {
		h := newLAN().add(t, nil)
		peer := transfer.Peer{ID: transfer.ID{5}, Skew: tt.skew, Self: transfer.Self{Name: "Bo"}}
		if err := h.chat(peer, tt.m); !errors.Is(err, tt.err) {
			t.Errorf("%s: chat = %v, want %v", tt.why, err, tt.err)
		}
		page, _ := h.History(t.Context(), DeviceID{5}, "", 10)
		if tt.err != nil {
			if len(page.Items) != 0 {
				t.Errorf("%s: stored all the same", tt.why)
			}
			continue
		}
		i := page.Items[0]
		if i.Message.Body != tt.body || i.Person != (DeviceID{5}) || i.At.Sub(tt.at).Abs() > 10*time.Second {
			t.Errorf("%s: stored as %.30q at %v, want %.30q at %v", tt.why, i.Message.Body, i.At, tt.body, tt.at)
		}
		if newer := i.Message.Problem != nil && i.Message.Problem.Code == CodeVersion; newer != (tt.m.Kind != transfer.ChatText) {
			t.Errorf("%s: problem %+v", tt.why, i.Message.Problem)
		}
	}
}

func TestChatFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLAN().add(t, nil)
		flood, calm := transfer.Peer{ID: transfer.ID{5}}, transfer.Peer{ID: transfer.ID{6}}
		taken := 0
		for n := range 1000 {
			m := transfer.Chat{ID: [16]byte{byte(n), byte(n >> 8)}, Body: "x", At: time.Now()}
			switch err := h.chat(flood, m); {
			case err == nil:
				taken++
			case errors.Is(err, transfer.ErrBlocked), errors.Is(err, transfer.ErrTooMany):
				t.Fatalf("message %d is refused for good: %v", n, err)
			}
		}
		if taken != chatBurst {
			t.Errorf("%d of 1000 at once were taken, want %d", taken, chatBurst)
		}
		if err := h.chat(calm, transfer.Chat{ID: [16]byte{1}, Body: "hello", At: time.Now()}); err != nil {
			t.Errorf("somebody else's message = %v", err)
		}
		time.Sleep(time.Second)
		for n := range 100 {
			if h.chat(flood, transfer.Chat{ID: [16]byte{byte(n), 200}, Body: "x", At: time.Now()}) == nil {
				taken++
			}
		}
		if taken != chatBurst+chatRate {
			t.Errorf("%d were taken in all after a second, want %d", taken, chatBurst+chatRate)
		}
	})
}

func TestBlockedPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.levels.Store(a.id(), Blocked)
		id, _ := a.Say(t.Context(), b.id(), "hello")
		fa.messageIs(id, Refused)
		if p := fa.items[id].Message.Problem; p == nil || p.Code != CodeDeclined {
			t.Errorf("problem = %+v", p)
		}
		sent := send(t, a, b.id(), 0, file(t))
		if p := fa.transferIs(sent, Failed).Problem; p.Code != CodeDeclined {
			t.Errorf("problem = %+v", p)
		}
		if len(fb.items) != 0 {
			t.Errorf("the blocked one shows as %s", fb.dump())
		}
	})
}

func TestAcksOfOthersDoNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, _ := pair(t)
		b.node.mute = true
		id, _ := a.Say(t.Context(), b.id(), "for b")
		fa.messageIs(id, Sent)
		raw := [16]byte(remoteOf(id))
		a.acked(transfer.Peer{ID: transfer.ID{9}}, [][16]byte{raw, {}}, transfer.AckRead)
		if s := a.store.record(id).Message.State; s != Sent {
			t.Errorf("a stranger's confirmation made it %s", s)
		}
		a.acked(transfer.Peer{ID: transfer.ID(b.id())}, [][16]byte{raw}, transfer.AckRead)
		a.acked(transfer.Peer{ID: transfer.ID(b.id())}, [][16]byte{raw}, transfer.AckStored) // late
		if s := a.store.record(id).Message.State; s != Read {
			t.Errorf("the state is %s, want read", s)
		}
	})
}

func TestReadReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		hello, _ := b.Say(t.Context(), a.id(), "hello") // now b knows a
		fb.messageIs(hello, Delivered)
		fa.incoming()
		var ids []ItemID
		for i := range 5 {
			id, _ := a.Say(t.Context(), b.id(), fmt.Sprint(i))
			ids = append(ids, id)
			fa.messageIs(id, Delivered)
		}
		a.node.setDown(true)
		fb.until("a away", func() bool { p, _ := fb.person(a.id()); return !p.Connected })
		b.MarkRead(t.Context(), a.id())
		b.MarkRead(t.Context(), a.id())
		synctest.Wait()
		if s := a.store.record(ids[0]).Message.State; s != Delivered {
			t.Errorf("read while away, but %s here", s)
		}
		a.node.setDown(false)
		last, _ := b.Say(t.Context(), a.id(), "back?")
		fb.messageIs(last, Delivered)
		for _, id := range ids {
			fa.messageIs(id, Read)
		}
		page, _ := b.History(t.Context(), a.id(), "", 100)
		states := []MessageState{}
		for _, i := range page.Items {
			if !i.Outgoing {
				states = append(states, i.Message.State)
			}
		}
		if slices.ContainsFunc(states, func(s MessageState) bool { return s != Read }) || len(states) != 5 {
			t.Errorf("the reader's own states are %v", states)
		}
	})
}

func TestSequenceNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		dir := t.TempDir()
		a, b, c := l.addAt(t, dir, nil), l.add(t, nil), l.add(t, nil)
		f := follow(t, a)
		a.see(b)
		a.see(c)
		f.sees(b.id())
		f.sees(c.id())
		say := func(to *host) uint64 {
			id, err := a.Say(t.Context(), to.id(), "x")
			if err != nil {
				t.Fatal(err)
			}
			return a.store.record(id).Seq
		}
		got := []uint64{say(b), say(b), say(c), say(b)}
		a.Close()
		a = l.addAt(t, dir, nil)
		got = append(got, say(b), say(c))
		if !slices.Equal(got, []uint64{1, 2, 1, 3, 4, 2}) {
			t.Errorf("numbers %v, want 1 2 for b, 1 for c, 3, and on after the restart", got)
		}
	})
}
