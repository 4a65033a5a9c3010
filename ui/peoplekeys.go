package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// peopleKeys gives the list of people the keyboard: arrows choose, Return goes on
// to the field for writing. A ring shows that it is there.
type peopleKeys struct {
	widget.BaseWidget
	w    *Window
	list *rows
	ring *canvas.Rectangle
}

var _ fyne.Focusable = (*peopleKeys)(nil)

func newPeopleKeys(w *Window, list *rows) *peopleKeys {
	k := &peopleKeys{w: w, list: list, ring: canvas.NewRectangle(transparent)}
	k.ring.StrokeWidth = 2
	k.ring.CornerRadius = 8
	k.ring.Hide()
	k.ExtendBaseWidget(k)
	return k
}

// FocusGained implements [fyne.Focusable].
func (k *peopleKeys) FocusGained() {
	k.ring.StrokeColor = paint(k, theme.ColorNamePrimary)
	k.ring.Show()
	k.Refresh()
}

// FocusLost implements [fyne.Focusable].
func (k *peopleKeys) FocusLost() {
	k.ring.Hide()
	k.Refresh()
}

// TypedRune implements [fyne.Focusable].
func (k *peopleKeys) TypedRune(rune) {}

// TypedKey implements [fyne.Focusable].
func (k *peopleKeys) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyUp:
		k.w.stepAndStay(-1)
	case fyne.KeyDown:
		k.w.stepAndStay(1)
	case fyne.KeyHome:
		k.w.stepAndStay(-len(k.w.order))
	case fyne.KeyEnd:
		k.w.stepAndStay(len(k.w.order))
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if k.w.chosen.IsZero() {
			k.w.step(1)
		}
		k.w.focusComposer()
	case fyne.KeyEscape:
		k.w.escape()
	}
}

// stepAndStay opens another conversation and leaves the keyboard in the list.
func (w *Window) stepAndStay(by int) {
	w.step(by)
	w.focusPeople()
}

// CreateRenderer implements [fyne.Widget].
func (k *peopleKeys) CreateRenderer() fyne.WidgetRenderer { return &peopleKeysRenderer{k} }

type peopleKeysRenderer struct{ keys *peopleKeys }

func (r *peopleKeysRenderer) Layout(size fyne.Size) {
	r.keys.list.Resize(size)
	r.keys.ring.Move(fyne.NewPos(3, 1))
	r.keys.ring.Resize(size.SubtractWidthHeight(6, 2))
}
func (r *peopleKeysRenderer) MinSize() fyne.Size { return r.keys.list.MinSize() }
func (r *peopleKeysRenderer) Refresh()           { canvas.Refresh(r.keys) }
func (r *peopleKeysRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.keys.list, r.keys.ring}
}
func (r *peopleKeysRenderer) Destroy() {}
