package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// thread is the right side: the chosen person on top, the timeline of messages and
// transfers with the newest at the bottom, and the field to write in.
type thread struct {
	w       *Window
	content *fyne.Container

	nobody  fyne.CanvasObject // in place of all the rest while nobody is chosen
	talk    fyne.CanvasObject
	avatar  *avatar
	name    *line
	badge   *pill
	facts   *line
	list    *rows
	blank   *columnBox // in place of the list while it is empty
	blankTo *prose
	newer   *button // while newer items are below the visible part
	compose *composer
	pairing *pairingCard
	verify  *button // begins to compare codes; hidden for who is verified or away
}

func newThread(w *Window) *thread {
	t := &thread{w: w, avatar: newAvatar(40), name: newTitle(""), badge: newPill("", neutral), facts: newCaption("")}
	t.name.size = theme.SizeNameSubHeadingText
	t.list = newRows(64, t.buildRow, t.updateRow)
	t.list.stick = true
	t.list.onScroll = t.onScroll
	t.newer = newButton(w, w.words.L("thread.newer"), theme.MoveDownIcon(), t.toNewest).strong()
	t.newer.Hide()
	t.compose = newComposer(w)

	t.pairing = newPairingCard(w)
	t.verify = newButton(w, w.words.L("pairing.begin"), nil, func() { w.beginPairing(w.chosen) })
	info := newIconButton(w, theme.InfoIcon(), w.words.L("details.title"), w.openDetails)
	head := container.NewBorder(nil, nil, t.avatar, container.NewHBox(container.NewCenter(t.verify), container.NewCenter(info)),
		inset(container.NewVBox(layout.NewSpacer(), tight(container.New(beside{}, t.name, t.badge), t.facts), layout.NewSpacer()), 10, 0))
	top := container.NewVBox(inset(head, threadMargin, 12), widget.NewSeparator())
	t.blankTo = newProse("", theme.ColorNamePlaceHolder, false).center()
	t.blank = newColumn(column{limit: 380, margin: 20, gap: 8}, newGap(0, 60), t.blankTo)
	floating := container.NewVBox(layout.NewSpacer(), container.NewCenter(t.newer), newGap(0, 8))
	t.talk = container.NewBorder(top, t.compose.content, nil, nil, container.New(under{}, t.pairing, container.NewStack(t.list, t.blank, floating)))
	t.nobody = t.buildNobody()
	t.content = container.NewStack(t.nobody, t.talk)
	return t
}

// buildNobody makes what is shown before somebody is chosen: the three ways to begin.
func (t *thread) buildNobody() fyne.CanvasObject {
	l := t.w.words
	title := newLine(l.L("nobody.title"), theme.SizeNameHeadingText, theme.ColorNameForeground)
	title.bold, title.align = true, fyne.TextAlignCenter
	lead := newProse(l.L("nobody.lead"), theme.ColorNamePlaceHolder, false).center()
	steps := newColumn(column{gap: 14},
		t.step(theme.AccountIcon(), l.L("nobody.choose")),
		t.step(theme.DownloadIcon(), l.L("nobody.drop")),
		t.step(theme.ComputerIcon(), l.L("nobody.address")),
	)
	return container.New(middle{}, newColumn(column{limit: 420, margin: 24, gap: 10}, title, lead, newGap(0, 14), steps))
}

func (t *thread) step(icon fyne.Resource, text string) fyne.CanvasObject {
	return newIconText(icon, text)
}

// beside puts the second object right behind the text of the first, a [line].
type beside struct{}

func (beside) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	name, badge := objects[0].(*line), objects[1]
	extra := float32(0)
	if badge.Visible() {
		extra = badge.MinSize().Width + 10
	}
	width := min(name.natural().Width+1, max(0, size.Width-extra))
	name.Resize(fyne.NewSize(width, size.Height))
	badge.Resize(badge.MinSize())
	badge.Move(fyne.NewPos(width+10, (size.Height-badge.MinSize().Height)/2))
}

func (beside) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, max(objects[0].MinSize().Height, objects[1].MinSize().Height))
}

// middle centres one object whose height depends on its width.
type middle struct{}

func (middle) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	height := heightOf(objects[0], size.Width)
	objects[0].Move(fyne.NewPos(0, max(0, (size.Height-height)*0.42)))
	objects[0].Resize(fyne.NewSize(size.Width, height))
}
func (middle) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

// refreshThread shows the open conversation from scratch.
func (w *Window) refreshThread() {
	t := w.thread
	if w.chosen.IsZero() {
		t.talk.Hide()
		t.nobody.Show()
		w.refreshBanner()
		return
	}
	t.nobody.Hide()
	t.talk.Show()
	t.pairing.refresh()
	t.refreshHead()
	t.compose.setDraft(w.drafts[w.chosen])
	t.list.atEnd = true
	t.reload()
	t.list.toEnd()
	w.refreshBanner()
}

func (t *thread) refreshHead() {
	p := t.w.people[t.w.chosen]
	if p == nil {
		return
	}
	t.avatar.set(p.ID, p.Name, p.Present, !p.Present)
	t.name.setText(cleanName(p.Name))
	t.badge.set(t.w.words.badge(p))
	facts := t.w.words.presence(p, t.w.o.Now())
	if p.SameNameAs.IsZero() {
		facts += " · " + p.ID.Short()
	}
	if len(p.Addresses) > 0 {
		facts += " · " + cleanName(p.Addresses[0].Addr)
	}
	t.facts.setText(facts)
	t.verify.Hidden = !p.Present || p.Level < app.Unknown || p.Level >= app.Paired || t.pairing.Visible() && t.w.pairing != nil && !t.w.pairing.State.Ended()
	t.refreshHints()
	t.content.Refresh()
}

// refreshHints renews the words that depend on the person and on the settings.
func (t *thread) refreshHints() {
	p := t.w.people[t.w.chosen]
	if p == nil {
		return
	}
	name := shorten(cleanName(p.Name), 32)
	key := "compose.placeholder"
	if !p.Present {
		key = "compose.placeholder.away"
	}
	t.compose.entry.SetPlaceHolder(t.w.words.L(key, "name", name))
	t.compose.refreshKeyHint()
	t.blankTo.set(t.w.words.L("thread.blank", "name", name), theme.ColorNamePlaceHolder)
}

// reload shows the items of the open conversation after many of them changed.
func (t *thread) reload() {
	talk := t.w.talks[t.w.chosen]
	if talk == nil {
		return
	}
	t.list.set(talk.keys())
	t.blank.Hidden = len(talk.items) > 0 || !talk.loaded
	t.content.Refresh()
}

// itemChanged shows one item after it changed or came.
func (t *thread) itemChanged(item app.Item, added bool) {
	if !added {
		t.refreshItem(item.ID)
		return
	}
	talk := t.w.talks[item.Person]
	t.list.set(talk.keys())
	if n := len(talk.items); n > 1 {
		t.refreshItem(talk.items[n-2].ID) // no longer the last of its group, perhaps
	}
	if t.blank.Visible() {
		t.blank.Hide()
		t.content.Refresh()
	}
	if item.Outgoing && talk.items[len(talk.items)-1].ID != item.ID {
		t.list.show(string(item.ID)) // below the transfer that it adds to
	} else if item.Outgoing {
		t.toNewest()
	} else if !t.list.atEnd {
		t.newer.Show()
	}
}

// refreshItem shows one item of the open conversation as it is now. A neighbour
// above may end its group differently.
func (t *thread) refreshItem(id app.ItemID) {
	t.list.changed(string(id))
	talk := t.w.talks[t.w.chosen]
	if talk == nil {
		return
	}
	if i, ok := talk.index[id]; ok && i > 0 && talk.items[i].Message != nil {
		t.list.changed(string(talk.items[i-1].ID))
	}
}

func (t *thread) buildRow(key string) row {
	item, _ := t.item(key)
	if item.Transfer != nil {
		return newTransferRow(t.w)
	}
	return newMessageRow(t.w)
}

func (t *thread) updateRow(key string, r row) {
	item, place := t.item(key)
	switch r := r.(type) {
	case *messageRow:
		if item.Message != nil {
			r.show(item, place)
		}
	case *transferRow:
		if item.Transfer != nil {
			r.show(item, place)
		}
	}
}

func (t *thread) item(key string) (app.Item, place) {
	talk := t.w.talks[t.w.chosen]
	if talk == nil {
		return app.Item{Message: &app.Message{}}, place{}
	}
	item, ok := talk.get(app.ItemID(key))
	if !ok || item.Message == nil && item.Transfer == nil {
		item.Message = &app.Message{}
	}
	return item, talk.place(item.ID)
}

// onScroll asks for older items near the top and forgets the newer-items button at
// the bottom.
func (t *thread) onScroll() {
	if t.list.atEnd {
		t.newer.Hide()
	}
	if t.list.scroll.Offset.Y < 300 {
		t.w.loadOlder(t.w.chosen)
	}
}

func (t *thread) toNewest() {
	t.newer.Hide()
	t.list.toEnd()
}
