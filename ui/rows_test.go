package ui

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

// plank is a row of a height of its own.
type plank struct {
	widget.Label
	height float32
}

func (p *plank) heightFor(float32) float32 { return p.height }

// newPlanks shows n rows, 20 to 59 high, in a view of 300 by 400.
func newPlanks(t *testing.T, n int, stick bool) (r *rows, keys []string, built *int) {
	t.Helper()
	test.NewApp()
	built = new(int)
	heights := map[string]float32{}
	for i := range n {
		keys = append(keys, fmt.Sprint(i))
		heights[keys[i]] = float32(20 + i*7%40)
	}
	r = newRows(30, func(key string) row {
		*built++
		p := &plank{height: max(heights[key], 20)}
		p.ExtendBaseWidget(p)
		return p
	}, func(key string, w row) { w.(*plank).Text = key })
	r.stick = stick
	win := test.NewWindow(r)
	t.Cleanup(win.Close)
	win.Resize(fyne.NewSize(308, 408))
	r.set(keys)
	return r, keys, built
}

// top is where a visible row begins on the screen.
func top(r *rows, key string) float32 { return r.tops[r.index[key]] - r.scroll.Offset.Y }

func TestTenThousandRowsCostAScreenful(t *testing.T) {
	r, _, built := newPlanks(t, 10_000, true)
	if n := len(r.visible); n < 5 || n > 25 {
		t.Errorf("%d rows exist, want about a screenful", n)
	}
	if *built > 100 {
		t.Errorf("%d rows were built for one screenful", *built)
	}
	if r.visible["9999"] == nil {
		t.Error("the last row is not on the screen")
	}
	for range 50 {
		r.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 200)})
	}
	if *built > 1000 {
		t.Errorf("%d rows were built while scrolling through a few hundred", *built)
	}
	if r.visible["9999"] != nil {
		t.Error("the last row still exists far above it")
	}
}

func TestRowsEndAtTheEnd(t *testing.T) {
	r, _, _ := newPlanks(t, 200, true)
	view := r.scroll.Size().Height
	if got, want := r.scroll.Offset.Y, r.total()-view; got != want {
		t.Errorf("the offset is %v, want %v: the end of the list", got, want)
	}
	if got := r.scroll.Content.Size().Height; got != r.total() {
		t.Errorf("the content is %v high, want %v", got, r.total())
	}
}

func TestRowsStayWhereTheyAre(t *testing.T) {
	tests := []struct {
		why    string
		change func(r *rows, keys []string)
	}{
		{"older rows come above", func(r *rows, keys []string) {
			r.set(append([]string{"x1", "x2", "x3"}, keys...))
		}},
		{"newer rows come below", func(r *rows, keys []string) { r.set(append(keys[:len(keys):len(keys)], "new")) }},
		{"rows above go", func(r *rows, keys []string) { r.set(keys[10:]) }},
		{"a row above turns out higher", func(r *rows, keys []string) {
			delete(r.measured, keys[3])
			r.set(keys)
		}},
	}
	for _, tt := range tests {
		r, keys, _ := newPlanks(t, 200, true)
		r.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 2000)})
		anchor, _ := r.anchor()
		before := top(r, anchor)
		tt.change(r, keys)
		if after := top(r, anchor); after != before {
			t.Errorf("%s: row %s moved from %v to %v", tt.why, anchor, before, after)
		}
	}
}

func TestScrollingUpThroughUnmeasuredRowsDoesNotJump(t *testing.T) {
	r, _, _ := newPlanks(t, 500, true)
	for step := range 200 {
		anchor, _ := r.anchor()
		before := top(r, anchor)
		r.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 25)})
		if r.scroll.Offset.Y == 0 {
			break
		}
		if after := top(r, anchor); after != before+25 {
			t.Fatalf("step %d: row %s went from %v to %v, want %v", step, anchor, before, after, before+25)
		}
	}
}

func TestRowsFollowTheEndOnlyFromTheEnd(t *testing.T) {
	r, keys, _ := newPlanks(t, 100, true)
	r.set(append(keys[:len(keys):len(keys)], "new"))
	if r.visible["new"] == nil {
		t.Error("at the end, a new row is not shown")
	}
	r.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 500)})
	r.set(append(keys[:len(keys):len(keys)], "new", "newer"))
	if r.visible["newer"] != nil {
		t.Error("away from the end, a new row pulled the list down")
	}
	r.toEnd()
	if r.visible["newer"] == nil {
		t.Error("toEnd does not show the newest row")
	}
}

func TestRowAt(t *testing.T) {
	keys, tops := []string{"a", "b", "c"}, []float32{0, 10, 30, 60}
	for _, tt := range []struct {
		y    float32
		want string
	}{{-1, ""}, {0, "a"}, {9.9, "a"}, {10, "b"}, {29, "b"}, {30, "c"}, {59, "c"}, {60, ""}, {1000, ""}} {
		if got := rowAt(keys, tops, tt.y); got != tt.want {
			t.Errorf("rowAt(%v) = %q, want %q", tt.y, got, tt.want)
		}
	}
	if got := rowAt(nil, []float32{0}, 5); got != "" {
		t.Errorf("rowAt in an empty list = %q", got)
	}
}

func BenchmarkScrollTenThousandMessages(b *testing.B) {
	w := New(b.Context(), Options{App: test.NewApp(), Backend: &fakeBackend{}, Post: func(func()) {}})
	s := here
	w.Apply(statedEvent(s))
	talk := newConversation()
	talk.loaded = true
	for i := range 10_000 {
		item := message(i, i%3 == 0, "read", fmt.Sprintf("message %d with some text 你好世界 that may need two lines when the window is small", i))
		talk.put(item, true)
	}
	w.talks[alice.ID] = talk
	w.chosen = alice.ID
	w.refreshThread()
	b.ResetTimer()
	for i := range b.N {
		delta := float32(600)
		if i/16%2 == 1 {
			delta = -600
		}
		w.thread.list.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, delta)})
	}
}
