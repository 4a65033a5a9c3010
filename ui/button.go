package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// button is Fyne's button with two keys more: Return presses it, as Space does,
// and Esc goes back, wherever the keyboard is.
type button struct {
	widget.Button
	w    *Window
	name string // for screen readers, where there is no text
}

func newButton(w *Window, text string, icon fyne.Resource, tapped func()) *button {
	b := &button{w: w, name: text}
	b.Text, b.Icon, b.OnTapped = text, icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

// newIconButton returns a button that shows a picture only.
func newIconButton(w *Window, icon fyne.Resource, name string, tapped func()) *button {
	b := newButton(w, "", theme.NewThemedResource(icon), tapped)
	b.name = name
	b.Importance = widget.LowImportance
	return b
}

// strong makes the button the one that most people want.
func (b *button) strong() *button {
	b.Importance = widget.HighImportance
	return b
}

// quiet takes the background away.
func (b *button) quiet() *button {
	b.Importance = widget.LowImportance
	return b
}

// enable switches the button only when that changes something.
func (b *button) enable(on bool) {
	switch {
	case on && b.Disabled():
		b.Enable()
	case !on && !b.Disabled():
		b.Disable()
	}
}

// AccessibilityLabel names the button to a screen reader.
func (b *button) AccessibilityLabel() string { return b.name }

// TypedKey implements [fyne.Focusable].
func (b *button) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.Button.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case fyne.KeyEscape:
		b.w.escape()
	default:
		b.Button.TypedKey(ev)
	}
}
