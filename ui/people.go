package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// sidebar is the left side: us, the people, and a field to reach somebody by address.
type sidebar struct {
	w       *Window
	content fyne.CanvasObject

	me      *avatar
	name    *line
	state   *viewers
	title   *line
	gear    *button
	again   *button
	list    *rows
	keys    *peopleKeys
	empty   *columnBox
	tried   *prose
	waiting *columnBox // addresses at which nobody answers yet
	address *field
	add     *button
	trouble *prose
	why     *button // an address that does not answer: why
}

func newSidebar(w *Window) *sidebar {
	l := w.words
	s := &sidebar{w: w, me: newAvatar(36), name: newTitle(""), state: newViewers(w), title: newCaption("")}
	s.me.ground = colorSidebar
	s.gear = newIconButton(w, theme.SettingsIcon(), l.L("settings.title"), w.togglePanel)
	s.again = newIconButton(w, theme.ViewRefreshIcon(), l.L("people.again"), w.lookAgain)
	s.list = newRows(personHeight, s.buildRow, s.updateRow)
	s.keys = newPeopleKeys(w, s.list)
	s.buildEmpty()

	s.address = newField(w)
	s.address.SetPlaceHolder(l.L("address.placeholder"))
	s.address.OnSubmitted = func(string) { s.findAddress() }
	s.add = newIconButton(w, theme.ContentAddIcon(), l.L("address.add"), s.findAddress)
	s.waiting = newColumn(column{gap: 4})
	s.waiting.Hide()
	s.trouble = newProse("", theme.ColorNameError, true)
	s.trouble.Hide()
	s.why = newButton(w, l.L("doctor.why"), theme.SearchIcon(), s.examineAddress)
	s.why.Hide()

	me := container.NewBorder(nil, nil, s.me, container.NewCenter(s.gear),
		inset(container.NewVBox(layout.NewSpacer(), tight(s.name, s.state), layout.NewSpacer()), 8, 0))
	heading := container.NewBorder(nil, nil, nil, s.again, s.title)
	top := container.NewVBox(inset(me, 16, 14), widget.NewSeparator(), inset(heading, 18, 4))
	bottom := container.NewVBox(widget.NewSeparator(), inset(newColumn(column{gap: 6}, s.waiting,
		container.NewBorder(nil, nil, nil, s.add, s.address), s.trouble, s.why), 12, 10))
	back := canvas.NewRectangle(theme.Color(colorSidebar))
	s.content = container.NewStack(back, container.NewBorder(top, bottom, nil, nil, container.NewStack(s.keys, s.empty)))
	return s
}

// buildEmpty makes what is shown while nobody is there: what was tried, and what helps.
func (s *sidebar) buildEmpty() {
	l := s.w.words
	title := newLine(l.L("people.empty.title"), theme.SizeNameSubHeadingText, theme.ColorNameForeground)
	title.bold, title.align = true, fyne.TextAlignCenter
	icon := widget.NewIcon(theme.NewThemedResource(theme.SearchIcon()))
	s.tried = newProse("", theme.ColorNamePlaceHolder, true)
	tip := newProse(l.L("people.empty.tip"), theme.ColorNamePlaceHolder, true)
	why := newButton(s.w, l.L("doctor.why"), theme.SearchIcon(), s.w.openDoctorHere).strong()
	again := newButton(s.w, l.L("people.again"), theme.ViewRefreshIcon(), s.w.lookAgain).quiet()
	s.empty = newColumn(column{limit: 280, margin: 20, gap: 12},
		newGap(0, 20), container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(36), icon)), title, s.tried, tip,
		container.NewCenter(container.NewVBox(why, again)))
}

func (s *sidebar) buildRow(key string) row {
	id, _ := app.ParseDeviceID(key)
	return newPersonRow(id, s.w.onPersonTapped)
}

func (s *sidebar) updateRow(key string, r row) {
	pr := r.(*personRow)
	if p := s.w.people[pr.id]; p != nil {
		pr.show(s.w.words, p, pr.id == s.w.chosen && !s.w.inPanel, s.w.o.Now())
	}
}

// refreshPeople shows the list as it is now.
func (w *Window) refreshPeople() {
	s := w.side
	s.me.set(w.me.ID, w.me.Name, w.me.Listening != "", false)
	s.name.setText(cleanName(w.me.Name))
	s.state.say(w.seenBy())
	keys := make([]string, len(w.order))
	here := 0
	for i, id := range w.order {
		keys[i] = id.String()
		if w.people[id].Present {
			here++
		}
	}
	s.title.setText(w.words.N("people.title", int64(here)))
	s.list.set(keys)
	for key, r := range s.list.visible {
		s.updateRow(key, r)
	}
	if len(keys) == 0 {
		s.tried.set(w.tried(), theme.ColorNamePlaceHolder)
		s.empty.Show()
		s.empty.Refresh()
	} else {
		s.empty.Hide()
	}
}

// seenBy says who sees this computer, or why nobody does.
func (w *Window) seenBy() string {
	everyone := w.me.Visible == app.Everyone || w.me.Visible == ""
	switch {
	case !w.ready:
		return w.words.L("people.starting")
	case w.me.Listening == "":
		return w.words.L("me.silent")
	case w.me.Discovery == "none" && everyone:
		return w.words.L("me.address")
	}
	return w.words.visible(w.me)
}

// tried says how people were looked for.
func (w *Window) tried() string {
	l := w.words
	switch {
	case !w.ready:
		return l.L("people.starting")
	case w.me.Discovery == "none":
		return l.L("people.tried.none")
	case len(w.me.Addresses) == 0:
		return l.L("people.tried.offline")
	}
	how := "people.tried.both"
	if d := w.me.Discovery; d == "mdns" || d == "broadcast" {
		how = "people.tried." + d
	}
	addresses := w.me.Addresses[:min(2, len(w.me.Addresses))]
	return l.L(how, "addresses", strings.Join(addresses, ", "))
}

// onPersonTapped opens the conversation with somebody in the list.
func (w *Window) onPersonTapped(id app.DeviceID) { w.choose(id) }

// choose opens the conversation with a person and gives the keyboard to its field.
func (w *Window) choose(id app.DeviceID) {
	if w.people[id] == nil {
		return
	}
	w.inPanel = false
	if id != w.chosen {
		w.thread.keepDraft()
		w.chosen = id
		w.load(id)
	}
	w.refreshPeople()
	w.side.list.show(id.String())
	w.refreshThread()
	w.showPanel(false)
	w.markRead()
	w.focusComposer()
}

// zone is where the list is, for drops.
func (s *sidebar) zone() zone {
	if s.empty.Visible() {
		return zone{}
	}
	return zone{at: fyne.CurrentApp().Driver().AbsolutePositionForObject(s.list), size: s.list.Size()}
}

// personAt tells who is at a height of the list.
func (s *sidebar) personAt(y float32) app.DeviceID {
	id, err := app.ParseDeviceID(s.list.at(y))
	if err != nil {
		return app.DeviceID{}
	}
	return id
}

// findAddress looks for what was typed below the list.
func (s *sidebar) findAddress() {
	peer := strings.TrimSpace(s.address.Text)
	if peer == "" || s.address.Disabled() {
		return
	}
	s.address.Disable()
	s.why.Hide()
	s.say(s.w.words.L("address.looking", "address", cleanName(peer)), theme.ColorNamePlaceHolder)
	s.w.find(peer, func(p *app.Problem) {
		s.address.Enable()
		if p == nil {
			s.address.SetText("")
			s.say("", theme.ColorNamePlaceHolder)
			return
		}
		if p.Code == app.CodeUnreachable || p.Code == app.CodePrivate {
			s.w.keepAddress(peer, func(err error) {
				more := ""
				if err == nil { // else it is none
					more = s.w.words.L("address.kept")
				}
				s.w.side.complain(p, more)
			})
			return
		}
		s.complain(p, "")
	})
}

// complain says why nobody was found and what is done about it.
func (s *sidebar) complain(p *app.Problem, more string) {
	sentence, next := s.w.words.problem(p)
	s.why.Hidden = p.Code != app.CodeUnreachable
	s.say(strings.TrimSpace(sentence+" "+next+" "+more), theme.ColorNameError)
}

// examineAddress finds out why what was typed below the list does not answer.
func (s *sidebar) examineAddress() { s.w.openDoctor(strings.TrimSpace(s.address.Text)) }

func (s *sidebar) say(text string, color fyne.ThemeColorName) {
	s.trouble.set(text, color)
	s.content.Refresh()
}

// focusAddress and focusPeople bring the keyboard to the left side.
func (w *Window) focusAddress() { w.win.Canvas().Focus(w.side.address) }
func (w *Window) focusPeople()  { w.win.Canvas().Focus(w.side.keys) }

// tight stacks lines without a gap.
func tight(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(column{gap: 1}, objects...)
}
