package ui

import (
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// row is one entry of a column of [rows].
type row interface {
	fyne.CanvasObject
	// heightFor returns the height that the row needs at a width.
	heightFor(width float32) float32
}

// rows is a scrolling column of which only the visible entries exist, so that ten
// thousand of them cost no more than a screenful. Entries have any height, are
// known by key and never by place, and keep their place on the screen when others
// above them come, go or turn out higher than estimated.
//
// Fyne's own List is not used because it walks all custom heights for each new
// one, and because it reuses the widgets of rows that left the screen: a focused
// Accept button must not end up meaning another offer.
type rows struct {
	widget.BaseWidget
	keys     []string
	build    func(key string) row // makes the widget of one entry
	update   func(key string, r row)
	estimate float32 // height of an entry that was not measured yet
	stick    bool    // stay at the end when the end was on the screen
	onScroll func()  // after the visible part changed

	index    map[string]int
	measured map[string]float32 // by key, at width
	width    float32
	tops     []float32 // tops[i] is where entry i begins; the last one is the total
	visible  map[string]row
	atEnd    bool
	arrange  bool // arranging now

	scroll *container.Scroll
	body   *rowsBody
}

func newRows(estimate float32, build func(string) row, update func(string, row)) *rows {
	r := &rows{
		build: build, update: update, estimate: estimate, atEnd: true,
		index: map[string]int{}, measured: map[string]float32{}, visible: map[string]row{}, tops: []float32{0},
	}
	r.body = &rowsBody{}
	r.body.ExtendBaseWidget(r.body)
	r.scroll = container.NewVScroll(r.body)
	r.scroll.OnScrolled = func(fyne.Position) { r.scrolled() }
	r.ExtendBaseWidget(r)
	return r
}

// set replaces the entries. What is on the screen stays where it is.
func (r *rows) set(keys []string) {
	anchor, inset := r.anchor()
	r.keys = keys
	r.index = make(map[string]int, len(keys))
	for i, key := range keys {
		r.index[key] = i
	}
	for key := range r.measured {
		if _, ok := r.index[key]; !ok {
			delete(r.measured, key)
		}
	}
	r.place()
	if i, ok := r.index[anchor]; ok {
		r.scroll.Offset.Y = r.tops[i] + inset
	}
	r.settle()
}

// changed tells that an entry looks different now, perhaps with another height.
func (r *rows) changed(key string) {
	w, ok := r.visible[key]
	if !ok {
		delete(r.measured, key)
		return
	}
	r.update(key, w)
	if height := w.heightFor(r.width); height != r.measured[key] {
		r.measured[key] = height
		r.place()
		r.settle()
	}
}

// toEnd scrolls to the last entry and stays there if stick is set.
func (r *rows) toEnd() {
	r.atEnd = true
	r.settle()
}

// show scrolls as little as needed to bring an entry into view.
func (r *rows) show(key string) {
	i, ok := r.index[key]
	if !ok {
		return
	}
	top, bottom := r.tops[i], r.tops[i+1]
	view := r.scroll.Size().Height
	switch {
	case top < r.scroll.Offset.Y:
		r.scroll.Offset.Y = top
	case bottom > r.scroll.Offset.Y+view:
		r.scroll.Offset.Y = bottom - view
	default:
		return
	}
	r.atEnd = false
	r.settle()
}

// at returns the key of the entry at a height above the visible top edge, in the
// coordinates of the widget; "" where there is none.
func (r *rows) at(y float32) string {
	if y < 0 || y >= r.Size().Height {
		return ""
	}
	return rowAt(r.keys, r.tops, y+r.scroll.Offset.Y)
}

// rowAt finds the key whose span contains y; tops has one entry more than keys.
func rowAt(keys []string, tops []float32, y float32) string {
	i := sort.Search(len(keys), func(i int) bool { return tops[i+1] > y })
	if i >= len(keys) || y < 0 {
		return ""
	}
	return keys[i]
}

// anchor is the first entry on the screen and how far it is scrolled out above.
func (r *rows) anchor() (key string, inset float32) {
	y := r.scroll.Offset.Y
	i := sort.Search(len(r.keys), func(i int) bool { return r.tops[i+1] > y })
	if i >= len(r.keys) {
		return "", 0
	}
	return r.keys[i], y - r.tops[i]
}

// place computes where every entry begins.
func (r *rows) place() {
	if cap(r.tops) < len(r.keys)+1 {
		r.tops = make([]float32, 0, len(r.keys)+len(r.keys)/4+16)
	}
	r.tops = append(r.tops[:0], 0)
	y := float32(0)
	for _, key := range r.keys {
		height, ok := r.measured[key]
		if !ok {
			height = r.estimate
		}
		y += height
		r.tops = append(r.tops, y)
	}
}

func (r *rows) total() float32 { return r.tops[len(r.tops)-1] }

func (r *rows) scrolled() {
	if r.arrange {
		return
	}
	r.atEnd = r.scroll.Offset.Y+r.scroll.Size().Height >= r.total()-2
	r.settle()
	if r.onScroll != nil {
		r.onScroll()
	}
}

// settle creates what became visible, measures it, moves what is known, and
// repeats until measuring changes nothing that is on the screen.
func (r *rows) settle() {
	view := r.scroll.Size()
	if r.arrange || view.Width <= 0 || view.Height <= 0 {
		return
	}
	r.arrange = true
	defer func() { r.arrange = false }()
	if view.Width != r.width {
		r.width = view.Width
		clear(r.measured)
		anchor, inset := r.anchor()
		r.place()
		if i, ok := r.index[anchor]; ok {
			r.scroll.Offset.Y = r.tops[i] + inset
		}
	}
	first, last := 0, 0
	for range 20 { // each turn measures at least one more entry; a screenful ends it
		limit := max(0, r.total()-view.Height)
		if r.stick && r.atEnd {
			r.scroll.Offset.Y = limit
		}
		r.scroll.Offset.Y = min(max(r.scroll.Offset.Y, 0), limit)
		top := r.scroll.Offset.Y
		first = sort.Search(len(r.keys), func(i int) bool { return r.tops[i+1] > top })
		last = first + sort.Search(len(r.keys)-first, func(i int) bool { return r.tops[first+i] >= top+view.Height })
		if !r.measure(first, last) {
			break
		}
	}
	r.arrangeRows(first, last)
}

// measure brings the entries [first, last) into being and reports whether one of
// them has another height than was assumed.
func (r *rows) measure(first, last int) (moved bool) {
	anchor, inset := r.anchor()
	for i := first; i < last; i++ {
		key := r.keys[i]
		if _, ok := r.visible[key]; !ok {
			w := r.build(key)
			r.update(key, w)
			r.visible[key] = w
		}
		if _, ok := r.measured[key]; ok {
			continue
		}
		height := r.visible[key].heightFor(r.width)
		r.measured[key] = height
		if height == r.tops[i+1]-r.tops[i] {
			continue
		}
		moved = true
		if key == anchor && inset > 0 { // keep its lower edge, which is the part that is seen
			inset += height - (r.tops[i+1] - r.tops[i])
		}
	}
	if moved {
		r.place()
		if i, ok := r.index[anchor]; ok {
			r.scroll.Offset.Y = r.tops[i] + inset
		}
	}
	return moved
}

// arrangeRows hands the visible entries to the scroller and forgets the others.
func (r *rows) arrangeRows(first, last int) {
	objects := make([]fyne.CanvasObject, 0, last-first)
	keep := make(map[string]row, last-first)
	for i := first; i < last; i++ {
		w := r.visible[r.keys[i]]
		keep[r.keys[i]] = w
		w.Move(fyne.NewPos(0, r.tops[i]))
		w.Resize(fyne.NewSize(r.width, r.tops[i+1]-r.tops[i]))
		objects = append(objects, w)
	}
	for key, w := range r.visible {
		if keep[key] == nil {
			r.unfocus(w)
		}
	}
	r.visible = keep
	r.body.objects = objects
	r.body.height = r.total()
	r.body.Resize(fyne.NewSize(r.width, max(r.total(), r.scroll.Size().Height))) // or the scroller takes the old height for the limit
	r.body.Refresh()
	r.scroll.Refresh()
}

// unfocus takes the keyboard from a row that leaves the screen.
func (r *rows) unfocus(gone row) {
	c := fyne.CurrentApp().Driver().CanvasForObject(r)
	if c == nil || c.Focused() == nil {
		return
	}
	if h, ok := gone.(focusHolder); ok && h.holds(c.Focused()) {
		c.Unfocus()
	}
}

// focusHolder is a row that knows which widgets inside it can have the keyboard.
type focusHolder interface {
	holds(f fyne.Focusable) bool
}
