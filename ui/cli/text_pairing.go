package cli

import (
	"fmt"

	"yonder/app"
)

// pairing tells how far a comparison of codes has come, and asks where somebody can answer.
func (t *textPrinter) pairing(e pairingEvent) {
	name := peerName(e.Peer)
	switch app.PairingState(e.State) {
	case app.PairingConnecting:
		if e.Ours {
			t.screen.line("connecting with " + name)
		}
	case app.PairingComparing:
		t.screen.answered(false) // another question may be open
		if !e.Ours {
			t.screen.line(name + " wants to compare a code with you")
		}
		t.screen.line("the code here is   " + t.paint(bold, app.FormatCode(e.Code)))
		if e.Answer {
			t.bars.clear()
			t.bars.paused = true
			t.screen.ask("Does their screen show the same? Ask by voice or in person. [y/n] ")
			return
		}
		t.screen.line(fmt.Sprintf("  if their screen shows the same, confirm it with: yonder pair %s", e.Peer.Short))
	case app.PairingConfirmed:
		t.screen.line("waiting for " + name + " to confirm too")
	case app.PairingDone:
		t.screen.line(fmt.Sprintf("paired with %s (%s)", clean(e.Peer.Name), e.Peer.Short))
	case app.PairingFailed:
		if e.Problem != nil {
			t.problem(t.paint(yellow, "warning:"), *e.Problem)
		}
	}
}
