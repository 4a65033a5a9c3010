package ui

import (
	"context"
	"errors"
	"time"

	"yonder/app"
)

// retryFor is how long a transfer from the window tries again by itself after a
// cut: as long as somebody may leave a laptop shut over a day.
const retryFor = 24 * time.Hour

// findWait is how long an address that was typed may take to answer.
const findWait = 5 * time.Second

// call runs an order on a goroutine of the window, because the backend may wait
// for a disk or a network. An error comes back as a problem line.
func (w *Window) call(order func(context.Context, app.Backend) error) {
	w.callThen(order, func(err error) {
		if err != nil {
			w.Apply(app.Event{Kind: app.EventProblem, Problem: app.AsProblem(err)})
		}
	})
}

// callThen is call with another ending, which runs on Fyne's goroutine and not at
// all once the window was closed.
func (w *Window) callThen(order func(context.Context, app.Backend) error, then func(error)) {
	backend := w.backend
	w.calls.Go(func() {
		err := order(w.ctx, backend)
		if errors.Is(err, context.Canceled) && w.ctx.Err() != nil {
			return
		}
		w.o.Post(func() {
			if !w.closed.Load() {
				then(err)
			}
		})
	})
}

// once gives an order about an item unless one is under way already: ten quick
// clicks on Accept are one answer.
func (w *Window) once(item app.ItemID, order func(context.Context, app.Backend) error) {
	if w.asked[item] {
		return
	}
	w.asked[item] = true
	w.thread.refreshItem(item)
	w.callThen(order, func(err error) {
		if err != nil {
			delete(w.asked, item)
			w.thread.refreshItem(item)
			w.Apply(app.Event{Kind: app.EventProblem, Problem: app.AsProblem(err)})
		}
	})
}

func (w *Window) say(to app.DeviceID, body string) {
	w.callThen(func(ctx context.Context, b app.Backend) error {
		_, err := b.Say(ctx, to, body)
		return err
	}, func(err error) {
		if err == nil {
			return
		}
		w.thread.giveBack(to, body)
		w.Apply(app.Event{Kind: app.EventProblem, Problem: app.AsProblem(err)})
	})
}

func (w *Window) send(to app.DeviceID, paths []string) {
	if len(paths) == 0 || to.IsZero() {
		return
	}
	w.call(func(ctx context.Context, b app.Backend) error {
		_, err := b.Send(ctx, app.SendRequest{To: []app.DeviceID{to}, Paths: paths, Retry: retryFor})
		return err
	})
}

// addTo asks for files that are sent as a part of a running transfer.
func (w *Window) addTo(item app.Item) {
	w.pick(PickRequest{Title: w.words.L("pick.files")}, func(paths []string) {
		w.call(func(ctx context.Context, b app.Backend) error {
			_, err := b.Send(ctx, app.SendRequest{To: []app.DeviceID{item.Person}, Paths: paths, Parent: item.ID, Retry: retryFor})
			return err
		})
	})
}

func (w *Window) answer(item app.ItemID, a app.Answer) {
	if a.Accept {
		a.Policy = w.policies[item]
	}
	w.once(item, func(ctx context.Context, b app.Backend) error { return b.Answer(ctx, item, a) })
}

func (w *Window) accept(item app.ItemID) { w.answer(item, app.Answer{Accept: true}) }

// acceptAlways accepts this one and, once both have verified each other, all that follow.
func (w *Window) acceptAlways(item app.ItemID) {
	w.answer(item, app.Answer{Accept: true, Always: true})
}

func (w *Window) decline(item app.ItemID) { w.answer(item, app.Answer{}) }

// saveIn accepts into a folder that the user chooses first; no choice, no answer.
func (w *Window) saveIn(item app.ItemID) {
	w.pick(PickRequest{Title: w.words.L("pick.save"), Folder: true, Start: w.settings.Folder}, func(paths []string) {
		w.answer(item, app.Answer{Accept: true, Folder: paths[0]})
	})
}

func (w *Window) cancelItem(item app.ItemID) {
	w.once(item, func(ctx context.Context, b app.Backend) error { return b.Cancel(ctx, item) })
}

func (w *Window) pauseItem(item app.ItemID) {
	w.once(item, func(ctx context.Context, b app.Backend) error { return b.Pause(ctx, item) })
}

func (w *Window) resumeItem(item app.ItemID) {
	w.once(item, func(ctx context.Context, b app.Backend) error { return b.Resume(ctx, item) })
}

func (w *Window) retryItem(item app.ItemID) {
	w.once(item, func(ctx context.Context, b app.Backend) error { return b.Retry(ctx, item) })
}

// load asks for the newest page of a conversation, more for an older one.
func (w *Window) load(person app.DeviceID) {
	talk := w.talks[person]
	if talk == nil {
		talk = newConversation()
		w.talks[person] = talk
	}
	if !talk.loaded {
		w.history(person, talk, "")
	}
}

func (w *Window) loadOlder(person app.DeviceID) {
	if talk := w.talks[person]; talk != nil && talk.loaded && talk.more {
		w.history(person, talk, talk.oldest())
	}
}

func (w *Window) history(person app.DeviceID, talk *conversation, before app.ItemID) {
	if talk.loading {
		return
	}
	talk.loading = true
	var page app.History
	w.callThen(func(ctx context.Context, b app.Backend) (err error) {
		page, err = b.History(ctx, person, before, pageSize)
		return err
	}, func(err error) {
		talk.loading = false
		if err != nil {
			w.Apply(app.Event{Kind: app.EventProblem, Problem: app.AsProblem(err)})
			return
		}
		page.Person = person
		w.Apply(app.Event{Kind: app.EventHistory, History: &page})
	})
}

// markRead tells that the open conversation is being looked at.
func (w *Window) markRead() {
	p := w.people[w.chosen]
	if p == nil || p.Unread == 0 || !w.focused || w.inPanel {
		return
	}
	p.Unread = 0 // not asked twice; the backend's event confirms it
	w.refreshPeople()
	id := w.chosen
	w.call(func(ctx context.Context, b app.Backend) error { return b.MarkRead(ctx, id) })
}

func (w *Window) lookAgain() {
	w.call(func(ctx context.Context, b app.Backend) error { return b.Refresh(ctx) })
}

// find looks for somebody by name, id or address and opens the conversation.
func (w *Window) find(peer string, done func(*app.Problem)) {
	var found app.Person
	w.callThen(func(ctx context.Context, b app.Backend) (err error) {
		found, err = b.Find(ctx, peer, findWait)
		return err
	}, func(err error) {
		if err == nil {
			if w.people[found.ID] == nil {
				w.applyPerson(found)
			}
			w.choose(found.ID)
		}
		done(app.AsProblem(err))
	})
}
