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

func (w *wrap) heightFor(width float32) float32 { return flowButtons(w.objects, 0, 0, width, false) }

// flowButtons puts buttons side by side, on more than one line if need be, or only measures;
// it returns how high they are together.
func flowButtons[T fyne.CanvasObject](buttons []T, left, top, width float32, place bool) (height float32) {
	const gap, least = 8, 84
	x, y, row := float32(0), float32(0), float32(0)
	for _, b := range buttons {
		size := b.MinSize().Max(fyne.NewSize(least, 0))
		if x > 0 && x+size.Width > width {
			x, y = 0, y+row+gap
		}
		size.Width = min(size.Width, width)
		if place {
			b.Move(fyne.NewPos(left+x, top+y))
			b.Resize(size)
		}
		x += size.Width + gap
		row = max(row, size.Height)
	}
	return y + row
}

// CreateRenderer implements [fyne.Widget].
func (w *wrap) CreateRenderer() fyne.WidgetRenderer { return &wrapRenderer{w} }

type wrapRenderer struct{ wrap *wrap }

func (r *wrapRenderer) Layout(size fyne.Size) { flowButtons(r.wrap.objects, 0, 0, size.Width, true) }
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
