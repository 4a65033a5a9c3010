package ui

import (
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// transferRow is one transfer as a card: what, how far, how it ended, and what can
// be done. An incoming offer is the same card with a question on top.
type transferRow struct {
	widget.BaseWidget
	w     *Window
	item  app.Item
	place place
	card  card

	day     *pill
	back    *canvas.Rectangle
	heading *prose
	tile    *canvas.Rectangle
	icon    *widget.Icon
	title   *line
	facts   *line
	names   *prose
	warning *prose
	bar     *bar
	amount  *line
	speed   *line
	status  *prose
	next    *prose
	skipped *prose
	exists  *prose
	policy  *widget.Select // what happens to names that exist
	buttons []*button
	time    *line
}

func newTransferRow(w *Window) *transferRow {
	r := &transferRow{
		w: w, day: newPill("", neutral), back: canvas.NewRectangle(nil), tile: canvas.NewRectangle(nil),
		heading: newProse("", theme.ColorNameForeground, false), icon: widget.NewIcon(nil),
		title: newTitle(""), facts: newCaption(""), names: newProse("", theme.ColorNameForeground, true),
		warning: newProse("", theme.ColorNameWarning, true), bar: newBar(), amount: newCaption(""), speed: newCaption(""),
		status: newProse("", theme.ColorNamePlaceHolder, true), next: newProse("", theme.ColorNamePlaceHolder, true),
		skipped: newProse("", theme.ColorNameWarning, true), exists: newProse("", theme.ColorNamePlaceHolder, true), time: newCaption(""),
	}
	r.heading.segment.Style.TextStyle.Bold = true
	r.speed.align = fyne.TextAlignTrailing
	r.policy = widget.NewSelect(w.words.policies(), r.choosePolicy)
	r.ExtendBaseWidget(r)
	return r
}

func (r *transferRow) show(item app.Item, p place) {
	actions := r.card.actions
	r.item, r.place = item, p
	l := r.w.words
	if item.Transfer.Folder == "" && item.Transfer.State == app.Offered {
		t := *item.Transfer
		t.Folder = r.w.settings.Folder // where it goes unless the user says otherwise
		item.Transfer = &t
	}
	r.card = l.describe(item, r.w.people[item.Person], r.w.o.System)
	c := r.card
	day := ""
	if p.day {
		day = l.day(item.At, r.w.o.Now())
	}
	r.day.set(day, neutral)
	r.heading.set(c.heading, theme.ColorNameForeground)
	r.title.setText(c.title)
	r.facts.setText(c.facts)
	r.names.set(nameList(c), theme.ColorNameForeground)
	r.warning.set(c.warning, theme.ColorNameWarning)
	r.bar.set(c.progress, c.mood)
	r.amount.setText(c.amount)
	r.speed.setText(c.speed)
	r.status.set(c.status, c.mood.textColor())
	r.next.set(c.next, theme.ColorNamePlaceHolder)
	r.exists.set(c.exists, theme.ColorNamePlaceHolder)
	r.showPolicy()
	r.skipped.set(joinLines(c.skipped), theme.ColorNameWarning)
	r.time.setText(l.clock(item.At))
	r.time.setAlign(side(item))
	if c.folder {
		r.icon.SetResource(theme.NewPrimaryThemedResource(theme.FolderIcon()))
	} else {
		r.icon.SetResource(theme.NewPrimaryThemedResource(theme.FileIcon()))
	}
	if !slices.Equal(actions, c.actions) || len(r.buttons) != len(c.actions) {
		r.makeButtons()
	}
	for i, b := range r.buttons {
		if text := r.label(c.actions[i]); b.Text != text {
			b.name = text
			b.SetText(text)
		}
		b.enable(!r.w.asked[item.ID])
	}
	r.Refresh()
}

// makeButtons makes new buttons, so that a click or a focus meant for one action
// never reaches another that took its place.
func (r *transferRow) makeButtons() {
	r.w.thread.list.unfocus(r)
	r.buttons = nil
	for _, a := range r.card.actions {
		b := newButton(r.w, r.label(a), nil, func() { r.w.act(r.item.ID, a) })
		switch a {
		case actAccept, actResume, actOpen:
			b.strong()
		}
		r.buttons = append(r.buttons, b)
	}
}

// label is what the button of an action says.
func (r *transferRow) label(a action) string {
	name := ""
	if p := r.w.people[r.item.Person]; p != nil {
		name = shorten(cleanName(p.Name), 24)
	}
	return r.w.words.L("action."+string(a), "name", name)
}

// act does what a button of a transfer stands for.
func (w *Window) act(id app.ItemID, a action) {
	talk := w.talks[w.chosen]
	if talk == nil {
		return
	}
	item, ok := talk.get(id)
	if !ok || item.Transfer == nil {
		return
	}
	switch a {
	case actAccept:
		w.accept(id)
	case actSaveIn:
		w.saveIn(id)
	case actAlways:
		w.acceptAlways(id)
	case actDecline:
		w.decline(id)
	case actCancel:
		w.cancelItem(id)
	case actPause:
		w.pauseItem(id)
	case actResume:
		w.resumeItem(id)
	case actAdd:
		w.addTo(item)
	case actFiles:
		w.showFiles(id)
	case actRetry:
		w.retryItem(id)
	case actOpen:
		w.open(resultPath(item))
	case actReveal:
		if path := resultPath(item); path == item.Transfer.Folder {
			w.showFolder(path)
		} else {
			w.reveal(path)
		}
	}
}

// resultPath is the first thing a transfer left on this computer: what arrived,
// what was sent, or else the folder.
func resultPath(item app.Item) string {
	t := item.Transfer
	switch {
	case item.Outgoing && len(t.Sources) > 0:
		return t.Sources[0]
	case len(t.Paths) == 0:
		return t.Folder
	case filepath.IsAbs(t.Paths[0]):
		return t.Paths[0]
	}
	return filepath.Join(t.Folder, t.Paths[0])
}

// holds implements [focusHolder].
func (r *transferRow) holds(f fyne.Focusable) bool {
	for _, b := range r.buttons {
		if f == b {
			return true
		}
	}
	return f == r.policy
}

// showPolicy shows what happens to names that exist: as chosen for this offer, else as
// set. The choice lives in the window, since rows come and go.
func (r *transferRow) showPolicy() {
	r.policy.Hidden = !r.card.choose
	policy, ok := r.w.policies[r.item.ID]
	if !ok {
		policy = r.w.settings.Policy
	}
	if at := max(0, slices.Index(policyChoices, policy)); r.policy.SelectedIndex() != at {
		r.policy.OnChanged = nil // nobody chose
		r.policy.SetSelectedIndex(at)
		r.policy.OnChanged = r.choosePolicy
	}
}

// choosePolicy notes the choice for [Window.answer].
func (r *transferRow) choosePolicy(string) {
	if at := r.policy.SelectedIndex(); at >= 0 && r.card.choose {
		r.w.policies[r.item.ID] = policyChoices[at]
	}
}

func (r *transferRow) heightFor(width float32) float32 { return r.flow(width, false) }

// CreateRenderer implements [fyne.Widget].
func (r *transferRow) CreateRenderer() fyne.WidgetRenderer {
	v := &transferRenderer{r}
	v.Refresh()
	return v
}

type transferRenderer struct{ row *transferRow }

func (v *transferRenderer) Layout(size fyne.Size) { v.row.flow(size.Width, true) }
func (v *transferRenderer) MinSize() fyne.Size    { return fyne.NewSize(200, 60) }

func (v *transferRenderer) Refresh() {
	r := v.row
	r.back.CornerRadius = theme.Size(theme.SizeNameCardRadius)
	r.back.FillColor = paint(r, colorCard)
	r.back.StrokeColor = paint(r, colorCardBorder)
	r.back.StrokeWidth = 1
	if r.card.heading != "" {
		r.back.FillColor = paint(r, colorAccentSoft)
		r.back.StrokeColor = paint(r, theme.ColorNamePrimary)
		r.back.StrokeWidth = 1.5
	}
	r.tile.CornerRadius = theme.Size(theme.SizeNameSelectionRadius)
	r.tile.FillColor = paint(r, colorSelected)
	v.Layout(r.Size())
	canvas.Refresh(r)
}

func (v *transferRenderer) Objects() []fyne.CanvasObject {
	r := v.row
	objects := []fyne.CanvasObject{r.back, r.day, r.heading, r.tile, r.icon, r.title, r.facts, r.names, r.warning,
		r.bar, r.amount, r.speed, r.status, r.next, r.exists, r.policy, r.skipped, r.time}
	for _, b := range r.buttons {
		objects = append(objects, b)
	}
	return objects
}
func (v *transferRenderer) Destroy() {}
