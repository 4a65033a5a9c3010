package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// Measures of the conversation, in Fyne's pixels.
const (
	threadMargin = 22  // left and right of everything
	bubbleLimit  = 520 // widest bubble
	cardWidth    = 460 // widest transfer
	dayHeight    = 44  // a day's heading
	groupSpace   = 10  // above a group
	bubbleSpace  = 3   // above a bubble inside a group
)

// shownRunes is how much of one message is shown at once. Longer ones, which are
// rarely written by hand, end with a button for the rest.
const shownRunes = 3000

// messageRow is one message as a bubble: ours on the right, theirs on the left.
type messageRow struct {
	widget.BaseWidget
	w      *Window
	item   app.Item
	place  place
	whole  bool // a very long message is shown to its end
	body   string
	day    *pill
	bubble *canvas.Rectangle
	text   *widget.Label
	more   *button
	links  []*button // one for each address in the text
	state  *line
	next   *prose
	back   *button // takes a queued message back
}

func newMessageRow(w *Window) *messageRow {
	r := &messageRow{
		w: w, day: newPill("", neutral), bubble: canvas.NewRectangle(nil), text: widget.NewLabel(""),
		state: newCaption(""), next: newProse("", theme.ColorNameError, true),
	}
	r.text.Wrapping = fyne.TextWrapWord
	r.text.Selectable = true
	r.more = newButton(w, w.words.L("message.more"), nil, r.showWhole).quiet()
	r.back = newButton(w, w.words.L("message.take-back"), nil, r.takeBack).quiet()
	r.ExtendBaseWidget(r)
	return r
}

func (r *messageRow) show(item app.Item, p place) {
	r.item, r.place = item, p
	m, l := item.Message, r.w.words
	body := cleanBody(m.Body)
	r.more.Hide()
	if runes := []rune(body); len(runes) > shownRunes && !r.whole {
		body = string(runes[:shownRunes]) + "…"
		r.more.Show()
	}
	if body != r.body {
		r.body = body
		r.text.SetText(body)
		r.links = nil
		for _, u := range links(body) {
			r.links = append(r.links, newButton(r.w, l.L("message.open-link", "host", linkHost(u)), nil, func() { r.w.openLink(u) }).quiet())
		}
	}
	day := ""
	if p.day {
		day = l.day(item.At, r.w.o.Now())
	}
	r.day.set(day, neutral)
	r.next.set("", theme.ColorNameError)
	r.back.Hide()
	state := l.clock(item.At)
	color := theme.ColorNamePlaceHolder
	if item.Outgoing {
		state += " · " + l.L("message."+string(m.State))
		switch m.State {
		case app.Queued:
			r.back.Show()
			r.back.enable(!r.w.asked[item.ID])
		case app.Refused:
			color = theme.ColorNameError
			sentence, next := l.problem(m.Problem)
			r.next.set(joinSentences(sentence, next), theme.ColorNameError)
		}
	}
	r.state.set(state, color)
	r.state.Hidden = !p.last && m.State != app.Refused
	r.state.setAlign(side(item))
	r.Refresh()
}

// side is where an item stands: ours on the right.
func side(item app.Item) fyne.TextAlign {
	if item.Outgoing {
		return fyne.TextAlignTrailing
	}
	return fyne.TextAlignLeading
}

func (r *messageRow) showWhole() {
	r.whole = true
	r.w.thread.refreshItem(r.item.ID)
}

func (r *messageRow) takeBack() { r.w.cancelItem(r.item.ID) }

// holds implements [focusHolder].
func (r *messageRow) holds(f fyne.Focusable) bool {
	link, ok := f.(*button)
	return f == r.more || f == r.back || ok && slices.Contains(r.links, link)
}

func (r *messageRow) heightFor(width float32) float32 { return r.flow(width, false) }

// flow computes the height at a width and, if place is set, puts everything there.
func (r *messageRow) flow(width float32, place bool) float32 {
	y := float32(groupSpace)
	if !r.place.first {
		y = bubbleSpace
	}
	if r.day.Visible() {
		if place {
			size := r.day.MinSize()
			r.day.Resize(size)
			r.day.Move(fyne.NewPos((width-size.Width)/2, (dayHeight-size.Height)/2))
		}
		y = dayHeight
	}
	avail := min(bubbleLimit, (width-2*threadMargin)*0.8)
	textWidth := r.textWidth(avail)
	r.text.Resize(fyne.NewSize(textWidth, r.text.Size().Height))
	textHeight := r.text.MinSize().Height
	left := float32(threadMargin)
	if r.item.Outgoing {
		left = width - threadMargin - textWidth
	}
	bubbleHeight := textHeight
	if r.more.Visible() {
		more := r.more.MinSize()
		if place {
			r.more.Resize(more)
			r.more.Move(fyne.NewPos(left+4, y+textHeight-4))
		}
		bubbleHeight += more.Height
	}
	if len(r.links) > 0 {
		bubbleHeight += flowButtons(r.links, left+4, y+bubbleHeight-4, textWidth-8, place)
	}
	if place {
		r.text.Move(fyne.NewPos(left, y))
		r.text.Resize(fyne.NewSize(textWidth, textHeight))
		r.bubble.Move(fyne.NewPos(left, y))
		r.bubble.Resize(fyne.NewSize(textWidth, bubbleHeight))
	}
	y += bubbleHeight
	if r.state.Visible() {
		height := r.state.MinSize().Height
		if place {
			right := width - threadMargin
			if r.back.Visible() {
				back := r.back.MinSize()
				right -= back.Width
				r.back.Resize(back)
				r.back.Move(fyne.NewPos(right, y+3+(height-back.Height)/2))
			}
			r.state.Move(fyne.NewPos(threadMargin+6, y+3))
			r.state.Resize(fyne.NewSize(right-threadMargin-12, height))
		}
		y += height + 5
	}
	if !r.next.Hidden {
		height := r.next.heightFor(avail)
		if place {
			r.next.Move(fyne.NewPos(width-threadMargin-avail, y))
			r.next.Resize(fyne.NewSize(avail, height))
		}
		y += height + 4
	}
	return y
}

// textWidth is as wide as the longest line of the message, and at most avail.
func (r *messageRow) textWidth(avail float32) float32 {
	pad := 2 * r.Theme().Size(theme.SizeNameInnerPadding)
	size := r.Theme().Size(theme.SizeNameText)
	width := float32(0)
	for _, text := range splitLines(r.body) {
		if len(text) > 400 {
			return avail
		}
		width = max(width, fyne.MeasureText(text, size, fyne.TextStyle{}).Width)
	}
	for _, b := range r.links {
		width = max(width, b.MinSize().Width-pad)
	}
	return min(avail, width+pad+8)
}

// CreateRenderer implements [fyne.Widget].
func (r *messageRow) CreateRenderer() fyne.WidgetRenderer {
	v := &messageRenderer{r}
	v.Refresh()
	return v
}

type messageRenderer struct{ row *messageRow }

func (v *messageRenderer) Layout(size fyne.Size) { v.row.flow(size.Width, true) }
func (v *messageRenderer) MinSize() fyne.Size    { return fyne.NewSize(120, 20) }
func (v *messageRenderer) Refresh() {
	r := v.row
	r.bubble.CornerRadius = theme.Size(theme.SizeNameCardRadius) + 2
	r.bubble.BottomLeftCornerRadius, r.bubble.BottomRightCornerRadius = 0, 0
	if r.item.Outgoing {
		r.bubble.FillColor = paint(r, colorMine)
		if r.place.last {
			r.bubble.BottomRightCornerRadius = 4
		}
	} else {
		r.bubble.FillColor = paint(r, colorTheirs)
		if r.place.last {
			r.bubble.BottomLeftCornerRadius = 4
		}
	}
	r.bubble.Refresh()
	v.Layout(r.Size())
	canvas.Refresh(r)
}
func (v *messageRenderer) Objects() []fyne.CanvasObject {
	r := v.row
	list := []fyne.CanvasObject{r.bubble, r.day, r.text, r.more, r.state, r.next, r.back}
	for _, b := range r.links {
		list = append(list, b)
	}
	return list
}
func (v *messageRenderer) Destroy() {}
