package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"yonder/app"
)

func TestPausedRow(t *testing.T) {
	tests := []struct {
		why          string
		out          bool
		state        app.TransferState
		ours, theirs bool
		status       string
		button       action
		call         string
	}{
		{"we pause", true, app.Running, true, false, "Paused.", actResume, "Resume"},
		{"we pause what comes in", false, app.Running, true, false, "Paused.", actResume, "Resume"},
		{"they pause", false, app.Running, false, true, "Paused by Alice Meyer.", actPause, "Pause"},
		{"both do", true, app.Running, true, true, "Paused by you and by Alice Meyer.", actResume, "Resume"},
		{"cut while we pause", true, app.Interrupted, true, false, "Paused.", actResume, "Resume"},
		{"not decided", true, app.Offered, true, false, "Waiting for Alice Meyer to accept.", actCancel, "Cancel"},
	}
	for _, tt := range tests {
		b := newBench(t, here)
		b.choose(alice.ID)
		x := offer
		x.State, x.Paused, x.PeerPaused, x.Stored, x.Rate = tt.state, tt.ours, tt.theirs, 1000, 5
		b.item(transferItem(1, tt.out, x), true)
		r := b.row("t1").(*transferRow)
		if r.card.status != tt.status || r.card.speed != "" {
			t.Errorf("%s: it says %q and %q, want %q and no speed", tt.why, r.card.status, r.card.speed, tt.status)
		}
		b.tap(b.button("t1", tt.button))
		b.wantCalls(tt.call, "t1")
	}
}

// TestPauseByKeyboard: the button takes the keyboard and Return presses it, and what
// took its place does not get the second press.
func TestPauseByKeyboard(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	x := offer
	x.State = app.Running
	b.item(transferItem(1, true, x), true)
	pause := b.button("t1", actPause)
	b.w.win.Canvas().Focus(pause)
	pause.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.settle()
	b.wantCalls("Pause", "t1")
	x.Paused = true
	b.item(transferItem(1, true, x), false)
	pause.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.settle()
	b.wantCalls("Resume")
}
