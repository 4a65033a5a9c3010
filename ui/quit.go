package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// onClose asks before running transfers are cut, and quits otherwise.
func (w *Window) onClose() {
	if len(w.moving) == 0 {
		w.o.Quit()
		return
	}
	if w.asking != nil {
		return
	}
	l := w.words
	n := int64(len(w.moving))
	title := newTitle(l.N("quit.title", n))
	title.size = theme.SizeNameSubHeadingText
	text := newProse(l.L("quit.text"), theme.ColorNamePlaceHolder, false)
	stay := newButton(w, l.L("quit.stay"), nil, w.stay).strong()
	quit := newButton(w, l.L("quit.quit"), nil, w.o.Quit)
	body := newColumn(column{gap: 10}, newGap(420, 0), title, text, newGap(0, 6), container.NewHBox(layout.NewSpacer(), quit, newGap(4, 0), stay))
	w.asking = widget.NewModalPopUp(inset(body, 22, 20), w.win.Canvas())
	w.asking.Resize(fyne.NewSize(464, body.heightFor(420)+44))
	w.asking.Show()
	w.win.Canvas().Focus(stay)
}

// stay closes the question and keeps the window.
func (w *Window) stay() {
	if w.asking != nil {
		w.asking.Hide()
		w.asking = nil
	}
}
