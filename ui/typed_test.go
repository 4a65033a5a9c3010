package ui

import (
	"fmt"
	"strings"
	"testing"

	"yonder/app"
)

func (b *bench) typed(list ...app.TypedAddress) {
	b.w.Apply(app.Event{Kind: app.EventTyped, Typed: list})
	b.settle()
}

var silent = &app.Problem{Code: app.CodeUnreachable, Object: "10.1.1.1:9"}

func TestTypedAddresses(t *testing.T) {
	s := here
	s.Typed = []app.TypedAddress{
		{Addr: "10.1.1.1:9", Problem: silent},
		{Addr: "10.1.1.2:9", Person: alice.ID, Reached: true},
		{Addr: "10.1.1.3:9", Person: zoe.ID, Problem: silent},
		{Addr: "10.1.1.4:9", Person: zoe.ID, Problem: &app.Problem{Code: app.CodeWrongPeer}},
		{Addr: "evil\u202e.lan:9", Person: id(77)},
	}
	b := newBench(t, s)
	p := b.w.panel
	if len(b.w.side.waiting.objects) != 2 || !b.w.side.waiting.Visible() {
		t.Errorf("%d stand above the field, want the two at which nobody of the list ever answered", len(b.w.side.waiting.objects))
	}
	if len(p.drops) != 5 || !p.typed.Visible() {
		t.Fatalf("%d are in the settings, want 5", len(p.drops))
	}
	for i, want := range []string{"no answer yet, tried again", "Alice Meyer · here now", "Zoë · away", "Another device answers there, not Zoë", "Somebody · away"} {
		if got := b.w.typedState(s.Typed[i]); got != want {
			t.Errorf("%s: %q, want %q", s.Typed[i].Addr, got, want)
		}
	}
	if got := p.drops[4].AccessibilityLabel(); strings.Contains(got, "\u202e") || !strings.Contains(got, "evil") {
		t.Errorf("a screen reader says %q", got)
	}
	b.tap(p.drops[1])
	b.wantCalls("DropAddress", "10.1.1.2:9")
	b.typed()
	if b.w.side.waiting.Visible() || p.typed.Visible() {
		t.Error("an empty list is shown")
	}
	b.typed(app.TypedAddress{Addr: "10.1.1.9:9", Person: id(78)})
	if !b.w.side.waiting.Visible() {
		t.Error("somebody whom the list does not have hides their address")
	}
	far := app.Person{ID: id(78), Name: "far", Present: true}
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &far})
	if b.w.side.waiting.Visible() {
		t.Error("the address stays though its person is in the list")
	}
	b.w.Apply(app.Event{Kind: app.EventForgot, Person: &far})
	if !b.w.side.waiting.Visible() {
		t.Error("the address does not come back when its person is forgotten")
	}
}

func TestManyTypedAddresses(t *testing.T) {
	b := newBench(t, here)
	var list []app.TypedAddress
	for i := range 40 {
		list = append(list, app.TypedAddress{Addr: fmt.Sprintf("10.1.1.%d:9", i), Problem: silent})
	}
	b.typed(list...)
	if n := len(b.w.side.waiting.objects); n != waitingShown+1 {
		t.Errorf("%d rows stand above the field, want %d and how many more there are", n, waitingShown)
	}
	if room := b.w.side.list.Size().Height; room < 150 {
		t.Errorf("the list of people has %v left", room)
	}
}
