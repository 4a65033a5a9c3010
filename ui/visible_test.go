package ui

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

// seen tells the window who sees this computer.
func (b *bench) seen(v app.Visibility) {
	me := b.w.me
	me.Visible, me.VisibleUntil, me.VisibleThen = v, time.Time{}, ""
	if v == app.TenMinutes {
		me.VisibleUntil, me.VisibleThen = b.now.Add(10*time.Minute), app.PairedOnly
	}
	b.w.Apply(app.Event{Kind: app.EventMe, Me: &me})
	b.settle()
}

func TestVisibleLine(t *testing.T) {
	b := newBench(t, here)
	for v, want := range map[app.Visibility]string{
		app.Everyone:   "Visible to everyone",
		app.TenMinutes: "Everyone until 14:40",
		app.PairedOnly: "Visible to verified people",
		app.Nobody:     "Visible to nobody",
		"":             "Visible to everyone",
	} {
		b.seen(v)
		if got := b.w.side.state.text.text; got != want {
			t.Errorf("%q: below the name stands %q, want %q", v, got, want)
		}
		if got := b.w.side.state.AccessibilityLabel(); !strings.Contains(got, want) {
			t.Errorf("%q: a screen reader says %q", v, got)
		}
	}
}

func TestVisibleMenu(t *testing.T) {
	b := newBench(t, here)
	b.seen(app.PairedOnly)
	line := b.w.side.state
	for _, open := range map[string]func(){
		"a tap":        func() { test.Tap(line) },
		"Return":       func() { line.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) },
		"the shortcut": func() { b.w.shortcut(shortcutOf(b.w, fyne.KeyE)) },
	} {
		line.menu = nil
		open()
		if line.menu == nil || !line.menu.Visible() {
			t.Fatal("the menu does not open")
		}
		line.menu.Hide()
	}
	for i, item := range b.w.visibleMenu().Items {
		if item.Checked != (visibleChoices[i] == string(app.PairedOnly)) {
			t.Errorf("%s is checked: %v", item.Label, item.Checked)
		}
		item.Action()
		b.settle()
	}
	b.wantCalls("SetVisible", "everyone", "10m", "paired", "nobody")
	b.backend.fail["SetVisible"] = &app.Problem{Code: app.CodeInternal, Text: "boom"}
	b.w.visibleMenu().Items[0].Action()
	b.settle()
	if !b.w.banner.Visible() {
		t.Error("that it did not work is not said")
	}
}

// shortcutOf returns our shortcut with a key.
func shortcutOf(w *Window, key fyne.KeyName) fyne.Shortcut {
	for s := range w.shortcuts() {
		if s.KeyName == key {
			return &s
		}
	}
	return nil
}

func TestVisibleInTheSettings(t *testing.T) {
	b := newBench(t, here)
	b.w.togglePanel()
	b.settle()
	p := b.w.panel
	if p.visible.Selected != "Everyone" || !p.save.Disabled() {
		t.Errorf("at first it is %q, Save enabled %v", p.visible.Selected, !p.save.Disabled())
	}
	p.visible.SetSelectedIndex(1)
	if p.save.Disabled() {
		t.Error("it cannot be saved")
	}
	b.tap(p.save)
	b.wantCalls("SetVisible", "10m")
	b.wantCalls("Configure")
	b.seen(app.TenMinutes)
	if !p.save.Disabled() || p.visible.Selected != "Everyone for 10 minutes" {
		t.Errorf("afterwards it is %q, Save enabled %v", p.visible.Selected, !p.save.Disabled())
	}
	if got, want := p.troubles["visible"].segment.Text, "Everyone until 14:40, then: Verified people only."; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	p.name.SetText("calm-fox") // edited while the ten minutes end
	b.seen(app.PairedOnly)
	if p.visible.Selected != "Verified people only" || p.name.Text != "calm-fox" {
		t.Errorf("then it is %q and the name %q", p.visible.Selected, p.name.Text)
	}
	p.visible.SetSelectedIndex(3)
	b.seen(app.Everyone) // elsewhere; what is being chosen here stays
	if p.visible.Selected != "Nobody" {
		t.Errorf("what was being chosen became %q", p.visible.Selected)
	}
	b.tap(p.save)
	b.wantCalls("SetVisible", "10m", "nobody")
	if calls := b.backend.asked("Configure"); len(calls) != 1 || !strings.Contains(calls[0], "Name:calm-fox") {
		t.Errorf("Configure was called with %q", calls)
	}
}
