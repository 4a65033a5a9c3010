package ui

import (
	"fmt"
	"testing"

	"yonder/app"
)

func TestAddToATransfer(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	x := offer
	x.State = app.Running
	b.item(transferItem(1, true, x), true)
	b.item(message(2, true, app.Sent, "and"), true)
	b.tap(b.button("t1", actAdd))
	b.wantCalls("Send") // the dialog was closed without a choice
	b.picked = []string{"/home/u/more.pdf"}
	b.tap(b.button("t1", actAdd))
	b.wantCalls("Send", fmt.Sprintf(`%s ["/home/u/more.pdf"] added to t1`, alice.ID.Short()))

	x.State, x.Parent = app.Offered, "t1"
	b.item(transferItem(3, true, x), true)
	x.Parent = "t3"
	b.item(transferItem(4, true, x), true)
	x.Parent = "t9" // not loaded
	b.item(transferItem(5, true, x), true)
	if got, want := fmt.Sprint(b.w.talks[alice.ID].keys()), "[t1 t3 t4 m2 t5]"; got != want {
		t.Errorf("the rows are %s, want %s", got, want)
	}
	for key, added := range map[app.ItemID]bool{"t1": false, "t3": true, "t4": true, "t5": false} {
		if got := b.w.talks[alice.ID].place(key).added; got != added {
			t.Errorf("%s stands below what it adds to: %v, want %v", key, got, added)
		}
	}
	if got := b.row("t3").(*transferRow).card.facts; got != "Added · Folder · 312 items · 1.5 GB" {
		t.Errorf("it says %q", got)
	}
}

// TestAdditionsStayTogether: also when the conversation is loaded later, but never
// across the heading of a day.
func TestAdditionsStayTogether(t *testing.T) {
	b := newBench(t, here)
	x := offer
	x.State = app.Running
	first := transferItem(1, false, x)
	x.Parent = "t1"
	same, next := transferItem(3, false, x), transferItem(4, false, x)
	next.At = next.At.AddDate(0, 0, 1)
	b.backend.history[alice.ID] = []app.Item{first, message(2, true, app.Sent, "and"), same, next}
	b.choose(alice.ID)
	if got, want := fmt.Sprint(b.w.talks[alice.ID].keys()), "[t1 t3 m2 t4]"; got != want {
		t.Errorf("the rows are %s, want %s", got, want)
	}
}

func TestOfferOfAnAddition(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	x := offer
	x.Parent = "t1"
	b.item(transferItem(2, false, x), true)
	r := b.row("t2").(*transferRow)
	if r.card.heading != "Alice Meyer wants to add something to this" || r.card.actions[0] != actAccept {
		t.Errorf("it says %q and offers %v, want a question", r.card.heading, r.card.actions)
	}
}
