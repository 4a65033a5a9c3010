package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// CreateRenderer implements [fyne.Widget].
func (r *rows) CreateRenderer() fyne.WidgetRenderer { return &rowsRenderer{rows: r} }

type rowsRenderer struct{ rows *rows }

func (r *rowsRenderer) Layout(size fyne.Size) {
	r.rows.scroll.Resize(size)
	r.rows.settle()
}
func (r *rowsRenderer) MinSize() fyne.Size { return fyne.NewSize(60, 40) }
func (r *rowsRenderer) Refresh()           { canvas.Refresh(r.rows) }
func (r *rowsRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.rows.scroll}
}
func (r *rowsRenderer) Destroy() {}

// rowsBody is the content of the scroller: as high as all entries, holding few.
type rowsBody struct {
	widget.BaseWidget
	objects []fyne.CanvasObject
	height  float32
}

// CreateRenderer implements [fyne.Widget].
func (b *rowsBody) CreateRenderer() fyne.WidgetRenderer { return &rowsBodyRenderer{b} }

type rowsBodyRenderer struct{ body *rowsBody }

func (r *rowsBodyRenderer) Layout(fyne.Size)             {}
func (r *rowsBodyRenderer) MinSize() fyne.Size           { return fyne.NewSize(0, r.body.height) }
func (r *rowsBodyRenderer) Refresh()                     { canvas.Refresh(r.body) }
func (r *rowsBodyRenderer) Objects() []fyne.CanvasObject { return r.body.objects }
func (r *rowsBodyRenderer) Destroy()                     {}
