package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// wrap puts buttons side by side, on more than one line if need be.
type wrap struct {
	widget.BaseWidget
	objects []fyne.CanvasObject
}

func newWrap(objects ...fyne.CanvasObject) *wrap {
	w := &wrap{objects: objects}
	w.ExtendBaseWidget(w)
	return w
}

func (w *wrap) heightFor(width float32) float32 { return w.flow(width, false) }

func (w *wrap) flow(width float32, place bool) float32 {
	const gap = 8
	x, y, row := float32(0), float32(0), float32(0)
	for _, o := range w.objects {
		size := o.MinSize().AddWidthHeight(12, 0)
		if x > 0 && x+size.Width > width {
			x, y = 0, y+row+gap
		}
		size.Width = min(size.Width, width)
		if place {
			o.Move(fyne.NewPos(x, y))
			o.Resize(size)
		}
		x += size.Width + gap
		row = max(row, size.Height)
	}
	return y + row
}

// CreateRenderer implements [fyne.Widget].
func (w *wrap) CreateRenderer() fyne.WidgetRenderer { return &wrapRenderer{w} }

type wrapRenderer struct{ wrap *wrap }

func (r *wrapRenderer) Layout(size fyne.Size) { r.wrap.flow(size.Width, true) }
func (r *wrapRenderer) MinSize() fyne.Size {
	width := r.wrap.Size().Width
	if width <= 0 {
		width = leastWidth / 2
	}
	return fyne.NewSize(80, r.wrap.heightFor(width))
}
func (r *wrapRenderer) Refresh() {
	r.Layout(r.wrap.Size())
	canvas.Refresh(r.wrap)
}
func (r *wrapRenderer) Objects() []fyne.CanvasObject { return r.wrap.objects }
func (r *wrapRenderer) Destroy()                     {}
