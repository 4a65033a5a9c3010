package ui

import (
	"context"
	"image"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"rsc.io/qr"

	"yonder/app"
)

// detailsPanel is shown in place of the conversation and says who the chosen person is:
// how far they are trusted, their whole id, where they are, and what can be done about that.
type detailsPanel struct {
	w       *Window
	content fyne.CanvasObject
	avatar  *avatar
	name    *line
	badge   *pill
	facts   *line
	column  *columnBox
	scroll  *container.Scroll
	sure    trustAct // the button that was pressed once and asks whether to
	acts    map[trustAct]*button
	rule    *ruleSection // about the person that is shown; nil: about nobody yet
}

// trustAct is something that changes how far somebody is trusted.
type trustAct string

const (
	actVerify   trustAct = "verify"
	actMine     trustAct = "mine"
	actNotMine  trustAct = "not-mine"
	actUnverify trustAct = "unverify"
	actBlock    trustAct = "block"
	actUnblock  trustAct = "unblock"
)

// trustActs lists what can be done about somebody of a level.
func trustActs(level app.Level) []trustAct {
	switch level {
	case app.Blocked:
		return []trustAct{actUnblock}
	case app.Paired:
		return []trustAct{actVerify, actMine, actUnverify, actBlock}
	case app.Mine:
		return []trustAct{actVerify, actNotMine, actUnverify, actBlock}
	}
	return []trustAct{actVerify, actBlock}
}

// level is what an act makes of somebody. actVerify is none of these: it begins a comparison.
func (a trustAct) level() app.Level {
	switch a {
	case actMine:
		return app.Mine
	case actNotMine:
		return app.Paired
	case actBlock:
		return app.Blocked
	}
	return app.Known
}

// takes reports whether an act takes something away, so that it is asked about once more.
func (a trustAct) takes() bool { return a == actUnverify || a == actBlock }

func newDetailsPanel(w *Window) *detailsPanel {
	p := &detailsPanel{w: w, avatar: newAvatar(56), name: newTitle(""), badge: newPill("", neutral), facts: newCaption("")}
	p.name.size = theme.SizeNameHeadingText
	title := newTitle(w.words.L("details.title"))
	title.size = theme.SizeNameSubHeadingText
	back := newIconButton(w, theme.NavigateBackIcon(), w.words.L("settings.back"), w.closeDetails)
	head := container.NewVBox(inset(container.NewBorder(nil, nil, back, nil, inset(title, 8, 0)), 14, 14), widget.NewSeparator())
	p.column = newColumn(column{limit: 560, margin: 24, gap: 8})
	p.scroll = container.NewVScroll(p.column)
	p.content = container.NewBorder(head, nil, nil, nil, p.scroll)
	p.content.Hide()
	return p
}

// refresh draws the chosen person as it is known now.
func (p *detailsPanel) refresh() {
	l, person := p.w.words, p.w.people[p.w.chosen]
	if person == nil {
		return
	}
	p.avatar.set(person.ID, person.Name, person.Present, !person.Present)
	p.name.setText(cleanName(person.Name))
	p.badge.set(l.badge(person))
	p.facts.setText(l.presence(person, p.w.o.Now()))
	objects := []fyne.CanvasObject{
		newGap(0, 8),
		container.NewBorder(nil, nil, p.avatar, nil, inset(container.NewVBox(tight(container.New(beside{}, p.name, p.badge), p.facts)), 14, 4)),
	}
	for _, section := range p.sections(person) {
		objects = append(objects, section...)
	}
	p.column.objects = append(objects, newGap(0, 20))
	p.column.Refresh()
	p.scroll.Refresh()
}

// sections are what the panel says about a person, each with its heading.
func (p *detailsPanel) sections(person *app.Person) [][]fyne.CanvasObject {
	return [][]fyne.CanvasObject{p.trust(person), p.offers(person), p.identity(person), p.places(person)}
}

func (p *detailsPanel) heading(key string) []fyne.CanvasObject {
	title := newLine(p.w.words.L(key), theme.SizeNameText, theme.ColorNamePrimary)
	title.bold = true
	return []fyne.CanvasObject{newGap(0, 12), newColumn(column{gap: 6}, title, widget.NewSeparator())}
}

// offers says what happens to what the person offers. It keeps what is being edited.
func (p *detailsPanel) offers(person *app.Person) []fyne.CanvasObject {
	if person.Level == app.Blocked {
		return nil // nothing can come
	}
	if p.rule == nil || p.rule.id != person.ID {
		p.rule = p.w.newRuleSection(person.ID, p.resized)
	}
	p.rule.refresh()
	return []fyne.CanvasObject{newGap(0, 12), p.rule.content}
}

// resized lays the panel out again after a part of it grew or shrank.
func (p *detailsPanel) resized() {
	p.column.Refresh()
	p.scroll.Refresh()
}

// trust says how far the person is trusted, and what changes that.
func (p *detailsPanel) trust(person *app.Person) []fyne.CanvasObject {
	l := p.w.words
	key := map[app.Level]string{app.Blocked: "blocked", app.Unknown: "new", app.Known: "known", app.Paired: "paired", app.Mine: "mine"}[person.Level]
	list := append(p.heading("details.trust"), newProse(l.L("details.level."+key, "name", shorten(cleanName(person.Name), 40)), theme.ColorNameForeground, false))
	if person.Changed != "" {
		list = append(list, newProse(l.L("changed.text", "name", shorten(cleanName(person.Name), 40), "address", cleanName(person.Changed)), theme.ColorNameError, false))
	}
	if !person.SameNameAs.IsZero() {
		list = append(list, newProse(l.L("details.same-name", "name", shorten(cleanName(person.Name), 40), "id", person.SameNameAs.Short()), theme.ColorNameWarning, false))
	}
	p.acts = map[trustAct]*button{}
	var buttons []fyne.CanvasObject
	for _, a := range trustActs(person.Level) {
		text := l.L("details.do." + string(a))
		if p.sure == a {
			text = l.L("details.sure." + string(a))
		}
		b := newButton(p.w, text, nil, func() { p.act(a) })
		switch {
		case p.sure == a:
			b.Importance = widget.DangerImportance
		case a == actVerify && person.Level < app.Paired:
			b.strong()
		}
		p.acts[a] = b
		buttons = append(buttons, b)
	}
	return append(list, newGap(0, 2), newWrap(buttons...))
}

// identity is the whole id, for people to compare and for cameras to read.
func (p *detailsPanel) identity(person *app.Person) []fyne.CanvasObject {
	l := p.w.words
	id := newProse(groupID(person.ID.String()), theme.ColorNameForeground, false)
	id.segment.Style.TextStyle.Monospace = true
	copyID := newButton(p.w, l.L("settings.id.copy"), theme.ContentCopyIcon(), func() {
		p.w.o.App.Clipboard().SetContent(person.ID.String())
		p.w.showHint(l.L("settings.id.copied"))
	})
	list := append(p.heading("settings.id"), newProse(l.L("details.id"), theme.ColorNamePlaceHolder, true), id)
	if code := qrImage(person.ID.String()); code != nil {
		list = append(list, newGap(0, 2), container.NewHBox(code))
	}
	return append(list, newGap(0, 2), container.NewHBox(copyID))
}

// places lists where the person was heard of.
func (p *detailsPanel) places(person *app.Person) []fyne.CanvasObject {
	if len(person.Addresses) == 0 {
		return nil
	}
	var lines []string
	for _, a := range person.Addresses {
		lines = append(lines, cleanName(a.Addr))
	}
	return append(p.heading("details.places"), newProse(strings.Join(lines, "\n"), theme.ColorNameForeground, false))
}

// act does what a button says; what takes something away is asked about once more.
func (p *detailsPanel) act(a trustAct) {
	id := p.w.chosen
	if a.takes() && p.sure != a {
		p.sure = a
		p.refresh()
		p.w.win.Canvas().Focus(p.acts[a])
		return
	}
	p.sure = ""
	if a == actVerify {
		p.w.beginPairing(id)
		return
	}
	p.refresh()
	p.w.call(func(ctx context.Context, b app.Backend) error { return b.SetTrust(ctx, id, a.level()) })
}

// groupID writes an id in groups of four, seven in a line, as people compare it.
func groupID(id string) string {
	var b strings.Builder
	for i, r := range id {
		switch {
		case i > 0 && i%28 == 0:
			b.WriteByte('\n')
		case i > 0 && i%4 == 0:
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// qrImage draws a QR code with its quiet zone, black on white whatever the theme is: cameras
// want that. nil if there is none of that text.
func qrImage(text string) fyne.CanvasObject {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return nil
	}
	const quiet = 4 // modules around it
	side := code.Size + 2*quiet
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			if !code.Black(x-quiet, y-quiet) {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	c := canvas.NewImageFromImage(img)
	c.ScaleMode, c.FillMode = canvas.ImageScalePixels, canvas.ImageFillContain
	c.SetMinSize(fyne.NewSquareSize(float32(side) * 4))
	return c
}

// openDetails shows who the chosen person is.
func (w *Window) openDetails() {
	if w.people[w.chosen] == nil {
		return
	}
	w.inPanel, w.inDoctor, w.inDetails = true, false, true
	w.details.sure = ""
	w.thread.content.Hide()
	w.panel.content.Hide()
	w.doctor.content.Hide()
	w.details.refresh()
	w.details.scroll.ScrollToTop()
	w.details.content.Show()
	w.refreshBanner()
	w.right.Refresh()
}

// closeDetails goes back to the conversation.
func (w *Window) closeDetails() { w.showPanel(false) }
