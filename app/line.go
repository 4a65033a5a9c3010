package app

import "context"

// The transfers to one person stand in a line until they are offered, so that a
// selection that was sent first is asked about first. They move side by side.

// awaitTurn returns when no earlier transfer to the same person is still to be offered,
// or when ctx ends.
func (a *App) awaitTurn(ctx context.Context, r *run) {
	for {
		a.mu.Lock()
		free, left := !a.behind(r), a.lined
		a.mu.Unlock()
		if free {
			return
		}
		select {
		case <-left:
		case <-ctx.Done():
			return
		}
	}
}

// behind reports whether somebody stands before r. The caller holds mu.
func (a *App) behind(r *run) bool {
	for _, other := range a.runs {
		if other.lining && other.turn < r.turn && other.rec.Person == r.rec.Person {
			return true
		}
	}
	return false
}

// leaveLine lets the next one offer. The caller holds mu.
func (a *App) leaveLine(r *run) {
	if r.lining {
		r.lining = false
		close(a.lined)
		a.lined = make(chan struct{})
	}
}
