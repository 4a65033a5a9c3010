package ui

import (
	"slices"
	"sort"
	"strings"

	"yonder/app"
)

// Apply takes one event of the backend and shows what it changed. It runs on
// Fyne's goroutine and does nothing any more once the window was closed.
func (w *Window) Apply(ev app.Event) {
	if w.closed.Load() {
		return
	}
	switch ev.Kind {
	case app.EventState:
		if ev.State != nil {
			w.applyState(*ev.State)
		}
	case app.EventMe:
		if ev.Me != nil {
			w.me = *ev.Me
			w.refreshPeople()
			w.panel.refreshMe()
		}
	case app.EventSettings:
		if ev.Settings != nil {
			w.applySettings(*ev.Settings)
		}
	case app.EventPairing:
		w.applyPairing(ev.Pairing)
	case app.EventTyped:
		w.typed = ev.Typed
		w.refreshTyped()
	case app.EventPerson:
		if ev.Person != nil {
			w.applyPerson(*ev.Person)
		}
	case app.EventForgot:
		if ev.Person != nil {
			w.applyForgot(ev.Person.ID)
		}
	case app.EventItem:
		if ev.Item != nil {
			w.applyItem(*ev.Item, ev.New)
		}
	case app.EventHistory:
		if ev.History != nil {
			w.applyHistory(*ev.History)
		}
	case app.EventProblem:
		w.showProblem(ev.Problem)
	case app.EventRaise:
		w.Show()
		w.offerPaths(ev.Paths)
	}
}

// applyState starts over: the first event of a stream, also of a new one.
func (w *Window) applyState(s app.State) {
	w.ready = true
	w.closeFiles()
	w.me = s.Me
	clear(w.people)
	clear(w.talks)
	clear(w.moving)
	clear(w.asked)
	clear(w.policies)
	for _, p := range s.People {
		w.people[p.ID] = &p
	}
	w.typed = s.Typed
	w.sortPeople()
	w.applySettings(s.Settings)
	w.refreshPeople()
	w.refreshTyped()
	w.refreshThread()
	w.applyPairing(s.Pairing)
	if !w.chosen.IsZero() {
		w.load(w.chosen)
	}
}

// applySettings shows new settings; another language or theme redraws everything.
func (w *Window) applySettings(s app.Settings) {
	old := w.settings
	w.settings = s
	if old.Theme != s.Theme {
		w.o.App.Settings().SetTheme(look{force: s.Theme})
	}
	if language := speak(s.Language); language.language != w.words.language || old.Theme != s.Theme {
		w.words = language
		w.build()
		return
	}
	w.panel.refresh()
	w.thread.refreshHints()
	w.refreshPeople()
}

func (w *Window) applyPerson(p app.Person) {
	w.people[p.ID] = &p
	w.sortPeople()
	w.refreshPeople()
	w.refreshTypedOf(p.ID)
	if p.ID == w.chosen {
		w.thread.refreshHead()
		w.thread.pairing.refresh()
		if w.inDetails {
			w.details.refresh()
		}
		w.markRead()
	}
}

// applyForgot removes somebody; an open conversation with them closes.
func (w *Window) applyForgot(id app.DeviceID) {
	delete(w.people, id)
	delete(w.talks, id)
	delete(w.drafts, id)
	w.sortPeople()
	w.refreshPeople()
	w.refreshTypedOf(id)
	if id == w.chosen {
		w.chosen = app.DeviceID{}
		if w.inDetails {
			w.closeDetails()
		}
		w.refreshThread()
	}
}

func (w *Window) applyItem(item app.Item, isNew bool) {
	delete(w.asked, item.ID)
	if w.files != nil {
		w.files.follow(item)
	}
	if item.Transfer != nil && item.Transfer.State != app.Offered {
		delete(w.policies, item.ID)
	}
	if t := item.Transfer; t != nil && (t.State == app.Running || t.State == app.Waiting || t.State == app.Offered && item.Outgoing) {
		w.moving[item.ID] = true
	} else {
		delete(w.moving, item.ID)
	}
	if t := item.Transfer; isNew && t != nil && t.State == app.Offered && !t.Decided && !item.Outgoing && w.chosen.IsZero() && !w.inPanel {
		w.choose(item.Person) // nothing else is on the screen: accepting takes one click
	}
	if talk := w.talks[item.Person]; talk != nil {
		added := talk.put(item, isNew)
		if item.Person == w.chosen {
			w.thread.itemChanged(item, added)
			w.markRead()
		}
	}
	if isNew {
		w.notify(item)
	}
}

func (w *Window) applyHistory(h app.History) {
	talk := w.talks[h.Person]
	if talk == nil {
		return
	}
	talk.page(h)
	if h.Person == w.chosen {
		w.thread.reload()
	}
}

// showProblem puts a problem above the conversation; nil takes it away.
func (w *Window) showProblem(p *app.Problem) {
	w.problem, w.hint = p, ""
	w.refreshBanner()
}

// showHint puts a friendly line in the same place.
func (w *Window) showHint(text string) {
	w.problem, w.hint = nil, text
	w.refreshBanner()
}

// sortPeople keeps the order of the list: present first, then by name, then by id.
func (w *Window) sortPeople() {
	w.order = w.order[:0]
	for id := range w.people {
		w.order = append(w.order, id)
	}
	sort.Slice(w.order, func(i, j int) bool {
		a, b := w.people[w.order[i]], w.people[w.order[j]]
		if a.Present != b.Present {
			return a.Present
		}
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c < 0
		}
		return slices.Compare(a.ID[:], b.ID[:]) < 0
	})
}
