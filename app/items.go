package app

import (
	"context"
	"slices"
)

// save makes rec the state of r: stored, and told with every stream getting exactly
// this one. The caller holds mu.
func (a *App) save(r *run, rec *record) {
	r.rec = rec
	a.putItem(rec, false)
}

// putItem stores and tells an item. The caller holds mu.
func (a *App) putItem(rec *record, isNew bool) error {
	err := a.saved(a.store.put(a.keep(rec.Person), rec))
	a.emitItem(rec, isNew, false)
	return err
}

// putItems stores and tells changed items in one step. The caller holds mu.
func (a *App) putItems(records []*record) {
	if len(records) == 0 {
		return
	}
	a.saved(a.store.put(0, records...))
	for _, rec := range records {
		a.emitItem(rec, false, false)
	}
}

// keep returns how many items are kept of the conversation with a person; 0: all.
func (a *App) keep(id DeviceID) int {
	if p := a.people[id]; p == nil || p.rec.Level <= Unknown {
		return maxStrangerItems
	}
	return 0
}

// loadTransfers marks what was unfinished when the program ended. It runs before
// everything else.
func (a *App) loadTransfers() {
	for _, rec := range a.store.open() {
		if rec.Transfer.State != Interrupted {
			rec.Transfer.State = Interrupted
			rec.Transfer.Problem = a.interrupted(rec)
			rec.Transfer.Rate, rec.Transfer.Left, rec.Transfer.Decided = 0, -1, false
			unpause(rec.Transfer)
			rec.GoOn, rec.Cut = rec.mayGoOn(), rec.Outgoing
			a.saved(a.store.put(0, rec))
		}
	}
}

// goOnAll works again on what only the end of the program cut. The caller holds mu.
func (a *App) goOnAll() {
	if !a.opt.Window { // a command has its own work
		return
	}
	open := a.store.open()
	slices.SortStableFunc(open, func(x, y *record) int { return x.At.Compare(y.At) })
	for _, rec := range open {
		if rec.GoOn {
			a.restart(rec)
		}
	}
}

// interruptAll stores what runs as interrupted, when nothing of it can change any
// more. The caller holds mu.
func (a *App) interruptAll() {
	for id, r := range a.runs {
		rec := r.rec.clone()
		rec.Transfer.State, rec.Transfer.Problem = Interrupted, a.interrupted(rec)
		rec.Transfer.Rate, rec.Transfer.Left, rec.Transfer.Decided = 0, -1, false
		unpause(rec.Transfer)
		rec.GoOn, rec.Cut = rec.mayGoOn(), rec.Outgoing
		a.putItem(rec, false)
		delete(a.runs, id)
	}
}

func (a *App) interrupted(rec *record) *Problem {
	return newProblem(CodeInterrupted, a.nameOf(rec.Person), "")
}

// nameOf returns what a person is called. The caller holds mu.
func (a *App) nameOf(id DeviceID) string {
	if p := a.people[id]; p != nil {
		return p.rec.Name
	}
	return id.Short()
}

// lookup returns the current state of an item: of its run, or as stored; nil if
// there is no such item. The caller holds mu and clones before changing it.
func (a *App) lookup(id ItemID) *record {
	if r := a.runs[id]; r != nil {
		return r.rec
	}
	return a.store.record(id)
}

// History implements [Backend].
func (a *App) History(ctx context.Context, person DeviceID, before ItemID, limit int) (History, error) {
	h := History{Person: person, Items: []Item{}}
	a.mu.Lock()
	defer a.mu.Unlock()
	records, more := a.store.page(person, before, min(max(limit, 1), 1000))
	for _, rec := range records {
		if r := a.runs[rec.ID]; r != nil {
			rec = r.rec
		}
		h.Items = append(h.Items, rec.Item.clone())
	}
	h.More = more
	return h, nil
}
