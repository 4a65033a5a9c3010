package app

import (
	"context"

	"yonder/transfer"
)

// restart works on a transfer again that has ended. The caller holds mu.
func (a *App) restart(rec *record) {
	rec = rec.clone()
	t := rec.Transfer
	t.State, t.Problem, t.Rate, t.Left = Waiting, nil, 0, -1
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
	if r := a.runs[item]; r != nil {
		if r.stopping {
			r.again = true
		} else {
			select { // it works already: try at once
			case r.wake <- struct{}{}:
			default:
			}
		}
		return nil
	}
	if rec.Transfer.State != Done && !a.ending {
		a.restart(rec)
	}
	return nil
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
		a.putItem(rec, false)
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
