package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"yonder/app"
)

func TestDetailsOfLevels(t *testing.T) {
	for level, want := range map[app.Level][]trustAct{
		app.Blocked: {actUnblock},
		app.Unknown: {actVerify, actBlock},
		app.Known:   {actVerify, actBlock},
		app.Paired:  {actVerify, actMine, actUnverify, actBlock},
		app.Mine:    {actVerify, actNotMine, actUnverify, actBlock},
	} {
		b := newBench(t, here)
		b.choose(bob.ID)
		b.w.openDetails()
		p := bob
		p.Level, p.SameNameAs = level, lin.ID
		b.w.Apply(app.Event{Kind: app.EventPerson, Person: &p})
		b.settle()
		var got []trustAct
		for _, a := range trustActs(level) {
			if b.w.details.acts[a] != nil {
				got = append(got, a)
			}
		}
		if !slices.Equal(got, want) || len(b.w.details.acts) != len(want) {
			t.Errorf("level %d: %v, want %v", level, got, want)
		}
		var said []string
		for _, o := range b.w.details.column.objects {
			if p, ok := o.(*prose); ok {
				said = append(said, p.segment.Text)
			}
		}
		text := strings.Join(said, "\n")
		if strings.Contains(text, "{") || !strings.Contains(text, groupID(bob.ID.String())) || !strings.Contains(text, lin.ID.Short()) {
			t.Errorf("level %d: it says %q", level, text)
		}
	}
}

func TestDetailsActs(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.w.shortcut(shortcutOf(b.w, fyne.KeyI))
	if !b.w.details.content.Visible() || b.w.thread.content.Visible() {
		t.Fatal("the details do not open")
	}
	b.tap(b.w.details.acts[actMine])
	b.wantCalls("SetTrust", alice.ID.Short()+" 4")
	b.tap(b.w.details.acts[actBlock])
	b.wantCalls("SetTrust", alice.ID.Short()+" 4") // asked once more
	if got := b.w.details.acts[actBlock].Text; got != "Really block?" {
		t.Errorf("it asks %q", got)
	}
	b.tap(b.w.details.acts[actUnverify]) // something else: that is asked about now
	b.tap(b.w.details.acts[actUnverify])
	b.wantCalls("SetTrust", alice.ID.Short()+" 4", alice.ID.Short()+" 2")
	b.tap(b.w.details.acts[actVerify])
	b.wantCalls("Pair", alice.ID.Short())
	if b.w.inPanel || b.w.details.content.Visible() {
		t.Error("the code would be behind the details")
	}
}

func TestDetailsClose(t *testing.T) {
	b := newBench(t, here)
	b.w.openDetails() // of nobody
	if b.w.inPanel {
		t.Error("there are details of nobody")
	}
	for name, leave := range map[string]func(){
		"Esc":            func() { b.w.escape() },
		"another person": func() { b.choose(lin.ID) },
		"the settings":   func() { b.w.togglePanel(); b.w.togglePanel() },
		"the doctor":     func() { b.w.openDoctor(); b.settle(); b.w.closeDoctor() },
		"they are gone":  func() { b.w.Apply(app.Event{Kind: app.EventForgot, Person: &app.Person{ID: bob.ID}}) },
	} {
		if b.w.people[bob.ID] == nil {
			b.w.Apply(app.Event{Kind: app.EventPerson, Person: &bob})
		}
		b.choose(bob.ID)
		b.w.openDetails()
		leave()
		b.settle()
		if b.w.inDetails || b.w.inPanel || b.w.details.content.Visible() || !b.w.thread.content.Visible() {
			t.Errorf("%s: details open: %v", name, b.w.details.content.Visible())
		}
	}
}

func TestGroupID(t *testing.T) {
	got := groupID(strings.Repeat("ABCD", 13))
	if lines := strings.Split(got, "\n"); len(lines) != 2 || lines[0] != strings.TrimSpace(strings.Repeat("ABCD ", 7)) || lines[1] != strings.TrimSpace(strings.Repeat("ABCD ", 6)) {
		t.Errorf("%q", got)
	}
}
