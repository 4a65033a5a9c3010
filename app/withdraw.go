package app

import (
	"encoding/hex"
	"fmt"

	"yonder/transfer"
)

// A transfer that is cancelled while the other side is away must not wait there for ever:
// its user is told at the next meeting, see [store.addReceipts].

// tellCancelled has the other side of rec told that it was cancelled here. If they know that
// already it does no harm. The caller holds mu.
func (a *App) tellCancelled(rec *record) {
	a.saved(a.store.addReceipts(rec.Person, []receipt{{rec.Remote, transfer.AckCancelled}}))
	a.flush(rec.Person)
}

// errCancelledThere is the cause with which [App.cancelledThere] ends a run of ours.
var errCancelledThere = fmt.Errorf("%w by the other side", transfer.ErrCancelled)

// cancelledHere reports whether an offer tries again what was cancelled here: its sender does
// not know yet. When they send it once more themselves it has another id. The caller holds mu.
func (a *App) cancelledHere(person DeviceID, facts offerFacts) bool {
	rec := a.store.record(a.store.alias(incomingID(person, facts.Message)))
	return rec != nil && rec.Transfer != nil && rec.Wire == facts.Transfer && rec.Transfer.State == Cancelled && rec.Transfer.Problem.Code == CodeCancelled
}

// cancelledThere ends a transfer that a person has cancelled while we were away: one of ours
// to them, or one of theirs. The caller holds mu.
func (a *App) cancelledThere(person DeviceID, id wireID) {
	rec := a.store.record(ItemID(hex.EncodeToString(id[:])))
	if rec == nil || !rec.Outgoing {
		rec = a.store.record(a.store.alias(incomingID(person, id)))
	}
	if rec == nil || rec.Person != person || rec.Transfer == nil || rec.Transfer.State.Ended() {
		return
	}
	switch r := a.runs[rec.ID]; {
	case r == nil:
		rec.Transfer.State, rec.Transfer.Problem = Cancelled, newProblem(CodeCancelledBy, a.nameOf(person), "")
		unpause(rec.Transfer)
		a.putItem(rec, false)
		if !rec.Outgoing {
			a.dropPartial(rec)
		}
	case rec.Outgoing:
		r.stopping, r.again = true, false
		r.cancel(errCancelledThere)
	default: // of a connection that has not ended yet
		r.withdrawn = true
	}
}
