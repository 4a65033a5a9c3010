package app

import (
	"context"
	"slices"
	"strings"
)

// Events implements [Backend].
func (a *App) Events(ctx context.Context) <-chan Event {
	out := make(chan Event)
	box := newMailbox()
	a.mu.Lock()
	defer a.mu.Unlock()
	state := a.state()
	box.put(Event{Kind: EventState, State: &state}, false)
	started := !a.ending && a.spawn(func() {
		box.pump(ctx, a.ctx.Done(), out)
		a.mu.Lock()
		delete(a.boxes, box)
		a.mu.Unlock()
	})
	if !started {
		close(out)
		return out
	}
	for _, p := range a.early {
		box.put(Event{Kind: EventProblem, Problem: p}, false)
	}
	a.early = nil
	a.boxes[box] = struct{}{}
	return out
}

// state returns what a new stream begins with. The caller holds mu.
func (a *App) state() State {
	s := State{Me: a.me, Settings: a.settings, Typed: a.typedShown}
	if a.comparing != nil {
		view := a.comparing.view
		s.Pairing = &view
	}
	for _, p := range a.people {
		if p.listed {
			s.People = append(s.People, a.view(p))
		}
	}
	slices.SortFunc(s.People, func(x, y Person) int {
		if x.Present != y.Present {
			if x.Present {
				return -1
			}
			return 1
		}
		if c := strings.Compare(foldName(x.Name), foldName(y.Name)); c != 0 {
			return c
		}
		return slices.Compare(x.ID[:], y.ID[:])
	})
	return s
}

// emit tells every stream. The caller holds mu and never changes ev afterwards.
func (a *App) emit(ev Event) {
	for box := range a.boxes {
		box.put(ev, false)
	}
}

// emitItem tells every stream about r. The caller holds mu.
func (a *App) emitItem(r *record, isNew, progress bool) {
	if t := r.Transfer; t != nil && !progress {
		a.log.Info("transfer", "id", r.ID, "peer", r.Person.Short(), "outgoing", r.Outgoing, "state", t.State, "entries", t.Entries, "bytes", t.Bytes,
			"stored", t.Stored, "failed", t.Failed, "paused", t.Paused, "problem", t.Problem.code())
	}
	item := r.Item.clone()
	for box := range a.boxes {
		box.put(Event{Kind: EventItem, Item: &item, New: isNew}, progress)
	}
}

// tell raises a problem that belongs to no item. The caller holds mu.
func (a *App) tell(p *Problem) {
	a.log.Warn("problem", "code", p.Code)
	a.log.Debug("problem", "text", p.Text)
	if len(a.boxes) == 0 {
		if len(a.early) < 20 {
			a.early = append(a.early, p)
		}
		return
	}
	a.emit(Event{Kind: EventProblem, Problem: p})
}

// saved looks at the outcome of writing the database: the first failure of a run
// is told. It returns err as a problem. The caller holds mu.
func (a *App) saved(err error) error {
	if err == nil {
		a.unsaved = false
		return nil
	}
	p := newProblem(CodeNotSaved, a.profile.path(databaseFile), cause(err))
	if !a.unsaved && !a.ending {
		a.unsaved = true
		a.tell(p)
	}
	return p
}
