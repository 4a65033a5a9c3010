package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// iconText is a picture on a soft tile with a paragraph beside it.
type iconText struct {
	widget.BaseWidget
	tile *canvas.Rectangle
	icon *widget.Icon
	text *prose
}

func newIconText(icon fyne.Resource, text string) *iconText {
	t := &iconText{
		tile: canvas.NewRectangle(nil), icon: widget.NewIcon(theme.NewPrimaryThemedResource(icon)),
		text: newProse(text, theme.ColorNameForeground, false),
	}
	t.ExtendBaseWidget(t)
	return t
}

const iconTile = 40

func (t *iconText) heightFor(width float32) float32 {
	return max(iconTile, t.text.heightFor(width-iconTile-14))
}

// CreateRenderer implements [fyne.Widget].
func (t *iconText) CreateRenderer() fyne.WidgetRenderer {
	r := &iconTextRenderer{t}
	r.Refresh()
	return r
}

type iconTextRenderer struct{ it *iconText }

func (r *iconTextRenderer) Layout(size fyne.Size) {
	t := r.it
	y := (size.Height - iconTile) / 2
	t.tile.Move(fyne.NewPos(0, y))
	t.tile.Resize(fyne.NewSquareSize(iconTile))
	t.icon.Move(fyne.NewPos(10, y+10))
	t.icon.Resize(fyne.NewSquareSize(iconTile - 20))
	width := size.Width - iconTile - 14
	height := t.text.heightFor(width)
	t.text.Move(fyne.NewPos(iconTile+14, (size.Height-height)/2))
	t.text.Resize(fyne.NewSize(width, height))
}
func (r *iconTextRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(iconTile) }
func (r *iconTextRenderer) Refresh() {
	r.it.tile.FillColor = paint(r.it, colorSelected)
	r.it.tile.CornerRadius = 10
	canvas.Refresh(r.it)
}
func (r *iconTextRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.it.tile, r.it.icon, r.it.text}
}
func (r *iconTextRenderer) Destroy() {}
