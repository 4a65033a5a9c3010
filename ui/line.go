package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// line is one line of text without padding that never grows wider than it is
// given: what does not fit is elided, names in the middle, sentences at the end.
type line struct {
	widget.BaseWidget
	text   string
	color  fyne.ThemeColorName
	size   fyne.ThemeSizeName
	bold   bool
	middle bool // elide in the middle, keeping a file extension
	align  fyne.TextAlign
}

func newLine(text string, size fyne.ThemeSizeName, color fyne.ThemeColorName) *line {
	l := &line{text: text, size: size, color: color}
	l.ExtendBaseWidget(l)
	return l
}

// newTitle returns a line in bold foreground, elided in the middle.
func newTitle(text string) *line {
	l := newLine(text, theme.SizeNameText, theme.ColorNameForeground)
	l.bold, l.middle = true, true
	return l
}

// newCaption returns a small muted line.
func newCaption(text string) *line {
	return newLine(text, theme.SizeNameCaptionText, theme.ColorNamePlaceHolder)
}

// set changes text and colour together and redraws only when one differs.
func (l *line) set(text string, color fyne.ThemeColorName) {
	if l.text == text && l.color == color {
		return
	}
	l.text, l.color = text, color
	l.Refresh()
}

// setAlign moves the text within the width of the line.
func (l *line) setAlign(a fyne.TextAlign) {
	if l.align != a {
		l.align = a
		l.Refresh()
	}
}

func (l *line) setText(text string) { l.set(text, l.color) }

// natural is the size that the whole text would take.
func (l *line) natural() fyne.Size {
	return fyne.MeasureText(l.text, l.Theme().Size(l.size), fyne.TextStyle{Bold: l.bold})
}

// CreateRenderer implements [fyne.Widget].
func (l *line) CreateRenderer() fyne.WidgetRenderer {
	r := &lineRenderer{line: l, text: canvas.NewText("", color.Black)}
	r.Refresh()
	return r
}

type lineRenderer struct {
	line  *line
	text  *canvas.Text
	full  string
	width float32
}

func (r *lineRenderer) Layout(size fyne.Size) {
	if size.Width != r.width || r.full != r.line.text {
		r.width, r.full = size.Width, r.line.text
		cut := elideEnd
		if r.line.middle {
			cut = elideMiddle
		}
		r.text.Text = cut(r.full, func(s string) bool {
			return fyne.MeasureText(s, r.text.TextSize, r.text.TextStyle).Width <= size.Width+0.5
		})
		r.text.Refresh()
	}
	height := r.text.MinSize().Height
	r.text.Move(fyne.NewPos(0, (size.Height-height)/2))
	r.text.Resize(fyne.NewSize(size.Width, height))
}

func (r *lineRenderer) MinSize() fyne.Size {
	l := r.line
	height := fyne.MeasureText("Hg", l.Theme().Size(l.size), fyne.TextStyle{Bold: l.bold}).Height
	return fyne.NewSize(0, height)
}

func (r *lineRenderer) Refresh() {
	l := r.line
	r.text.Color = paint(l, l.color)
	r.text.TextSize = l.Theme().Size(l.size)
	r.text.TextStyle = fyne.TextStyle{Bold: l.bold}
	r.text.Alignment = l.align
	r.width = -1
	r.Layout(l.Size())
	canvas.Refresh(l)
}

func (r *lineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.text} }
func (r *lineRenderer) Destroy()                     {}

// paint looks a colour up in the theme that counts for a widget.
func paint(w fyne.Widget, name fyne.ThemeColorName) color.Color {
	return theme.CurrentForWidget(w).Color(name, fyne.CurrentApp().Settings().ThemeVariant())
}
