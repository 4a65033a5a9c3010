package ui

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// badge is the word that says how far a person is trusted.
func (w *words) badge(p *app.Person) (string, mood) {
	switch {
	case p.Level == app.Blocked:
		return w.L("badge.blocked"), bad
	case p.Changed != "":
		return w.L("badge.changed"), bad
	case !p.SameNameAs.IsZero():
		return w.L("badge.same-name"), warning
	}
	switch p.Level {
	case app.Unknown:
		return w.L("badge.new"), neutral
	case app.Paired:
		return w.L("badge.paired"), good
	case app.Mine:
		return w.L("badge.mine"), good
	}
	return w.L("badge.known"), neutral
}

// presence says where a person is: "Linux · here now", "Last seen yesterday".
func (w *words) presence(p *app.Person, now time.Time) string {
	text := w.L("person.here")
	if !p.Present {
		text = w.L("person.away")
		if !p.LastSeen.IsZero() {
			text = w.L("person.seen", "when", w.moment(p.LastSeen, now))
		}
	}
	if p.System != "" {
		text = cleanName(p.System) + " · " + text
	}
	if !p.SameNameAs.IsZero() {
		text = p.ID.Short() + " · " + text
	}
	return text
}

// personRow is one person in the list.
type personRow struct {
	widget.BaseWidget
	id       app.DeviceID
	tapped   func(app.DeviceID)
	selected bool
	hovered  bool
	avatar   *avatar
	name     *line
	state    *line
	badge    *pill
	unread   *pill
	back     *canvas.Rectangle
}

// personHeight is the height of every row of the list, in Fyne's pixels.
const personHeight = 62

func newPersonRow(id app.DeviceID, tapped func(app.DeviceID)) *personRow {
	r := &personRow{
		id: id, tapped: tapped, avatar: newAvatar(40), name: newTitle(""), state: newCaption(""),
		badge: newPill("", neutral), unread: newPill("", accent), back: canvas.NewRectangle(transparent),
	}
	r.avatar.ground = colorSidebar
	r.ExtendBaseWidget(r)
	return r
}

func (r *personRow) show(w *words, p *app.Person, selected bool, now time.Time) {
	r.selected = selected
	r.avatar.ground = colorSidebar
	if selected {
		r.avatar.ground = colorSelected
	}
	r.avatar.set(p.ID, p.Name, p.Present, !p.Present)
	r.avatar.Refresh()
	r.name.setText(cleanName(p.Name))
	r.state.setText(w.presence(p, now))
	r.badge.set(w.badge(p))
	count := ""
	if p.Unread > 0 {
		count = strconv.Itoa(min(p.Unread, 99))
		if p.Unread > 99 {
			count = "99+"
		}
	}
	r.unread.set(count, accent)
	r.Refresh()
}

func (r *personRow) heightFor(float32) float32 { return personHeight }

// Tapped implements [fyne.Tappable].
func (r *personRow) Tapped(*fyne.PointEvent) { r.tapped(r.id) }

// MouseIn implements [desktop.Hoverable].
func (r *personRow) MouseIn(*desktop.MouseEvent) { r.hovered = true; r.Refresh() }

// MouseMoved implements [desktop.Hoverable].
func (r *personRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements [desktop.Hoverable].
func (r *personRow) MouseOut() { r.hovered = false; r.Refresh() }

// CreateRenderer implements [fyne.Widget].
func (r *personRow) CreateRenderer() fyne.WidgetRenderer {
	v := &personRenderer{r}
	v.Refresh()
	return v
}

type personRenderer struct{ row *personRow }

func (v *personRenderer) Layout(size fyne.Size) {
	r := v.row
	const side, pad = 8, 10
	r.back.Move(fyne.NewPos(side, 2))
	r.back.Resize(fyne.NewSize(size.Width-2*side, size.Height-4))
	r.avatar.Move(fyne.NewPos(side+pad, (size.Height-40)/2))
	r.avatar.Resize(fyne.NewSquareSize(40))
	left := float32(side + pad + 40 + 12)
	right := size.Width - side - pad
	nameHeight, stateHeight := r.name.MinSize().Height, r.state.MinSize().Height
	top := (size.Height - nameHeight - stateHeight - 2) / 2

	nameRight := right
	if r.badge.Visible() {
		badge := r.badge.MinSize()
		r.badge.Resize(badge)
		r.badge.Move(fyne.NewPos(right-badge.Width, top+(nameHeight-badge.Height)/2))
		nameRight -= badge.Width + 8
	}
	r.name.Move(fyne.NewPos(left, top))
	r.name.Resize(fyne.NewSize(max(0, nameRight-left), nameHeight))

	stateRight := right
	if r.unread.Visible() {
		unread := r.unread.MinSize()
		r.unread.Resize(unread)
		r.unread.Move(fyne.NewPos(right-unread.Width, top+nameHeight+2+(stateHeight-unread.Height)/2))
		stateRight -= unread.Width + 8
	}
	r.state.Move(fyne.NewPos(left, top+nameHeight+2))
	r.state.Resize(fyne.NewSize(max(0, stateRight-left), stateHeight))
}

func (v *personRenderer) MinSize() fyne.Size { return fyne.NewSize(120, personHeight) }

func (v *personRenderer) Refresh() {
	r := v.row
	r.back.CornerRadius = theme.Size(theme.SizeNameSelectionRadius) + 2
	switch {
	case r.selected:
		r.back.FillColor = paint(r, colorSelected)
	case r.hovered:
		r.back.FillColor = paint(r, theme.ColorNameHover)
	default:
		r.back.FillColor = transparent
	}
	v.Layout(r.Size())
	canvas.Refresh(r)
}

func (v *personRenderer) Objects() []fyne.CanvasObject {
	r := v.row
	return []fyne.CanvasObject{r.back, r.avatar, r.name, r.state, r.badge, r.unread}
}
func (v *personRenderer) Destroy() {}
