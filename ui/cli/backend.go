package cli

import (
	"context"
	"errors"
	"sync"
	"time"

	"yonder/app"
)

// findWait is how long a peer may take to appear before it counts as not found.
const findWait = 5 * time.Second

// patience is how long a search may take before the user is told about it: longer
// than it takes to be sure that a name is not used twice.
const patience = time.Second

// connect opens the backend and its stream of events, and returns them with the
// state that begins it. The caller calls done, which closes both. Neither ends
// with ctx, so that a command can still stop in order when it is interrupted.
func (p *program) connect(ctx context.Context, o app.Options) (b app.Backend, events <-chan app.Event, state app.State, done func(), err error) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if b, err = p.open(lasting, o); err != nil {
		cancel()
		return nil, nil, state, nil, err
	}
	done = func() {
		cancel()
		b.Close()
	}
	events = b.Events(lasting)
	select {
	case ev, ok := <-events:
		if ok && ev.State != nil {
			return b, events, *ev.State, done, nil
		}
		err = errors.New("the running Yonder does not answer")
	case <-ctx.Done():
		err = interrupted("stopped before anything began")
	}
	done()
	return nil, nil, state, nil, err
}

// interrupted is the error of a command that the user stopped.
func interrupted(text string) error {
	return &app.Problem{Code: app.CodeInterrupted, Text: text, Hint: "the same command again starts over"}
}

// errOwnerGone is the error of a command whose running Yonder ended.
var errOwnerGone = &app.Problem{
	Code: app.CodeInterrupted,
	Text: "the running Yonder that this command used has ended",
	Hint: "the same command again goes on",
}

// find resolves several peers at the same time, each to somebody else. All that
// were not found are reported together. Meanwhile events are only passed to seen.
func (p *program) find(ctx context.Context, b app.Backend, names []string, events <-chan app.Event, seen func(app.Event)) ([]app.Person, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make([]app.Person, len(names))
	errs := make([]error, len(names))
	var searches sync.WaitGroup
	for i, name := range names {
		searches.Go(func() { found[i], errs[i] = b.Find(ctx, name, findWait) })
	}
	finished := make(chan struct{})
	go func() {
		searches.Wait()
		close(finished)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-finished:
			if ctx.Err() != nil {
				return nil, interrupted("stopped while looking for somebody")
			}
			return unique(found), errors.Join(errs...)
		case <-late.C:
			for _, name := range names {
				p.printer.print(searchingEvent{Peer: name, WaitMS: findWait.Milliseconds()})
			}
		case ev, ok := <-events:
			if !ok {
				cancel()
				<-finished
				return nil, errOwnerGone
			}
			seen(ev)
		}
	}
}

// unique returns people without those that are named twice.
func unique(people []app.Person) []app.Person {
	var out []app.Person
	known := map[app.DeviceID]bool{}
	for _, p := range people {
		if !known[p.ID] {
			known[p.ID] = true
			out = append(out, p)
		}
	}
	return out
}
