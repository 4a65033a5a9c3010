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
	for {
		now := in.Progress()
		a.mu.Lock()
		if reason := a.shut(id, facts); reason != nil {
			a.mu.Unlock()
			return transfer.Decision{Reason: reason}
		}
		p := a.person(id, facts.Peer.Name)
		ruling := a.judge(p, facts, now)
		if ruling != await {
			return a.ruled(ctx, p, in, facts, ruling)
		}
		a.mu.Unlock()
		select {
		case <-time.After(progressEvery):
		case <-ctx.Done():
			return transfer.Decision{Reason: transfer.ErrDeclined}
		}
	}
}

// shut returns why no offer of a person, or not this one, is looked at; nil if it is. The
// caller holds mu.
func (a *App) shut(id DeviceID, facts offerFacts) error {
	switch {
	case a.ending:
		return transfer.ErrInterrupted
	case a.level(id) == Blocked:
		return transfer.ErrBlocked
	case a.cancelledHere(id, facts):
		return transfer.ErrCancelled
	}
	return nil
}

// ruled carries out a ruling. The caller holds mu, which it gives back.
func (a *App) ruled(ctx context.Context, p *person, in incoming, facts offerFacts, ruling ruling) transfer.Decision {
	switch ruling {
	case refuse: // without a trace: whoever is never to be heard of would fill the history
		a.mu.Unlock()
		return transfer.Decision{Reason: transfer.ErrDeclined}
	case ask:
		if err := a.mayAsk(p, facts); err != nil {
			a.mu.Unlock()
			return transfer.Decision{Reason: err}
		}
	}
	to := a.landing(p, in.Progress().Names)
	answer := Answer{Accept: ruling == take, Nobody: ruling == nobody, Folder: to.folder, Policy: a.granted(p, to, facts.Wish)}
	if facts.Partial != nil && ruling == take {
		to = a.again(p, facts.Partial.Folder)
		answer.Folder, answer.Policy = to.folder, policyName(facts.Partial.Policy)
	}
	r := a.enter(p, in, facts, to, ruling)
	if ruling == ask {
		a.spawn(func() { a.lookForNames(r, to.folder) })
	}
	a.mu.Unlock()

	switch ruling {
	case take:
		if p := to.check(); p != nil {
			return a.fail(r, p)
		}
	case ask:
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

// granted returns the policy that an offer of p is taken with without asking. Files are
// replaced where the sender wishes for that and the rule of p allows it in its folder, or where
// the command line says so for this run; what the settings say of that is for offers that
// somebody looks at. "" is as set. The caller holds mu.
func (a *App) granted(p *person, to landing, wish transfer.Policy) Policy {
	switch {
	case a.override.Policy != "":
		return ""
	case to.ruled && p.rec.Rule.Update && p.rec.Level >= Paired && wish == transfer.Update:
		return Update
	case a.settings.Policy == Update:
		return KeepBoth
	}
	return ""
}

func policyName(p transfer.Policy) Policy {
	for name, policy := range policies {
		if policy == p {
			return name
		}
	}
	return KeepBoth
}

// mayAsk reports whether the user is asked about one more offer of p: nil, or why not. The
// caller holds mu.
func (a *App) mayAsk(p *person, facts offerFacts) error {
	if p.rec.Level > Unknown {
		return nil
	}
	open, all := 0, 0
	for _, r := range a.runs {
		if r.in == nil || r.answered || a.level(r.rec.Person) > Unknown {
			continue
		}
		if all++; r.rec.Person == p.rec.ID {
			open++
		}
	}
	return a.limits.offer(p.rec.ID, facts.Peer.Addr.Addr(), open, all)
}

// enter puts an offer into the thread: as a new item, or as the one that it
// continues. The caller holds mu.
func (a *App) enter(p *person, in incoming, facts offerFacts, to landing, ruling ruling) *run {
	rec, isNew := a.itemFor(p, facts)
	t := rec.Transfer
	fill(t, in.Progress())
	t.State, t.Problem, t.Rate, t.Left, t.Existing = Offered, nil, 0, -1, 0
	rec.Wire = facts.Transfer
	t.Policy, t.Folder, t.Decided = policyName(facts.Wish), "", ruling != ask
	if to.ruled {
		t.Folder = to.folder
	}
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

// lookForNames tells how many of the names of an offer are taken in the folder where it
// would land.
func (a *App) lookForNames(r *run, folder string) {
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
	t.Rate, t.Left, t.Decided = 0, -1, false
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
				a.log.Warn("remove partial", "staging", filepath.Base(p.Staging), "err", err)
			}
		})
		return
	}
}
