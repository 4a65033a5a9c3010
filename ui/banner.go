package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// banner is the line above the conversation: a problem with its next step, a hint,
// or paths that wait for a person. It never blocks anything.
type banner struct {
	widget.BaseWidget
	w     *Window
	mood  mood
	back  *canvas.Rectangle
	edge  *canvas.Rectangle
	text  *prose
	next  *prose
	send  *button
	close *button
}

func newBanner(w *Window) *banner {
	b := &banner{
		w: w, back: canvas.NewRectangle(nil), edge: canvas.NewRectangle(nil),
		text: newProse("", theme.ColorNameForeground, false), next: newProse("", theme.ColorNamePlaceHolder, true),
	}
	b.send = newButton(w, "", nil, nil).strong()
	b.close = newIconButton(w, theme.CancelIcon(), w.words.L("banner.close"), w.closeBanner)
	b.Hide()
	b.ExtendBaseWidget(b)
	return b
}

// refreshBanner shows what there is to say, problems before paths before hints.
func (w *Window) refreshBanner() {
	b := w.banner
	b.send.Hide()
	switch {
	case w.problem != nil:
		sentence, next := w.words.problem(w.problem)
		m := bad
		switch w.problem.Code {
		case app.CodePortTaken, app.CodeDamaged, app.CodeNotSaved, app.CodeDiscovery, app.CodeBusy:
			m = warning
		}
		b.say(m, sentence, next)
	case w.awayPairing() != nil:
		name := w.words.L("person.unknown")
		if p := w.people[w.pairing.Person]; p != nil {
			name = shorten(cleanName(p.Name), 40)
		}
		b.offer(w.words.L("pairing.show"), w.toPairing)
		b.say(neutral, w.words.L("pairing.title.theirs", "name", name), "")
	case len(w.pending) > 0:
		next := w.words.L("pending.choose")
		if p := w.people[w.chosen]; p != nil {
			next = ""
			b.offer(w.words.L("pending.send", "name", shorten(cleanName(p.Name), 18)), w.sendPending)
		}
		b.say(neutral, w.words.N("pending.title", int64(len(w.pending)), "names", pathNames(w.pending)), next)
	case w.hint != "":
		b.say(neutral, w.hint, "")
	default:
		b.Hide()
	}
	w.right.Refresh()
}

// offer shows the button, with what it does.
func (b *banner) offer(text string, do func()) {
	b.send.Text, b.send.name, b.send.OnTapped = text, text, do
	b.send.Refresh()
	b.send.Show()
}

// closeBanner takes away what the banner says.
func (w *Window) closeBanner() {
	if w.problem != nil || w.hint != "" {
		w.showProblem(nil)
	} else if v := w.awayPairing(); v != nil {
		w.pairingOrder(actBreak)
	} else {
		w.dropPending()
	}
}

func (b *banner) say(m mood, text, next string) {
	b.mood = m
	b.text.set(text, theme.ColorNameForeground)
	b.next.set(next, theme.ColorNameForeground)
	b.Show()
	b.Refresh()
}

// heightFor implements [tall].
func (b *banner) heightFor(width float32) float32 { return b.flow(width, false) }

func (b *banner) flow(width float32, place bool) float32 {
	const pad = 14
	right := width - 8
	button := b.close.MinSize()
	if place {
		b.close.Resize(button)
		b.close.Move(fyne.NewPos(right-button.Width, 8))
	}
	right -= button.Width + 8
	height := button.Height + 16
	if b.send.Visible() {
		send := b.send.MinSize()
		if place {
			b.send.Resize(send)
			b.send.Move(fyne.NewPos(right-send.Width, 8))
		}
		right -= send.Width + 12
	}
	left := float32(pad + 6)
	y := float32(pad)
	for _, p := range []*prose{b.text, b.next} {
		if p.Hidden {
			continue
		}
		h := p.heightFor(right - left)
		if place {
			p.Move(fyne.NewPos(left, y))
			p.Resize(fyne.NewSize(right-left, h))
		}
		y += h + 2
	}
	return max(height, y-2+pad)
}

// CreateRenderer implements [fyne.Widget].
func (b *banner) CreateRenderer() fyne.WidgetRenderer { return &bannerRenderer{b} }

type bannerRenderer struct{ banner *banner }

func (r *bannerRenderer) Layout(size fyne.Size) {
	r.banner.back.Resize(size)
	r.banner.edge.Resize(fyne.NewSize(4, size.Height))
	r.banner.flow(size.Width, true)
}
func (r *bannerRenderer) MinSize() fyne.Size {
	width := r.banner.Size().Width
	if width <= 0 {
		width = leastWidth / 2
	}
	return fyne.NewSize(100, r.banner.heightFor(width))
}
func (r *bannerRenderer) Refresh() {
	back, edge := r.banner.mood.colors()
	if r.banner.mood == neutral {
		back, edge = colorAccentSoft, theme.ColorNamePrimary
	}
	r.banner.back.FillColor = paint(r.banner, back)
	r.banner.edge.FillColor = paint(r.banner, edge)
	r.Layout(r.banner.Size())
	canvas.Refresh(r.banner)
}
func (r *bannerRenderer) Objects() []fyne.CanvasObject {
	b := r.banner
	return []fyne.CanvasObject{b.back, b.edge, b.text, b.next, b.send, b.close}
}
func (r *bannerRenderer) Destroy() {}
