package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// mood says how a pill or a sentence is meant. Colour only repeats what the words say.
type mood int

const (
	neutral mood = iota
	good
	warning
	bad
	accent
)

// colors returns the background and the text colour of a mood.
func (m mood) colors() (back, text fyne.ThemeColorName) {
	switch m {
	case good:
		return colorSuccessSoft, theme.ColorNameSuccess
	case warning:
		return colorWarningSoft, theme.ColorNameWarning
	case bad:
		return colorErrorSoft, theme.ColorNameError
	case accent:
		return theme.ColorNamePrimary, theme.ColorNameForegroundOnPrimary
	}
	return colorNeutralSoft, theme.ColorNamePlaceHolder
}

// pill is a word or a number on a rounded background: a badge, an unread count.
type pill struct {
	widget.BaseWidget
	text string
	mood mood
}

func newPill(text string, m mood) *pill {
	p := &pill{text: text, mood: m}
	p.ExtendBaseWidget(p)
	return p
}

// set changes the pill and hides it while text is empty.
func (p *pill) set(text string, m mood) {
	if text == "" {
		p.Hide()
	} else {
		p.Show()
	}
	if p.text != text || p.mood != m {
		p.text, p.mood = text, m
		p.Refresh()
	}
}

// CreateRenderer implements [fyne.Widget].
func (p *pill) CreateRenderer() fyne.WidgetRenderer {
	r := &pillRenderer{pill: p, back: canvas.NewRectangle(nil), text: canvas.NewText("", nil)}
	r.Refresh()
	return r
}

type pillRenderer struct {
	pill *pill
	back *canvas.Rectangle
	text *canvas.Text
}

func (r *pillRenderer) Layout(size fyne.Size) {
	r.back.Resize(size)
	r.back.CornerRadius = size.Height / 2
	height := r.text.MinSize().Height
	r.text.Move(fyne.NewPos(0, (size.Height-height)/2))
	r.text.Resize(fyne.NewSize(size.Width, height))
}

func (r *pillRenderer) MinSize() fyne.Size {
	text := r.text.MinSize()
	height := text.Height + 2
	return fyne.NewSize(fyne.Max(text.Width+2*theme.InnerPadding(), height), height)
}

func (r *pillRenderer) Refresh() {
	back, text := r.pill.mood.colors()
	r.back.FillColor = paint(r.pill, back)
	r.text.Text = r.pill.text
	r.text.Color = paint(r.pill, text)
	r.text.TextSize = r.pill.Theme().Size(theme.SizeNameCaptionText) - 1
	r.text.TextStyle = fyne.TextStyle{Bold: true}
	r.text.Alignment = fyne.TextAlignCenter
	r.Layout(r.pill.Size())
	canvas.Refresh(r.pill)
}

func (r *pillRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.back, r.text} }
func (r *pillRenderer) Destroy()                     {}
