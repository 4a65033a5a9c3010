package app

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

func itemEvent(id ItemID, stored int64) Event {
	return Event{Kind: EventItem, Item: &Item{ID: id, Transfer: &Transfer{Stored: stored}}}
}

func TestMailbox(t *testing.T) {
	type put struct {
		what     string // item and number; a person without a number
		progress bool
	}
	for _, tt := range []struct {
		why  string
		puts []put
		want string
	}{
		{"order is kept", []put{{"a1", false}, {"P", false}, {"b1", false}}, "a1 P b1"},
		{"progress replaces waiting progress in its place", []put{{"a1", true}, {"P", false}, {"a2", true}, {"a3", true}}, "a3 P"},
		{"of the same item only", []put{{"a1", true}, {"b1", true}, {"a2", true}}, "a2 b1"},
		{"a change of state is never replaced", []put{{"a1", false}, {"a2", true}, {"a3", true}}, "a1 a3"},
		{"nor overtaken", []put{{"a1", true}, {"a2", false}, {"a3", true}, {"a4", false}}, "a1 a2 a3 a4"},
		{"nor are other events", []put{{"P", false}, {"P", false}, {"P", false}}, "P P P"},
	} {
		m := newMailbox()
		for _, p := range tt.puts {
			if p.what == "P" {
				m.put(Event{Kind: EventPerson}, false)
				continue
			}
			m.put(itemEvent(ItemID(p.what[:1]), int64(p.what[1]-'0')), p.progress)
		}
		var got []string
		for ev, ok := m.first(); ok; ev, ok = m.first() {
			if ev.Item == nil {
				got = append(got, "P")
				continue
			}
			got = append(got, fmt.Sprint(ev.Item.ID, ev.Item.Transfer.Stored))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %s, want %s", tt.why, s, tt.want)
		}
	}
}

func TestMailboxAfterTaking(t *testing.T) { // progress must not replace what was handed out
	m := newMailbox()
	m.put(itemEvent("a", 1), true)
	m.put(itemEvent("b", 1), true)
	if ev, _ := m.first(); ev.Item.ID != "a" {
		t.Fatalf("first is %s", ev.Item.ID)
	}
	m.put(itemEvent("a", 2), true)
	m.put(itemEvent("b", 2), true)
	for _, want := range []string{"b2", "a2"} {
		if ev, ok := m.first(); !ok || fmt.Sprint(ev.Item.ID, ev.Item.Transfer.Stored) != want {
			t.Errorf("next is %+v, want %s", ev.Item, want)
		}
	}
	if _, ok := m.first(); ok {
		t.Error("something is left")
	}
}

func TestSlowReaderMissesOnlyProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, fb := pair(t)
		slow := a.Events(t.Context()) // nobody reads it during the transfer
		b.node.speed = fakeSize / 10
		id := send(t, a, b.id(), 0, file(t))
		time.Sleep(time.Second)
		accept(t, b, fb.incoming().ID)
		time.Sleep(20 * time.Second) // 100 steps
		var states []TransferState
		for len(states) == 0 || states[len(states)-1] != Done {
			if ev := <-slow; ev.Kind == EventItem && ev.Item.ID == id {
				states = append(states, ev.Item.Transfer.State)
			}
		}
		if got := fmt.Sprint(states); got != "[waiting offered running running done]" {
			t.Errorf("the slow reader saw %s, want every state once and the last progress", got)
		}
	})
}

func TestMeter(t *testing.T) {
	const mb = 1 << 20
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return begun.Add(time.Duration(ms) * time.Millisecond) }
	t.Run("what was there before does not count", func(t *testing.T) {
		var m meter
		for ms := 0; ms <= 3000; ms += 100 {
			stored := 900*mb + int64(ms)*mb/1000
			rate, left := m.sample(at(ms), transfer.Progress{Stored: stored, Resumed: 900 * mb, Bytes: 1000 * mb, Final: true})
			if ms < 300 && (rate != 0 || left != -1) {
				t.Errorf("after %d ms: %.0f, %v; want unknown", ms, rate, left)
			}
			if ms >= 500 && (rate < 0.95*mb || rate > 1.05*mb) {
				t.Errorf("after %d ms the rate is %.0f, want %d", ms, rate, mb)
			}
			if want := 100*time.Second - time.Duration(ms)*time.Millisecond; ms >= 500 && (left < want*9/10 || left > want*11/10) {
				t.Errorf("after %d ms %v are left, want %v", ms, left, want)
			}
		}
	})
	t.Run("a stop is seen within seconds", func(t *testing.T) {
		var m meter
		for ms := 0; ms <= 5000; ms += 100 {
			m.sample(at(ms), transfer.Progress{Stored: int64(ms) * mb})
		}
		var rate float64
		for ms := 5100; ms <= 11000; ms += 100 {
			rate, _ = m.sample(at(ms), transfer.Progress{Stored: 5000 * mb})
		}
		if rate > 1000*mb/10 {
			t.Errorf("6 s after a stop the rate is still %.0f", rate)
		}
	})
	t.Run("no time left while the totals rise", func(t *testing.T) {
		var m meter
		var left time.Duration
		for ms := 0; ms <= 1000; ms += 100 {
			_, left = m.sample(at(ms), transfer.Progress{Stored: int64(ms) * mb, Bytes: 2000 * mb})
		}
		if left != -1 {
			t.Errorf("left = %v, want unknown", left)
		}
	})
	t.Run("a clock that stands still", func(t *testing.T) {
		var m meter
		for range 10 {
			if rate, _ := m.sample(begun, transfer.Progress{Stored: mb}); rate != 0 {
				t.Errorf("rate = %f", rate)
			}
		}
	})
}
