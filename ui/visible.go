package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// visibleChoices are who may see this computer, in the order shown.
var visibleChoices = []string{string(app.Everyone), string(app.TenMinutes), string(app.PairedOnly), string(app.Nobody)}

// visible says in a few words who sees this computer now.
func (w *words) visible(me app.Me) string {
	key := me.Visible
	if key == "" { // an engine that is older than the choice
		key = app.Everyone
	}
	return w.L("visible."+string(key), "time", w.clock(me.VisibleUntil))
}

// setVisible asks for another choice. It acts at once.
func (w *Window) setVisible(v app.Visibility) {
	w.call(func(ctx context.Context, b app.Backend) error { return b.SetVisible(ctx, v) })
}

// chooseVisible opens the choices below our own name.
func (w *Window) chooseVisible() { w.side.state.open() }

// visibleMenu offers all choices with the present one checked.
func (w *Window) visibleMenu() *fyne.Menu {
	menu := fyne.NewMenu("")
	for _, choice := range visibleChoices {
		v := app.Visibility(choice)
		item := fyne.NewMenuItem(w.words.L("settings.visible."+choice), func() { w.setVisible(v) })
		item.Checked = v == w.me.Visible
		menu.Items = append(menu.Items, item)
	}
	return menu
}

// viewers is the line below our own name that says who sees this computer; a tap or Return
// opens the choices.
type viewers struct {
	widget.BaseWidget
	w       *Window
	text    *line
	arrow   *widget.Icon
	back    *canvas.Rectangle
	hovered bool
	focused bool
	menu    *widget.PopUpMenu // as last opened
}

var (
	_ fyne.Focusable    = (*viewers)(nil)
	_ fyne.Tappable     = (*viewers)(nil)
	_ desktop.Hoverable = (*viewers)(nil)
)

func newViewers(w *Window) *viewers {
	v := &viewers{w: w, text: newCaption(""), arrow: widget.NewIcon(theme.NewDisabledResource(theme.MenuDropDownIcon())), back: canvas.NewRectangle(transparent)}
	v.back.CornerRadius = 5
	v.ExtendBaseWidget(v)
	return v
}

// say changes the words.
func (v *viewers) say(text string) {
	if v.text.text != text {
		v.text.setText(text)
		v.Refresh()
	}
}

// open shows the choices below the line.
func (v *viewers) open() {
	v.menu = widget.NewPopUpMenu(v.w.visibleMenu(), v.w.win.Canvas())
	v.menu.ShowAtRelativePosition(fyne.NewPos(-viewersPad, v.Size().Height+2), v)
}

// AccessibilityLabel tells a screen reader what the line is about.
func (v *viewers) AccessibilityLabel() string {
	return v.w.words.L("settings.visible") + ": " + v.text.text
}

// Tapped implements [fyne.Tappable].
func (v *viewers) Tapped(*fyne.PointEvent) { v.open() }

// Cursor implements [desktop.Cursorable].
func (v *viewers) Cursor() desktop.Cursor { return desktop.PointerCursor }

// MouseIn implements [desktop.Hoverable].
func (v *viewers) MouseIn(*desktop.MouseEvent) { v.hovered = true; v.Refresh() }

// MouseMoved implements [desktop.Hoverable].
func (v *viewers) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements [desktop.Hoverable].
func (v *viewers) MouseOut() { v.hovered = false; v.Refresh() }

// FocusGained implements [fyne.Focusable].
func (v *viewers) FocusGained() { v.focused = true; v.Refresh() }

// FocusLost implements [fyne.Focusable].
func (v *viewers) FocusLost() { v.focused = false; v.Refresh() }

// TypedRune implements [fyne.Focusable].
func (v *viewers) TypedRune(rune) {}

// TypedKey implements [fyne.Focusable].
func (v *viewers) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace, fyne.KeyDown:
		v.open()
	case fyne.KeyEscape:
		v.w.escape()
	}
}

// CreateRenderer implements [fyne.Widget].
func (v *viewers) CreateRenderer() fyne.WidgetRenderer {
	r := &viewersRenderer{v}
	r.Refresh()
	return r
}

type viewersRenderer struct{ v *viewers }

// viewersPad is how far the background reaches beyond the text, so that the text stands
// right below the name.
const viewersPad = 5

func (r *viewersRenderer) Layout(size fyne.Size) {
	v := r.v
	const arrow = 14
	width := min(v.text.natural().Width+1, max(0, size.Width-arrow-2))
	v.back.Move(fyne.NewPos(-viewersPad, 0))
	v.back.Resize(fyne.NewSize(width+arrow+2+2*viewersPad, size.Height))
	v.text.Resize(fyne.NewSize(width, size.Height))
	v.arrow.Move(fyne.NewPos(width+2, (size.Height-arrow)/2))
	v.arrow.Resize(fyne.NewSquareSize(arrow))
}

func (r *viewersRenderer) MinSize() fyne.Size {
	return fyne.NewSize(0, r.v.text.MinSize().Height+4)
}

func (r *viewersRenderer) Refresh() {
	v := r.v
	v.back.FillColor, v.back.StrokeWidth = transparent, 0
	if v.hovered {
		v.back.FillColor = paint(v, theme.ColorNameHover)
	}
	if v.focused {
		v.back.StrokeColor, v.back.StrokeWidth = paint(v, theme.ColorNamePrimary), 2
	}
	r.Layout(v.Size())
	canvas.Refresh(v)
}

func (r *viewersRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.v.back, r.v.text, r.v.arrow}
}
func (r *viewersRenderer) Destroy() {}
