package app

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"yonder/transfer"
)

// offered decides on an offer of a peer. It blocks until somebody has answered, or
// the offer is withdrawn, which ends ctx.
func (a *App) offered(ctx context.Context, in incoming) transfer.Decision {
	facts := in.Facts()
	id := DeviceID(facts.Peer.ID)
	a.mu.Lock()
	if a.ending || a.level(id) == Blocked {
		reason := transfer.ErrBlocked
		if a.ending {
			reason = transfer.ErrInterrupted
		}
		a.mu.Unlock()
		return transfer.Decision{Reason: reason}
	}
	if a.cancelledHere(id, facts) {
		a.mu.Unlock()
		return transfer.Decision{Reason: transfer.ErrCancelled}
	}
	p := a.person(id, facts.Peer.Name)
	answer, decided := a.rule(p, facts)
	if !decided {
		if err := a.limits.offer(p.rec.ID, facts.Peer.Addr.Addr(), p.rec.Level, a.openOffers(id)); err != nil {
			a.mu.Unlock()
			return transfer.Decision{Reason: err}
		}
	}
	r := a.enter(p, in, facts)
	if !decided {
		a.spawn(func() { a.lookForNames(r) })
	}
	a.mu.Unlock()

	if decided && answer.Accept {
		if p := checkFolder(answer.Folder, facts.Partial == nil && !a.pickedFolder()); p != nil {
			return a.refuse(r, p)
		}
	}
	if !decided {
		select {
		case answer = <-r.answers:
		case <-ctx.Done():
			a.mu.Lock()
			r.answered = true // withdrawn; ended follows and says why
			a.mu.Unlock()
			return transfer.Decision{Reason: transfer.ErrDeclined}
		}
	}
	return a.decide(r, answer)
}

// rule answers an offer without asking where that was chosen: one that goes on with
// what was accepted before, and those that [Options.Accept] names. The caller holds mu.
func (a *App) rule(p *person, facts offerFacts) (answer Answer, decided bool) {
	if facts.Partial != nil {
		return Answer{Accept: true, Folder: facts.Partial.Folder, Policy: policyName(facts.Partial.Policy)}, true
	}
	yes := Answer{Accept: true, Folder: a.folder()}
	switch a.opt.Accept {
	case AcceptAll:
		return yes, true
	case AcceptPaired:
		if p.rec.Level >= Paired {
			return yes, true
		}
		return Answer{Nobody: true}, true
	}
	if !a.opt.Window && !a.opt.Listen { // a command that only sends: nobody would see the offer
		return Answer{Nobody: true}, true
	}
	return Answer{}, false
}

func (a *App) pickedFolder() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.chosenFolder()
}

func policyName(p transfer.Policy) Policy {
	for name, policy := range policies {
		if policy == p {
			return name
		}
	}
	return KeepBoth
}

// openOffers counts the offers of one person that wait for an answer. The caller holds mu.
func (a *App) openOffers(id DeviceID) (n int) {
	for _, r := range a.runs {
		if r.rec.Person == id && r.in != nil && !r.answered {
			n++
		}
	}
	return n
}

// enter puts an offer into the thread: as a new item, or as the one that it
// continues. The caller holds mu.
func (a *App) enter(p *person, in incoming, facts offerFacts) *run {
	rec, isNew := a.itemFor(p, facts)
	t := rec.Transfer
	fill(t, in.Progress())
	t.State, t.Problem, t.Rate, t.Left, t.Existing = Offered, nil, 0, -1, 0
	rec.Wire = facts.Transfer
	t.Policy = policyName(facts.Wish)
	if !facts.Parent.isZero() {
		t.Parent = a.running(p.rec.ID, facts.Parent)
	}
	r := &run{
		rec: rec, id: facts.Transfer, in: in, engine: in, progress: in.Progress, cancel: func(error) {}, moved: time.Now(),
		answers: make(chan Answer, 1),
	}
	a.runs[rec.ID] = r
	a.remember(p)
	if isNew {
		p.rec.Unread++
		a.savePerson(p)
	}
	a.show(p) // first the person, then what is theirs
	a.putItem(rec, isNew)
	a.watch()
	return r
}

// running returns the item of the transfer that a person calls id, while it is worked
// on; "" if none is. The caller holds mu.
func (a *App) running(person DeviceID, id wireID) ItemID {
	for item, r := range a.runs {
		if r.in != nil && r.rec.Person == person && r.id == id {
			return item
		}
	}
	return ""
}

// lookForNames tells how many of the names of an offer are taken in the usual folder.
func (a *App) lookForNames(r *run) {
	a.mu.Lock()
	folder := a.folder()
	a.mu.Unlock()
	count := 0
	for _, n := range r.in.Progress().Names {
		if folder == "" || n.Name != filepath.Base(n.Name) || !filepath.IsLocal(n.Name) {
			continue
		}
		if _, err := os.Lstat(filepath.Join(folder, n.Name)); err == nil {
			count++
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if count > 0 && a.runs[r.rec.ID] == r && !r.answered {
		rec := r.rec.clone()
		rec.Transfer.Existing = count
		a.save(r, rec)
	}
}

// itemFor finds the item that an offer is about: the one with the sender's id, else
// the interrupted one whose partial it goes on with, else a new one.
func (a *App) itemFor(p *person, facts offerFacts) (rec *record, isNew bool) {
	id := a.store.alias(incomingID(p.rec.ID, facts.Message))
	if old := a.lookup(id); old != nil && old.Transfer != nil {
		return old.clone(), false
	}
	if facts.Partial != nil {
		for _, old := range a.store.open() {
			if old.Person == p.rec.ID && !old.Outgoing && old.Transfer.State == Interrupted && continues(*facts.Partial, old.Transfer) {
				a.saved(a.store.setAlias(id, old.ID))
				old.Remote = facts.Message
				return old, false
			}
		}
	}
	return &record{
		Item: Item{ID: id, Person: p.rec.ID, At: time.Now(), Transfer: new(Transfer)}, Remote: facts.Message,
	}, true
}

// ended notes how an offer has ended: the engine says so after every one. Those
// that were declined here have been concluded already.
func (a *App) ended(in incoming, rep transfer.Report, err error) {
	last := in.Progress()
	a.mu.Lock()
	defer a.mu.Unlock()
	var r *run
	for _, x := range a.runs {
		if x.in == in {
			r = x
		}
	}
	if r == nil { // another run of the same item has taken over
		return
	}
	rec := r.rec.clone()
	t := rec.Transfer
	fill(t, last)
	t.Rate, t.Left = 0, -1
	t.State, t.Problem = a.verdict(rec, err, nil)
	if r.withdrawn && t.State == Interrupted {
		t.State, t.Problem = Cancelled, newProblem(CodeCancelledBy, a.nameOf(rec.Person), "")
		a.dropPartial(rec)
	}
	unpause(t)
	if t.State == Done {
		finish(t, rep)
	}
	delete(a.runs, rec.ID)
	a.save(r, rec)
}

// cancelIncoming declines an open offer, or ends a running one for good; what had
// arrived is removed by the engine. The caller holds mu.
func (a *App) cancelIncoming(r *run) {
	if !r.answered {
		r.answered = true
		r.answers <- Answer{}
		return
	}
	in := r.in
	a.spawn(in.Cancel) // it may call back before it returns
}

// dropPartial removes what an interrupted incoming transfer had left on the disk.
// The caller holds mu.
func (a *App) dropPartial(rec *record) {
	for _, p := range a.store.partialsOf(rec.Person) {
		if !continues(p, rec.Transfer) {
			continue
		}
		a.saved(a.store.RemovePartial(p.Peer, p.Key))
		a.spawn(func() {
			if err := p.Remove(); err != nil {
				a.log.Warn("remove partial", "folder", p.Staging, "err", err)
			}
		})
		return
	}
}
