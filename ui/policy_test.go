package ui

import (
	"testing"

	"yonder/app"
)

func TestPolicyOfAnOffer(t *testing.T) {
	tests := []struct {
		why      string
		existing int
		wish     app.Policy
		shown    bool
		choose   int // index; negative: nothing is chosen
		call     string
	}{
		{"nothing exists", 0, app.KeepBoth, false, -1, `t1 true ""`},
		{"names exist, nothing is chosen", 2, app.KeepBoth, true, -1, `t1 true ""`},
		{"names exist, and are to be replaced", 2, app.KeepBoth, true, 1, `t1 true "" update`},
		{"the sender's wish is no choice", 0, app.Update, true, -1, `t1 true ""`},
		{"the sender's wish is followed", 0, app.Update, true, 1, `t1 true "" update`},
		{"the sender wishes to skip", 0, app.SkipExisting, true, 2, `t1 true "" skip`},
	}
	for _, tt := range tests {
		b := newBench(t, here)
		b.choose(alice.ID)
		x := offer
		x.Existing, x.Policy = tt.existing, tt.wish
		b.item(transferItem(1, false, x), true)
		r := b.row("t1").(*transferRow)
		if r.policy.Visible() != tt.shown || r.exists.Visible() != tt.shown {
			t.Errorf("%s: the choice is shown: %v, want %v", tt.why, r.policy.Visible(), tt.shown)
		}
		if tt.choose >= 0 {
			r.policy.SetSelectedIndex(tt.choose)
			x.Entries++
			b.item(transferItem(1, false, x), false) // news of the offer do not undo it
		}
		b.tap(b.button("t1", actAccept))
		b.wantCalls("Answer", tt.call)
	}
}

// TestPolicyStartsAsSet: and Save in… takes the same choice.
func TestPolicyStartsAsSet(t *testing.T) {
	s := here
	s.Settings.Policy = app.SkipExisting
	b := newBench(t, s)
	b.choose(alice.ID)
	x := offer
	x.Existing = 1
	b.item(transferItem(1, false, x), true)
	r := b.row("t1").(*transferRow)
	if got := r.policy.Selected; got != "Leave out the new one" {
		t.Errorf("selected is %q, want what is set", got)
	}
	r.policy.SetSelectedIndex(0)
	b.picked = []string{"/mnt/in"}
	b.tap(b.button("t1", actSaveIn))
	b.wantCalls("Answer", `t1 true "/mnt/in" keep`)
}
