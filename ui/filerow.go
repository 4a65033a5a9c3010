package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

const fileRowHeight = 44

// fileRow is one file in the list of a transfer: its name, its size and how far it is,
// and a button that leaves it out.
type fileRow struct {
	widget.BaseWidget
	d     *filesDialog
	file  app.File
	name  *line
	facts *line
	leave *button
}

func newFileRow(d *filesDialog) *fileRow {
	r := &fileRow{d: d, name: newLine("", theme.SizeNameText, theme.ColorNameForeground), facts: newCaption("")}
	r.name.middle = true
	r.leave = newButton(d.w, d.w.words.L("files.leave-out"), nil, func() { d.leaveOut(r.file.Entry) }).quiet()
	r.ExtendBaseWidget(r)
	return r
}

func (r *fileRow) show(f app.File) {
	r.file = f
	l := r.d.w.words
	r.name.setText(cleanName(f.Path))
	color := theme.ColorNamePlaceHolder
	switch f.State {
	case app.FileComplete:
		color = theme.ColorNameSuccess
	case app.FileLeftOut:
		color = theme.ColorNameWarning
	}
	r.facts.set(l.size(f.Size)+" · "+l.L("files.state."+string(f.State)), color)
	r.leave.name = l.L("files.leave-out") + " " + cleanName(f.Path)
	r.leave.Hidden = f.State != app.FileWaiting
	r.Refresh()
}

// holds implements [focusHolder].
func (r *fileRow) holds(f fyne.Focusable) bool { return f == r.leave }

func (r *fileRow) heightFor(float32) float32 { return fileRowHeight }

// CreateRenderer implements [fyne.Widget].
func (r *fileRow) CreateRenderer() fyne.WidgetRenderer { return &fileRenderer{r} }

type fileRenderer struct{ row *fileRow }

func (v *fileRenderer) Layout(size fyne.Size) {
	r := v.row
	button := r.leave.MinSize()
	width := size.Width - button.Width - 16
	title, facts := r.name.MinSize().Height, r.facts.MinSize().Height
	y := (size.Height - title - facts) / 2
	r.name.Move(fyne.NewPos(0, y))
	r.name.Resize(fyne.NewSize(width, title))
	r.facts.Move(fyne.NewPos(0, y+title))
	r.facts.Resize(fyne.NewSize(width, facts))
	r.leave.Move(fyne.NewPos(size.Width-button.Width-12, (size.Height-button.Height)/2)) // beside the scroll bar
	r.leave.Resize(button)
}
func (v *fileRenderer) MinSize() fyne.Size { return fyne.NewSize(200, fileRowHeight) }
func (v *fileRenderer) Refresh() {
	v.Layout(v.row.Size())
	canvas.Refresh(v.row)
}
func (v *fileRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{v.row.name, v.row.facts, v.row.leave}
}
func (v *fileRenderer) Destroy() {}
