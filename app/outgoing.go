package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"yonder/transfer"
)

const (
	cutPause    = 250 * time.Millisecond // before the next try when bytes had moved: most cuts are short
	firstPause  = time.Second            // before the second try
	lastPause   = 60 * time.Second       // between tries at most
	maxReplaced = 5                      // how often another connection may take over before that counts as a cut

	longTry = 30 * time.Second // a try that lasted this long counts as movement
)

// errStopped is the cause with which Stop ends a run.
var errStopped = errors.New("stopped")

// begin starts to work on an outgoing transfer. The caller holds mu and has stored rec.
func (a *App) begin(rec *record) {
	ctx, cancel := context.WithCancelCause(a.ctx)
	ended := make(chan struct{})
	r := &run{rec: rec, cancel: cancel, ended: ended, wake: make(chan struct{}, 1), moved: time.Now()}
	started := a.spawn(func() {
		defer close(ended)
		defer cancel(nil)
		o := a.deliver(ctx, r, rec)
		a.concluded(ctx, r, o)
	})
	if started {
		a.runs[rec.ID] = r
		a.lastTurn++
		r.turn, r.lining = a.lastTurn, true
		a.watch()
	}
}

// outcome is what [App.deliver] found out besides an error.
type outcome struct {
	report transfer.Report
	err    error
}

// identify returns the id that the receiver knows a transfer by. It stays the same when
// only the end of the program has cut it, as long as nothing of it has changed: the
// receiver may have all of it already, and we not know.
func (a *App) identify(r *run, rec *record) wireID {
	known := rec.Wire != wireID{} && (time.Since(rec.Began) < time.Second || !changedSince(rec.Transfer.Sources, rec.Began))
	a.mu.Lock()
	defer a.mu.Unlock()
	if !known {
		rec = r.rec.clone()
		rec.newWire()
		a.save(r, rec)
	}
	r.id = rec.Wire
	return r.id
}

// newWire gives an outgoing transfer another id on the wire.
func (r *record) newWire() {
	rand.Read(r.Wire[:])
	r.Began = time.Now()
}

// maxLooked is how many files are looked at to tell that nothing has changed.
const maxLooked = 50_000

// changedSince reports whether anything below paths may have been written since t.
func changedSince(paths []string, t time.Time) bool {
	looked := 0
	for _, path := range paths {
		err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if looked++; err == nil && (looked > maxLooked || info.ModTime().After(t)) {
				err = errNewer
			}
			return err
		})
		if err != nil {
			return true
		}
	}
	return false
}

var errNewer = errors.New("written since")

// deliver tries until the transfer is decided or the time for trying is over. rec is how
// it began; orders may replace r.rec at any time.
func (a *App) deliver(ctx context.Context, r *run, rec *record) outcome {
	send := transfer.Send{Transfer: a.identify(r, rec), Message: rec.Remote, Batch: rec.Batch, Paths: rec.Transfer.Sources, Policy: policies[rec.Wish], Links: rec.Links}
	a.mu.Lock()
	if parent := a.runs[rec.Transfer.Parent]; parent != nil {
		send.Parent = parent.id
	}
	a.mu.Unlock()
	out := a.node.NewOutgoing(send)
	out.SetRate(rec.Limit)
	a.mu.Lock()
	r.engine = out
	a.mu.Unlock()
	pause := firstPause
	reached := false
	for replaced := 0; ; {
		begun := time.Now()
		s, err := a.connect(ctx, rec.Person)
		var report transfer.Report
		if err == nil {
			reached = true
			a.awaitTurn(ctx, r)
			a.mu.Lock()
			r.progress = out.Progress
			a.mu.Unlock()
			report, err = s.Send(ctx, out)
			a.mu.Lock()
			a.take(r, out.Progress())
			r.progress = nil
			a.leaveLine(r)
			a.mu.Unlock()
		}
		if err == nil || ctx.Err() != nil || !transient(err) {
			return outcome{report, err}
		}
		if errors.Is(err, transfer.ErrReplaced) && replaced < maxReplaced {
			replaced++ // nothing was cut: both sides had dialled at once
			continue
		}
		if a.isPaused(r) {
			return outcome{err: errPaused}
		}
		a.mu.Lock()
		if time.Since(begun) > longTry {
			r.moved = time.Now()
		}
		if r.moved.After(begun) {
			pause = cutPause
		}
		left := rec.Retry - time.Since(r.moved)
		if left <= 0 {
			a.mu.Unlock()
			if !reached && errors.Is(err, transfer.ErrUnreachable) {
				return outcome{err: err}
			}
			if !errors.Is(err, transfer.ErrStalled) && !errors.Is(err, transfer.ErrWrongPeer) && !errors.Is(err, transfer.ErrTooMany) {
				err = errors.Join(transfer.ErrInterrupted, err)
			}
			return outcome{err: err}
		}
		a.wait(r, err)
		a.leaveLine(r)
		r.resting = true
		a.mu.Unlock()
		select {
		case <-time.After(min(pause, left)):
			pause = min(max(2*pause, firstPause), lastPause)
		case <-r.wake:
			pause = firstPause
		case <-ctx.Done():
			return outcome{err: context.Cause(ctx)}
		}
		a.mu.Lock()
		r.resting, r.lining = false, true
		a.mu.Unlock()
	}
}

// transient reports whether trying again may help.
func transient(err error) bool {
	for _, target := range []error{
		transfer.ErrUnreachable, transfer.ErrInterrupted, transfer.ErrStalled, transfer.ErrTooMany, transfer.ErrWrongPeer,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// wait shows that r will try again. The caller holds mu.
func (a *App) wait(r *run, err error) {
	rec := r.rec.clone()
	p := problemOf(err, a.nameOf(rec.Person))
	if rec.Transfer.State == Waiting && rec.Transfer.Problem != nil && rec.Transfer.Problem.Code == p.Code {
		return
	}
	rec.Transfer.State, rec.Transfer.Problem = Waiting, p
	rec.Transfer.Rate, rec.Transfer.Left = 0, -1
	r.meter = meter{}
	a.save(r, rec)
}

// concluded stores how a run has ended.
func (a *App) concluded(ctx context.Context, r *run, o outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := r.rec.clone()
	t := rec.Transfer
	t.Rate, t.Left = 0, -1
	t.State, t.Problem = a.verdict(rec, o.err, context.Cause(ctx))
	unpause(t)
	if t.State == Done {
		finish(t, o.report)
	}
	delete(a.runs, rec.ID)
	a.leaveLine(r)
	rec.Cut = errors.Is(context.Cause(ctx), errClosing) && t.State == Interrupted
	rec.GoOn = rec.Cut && rec.mayGoOn()
	a.save(r, rec)
	if t.State == Cancelled && t.Problem.Code == CodeCancelled {
		a.tellCancelled(rec)
	}
	if r.again && t.State != Done && !a.ending {
		a.restart(rec)
	}
}
