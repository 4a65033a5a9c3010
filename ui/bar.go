package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// bar is a thin progress bar; the words beside it say the same.
type bar struct {
	widget.BaseWidget
	value float64 // 0…1
	mood  mood
	track *canvas.Rectangle
	fill  *canvas.Rectangle
}

func newBar() *bar {
	b := &bar{track: canvas.NewRectangle(nil), fill: canvas.NewRectangle(nil)}
	b.ExtendBaseWidget(b)
	return b
}

// set shows a value; a negative one hides the bar.
func (b *bar) set(value float64, m mood) {
	b.Hidden = value < 0
	if value != b.value || m != b.mood {
		b.value, b.mood = value, m
		b.Refresh()
	}
}

// CreateRenderer implements [fyne.Widget].
func (b *bar) CreateRenderer() fyne.WidgetRenderer {
	r := &barRenderer{b}
	r.Refresh()
	return r
}

type barRenderer struct{ bar *bar }

func (r *barRenderer) Layout(size fyne.Size) {
	b := r.bar
	b.track.Resize(size)
	b.track.CornerRadius, b.fill.CornerRadius = size.Height/2, size.Height/2
	b.fill.Hidden = b.value <= 0
	b.fill.Resize(fyne.NewSize(max(size.Height, size.Width*float32(min(max(b.value, 0), 1))), size.Height))
}
func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(40, 6) }
func (r *barRenderer) Refresh() {
	b := r.bar
	b.track.FillColor = paint(b, colorTrack)
	color := theme.ColorNamePrimary // of what moves
	if b.mood != accent {
		_, color = b.mood.colors()
	}
	b.fill.FillColor = paint(b, color)
	r.Layout(b.Size())
	canvas.Refresh(b)
}
func (r *barRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.bar.track, r.bar.fill}
}
func (r *barRenderer) Destroy() {}
