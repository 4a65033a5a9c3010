package app

import (
	"context"

	"yonder/transfer"
)

// restart works on a transfer again that has ended. The caller holds mu.
func (a *App) restart(rec *record) {
	rec = rec.clone()
	t := rec.Transfer
	t.State, t.Problem, t.Rate, t.Left, t.Paused = Waiting, nil, 0, -1, false
	if !rec.Cut { // its user sends it again: even what is through may be wanted once more
		rec.newWire()
	}
	rec.GoOn, rec.Cut = false, false
	a.saved(a.store.dropReceipt(rec.Person, rec.Remote))
	t.Skipped, t.SkipCount, t.Links, t.Failed = nil, 0, 0, 0
	a.putItem(rec, false)
	a.begin(rec)
}

// Stop implements [Backend].
func (a *App) Stop(ctx context.Context, item ItemID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.lookup(item)
	if rec == nil || rec.Transfer == nil {
		return noItem(item)
	}
	if r := a.runs[item]; r != nil && rec.Outgoing {
		r.stopping, r.again = true, false
		r.cancel(errStopped)
	}
	return nil
}

// Retry implements [Backend].
func (a *App) Retry(ctx context.Context, item ItemID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.lookup(item)
	if rec == nil || rec.Transfer == nil || !rec.Outgoing {
		return noItem(item)
	}
	a.goOn(rec)
	return nil
}

// goOn lets an outgoing transfer work: again, or at once if it waits for its next
// try. The caller holds mu.
func (a *App) goOn(rec *record) {
	r := a.runs[rec.ID]
	switch {
	case r == nil && rec.Transfer.State != Done && !a.ending:
		a.restart(rec)
	case r == nil:
	case r.stopping:
		r.again = true
	default:
		r.lining = r.lining || r.resting
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// Cancel implements [Backend].
func (a *App) Cancel(ctx context.Context, item ItemID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.lookup(item)
	switch r := a.runs[item]; {
	case rec == nil:
		return noItem(item)
	case rec.Message != nil:
		return a.takeBack(rec)
	case r != nil && rec.Outgoing:
		r.stopping, r.again = true, false
		r.cancel(transfer.ErrCancelled)
	case r != nil:
		a.cancelIncoming(r)
	case !rec.Transfer.State.Ended():
		rec = rec.clone()
		rec.Transfer.State, rec.Transfer.Problem = Cancelled, newProblem(CodeCancelled, "", "")
		unpause(rec.Transfer)
		a.putItem(rec, false)
		a.tellCancelled(rec)
		if !rec.Outgoing {
			a.dropPartial(rec)
		}
	}
	return nil
}

func noItem(item ItemID) *Problem {
	p := newProblem(CodeInternal, string(item), "")
	p.Text, p.Hint = "there is no such transfer or message", "it may have been removed from the history"
	return p
}
