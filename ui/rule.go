package ui

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// ruleChoices are what can happen to somebody's offers, in the order shown.
var ruleChoices = []app.RuleAccept{app.RuleAsk, app.RuleAlways, app.RuleNever}

// ruleSection is the part of a person's details that says what happens to their offers.
// Nothing changes before Save; what the backend refuses is said beside the field that it
// names. It is about one person for all its life: for another one, another is made.
type ruleSection struct {
	w       *Window
	id      app.DeviceID
	content fyne.CanvasObject // a column, as high as its width asks for
	resized func()            // after the height changed; may be nil

	shown    app.Rule // what the fields were filled from
	accept   *widget.Select
	folder   *field
	most     *field
	update   *widget.Check
	note     *prose            // what the choice means for this person
	troubles map[string]*prose // by the JSON name of the field
	save     *button
	saved    *line
}

// newRuleSection makes the section about a person. Whoever shows it calls refresh when the
// person changes.
func (w *Window) newRuleSection(id app.DeviceID, resized func()) *ruleSection {
	l := w.words
	s := &ruleSection{w: w, id: id, resized: resized, troubles: map[string]*prose{}, saved: newCaption("")}
	names := make([]string, len(ruleChoices))
	for i, choice := range ruleChoices {
		names[i] = l.L("rule.accept." + ruleKey(choice))
	}
	s.accept = widget.NewSelect(names, func(string) { s.edited() })
	s.folder, s.most = newField(w), newField(w)
	for _, f := range []*field{s.folder, s.most} {
		f.OnChanged = func(string) { s.edited() }
		f.OnSubmitted = func(string) { s.submit() }
	}
	s.folder.SetPlaceHolder(l.L("rule.folder.usual"))
	s.most.SetPlaceHolder(l.L("size.none"))
	choose := newButton(w, l.L("settings.folder.choose"), theme.FolderOpenIcon(), s.chooseFolder)
	s.update = widget.NewCheck(l.L("rule.update"), func(bool) { s.edited() })
	s.note = newProse("", theme.ColorNamePlaceHolder, true)
	for _, name := range []string{"folder", "max_bytes", "update"} {
		s.troubles[name] = newProse(l.L("rule."+name+".help"), theme.ColorNamePlaceHolder, true)
	}
	s.save = newButton(w, l.L("settings.save"), nil, s.submit).strong()
	title := newLine(l.L("rule.title"), theme.SizeNameText, theme.ColorNamePrimary)
	title.bold = true
	s.content = newColumn(column{gap: 14},
		newColumn(column{gap: 6}, title, widget.NewSeparator()),
		newColumn(column{gap: 5}, newSettingTitle(l.L("rule.accept")), s.accept, s.note),
		newColumn(column{gap: 5}, newSettingTitle(l.L("rule.max_bytes")), s.most, s.troubles["max_bytes"]),
		newColumn(column{gap: 5}, newSettingTitle(l.L("rule.folder")), container.NewBorder(nil, nil, nil, inset(choose, 4, 0), s.folder), s.troubles["folder"]),
		newColumn(column{gap: 5}, s.update, s.troubles["update"]),
		container.NewBorder(nil, nil, nil, s.save, s.saved),
	)
	s.refresh()
	return s
}

// ruleKey is the last part of the keys of a choice.
func ruleKey(a app.RuleAccept) string {
	if a == app.RuleAsk {
		return "ask"
	}
	return string(a)
}

// refresh shows what holds for the person now, unless something is being edited.
func (s *ruleSection) refresh() {
	p := s.w.people[s.id]
	if p == nil {
		return
	}
	if !s.dirty() {
		s.fill(p.Rule)
	}
	s.explain()
}

func (s *ruleSection) fill(r app.Rule) {
	s.shown = r
	s.accept.SetSelectedIndex(max(0, slices.Index(ruleChoices, r.Accept)))
	s.folder.SetText(r.Folder)
	s.most.SetText(app.FormatSize(r.MaxBytes))
	s.update.SetChecked(r.Update)
	s.clearTroubles()
	s.edited()
}

// read turns the fields into a rule; a trouble names the field that cannot be read.
func (s *ruleSection) read() (r app.Rule, trouble string) {
	r = app.Rule{Accept: ruleChoices[max(0, s.accept.SelectedIndex())], Folder: strings.TrimSpace(s.folder.Text)}
	r.Update = s.update.Checked && r.Folder != ""
	var err error
	if r.MaxBytes, err = app.ParseSize(s.most.Text); err != nil {
		return r, "max_bytes"
	}
	if r.Folder != "" && !filepath.IsAbs(r.Folder) {
		return r, "folder"
	}
	return r, ""
}

// dirty reports whether the fields differ from what they were filled from.
func (s *ruleSection) dirty() bool {
	if s.accept.SelectedIndex() < 0 {
		return false // never filled
	}
	r, trouble := s.read()
	return trouble != "" || r != s.shown
}

// edited follows every change of a field.
func (s *ruleSection) edited() {
	if s.save == nil {
		return // still being built
	}
	s.saved.setText("")
	s.save.enable(s.dirty())
	if strings.TrimSpace(s.folder.Text) == "" {
		s.update.Disable()
	} else {
		s.update.Enable()
	}
	s.explain()
}

// explain says what the choice means: always is only a wish before the two have verified
// each other.
func (s *ruleSection) explain() {
	choice, color := ruleKey(ruleChoices[max(0, s.accept.SelectedIndex())]), theme.ColorNamePlaceHolder
	if p := s.w.people[s.id]; choice == string(app.RuleAlways) && (p == nil || !p.Trusted()) {
		choice, color = "wish", theme.ColorNameWarning
	}
	s.note.set(s.w.words.L("rule.note."+choice), color)
	s.grown()
}

func (s *ruleSection) grown() {
	s.content.Refresh()
	if s.resized != nil {
		s.resized()
	}
}

// submit sends the rule to the backend.
func (s *ruleSection) submit() {
	s.clearTroubles()
	rule, trouble := s.read()
	if trouble != "" {
		s.complain(trouble)
		return
	}
	if rule == s.shown {
		return
	}
	s.save.Disable()
	s.w.callThen(func(ctx context.Context, b app.Backend) error { return b.SetRule(ctx, s.id, rule) }, func(err error) {
		s.submitted(rule, err)
	})
}

// submitted shows how saving went.
func (s *ruleSection) submitted(rule app.Rule, err error) {
	if err == nil {
		s.shown = rule
		s.edited()
		s.saved.set(s.w.words.L("settings.saved"), theme.ColorNameSuccess)
		return
	}
	s.edited()
	problem := app.AsProblem(err)
	if problem.Code == app.CodeBadSetting && s.troubles[problem.Detail] != nil {
		s.complain(problem.Detail)
		return
	}
	s.w.showProblem(problem)
}

// complain says beside a field what is wrong with it.
func (s *ruleSection) complain(field string) {
	s.troubles[field].set(s.w.words.L("rule."+field+".invalid"), theme.ColorNameError)
	s.grown()
}

func (s *ruleSection) clearTroubles() {
	for field, trouble := range s.troubles {
		trouble.set(s.w.words.L("rule."+field+".help"), theme.ColorNamePlaceHolder)
	}
	s.grown()
}

func (s *ruleSection) chooseFolder() {
	s.w.pick(PickRequest{Title: s.w.words.L("pick.rule"), Folder: true, Start: s.w.settings.Folder}, func(paths []string) {
		s.folder.SetText(paths[0])
	})
}
