package ui

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"yonder/app"
)

// waitingShown is how many addresses without an answer stand above the field for them; all
// are in the settings.
const waitingShown = 3

// keepAddress has an address tried again by itself where nobody answered.
func (w *Window) keepAddress(addr string, then func(error)) {
	w.callThen(func(ctx context.Context, b app.Backend) error { return b.KeepAddress(ctx, addr) }, then)
}

// dropAddress forgets an address that was typed.
func (w *Window) dropAddress(addr string) {
	w.call(func(ctx context.Context, b app.Backend) error { return b.DropAddress(ctx, addr) })
}

// refreshTyped shows the addresses that were typed.
func (w *Window) refreshTyped() {
	w.side.showWaiting()
	w.panel.showTyped()
}

// refreshTypedOf does so when somebody changed who answered at one of them.
func (w *Window) refreshTypedOf(id app.DeviceID) {
	if slices.ContainsFunc(w.typed, func(t app.TypedAddress) bool { return t.Person == id }) {
		w.refreshTyped()
	}
}

// waiting returns the addresses at which nobody whom the list has ever answered, newest first.
func (w *Window) waiting() (list []app.TypedAddress) {
	for i := len(w.typed) - 1; i >= 0; i-- {
		if t := w.typed[i]; !t.Reached && w.people[t.Person] == nil {
			list = append(list, t)
		}
	}
	return list
}

// showWaiting lists them above the field, each with a button that forgets it.
func (s *sidebar) showWaiting() {
	l := s.w.words
	var objects []fyne.CanvasObject
	list := s.w.waiting()
	for i, t := range list {
		if i == waitingShown {
			objects = append(objects, newCaption(l.N("offer.rest", int64(len(list)-i))))
			break
		}
		addr := cleanName(t.Addr)
		drop := newIconButton(s.w, theme.CancelIcon(), l.L("address.forget", "address", addr), func() { s.w.dropAddress(t.Addr) })
		name := newLine(addr, theme.SizeNameCaptionText, theme.ColorNameForeground)
		name.middle = true
		objects = append(objects, container.NewBorder(nil, nil, nil, container.NewCenter(drop), tight(name, newCaption(l.L("address.waiting")))))
	}
	s.waiting.objects = objects
	if len(objects) == 0 {
		s.waiting.Hide()
	} else {
		s.waiting.Show()
	}
	s.waiting.Refresh()
	s.content.Refresh()
}

// showTyped lists all of them in the settings. Like [leftovers] it acts at once.
func (p *settingsPanel) showTyped() {
	l, w := p.w.words, p.w
	p.drops = nil
	objects := []fyne.CanvasObject{newSettingTitle(l.L("address.list")), newProse(l.L("address.list.help"), theme.ColorNamePlaceHolder, true)}
	for _, t := range w.typed {
		addr := cleanName(t.Addr)
		drop := newButton(w, l.L("address.remove"), theme.DeleteIcon(), func() { w.dropAddress(t.Addr) })
		drop.name = l.L("address.forget", "address", addr)
		p.drops = append(p.drops, drop)
		objects = append(objects, container.NewBorder(nil, nil, nil, container.NewCenter(drop),
			newColumn(column{gap: 2}, newTitle(addr), newCaption(w.typedState(t)))))
	}
	p.typed.objects = objects
	if len(w.typed) == 0 {
		p.typed.Hide()
	} else {
		p.typed.Show()
	}
	p.typed.Refresh()
	p.resized()
}

// typedState says who is at an address, or was last.
func (w *Window) typedState(t app.TypedAddress) string {
	l := w.words
	name := l.L("person.unknown")
	if p := w.people[t.Person]; p != nil {
		name = cleanName(p.Name)
	}
	switch {
	case t.Reached:
		return name + " · " + l.L("person.here")
	case t.Problem != nil && t.Problem.Code == app.CodeWrongPeer:
		return l.L("address.other", "name", name)
	case !t.Person.IsZero():
		return name + " · " + l.L("person.away")
	}
	return l.L("address.waiting")
}
