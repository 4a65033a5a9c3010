package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// field is a one-line entry that lets the window's shortcuts through and gives the
// keyboard back on Esc.
type field struct {
	widget.Entry
	w *Window
}

func newField(w *Window) *field {
	f := &field{w: w}
	f.Wrapping = fyne.TextWrap(fyne.TextTruncateClip) // as [widget.NewEntry] has it
	f.ExtendBaseWidget(f)
	return f
}

// TypedShortcut implements [fyne.Shortcutable].
func (f *field) TypedShortcut(s fyne.Shortcut) {
	if !f.w.shortcut(s) {
		f.Entry.TypedShortcut(s)
	}
}

// TypedKey implements [fyne.Focusable].
func (f *field) TypedKey(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeyEscape {
		f.w.win.Canvas().Unfocus()
		f.w.escape()
		return
	}
	f.Entry.TypedKey(ev)
}
