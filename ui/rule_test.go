package ui

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"yonder/app"
)

// ruleOf is a window with the section about somebody in the place of everything else.
func ruleOf(b *bench, id app.DeviceID) *ruleSection {
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: b.w.people[id]})
	s := b.w.newRuleSection(id, nil)
	b.w.win.SetContent(container.NewVScroll(newColumn(column{limit: 520, margin: 24, gap: 16}, newGap(0, 8), s.content)))
	b.settle()
	return s
}

// changed tells the window of a changed person.
func (b *bench) changed(p app.Person, s *ruleSection) {
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &p})
	s.refresh()
	b.settle()
}

func TestRuleIsSaved(t *testing.T) {
	b := newBench(t, here)
	s := ruleOf(b, alice.ID)
	if !s.save.Disabled() || !s.update.Disabled() {
		t.Error("Save can be pressed, or updates allowed, before anything was chosen")
	}
	s.accept.SetSelectedIndex(1)
	s.most.SetText(" 5g ")
	b.picked = []string{"/srv/in"}
	s.chooseFolder()
	b.settle()
	s.folder.SetText(s.folder.Text + "/{date} ")
	s.update.SetChecked(true)
	b.tap(s.save)
	b.wantCalls("SetRule", alice.ID.Short()+" {Accept:always Folder:/srv/in/{date} MaxBytes:5368709120 Update:true}")
	if s.saved.text != "Saved." || !s.save.Disabled() {
		t.Errorf("afterwards it says %q and Save is enabled: %v", s.saved.text, !s.save.Disabled())
	}
	s.submit() // Return in a field
	b.settle()
	b.wantCalls("SetRule", alice.ID.Short()+" {Accept:always Folder:/srv/in/{date} MaxBytes:5368709120 Update:true}")
	s.folder.SetText("")
	b.tap(s.save)
	if calls := b.backend.asked("SetRule"); len(calls) != 2 || calls[1] != alice.ID.Short()+" {Accept:always Folder: MaxBytes:5368709120 Update:false}" {
		t.Errorf("without a folder: %q", calls)
	}
}

func TestRuleSaysWhatTheChoiceMeans(t *testing.T) {
	for _, test := range []struct {
		who    app.Person
		choice int
		note   string
		color  fyne.ThemeColorName
	}{
		{alice, 0, "You decide about each offer.", theme.ColorNamePlaceHolder},
		{alice, 1, "Their offers start without asking, unless they are too large.", theme.ColorNamePlaceHolder},
		{lin, 1, "This counts once you have verified each other. Until then you are asked.", theme.ColorNameWarning},
		{bob, 2, "Their offers are declined without asking. Messages still arrive.", theme.ColorNamePlaceHolder},
	} {
		b := newBench(t, here)
		s := ruleOf(b, test.who.ID)
		s.accept.SetSelectedIndex(test.choice)
		if s.note.segment.Text != test.note || s.note.segment.Style.ColorName != test.color {
			t.Errorf("%s, %d: %q in %s", test.who.Name, test.choice, s.note.segment.Text, s.note.segment.Style.ColorName)
		}
	}
}

func TestRuleSaysBesideTheFieldWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		why   string
		edit  func(*ruleSection)
		fail  string // the field that the backend refuses
		field string
	}{
		{"a size in words", func(s *ruleSection) { s.most.SetText("big") }, "", "max_bytes"},
		{"a relative folder", func(s *ruleSection) { s.folder.SetText("in") }, "", "folder"},
		{"a folder that cannot be", func(s *ruleSection) { s.folder.SetText("/nowhere") }, "folder", "folder"},
		{"updates where a name decides", func(s *ruleSection) { s.folder.SetText("/in/{name}"); s.update.SetChecked(true) }, "update", "update"},
	} {
		b := newBench(t, here)
		s := ruleOf(b, alice.ID)
		if test.fail != "" {
			b.backend.fail["SetRule"] = &app.Problem{Code: app.CodeBadSetting, Object: "x", Detail: test.fail}
		}
		test.edit(s)
		b.tap(s.save)
		for field, trouble := range s.troubles {
			want := b.w.words.L("rule." + field + ".help")
			if field == test.field {
				want = b.w.words.L("rule." + field + ".invalid")
			}
			if trouble.segment.Text != want {
				t.Errorf("%s: beside %s it says %q", test.why, field, trouble.segment.Text)
			}
		}
		if s.save.Disabled() || b.w.banner.Visible() {
			t.Errorf("%s: it cannot be saved again, or the banner repeats it", test.why)
		}
		delete(b.backend.fail, "SetRule")
		s.most.SetText("")
		s.folder.SetText("/in")
		b.tap(s.save)
		if s.saved.text != "Saved." {
			t.Errorf("%s: after it was corrected it says %q", test.why, s.saved.text)
		}
	}
}

func TestOtherTroubleWithARuleIsABanner(t *testing.T) {
	b := newBench(t, here)
	b.backend.fail["SetRule"] = &app.Problem{Code: app.CodeNotFound, Object: "Alice"}
	s := ruleOf(b, alice.ID)
	s.accept.SetSelectedIndex(2)
	b.tap(s.save)
	if !b.w.banner.Visible() || s.save.Disabled() {
		t.Error("nothing is said, or it cannot be saved again")
	}
}

// TestRuleFollowsThePerson unless it is being edited.
func TestRuleFollowsThePerson(t *testing.T) {
	b := newBench(t, here)
	s := ruleOf(b, alice.ID)
	them := alice
	them.Rule = app.Rule{Accept: app.RuleAlways, Folder: "/in", MaxBytes: 1 << 20, Update: true}
	b.changed(them, s)
	if got := fmt.Sprintf("%d %s %s %v", s.accept.SelectedIndex(), s.folder.Text, s.most.Text, s.update.Checked); got != "1 /in 1M true" {
		t.Errorf("the fields have %s", got)
	}
	if !s.save.Disabled() {
		t.Error("what is shown counts as edited")
	}
	s.most.SetText("half writ")
	them.Rule.MaxBytes, them.Level = 2<<20, app.Known
	b.changed(them, s)
	if s.most.Text != "half writ" || s.note.segment.Text != b.w.words.L("rule.note.wish") {
		t.Errorf("while it is edited it has %q and says %q", s.most.Text, s.note.segment.Text)
	}
}
