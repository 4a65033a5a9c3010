package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"yonder/app"
)

// leftovers is the part of the settings that lists what arrived of transfers that broke
// off, each with a button that removes it. Unlike the rest of the settings it acts at once.
type leftovers struct {
	w       *Window
	column  *columnBox
	resized func() // after the height changed
	list    []app.Partial
	buttons []*button // one for each of list, and one for all where there are several
}

func newLeftovers(w *Window, resized func()) *leftovers {
	return &leftovers{w: w, column: newColumn(column{gap: 10}), resized: resized}
}

// leftoversShown bounds the list; Remove all means all of it.
const leftoversShown = 50

// show draws the list anew.
func (l *leftovers) show(list []app.Partial) {
	w := l.w.words
	l.list, l.buttons = list, nil
	objects := []fyne.CanvasObject{newSettingTitle(w.L("leftover.title")), newProse(w.L("leftover.help"), theme.ColorNamePlaceHolder, true)}
	if len(list) == 0 {
		objects = append(objects, newProse(w.L("leftover.none"), theme.ColorNameForeground, false))
	}
	for i, p := range list {
		if i == leftoversShown {
			objects = append(objects, newProse(w.N("offer.rest", int64(len(list)-i)), theme.ColorNamePlaceHolder, true))
			break
		}
		objects = append(objects, l.row(p))
	}
	if len(list) > 1 {
		all := newButton(l.w, w.L("leftover.remove.all"), theme.DeleteIcon(), func() { l.w.removePartials(ids(list)...) })
		l.buttons = append(l.buttons, all)
		objects = append(objects, container.NewHBox(all))
	}
	l.column.objects = objects
	l.column.Refresh()
	l.resized()
}

// row is one partial: its names, from whom, how much, since when and where.
func (l *leftovers) row(p app.Partial) fyne.CanvasObject {
	w := l.w.words
	name := w.L("transfer.preparing")
	if len(p.Names) > 0 {
		name = cleanName(p.Names[0])
	}
	if others := p.NameCount - 1; others > 0 {
		name = w.N("transfer.others", int64(others), "name", name)
	}
	remove := newButton(l.w, w.L("leftover.remove"), theme.DeleteIcon(), func() { l.w.removePartials(p.ID) })
	remove.name = w.L("leftover.remove") + " " + name
	l.buttons = append(l.buttons, remove)
	facts := w.L("leftover.facts", "name", cleanName(p.From), "size", w.size(p.Bytes), "when", w.moment(p.At, l.w.o.Now()))
	text := newColumn(column{gap: 2}, newTitle(name), newCaption(facts), newCaption(cleanName(tilde(p.Folder))))
	return container.NewBorder(nil, nil, nil, container.NewCenter(remove), text)
}

func ids(list []app.Partial) (ids []string) {
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}

// loadPartials asks what is left and shows it in the settings.
func (w *Window) loadPartials() {
	var list []app.Partial
	w.callThen(func(ctx context.Context, b app.Backend) (err error) {
		list, err = b.Partials(ctx)
		return err
	}, func(err error) {
		if err != nil {
			w.showProblem(app.AsProblem(err))
			return
		}
		w.panel.leftovers.show(list)
	})
}

// removePartials removes what is left of some transfers, and shows what is left then.
func (w *Window) removePartials(ids ...string) {
	for _, b := range w.panel.leftovers.buttons {
		b.Disable()
	}
	w.callThen(func(ctx context.Context, b app.Backend) error { return b.RemovePartials(ctx, ids) }, func(err error) {
		if err != nil {
			w.showProblem(app.AsProblem(err))
		}
		w.loadPartials()
	})
}
