package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// findingRow is one finding of the doctor: a picture, what it is, why it matters, what to
// do, and the command that does it, with a button that copies it.
type findingRow struct {
	widget.BaseWidget
	w       *Window
	finding app.Finding
	back    *canvas.Rectangle
	shade   *canvas.Rectangle // behind the command
	icon    *widget.Icon
	what    *prose
	why     *prose
	next    *prose
	command *prose
	copy    *button
}

func newFindingRow(w *Window, f app.Finding) *findingRow {
	what, why, next := w.words.finding(f)
	r := &findingRow{
		w: w, finding: f, back: canvas.NewRectangle(nil), shade: canvas.NewRectangle(nil), icon: widget.NewIcon(severityIcon(f.Severity)),
		what: newProse(what, theme.ColorNameForeground, false), why: newProse("", theme.ColorNamePlaceHolder, false),
		next: newProse("", theme.ColorNameForeground, false), command: newProse("", theme.ColorNameForeground, true),
	}
	r.what.segment.Style.TextStyle.Bold = f.Severity != app.SeverityOK
	r.command.segment.Style.TextStyle.Monospace = true
	r.why.set(why, theme.ColorNamePlaceHolder)
	r.next.set(next, theme.ColorNameForeground)
	r.command.set(f.Command, theme.ColorNameForeground)
	r.copy = newIconButton(w, theme.ContentCopyIcon(), w.words.L("doctor.copy.command"), r.copyCommand)
	if f.Command == "" {
		r.copy.Hide()
		r.shade.Hide()
	}
	r.ExtendBaseWidget(r)
	return r
}

// severityIcon is the picture of a severity: each has a shape of its own.
func severityIcon(s app.Severity) fyne.Resource {
	switch s {
	case app.SeverityProblem:
		return theme.NewErrorThemedResource(theme.ErrorIcon())
	case app.SeverityWarning:
		return theme.NewWarningThemedResource(theme.WarningIcon())
	case app.SeverityOK:
		return theme.NewSuccessThemedResource(theme.ConfirmIcon())
	}
	return theme.NewPrimaryThemedResource(theme.InfoIcon())
}

// copyCommand puts the command on the clipboard and says so in the picture of the button.
func (r *findingRow) copyCommand() {
	r.w.o.App.Clipboard().SetContent(r.finding.Command)
	r.copy.SetIcon(theme.NewSuccessThemedResource(theme.ConfirmIcon()))
	r.copy.name = r.w.words.L("doctor.copied")
}

func (r *findingRow) heightFor(width float32) float32 { return r.flow(width, false) }

const findingIcon = 22

// flow places everything for a width, or only measures, and returns the height.
func (r *findingRow) flow(width float32, place bool) float32 {
	pad, gap := float32(16), float32(6)
	if r.finding.Severity == app.SeverityOK {
		pad = 1 // it has no card around it, but stands in line with the others
	}
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		if place {
			o.Move(fyne.NewPos(x, y))
			o.Resize(fyne.NewSize(w, h))
		}
	}
	put(r.icon, 16, pad-1, findingIcon, findingIcon)
	left := float32(16 + findingIcon + 12)
	right := width - 16
	y := pad
	for _, p := range []*prose{r.what, r.why, r.next} {
		if p.Hidden {
			continue
		}
		h := p.heightFor(right - left)
		put(p, left, y, right-left, h)
		y += h + gap
	}
	if r.finding.Command != "" {
		button := r.copy.MinSize()
		inner := right - left - 12 - button.Width - 8
		h := r.command.heightFor(inner)
		box := max(h+16, button.Height+8)
		y += 2
		put(r.shade, left, y, right-left, box)
		put(r.command, left+12, y+(box-h)/2, inner, h)
		put(r.copy, right-button.Width-4, y+(box-button.Height)/2, button.Width, button.Height)
		y += box + gap
	}
	return y - gap + pad
}

// CreateRenderer implements [fyne.Widget].
func (r *findingRow) CreateRenderer() fyne.WidgetRenderer {
	renderer := &findingRenderer{r}
	renderer.Refresh()
	return renderer
}

type findingRenderer struct{ row *findingRow }

func (r *findingRenderer) Layout(size fyne.Size) {
	r.row.back.Resize(size)
	r.row.flow(size.Width, true)
}

func (r *findingRenderer) MinSize() fyne.Size {
	width := r.row.Size().Width
	if width <= 0 {
		width = leastWidth / 2
	}
	return fyne.NewSize(100, r.row.heightFor(width))
}

func (r *findingRenderer) Refresh() {
	f := r.row
	f.back.FillColor, f.back.StrokeColor, f.back.StrokeWidth = paint(f, colorCard), paint(f, colorCardBorder), 1
	f.back.CornerRadius = theme.Size(theme.SizeNameCardRadius)
	f.back.Hidden = f.finding.Severity == app.SeverityOK
	f.shade.FillColor = paint(f, colorNeutralSoft)
	f.shade.CornerRadius = theme.Size(theme.SizeNameSelectionRadius)
	r.Layout(f.Size())
	canvas.Refresh(f)
}

func (r *findingRenderer) Objects() []fyne.CanvasObject {
	f := r.row
	return []fyne.CanvasObject{f.back, f.shade, f.icon, f.what, f.why, f.next, f.command, f.copy}
}
func (r *findingRenderer) Destroy() {}
