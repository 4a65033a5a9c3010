package app

import (
	"context"
	"errors"
)

// errPaused ends a run that cannot go on while its user pauses it.
var errPaused = errors.New("paused")

// Pause implements [Backend].
func (a *App) Pause(ctx context.Context, item ItemID) error { return a.setPaused(item, true) }

// Resume implements [Backend].
func (a *App) Resume(ctx context.Context, item ItemID) error { return a.setPaused(item, false) }

func (a *App) setPaused(item ItemID, on bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.lookup(item)
	if rec == nil || rec.Transfer == nil {
		return noItem(item)
	}
	r, ended := a.runs[item], rec.Transfer.State.Ended()
	if ended || !rec.Outgoing && rec.Transfer.State == Offered {
		return nil
	}
	if rec.Transfer.Paused != on {
		rec = rec.clone()
		rec.Transfer.Paused = on
		rec.Transfer.Rate, rec.Transfer.Left = 0, -1
		if r != nil {
			r.meter = meter{}
			r.rec = rec
		}
		a.putItem(rec, false)
	}
	switch {
	case r == nil && rec.Outgoing && !on:
		a.goOn(rec)
	case r == nil:
	case on && rec.Outgoing && r.progress == nil: // it waits for its peer, and need not
		r.stopping, r.again = true, false
		r.cancel(errPaused)
	case !on && r.stopping:
		r.again = true
	default:
		a.spawn(func() { a.steer(r) })
	}
	return nil
}

// steer tells the engine what the user last wanted of r.
func (a *App) steer(r *run) {
	r.steering.Lock() // or of two orders the older could come last
	defer r.steering.Unlock()
	a.mu.Lock()
	engine, paused := r.engine, r.rec.Transfer.Paused
	a.mu.Unlock()
	if engine != nil {
		engine.Pause(paused)
	}
}

// isPaused reports whether the user of this side pauses r.
func (a *App) isPaused(r *run) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return r.rec.Transfer.Paused
}
