package app

import (
	"slices"
	"sync"
	"time"

	"yonder/transfer"
)

// progressEvery is the shortest time between two progress events of an item.
const progressEvery = 100 * time.Millisecond

// run is a transfer that the engine works on now. It is guarded by App.mu, except
// for the fields that never change.
type run struct {
	rec      *record                  // as last told
	engine   moving                   // nil before there is one; set once
	steering sync.Mutex               // held while the engine is told what the user wants
	progress func() transfer.Progress // of the engine; nil: nothing to see yet
	cancel   func(cause error)        // ends it; never changes
	ended    <-chan struct{}          // closed when its goroutine has ended; nil: none of ours; never changes
	wake     chan struct{}            // outgoing, cap 1: try again now; never changes
	id       wireID                   // of the transfer on the wire; an outgoing one has it once it works
	moved    time.Time                // when bytes moved last
	meter    meter
	turn     uint64 // outgoing: its place among others; never changes
	lining   bool   // outgoing: its offer is to go out before those of later turns
	resting  bool   // outgoing: it waits for its next try
	again    bool   // outgoing: Retry was ordered while it was ending
	stopping bool   // outgoing: it is ending

	in       incoming    // incoming only
	answers  chan Answer // incoming, cap 1: the decision; never changes
	answered bool        // incoming: decided

	withdrawn bool // incoming: its sender has cancelled it over another connection
}

// watch lets the progress loop look at the runs until none is left. The caller
// holds mu.
func (a *App) watch() {
	if !a.ticking {
		a.ticking = a.spawn(a.tick)
	}
}

// tick polls the engine at most every 100 ms while there is something to see.
func (a *App) tick() {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-ticker.C:
		}
		a.mu.Lock()
		if len(a.runs) == 0 {
			a.ticking = false
			a.mu.Unlock()
			return
		}
		type seen struct {
			run *run
			now func() transfer.Progress
			got transfer.Progress
		}
		var all []seen
		for _, r := range a.runs {
			if r.progress != nil {
				all = append(all, seen{run: r, now: r.progress})
			}
		}
		a.mu.Unlock()
		for i := range all {
			all[i].got = all[i].now()
		}
		a.mu.Lock()
		for _, s := range all {
			if a.runs[s.run.rec.ID] == s.run && s.run.progress != nil {
				a.observe(s.run, s.got)
			}
		}
		a.mu.Unlock()
	}
}

// observe takes one look at a running transfer and tells what changed. The caller
// holds mu.
func (a *App) observe(r *run, pr transfer.Progress) {
	before := r.rec
	rec := before.clone()
	t := rec.Transfer
	if pr.Stored+pr.Wire > before.Transfer.Stored+before.Transfer.Wire {
		r.moved = time.Now()
	}
	fill(t, pr)
	if rec.Outgoing {
		if pr.Phase >= transfer.Offering && pr.Phase < transfer.Over { // Over: of the try before
			a.leaveLine(r)
		}
		switch pr.Phase {
		case transfer.Offering:
			t.State = Offered
		case transfer.Moving, transfer.Finishing:
			t.State = Running
		}
		if t.State == Offered || t.State == Running {
			t.Problem = nil
		}
	}
	t.PeerPaused = pr.Waiting && t.State == Running
	switch {
	case t.State == Running && (t.Paused || t.PeerPaused):
		t.Rate, t.Left = 0, -1
		r.meter = meter{}
		r.moved = time.Now()
	case t.State == Running:
		t.Rate, t.Left = r.meter.sample(time.Now(), pr)
	}
	switch {
	case t.State != before.Transfer.State, t.PeerPaused != before.Transfer.PeerPaused:
		a.save(r, rec)
	case !sameTransfer(t, before.Transfer):
		r.rec = rec
		a.emitItem(rec, false, true)
	}
}

// take notes the last counters of a try; how it went is told next. The caller holds mu.
func (a *App) take(r *run, pr transfer.Progress) {
	rec := r.rec.clone()
	if pr.Stored+pr.Wire > rec.Transfer.Stored+rec.Transfer.Wire {
		r.moved = time.Now()
	}
	fill(rec.Transfer, pr)
	r.rec = rec
}

// fill copies the engine's counters. Slices are replaced, never changed.
func fill(t *Transfer, pr transfer.Progress) {
	if len(pr.Names) > 0 {
		names, folders := make([]string, 0, len(pr.Names)), make([]bool, 0, len(pr.Names))
		for _, n := range pr.Names[:min(len(pr.Names), 100)] {
			names, folders = append(names, cleanPath(n.Name)), append(folders, n.Folder)
		}
		if !slices.Equal(names, t.Names) || !slices.Equal(folders, t.Folders) {
			t.Names, t.Folders = names, folders
		}
		t.NameCount = max(pr.Count, len(names))
	}
	if pr.Entries > 0 || pr.Final {
		t.Entries, t.Bytes, t.Final = pr.Entries, pr.Bytes, pr.Final
	}
	t.Stored, t.Files, t.Resumed, t.Wire = pr.Stored, pr.Files, pr.Resumed, pr.Wire
}

// sameTransfer reports whether a reader could tell x from y.
func sameTransfer(x, y *Transfer) bool {
	return x.State == y.State && x.Stored == y.Stored && x.Files == y.Files && x.Entries == y.Entries && x.Bytes == y.Bytes &&
		x.Final == y.Final && x.Wire == y.Wire && x.Resumed == y.Resumed && x.NameCount == y.NameCount && slices.Equal(x.Names, y.Names) &&
		x.Rate == y.Rate && x.Left == y.Left && (x.Problem == nil) == (y.Problem == nil)
}
