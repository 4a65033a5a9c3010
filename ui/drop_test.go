package ui

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"

	"yonder/app"
)

func TestDropTarget(t *testing.T) {
	list := zone{at: fyne.NewPos(10, 100), size: fyne.NewSize(200, 300)}
	person := func(y float32) app.DeviceID {
		switch {
		case y < 60:
			return alice.ID
		case y < 120:
			return bob.ID
		}
		return app.DeviceID{}
	}
	nobody := app.DeviceID{}
	tests := []struct {
		why    string
		pos    fyne.Position
		chosen app.DeviceID
		want   app.DeviceID
	}{
		{"on the first person", fyne.NewPos(50, 100), lin.ID, alice.ID},
		{"on the lower edge of the first", fyne.NewPos(50, 159.5), lin.ID, alice.ID},
		{"on the second", fyne.NewPos(50, 160), lin.ID, bob.ID},
		{"below the last person", fyne.NewPos(50, 350), lin.ID, lin.ID},
		{"over the conversation", fyne.NewPos(600, 110), lin.ID, lin.ID},
		{"over the conversation, nobody chosen", fyne.NewPos(600, 110), nobody, nobody},
		{"no position known", fyne.NewPos(0, 0), lin.ID, lin.ID},
		{"left of the list", fyne.NewPos(5, 110), lin.ID, lin.ID},
		{"above the list", fyne.NewPos(50, 99), lin.ID, lin.ID},
	}
	for _, tt := range tests {
		if got := dropTarget(tt.pos, list, person, tt.chosen); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.why, got.Short(), tt.want.Short())
		}
	}
	if got := dropTarget(fyne.NewPos(0, 0), zone{size: list.size}, person, lin.ID); got != lin.ID {
		t.Error("no position is taken for the corner of the list")
	}
	if got := dropTarget(fyne.NewPos(1, 1), zone{}, person, lin.ID); got != lin.ID {
		t.Error("a list that is not shown takes a drop")
	}
}

// center is the middle of a person's row in the coordinates of the window.
func (b *bench) center(p app.Person) fyne.Position {
	r := b.w.side.list.visible[p.ID.String()]
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(r).AddXY(20, personHeight/2)
}

func uris(paths ...string) (all []fyne.URI) {
	for _, p := range paths {
		all = append(all, storage.NewFileURI(p))
	}
	return all
}

func TestDropOnAPerson(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.w.onDropped(b.center(bob), uris("/a/图片#1 %20?.png", "/a/folder"))
	b.settle()
	b.wantCalls("Send", bob.ID.Short()+` ["/a/图片#1 %20?.png" "/a/folder"]`)
	if b.w.chosen != bob.ID {
		t.Error("the conversation of the drop is not opened")
	}
}

func TestDropOnTheConversation(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.w.onDropped(fyne.NewPos(700, 300), uris("/a/x"))
	b.settle()
	b.wantCalls("Send", alice.ID.Short()+` ["/a/x"]`)
}

func TestDropOnNobodyWaits(t *testing.T) {
	b := newBench(t, here)
	b.w.onDropped(fyne.NewPos(700, 300), uris("/a/x"))
	b.settle()
	b.wantCalls("Send")
	if got, want := b.w.banner.text.segment.Text+" "+b.w.banner.next.segment.Text, "1 item is ready to send: x Choose somebody on the left."; got != want {
		t.Errorf("the banner says %q, want %q", got, want)
	}
}

func TestDropOfNoFile(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	web, err := storage.ParseURI("https://example.org/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, dropped := range [][]fyne.URI{nil, {web}} {
		b.w.onDropped(fyne.NewPos(700, 300), dropped)
		b.settle()
		if !strings.HasPrefix(b.w.banner.text.segment.Text, "Only files and folders") {
			t.Errorf("after a drop of %v the banner says %q", dropped, b.w.banner.text.segment.Text)
		}
	}
	b.wantCalls("Send")
}

func TestDropOfTenThousandFiles(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	var many []fyne.URI
	for i := range 10_000 {
		many = append(many, storage.NewFileURI(fmt.Sprint("/a/", i)))
	}
	b.w.onDropped(fyne.NewPos(700, 300), many)
	b.settle()
	if got := b.backend.asked("Send"); len(got) != 1 || !strings.Contains(got[0], `"/a/9999"`) {
		t.Errorf("%d calls, want one with everything", len(got))
	}
}
