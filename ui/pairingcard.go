package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// pairingCard is above the timeline while a code is compared with the chosen person, and
// afterwards until it is closed; also while another device answers in their place. It blocks
// nothing.
type pairingCard struct {
	widget.BaseWidget
	w       *Window
	news    pairingNews
	back    *canvas.Rectangle
	edge    *canvas.Rectangle
	title   *prose
	code    *line
	text    *prose
	left    *bar // of the minute
	buttons []*button
	running *fyne.Animation // of left; nil: none
	until   time.Time       // that it runs to
}

func newPairingCard(w *Window) *pairingCard {
	c := &pairingCard{
		w: w, back: canvas.NewRectangle(nil), edge: canvas.NewRectangle(nil),
		title: newProse("", theme.ColorNameForeground, false), text: newProse("", theme.ColorNameForeground, false),
		code: newLine("", sizeCode, theme.ColorNameForeground), left: newBar(),
	}
	c.title.segment.Style.TextStyle.Bold = true
	c.code.bold = true
	c.Hide()
	c.ExtendBaseWidget(c)
	return c
}

// refresh draws what the window knows.
func (c *pairingCard) refresh() {
	v := c.w.pairing
	p := c.w.people[c.w.chosen]
	if v != nil && v.Person != c.w.chosen {
		v = nil
	}
	if p == nil || v == nil && p.Changed == "" {
		c.stop()
		if c.Visible() {
			c.Hide()
			c.w.thread.content.Refresh()
		}
		return
	}
	name := shorten(cleanName(p.Name), 40)
	if v != nil {
		c.news = c.w.words.describePairing(*v, name)
	} else {
		c.news = c.w.words.describeChange(p, name)
	}
	c.title.set(c.news.title, c.news.mood.titleColor())
	c.text.set(c.news.text, theme.ColorNameForeground)
	c.code.setText(c.news.code)
	c.code.Hidden = c.news.code == ""
	c.buttons = c.buttons[:0]
	for i, a := range c.news.actions {
		b := newButton(c.w, c.w.words.L("pairing.do."+string(a)), nil, func() { c.w.pairingOrder(a) })
		if i == 0 && a != actBreak && a != actClose && (c.news.mood != bad || a == actKeep) {
			b.strong()
		}
		b.enable(!c.w.comparing || v == nil)
		c.buttons = append(c.buttons, b)
	}
	c.count(v)
	c.Show()
	c.Refresh()
	c.w.thread.content.Refresh()
}

// titleColor is the colour of a heading in a mood.
func (m mood) titleColor() fyne.ThemeColorName {
	if m == accent || m == neutral {
		return theme.ColorNameForeground
	}
	return m.textColor()
}

// count runs the bar down to the end of the minute.
func (c *pairingCard) count(v *app.Pairing) {
	left := time.Duration(0)
	if v != nil {
		left = v.Until.Sub(c.w.o.Now())
	}
	if c.news.code == "" || left <= 0 {
		c.stop()
		c.left.set(-1, accent)
		return
	}
	if c.running != nil && c.until.Equal(v.Until) {
		return
	}
	c.stop()
	const whole = time.Minute
	from := min(1, left.Seconds()/whole.Seconds())
	shown := -1
	c.until = v.Until
	c.running = &fyne.Animation{Duration: left, Curve: fyne.AnimationLinear, Tick: func(done float32) {
		if step := int(240 * from * float64(1-done)); step != shown { // half a pixel or so: not at every frame
			shown = step
			c.left.set(float64(step)/240, accent)
		}
	}}
	c.left.set(from, accent)
	c.running.Start()
}

func (c *pairingCard) stop() {
	if c.running != nil {
		c.running.Stop()
		c.running = nil
	}
}

// heightFor implements [tall].
func (c *pairingCard) heightFor(width float32) float32 { return c.flow(width, false) }

func (c *pairingCard) flow(width float32, place bool) float32 {
	const pad, gap = 16, 8
	inner := width - 2*threadMargin - 2*pad
	left, y := float32(threadMargin+pad), float32(12+pad)
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		if place {
			o.Move(fyne.NewPos(x, y))
			o.Resize(fyne.NewSize(w, h))
		}
	}
	for _, o := range []fyne.CanvasObject{c.title, c.code, c.left, c.text} {
		if !o.Visible() {
			continue
		}
		h := heightOf(o, inner)
		switch o {
		case c.code:
			y += gap
			put(o, left, y, inner, h)
			y += h + gap
		case c.left:
			put(o, left, y, min(inner, c.code.natural().Width), 4)
			y += 4 + 2*gap
		default:
			put(o, left, y, inner, h)
			y += h + gap/2
		}
	}
	y += gap
	y += flowButtons(c.buttons, left, y, inner, place) + pad
	if place {
		c.back.Move(fyne.NewPos(threadMargin, 12))
		c.back.Resize(fyne.NewSize(width-2*threadMargin, y-12))
		c.edge.Move(fyne.NewPos(threadMargin, 12))
		c.edge.Resize(fyne.NewSize(4, y-12))
	}
	return y
}

// CreateRenderer implements [fyne.Widget].
func (c *pairingCard) CreateRenderer() fyne.WidgetRenderer { return &pairingRenderer{c} }

type pairingRenderer struct{ card *pairingCard }

func (r *pairingRenderer) Layout(size fyne.Size) { r.card.flow(size.Width, true) }
func (r *pairingRenderer) MinSize() fyne.Size    { return fyne.NewSize(200, 80) }
func (r *pairingRenderer) Refresh() {
	c := r.card
	back, edge := c.news.mood.colors()
	if c.news.mood == accent {
		back, edge = colorAccentSoft, theme.ColorNamePrimary
	}
	c.back.FillColor, c.edge.FillColor = paint(c, back), paint(c, edge)
	c.back.CornerRadius, c.edge.CornerRadius = theme.Size(theme.SizeNameSelectionRadius), 2
	c.title.Refresh()
	c.code.Refresh()
	r.Layout(c.Size())
	canvas.Refresh(c)
}
func (r *pairingRenderer) Objects() []fyne.CanvasObject {
	c := r.card
	list := []fyne.CanvasObject{c.back, c.edge, c.title, c.code, c.left, c.text}
	for _, b := range c.buttons {
		list = append(list, b)
	}
	return list
}
func (r *pairingRenderer) Destroy() {}
