package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// tall is a widget whose height depends on the width that it gets.
type tall interface {
	heightFor(width float32) float32
}

func heightOf(o fyne.CanvasObject, width float32) float32 {
	if t, ok := o.(tall); ok {
		return t.heightFor(width)
	}
	return o.MinSize().Height
}

// halves puts the people on the left, about three tenths wide, and the
// conversation on the right.
type halves struct{}

func newHalves(left, right fyne.CanvasObject) *fyne.Container {
	return container.New(halves{}, left, right, widget.NewSeparator())
}

func (halves) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := min(max(size.Width*0.29, 248), 320)
	thick := theme.SeparatorThicknessSize()
	objects[0].Resize(fyne.NewSize(left, size.Height))
	objects[1].Move(fyne.NewPos(left+thick, 0))
	objects[1].Resize(fyne.NewSize(size.Width-left-thick, size.Height))
	objects[2].Move(fyne.NewPos(left, 0))
	objects[2].Resize(fyne.NewSize(thick, size.Height))
}

func (halves) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(leastWidth, leastHeight)
}

// under puts the first object, if it is visible, above all the others, which share
// the rest of the space.
type under struct{}

func (under) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	top := float32(0)
	if objects[0].Visible() {
		top = heightOf(objects[0], size.Width)
		objects[0].Resize(fyne.NewSize(size.Width, top))
	}
	for _, o := range objects[1:] {
		o.Move(fyne.NewPos(0, top))
		o.Resize(fyne.NewSize(size.Width, max(0, size.Height-top)))
	}
}

func (under) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 100) }

// column stacks objects from the top, all as wide as the column, which is centred
// and at most limit wide.
type column struct {
	limit  float32 // in Fyne's pixels; 0: no limit
	margin float32 // at the left and right
	gap    float32 // between two objects
}

func (c column) width(total float32) float32 {
	width := total - 2*c.margin
	if c.limit > 0 {
		width = min(width, c.limit)
	}
	return max(width, 0)
}

func (c column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := c.width(size.Width)
	x, y := (size.Width-width)/2, float32(0)
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		height := heightOf(o, width)
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(width, height))
		y += height + c.gap
	}
}

func (c column) height(objects []fyne.CanvasObject, total float32) float32 {
	width, y := c.width(total), float32(0)
	for _, o := range objects {
		if o.Visible() {
			y += heightOf(o, width) + c.gap
		}
	}
	return max(0, y-c.gap)
}

func (c column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	y := float32(0)
	for _, o := range objects {
		if o.Visible() {
			y += o.MinSize().Height + c.gap
		}
	}
	return fyne.NewSize(2*c.margin, max(0, y-c.gap))
}

// columnBox is a column whose height follows from its width, so that columns nest.
type columnBox struct {
	widget.BaseWidget
	column  column
	objects []fyne.CanvasObject
}

func newColumn(c column, objects ...fyne.CanvasObject) *columnBox {
	b := &columnBox{column: c, objects: objects}
	b.ExtendBaseWidget(b)
	return b
}

func (b *columnBox) heightFor(width float32) float32 { return b.column.height(b.objects, width) }

// CreateRenderer implements [fyne.Widget].
func (b *columnBox) CreateRenderer() fyne.WidgetRenderer { return &columnRenderer{b} }

type columnRenderer struct{ box *columnBox }

func (r *columnRenderer) Layout(size fyne.Size) { r.box.column.Layout(r.box.objects, size) }
func (r *columnRenderer) MinSize() fyne.Size {
	width := r.box.Size().Width
	if width <= 0 {
		return r.box.column.MinSize(r.box.objects)
	}
	return fyne.NewSize(2*r.box.column.margin, r.box.heightFor(width))
}
func (r *columnRenderer) Refresh() {
	for _, o := range r.box.objects {
		o.Refresh()
	}
	r.Layout(r.box.Size())
	canvas.Refresh(r.box)
}
func (r *columnRenderer) Objects() []fyne.CanvasObject { return r.box.objects }
func (r *columnRenderer) Destroy()                     {}

// newGap returns empty space.
func newGap(width, height float32) fyne.CanvasObject {
	r := canvas.NewRectangle(nil)
	r.FillColor = transparent
	r.SetMinSize(fyne.NewSize(width, height))
	return r
}

// inset surrounds an object with space: left and right, above and below.
func inset(o fyne.CanvasObject, x, y float32) *fyne.Container {
	return container.New(insetLayout{x, y}, o)
}

type insetLayout struct{ x, y float32 }

func (l insetLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.NewPos(l.x, l.y))
		o.Resize(fyne.NewSize(max(0, size.Width-2*l.x), max(0, size.Height-2*l.y)))
	}
}

func (l insetLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var least fyne.Size
	for _, o := range objects {
		least = least.Max(o.MinSize())
	}
	return least.AddWidthHeight(2*l.x, 2*l.y)
}
