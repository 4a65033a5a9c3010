package ui

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// read turns the fields into settings; a trouble names the field that cannot be read.
func (p *settingsPanel) read() (s app.Settings, trouble string) {
	s = p.shown
	s.Name = strings.TrimSpace(p.name.Text)
	s.Folder = strings.TrimSpace(p.folder.Text)
	if policy := policyChoices[max(0, p.policy.SelectedIndex())]; policy != app.KeepBoth || s.Policy != "" {
		s.Policy = policy
	}
	s.Language = choice(p.language, languageChoices)
	s.Theme = choice(p.theme, themeChoices)
	s.NoGossip = choice(p.gossip, gossipChoices) == "off"
	s.CtrlEnter = choice(p.sendKey, sendKeyChoices) == "ctrl"
	if d := choice(p.discovery, discoveryChoices); d != "both" || s.Discovery != "" {
		s.Discovery = d
	}
	s.Port = 0
	if text := strings.TrimSpace(p.port.Text); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil || port < 1 || port > 65535 {
			return s, "port"
		}
		s.Port = port
	}
	var err error
	if s.UpLimit, err = app.ParseRate(p.up.Text); err != nil {
		return s, "up_limit"
	}
	if s.DownLimit, err = app.ParseRate(p.down.Text); err != nil {
		return s, "down_limit"
	}
	if s.AskAbove, err = app.ParseSize(p.askAbove.Text); err != nil {
		return s, "ask_above"
	}
	if s.Folder != "" && !filepath.IsAbs(s.Folder) {
		return s, "folder"
	}
	return s, ""
}

func choice(s *widget.Select, choices []string) string {
	return choices[max(0, s.SelectedIndex())]
}

// dirty reports whether the fields differ from what they were filled from.
func (p *settingsPanel) dirty() bool {
	s, trouble := p.read()
	return trouble != "" || s != p.shown || p.wantsVisible()
}

// wantsVisible reports whether somebody else is to see this computer than now.
func (p *settingsPanel) wantsVisible() bool {
	return choice(p.visible, visibleChoices) != orEveryone(p.seen)
}

func orEveryone(v app.Visibility) string {
	if v == "" {
		return string(app.Everyone)
	}
	return string(v)
}

// edited follows every change of a field.
func (p *settingsPanel) edited() {
	if p.save == nil {
		return // still being built
	}
	p.saved.setText("")
	p.save.enable(p.dirty())
}

// submit sends the settings to the backend.
func (p *settingsPanel) submit() {
	p.clearTroubles()
	s, trouble := p.read()
	if trouble != "" {
		p.complain(trouble, p.w.words.L("settings."+trouble+".invalid"))
		return
	}
	changed, visible := s != p.shown, p.wantsVisible()
	if !changed && !visible {
		return
	}
	seen := app.Visibility(choice(p.visible, visibleChoices))
	p.save.Disable()
	p.w.callThen(func(ctx context.Context, b app.Backend) (err error) {
		if changed {
			err = b.Configure(ctx, s)
		}
		if visible && err == nil {
			err = b.SetVisible(ctx, seen)
		}
		return err
	}, func(err error) {
		p.w.panel.submitted(s, seen, err)
	})
}

// submitted shows how saving went. The panel may have been rebuilt meanwhile.
func (p *settingsPanel) submitted(s app.Settings, seen app.Visibility, err error) {
	if err == nil {
		p.shown, p.seen = s, seen
		if p.w.me.Visible == seen { // the event was faster
			p.see()
		}
		p.edited()
		p.saved.set(p.w.words.L("settings.saved"), theme.ColorNameSuccess)
		return
	}
	p.edited()
	problem := app.AsProblem(err)
	if problem.Code == app.CodeBadSetting && p.troubles[problem.Detail] != nil {
		text := p.w.words.L("problem.setting-invalid.next")
		if key := "settings." + problem.Detail + ".invalid"; p.w.words.has(key) {
			text = p.w.words.L(key)
		}
		p.complain(problem.Detail, text)
		return
	}
	p.w.showProblem(problem)
}

// complain says beside a field what is wrong with it, and brings it into view.
func (p *settingsPanel) complain(field, text string) {
	p.troubles[field].set(text, theme.ColorNameError)
	p.resized()
	driver := fyne.CurrentApp().Driver()
	y := driver.AbsolutePositionForObject(p.troubles[field]).Y - driver.AbsolutePositionForObject(p.form).Y
	view := p.scroll.Size().Height
	if top := p.scroll.Offset.Y; y < top+60 || y > top+view-60 {
		p.scroll.ScrollToOffset(fyne.NewPos(0, max(0, y-view/2)))
	}
}

func (p *settingsPanel) clearTroubles() {
	for field, trouble := range p.troubles {
		trouble.set(p.help[field], theme.ColorNamePlaceHolder)
	}
	if p.scroll != nil {
		p.scroll.Refresh()
	}
}
