package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"yonder/app"
)

// pairingAct is something that the card of a comparison offers to do.
type pairingAct string

const (
	actSame   pairingAct = "same"
	actDiffer pairingAct = "differ"
	actBreak  pairingAct = "cancel"
	actBegin  pairingAct = "begin"
	actClose  pairingAct = "close"

	actKeep     pairingAct = "keep"     // another device at an address of theirs: leave all as it is
	actReplaced pairingAct = "replaced" // they use that one now
)

// pairingNews is all that the card says, decided without any widget.
type pairingNews struct {
	mood    mood
	title   string
	code    string // "418 305"; empty: there is none to compare
	text    string
	actions []pairingAct // the first is what most people want
}

// describePairing decides what the card of a comparison says.
func (w *words) describePairing(v app.Pairing, name string) pairingNews {
	n := pairingNews{mood: accent, title: w.L("pairing.title", "name", name)}
	switch v.State {
	case app.PairingConnecting:
		n.text = w.L("pairing.connecting", "name", name)
		n.actions = []pairingAct{actBreak}
	case app.PairingComparing:
		if !v.Ours {
			n.title = w.L("pairing.title.theirs", "name", name)
		}
		n.code, n.text = app.FormatCode(v.Code), w.L("pairing.ask", "name", name)
		n.actions = []pairingAct{actSame, actDiffer, actBreak}
	case app.PairingConfirmed:
		n.code, n.text = app.FormatCode(v.Code), w.L("pairing.waiting", "name", name)
		n.actions = []pairingAct{actBreak}
	case app.PairingDone:
		n.mood, n.title, n.text = good, w.L("pairing.done", "name", name), w.L("pairing.done.text", "name", name)
		n.actions = []pairingAct{actClose}
	case app.PairingFailed:
		n.mood = warning
		if v.Problem != nil {
			n.title, n.text = w.problem(v.Problem)
			switch v.Problem.Code {
			case app.CodeCodesDiffer, app.CodeWrongPeer, app.CodeProtocol:
				n.mood = bad
			case app.CodePairPaused, app.CodeBlocked:
				n.actions = []pairingAct{actClose}
				return n
			}
		}
		n.actions = []pairingAct{actBegin, actClose}
	}
	return n
}

// describeChange decides what the card says where another device answered than the chosen person's.
func (w *words) describeChange(p *app.Person, name string) pairingNews {
	return pairingNews{
		mood: bad, title: w.L("changed.title", "name", name),
		text:    w.L("changed.text", "name", name, "address", cleanName(p.Changed)),
		actions: []pairingAct{actKeep, actReplaced},
	}
}

// applyPairing shows how far a comparison of codes has come.
func (w *Window) applyPairing(v *app.Pairing) {
	begun := v != nil && !v.State.Ended() && (w.pairing == nil || w.pairing.State.Ended() || w.pairing.Person != v.Person)
	w.comparing = false // what was ordered has come about
	if v != nil && v.State == app.PairingFailed && v.Problem != nil && v.Problem.Code == app.CodeCancelled {
		v = nil // the user broke it off and knows it
	}
	w.pairing = v
	if begun && !v.Ours {
		w.notifyPairing(v.Person)
		if w.chosen.IsZero() && !w.inPanel {
			w.choose(v.Person) // nothing else is on the screen
		}
	}
	w.refreshPairing()
}

// refreshPairing draws the card, or the line that leads to it.
func (w *Window) refreshPairing() {
	w.thread.pairing.refresh()
	w.thread.refreshHead()
	w.refreshBanner()
	if w.inDetails {
		w.details.refresh()
	}
}

// awayPairing returns the comparison that waits for this user elsewhere than on the screen.
func (w *Window) awayPairing() *app.Pairing {
	v := w.pairing
	if v == nil || v.State != app.PairingComparing || v.Person == w.chosen && !w.inPanel {
		return nil
	}
	return v
}

// toPairing opens the conversation that has the card.
func (w *Window) toPairing() {
	if w.pairing != nil {
		w.choose(w.pairing.Person)
	}
}

// beginPairing compares codes with somebody.
func (w *Window) beginPairing(id app.DeviceID) {
	if w.comparing || id.IsZero() {
		return
	}
	w.comparing = true
	if id != w.chosen || w.inPanel {
		w.choose(id)
	}
	w.orderPairing(func(ctx context.Context, b app.Backend) error { return b.Pair(ctx, id) })
}

// pairingOrder does what a button of the card says.
func (w *Window) pairingOrder(a pairingAct) {
	if a == actKeep || a == actReplaced {
		id := w.chosen
		w.call(func(ctx context.Context, b app.Backend) error { return b.SettleChange(ctx, id, a == actReplaced) })
		return
	}
	v := w.pairing
	if v == nil || w.comparing {
		return
	}
	id, code := v.Person, v.Code
	switch a {
	case actClose:
		w.pairing = nil
		w.refreshPairing()
	case actBegin:
		w.beginPairing(id)
	case actBreak:
		w.comparing = true
		w.orderPairing(func(ctx context.Context, b app.Backend) error { return b.CancelPairing(ctx, id) })
	case actSame, actDiffer:
		w.comparing = true
		w.orderPairing(func(ctx context.Context, b app.Backend) error {
			return b.AnswerPairing(ctx, id, code, a == actSame)
		})
	}
}

// orderPairing gives an order; what comes of it is told by an event.
func (w *Window) orderPairing(order func(context.Context, app.Backend) error) {
	w.thread.pairing.refresh()
	w.callThen(order, func(err error) {
		if w.comparing = false; err != nil {
			w.Apply(app.Event{Kind: app.EventProblem, Problem: app.AsProblem(err)})
		}
		w.thread.pairing.refresh()
	})
}

// notifyPairing tells about a code to compare while the user looks elsewhere.
func (w *Window) notifyPairing(id app.DeviceID) {
	p := w.people[id]
	if w.focused || p == nil {
		return
	}
	title, body := shorten(cleanName(p.Name), 40), w.words.L("notify.pairing")
	if w.o.System == "windows" { // see [words.notice]
		title, body = "Yonder", w.words.L("notify.pairing.plain")
	}
	w.o.App.SendNotification(fyne.NewNotification(title, body))
}
