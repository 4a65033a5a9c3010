package app

import (
	"context"
	"time"

	"yonder/transfer"
)

// Answer implements [Backend].
func (a *App) Answer(ctx context.Context, item ItemID, answer Answer) error {
	a.mu.Lock()
	rec, open := a.lookup(item), a.offer(item)
	to := landing{folder: answer.Folder, base: answer.Folder}
	if open != nil && answer.Folder == "" {
		to = a.landing(a.person(rec.Person, ""), open.in.Progress().Names)
		answer.Folder = to.folder
	}
	a.mu.Unlock()
	if rec == nil || rec.Transfer == nil || rec.Outgoing {
		return noItem(item)
	}
	if open == nil {
		return nil
	}
	if answer.Accept {
		if p := to.check(); p != nil {
			return p
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.offer(item) != open { // somebody else was quicker, or it was withdrawn
		return nil
	}
	if !answer.Accept && !answer.Nobody {
		a.limits.declined(rec.Person, open.in.Facts().Peer.Addr.Addr())
	}
	open.answered = true
	open.answers <- answer
	if answer.Accept && answer.Always {
		a.always(a.person(rec.Person, ""))
	}
	return nil
}

// always takes the offers of p without asking from now on, or begins to compare the codes
// that it needs for that. The caller holds mu.
func (a *App) always(p *person) {
	rule := p.rec.Rule
	rule.Accept = RuleAlways
	a.setRule(p, rule, p.rec.RuleBase, p.rec.RuleMount)
	if p.rec.Level < Paired {
		if err := a.pair(p.rec.ID); err != nil { // the offer is accepted all the same
			a.tell(AsProblem(err))
		}
	}
}

// offer returns the run of an item that waits for an answer, else nil. The caller
// holds mu.
func (a *App) offer(item ItemID) *run {
	if r := a.runs[item]; r != nil && r.in != nil && !r.answered {
		return r
	}
	return nil
}

// decide carries out an answer.
func (a *App) decide(r *run, answer Answer) transfer.Decision {
	a.mu.Lock()
	defer a.mu.Unlock()
	r.answered = true
	rec := r.rec.clone()
	t := rec.Transfer
	t.Decided = false
	if a.runs[rec.ID] != r { // replaced or cancelled meanwhile
		return transfer.Decision{Reason: transfer.ErrDeclined}
	}
	if !answer.Accept {
		reason, code := transfer.ErrDeclined, CodeDeclined
		if answer.Nobody {
			reason, code = transfer.ErrNobody, CodeNobody
		}
		t.State, t.Problem, t.Folder = Declined, newProblem(code, a.me.Name, ""), ""
		unpause(t)
		delete(a.runs, rec.ID)
		a.save(r, rec)
		return transfer.Decision{Reason: reason}
	}
	t.State, t.Problem = Running, nil
	t.Policy, t.Folder, t.Existing = a.policy(answer.Policy), answer.Folder, 0
	r.moved = time.Now()
	a.save(r, rec)
	if t.Paused {
		a.spawn(func() { a.steer(r) })
	}
	a.know(a.person(rec.Person, ""))
	links := a.opt.Links
	if partial := r.in.Facts().Partial; partial != nil { // as it was accepted
		links = partial.Links
	}
	return transfer.Decision{Accept: true, Folder: answer.Folder, Policy: policies[t.Policy], Links: links}
}

// fail ends an offer that would have been accepted without asking, had there been
// a place for it.
func (a *App) fail(r *run, p *Problem) transfer.Decision {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := r.rec.clone()
	rec.Transfer.State, rec.Transfer.Problem, rec.Transfer.Decided = Failed, p, false
	if a.runs[rec.ID] == r {
		delete(a.runs, rec.ID)
		a.save(r, rec)
	}
	a.tell(p)
	reason := map[string]error{CodeNoFolder: transfer.ErrNoFolder, CodeReadOnly: transfer.ErrReadOnly, CodeDiskFull: transfer.ErrDiskFull}[p.Code]
	return transfer.Decision{Reason: reason}
}
