package ui

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// settingsPanel is shown in place of the conversation. Nothing changes before
// Save; what the backend refuses is said beside the field that it names.
type settingsPanel struct {
	w       *Window
	content fyne.CanvasObject
	shown   app.Settings // what the fields were filled from

	name      *field
	folder    *field
	policy    *widget.Select
	language  *widget.Select
	theme     *widget.Select
	sendKey   *widget.Select
	port      *field
	up, down  *field // limits of what goes out and comes in
	askAbove  *field // size of an offer
	discovery *widget.Select
	gossip    *widget.Select
	visible   *widget.Select
	seen      app.Visibility    // what visible was set to
	troubles  map[string]*prose // by the JSON name of the field
	help      map[string]string
	leftovers *leftovers
	typed     *columnBox // addresses that the user typed
	drops     []*button  // beside them
	id        *prose
	code      *fyne.Container // the same for cameras
	reach     *prose
	version   *prose
	save      *button
	saved     *line
	form      *columnBox
	scroll    *container.Scroll
}

func newSettingsPanel(w *Window) *settingsPanel {
	l := w.words
	p := &settingsPanel{w: w, troubles: map[string]*prose{}, help: map[string]string{}, saved: newCaption("")}
	p.name, p.folder, p.port, p.up, p.down, p.askAbove = newField(w), newField(w), newField(w), newField(w), newField(w), newField(w)
	p.policy = widget.NewSelect(l.policies(), func(string) { p.edited() })
	p.language = p.newSelect("language", languageChoices)
	p.theme = p.newSelect("theme", themeChoices)
	p.sendKey = p.newSelect("send", sendKeyChoices)
	p.discovery = p.newSelect("discovery", discoveryChoices)
	p.gossip = p.newSelect("gossip", gossipChoices)
	p.visible = p.newSelect("visible", visibleChoices)
	for _, f := range []*field{p.name, p.folder, p.port, p.up, p.down, p.askAbove} {
		f.OnChanged = func(string) { p.edited() }
		f.OnSubmitted = func(string) { p.submit() }
	}
	p.folder.SetPlaceHolder(l.L("settings.folder.default"))
	p.port.SetPlaceHolder("21925")
	p.up.SetPlaceHolder(l.L("settings.limit.none"))
	p.down.SetPlaceHolder(l.L("settings.limit.none"))
	p.askAbove.SetPlaceHolder(l.L("size.none"))
	choose := newButton(w, l.L("settings.folder.choose"), theme.FolderOpenIcon(), p.chooseFolder)
	p.id = newProse("", theme.ColorNameForeground, false)
	p.id.segment.Style.TextStyle.Monospace = true
	p.code = container.NewHBox()
	p.reach = newProse("", theme.ColorNamePlaceHolder, true)
	p.version = newProse("", theme.ColorNamePlaceHolder, true)
	copyID := newButton(w, l.L("settings.id.copy"), theme.ContentCopyIcon(), p.copyID)

	p.leftovers = newLeftovers(w, p.resized)
	p.typed = newColumn(column{gap: 10})
	form := []fyne.CanvasObject{
		newGap(0, 4),
		p.section("settings.section.you"),
		p.row("name", p.name),
		p.row("visible", p.visible),
		p.section("settings.section.files"),
		p.row("folder", container.NewBorder(nil, nil, nil, inset(choose, 4, 0), p.folder)),
		p.row("policy", p.policy),
		p.row("ask_above", p.askAbove),
		p.leftovers.column,
		p.section("settings.section.look"),
		p.row("language", p.language),
		p.row("theme", p.theme),
	}
	if w.o.System != "darwin" {
		form = append(form, p.row("send", p.sendKey))
	}
	form = append(form,
		p.section("settings.section.network"),
		p.row("discovery", p.discovery),
		p.typed,
		p.row("gossip", p.gossip),
		p.row("port", p.port),
		p.row("up_limit", p.up),
		p.row("down_limit", p.down),
		p.row("doctor", container.NewHBox(newButton(w, l.L("settings.doctor.open"), theme.SearchIcon(), w.openDoctorHere))),
		p.section("settings.section.device"),
		newColumn(column{gap: 6}, newSettingTitle(l.L("settings.id")), newProse(l.L("settings.id.help"), theme.ColorNamePlaceHolder, true), p.id, p.code, container.NewHBox(copyID), p.reach, p.version),
		newGap(0, 20),
	)
	p.form = newColumn(column{limit: 520, margin: 24, gap: 16}, form...)
	p.scroll = container.NewVScroll(p.form)
	p.save = newButton(w, l.L("settings.save"), nil, p.submit).strong()
	title := newTitle(l.L("settings.title"))
	title.size = theme.SizeNameSubHeadingText
	back := newIconButton(w, theme.NavigateBackIcon(), l.L("settings.back"), w.togglePanel)
	done := newButton(w, l.L("settings.close"), nil, w.togglePanel)
	head := container.NewVBox(inset(container.NewBorder(nil, nil, back, nil, inset(title, 8, 0)), 14, 14), widget.NewSeparator())
	foot := container.NewVBox(widget.NewSeparator(), inset(container.NewBorder(nil, nil, nil,
		container.NewHBox(done, p.save), p.saved), 24, 12))
	p.content = container.NewBorder(head, foot, nil, nil, p.scroll)
	p.refresh()
	p.leftovers.show(nil)
	p.showTyped()
	return p
}

// resized lays the form out again after a part of it grew or shrank.
func (p *settingsPanel) resized() {
	if p.scroll != nil {
		p.form.Refresh()
		p.scroll.Refresh()
	}
}

// section is a heading over some rows.
func (p *settingsPanel) section(key string) fyne.CanvasObject {
	title := newLine(p.w.words.L(key), theme.SizeNameText, theme.ColorNamePrimary)
	title.bold = true
	return newColumn(column{gap: 6}, newGap(0, 6), title, widget.NewSeparator())
}

func newSettingTitle(text string) *line {
	title := newLine(text, theme.SizeNameText, theme.ColorNameForeground)
	title.bold = true
	return title
}

// row is one setting: its name, the field, and a line that helps or complains.
func (p *settingsPanel) row(name string, control fyne.CanvasObject) fyne.CanvasObject {
	l := p.w.words
	help := ""
	if l.has("settings." + name + ".help") {
		help = l.L("settings." + name + ".help")
	}
	trouble := newProse("", theme.ColorNamePlaceHolder, true)
	trouble.set(help, theme.ColorNamePlaceHolder)
	field := name
	switch name {
	case "send":
		field = "ctrl_enter"
	case "gossip":
		field = "no_gossip"
	}
	p.troubles[field], p.help[field] = trouble, help
	return newColumn(column{gap: 5}, newSettingTitle(l.L("settings."+name)), control, trouble)
}

func (p *settingsPanel) newSelect(name string, choices []string) *widget.Select {
	options := make([]string, len(choices))
	for i, c := range choices {
		if c == "" {
			c = "system"
		}
		options[i] = p.w.words.L("settings." + name + "." + c)
	}
	return widget.NewSelect(options, func(string) { p.edited() })
}

// refresh fills the fields from the settings, unless something is being edited.
func (p *settingsPanel) refresh() {
	if p.dirty() && p.w.inPanel {
		return
	}
	p.fill(p.w.settings)
}

func (p *settingsPanel) fill(s app.Settings) {
	p.shown = s
	port := ""
	if s.Port != 0 {
		port = strconv.Itoa(s.Port)
	}
	p.name.SetText(s.Name)
	p.name.SetPlaceHolder(p.w.me.Name)
	p.folder.SetText(s.Folder)
	p.port.SetText(port)
	p.up.SetText(app.FormatRate(s.UpLimit))
	p.down.SetText(app.FormatRate(s.DownLimit))
	p.askAbove.SetText(app.FormatSize(s.AskAbove))
	p.policy.SetSelectedIndex(max(0, slices.Index(policyChoices, s.Policy)))
	selectChoice(p.language, languageChoices, s.Language)
	selectChoice(p.theme, themeChoices, s.Theme)
	selectChoice(p.discovery, discoveryChoices, s.Discovery)
	p.see()
	gossip := "on"
	if s.NoGossip {
		gossip = "off"
	}
	selectChoice(p.gossip, gossipChoices, gossip)
	send := "return"
	if s.CtrlEnter {
		send = "ctrl"
	}
	selectChoice(p.sendKey, sendKeyChoices, send)
	p.clearTroubles()
	p.edited()
	p.refreshMe()
}

// selectChoice selects a value, or the first choice for one that is none.
func selectChoice(s *widget.Select, choices []string, value string) {
	at := 0
	for i, c := range choices {
		if c == value {
			at = i
		}
	}
	s.SetSelectedIndex(at)
}

// refreshMe shows what others need to know of this device.
func (p *settingsPanel) refreshMe() {
	l, me := p.w.words, p.w.me
	if !p.wantsVisible() {
		p.see() // it is not being changed here
	}
	if text := groupID(me.ID.String()); p.id.segment.Text != text {
		p.id.set(text, theme.ColorNameForeground)
		p.code.RemoveAll()
		if code := qrImage(me.ID.String()); code != nil {
			p.code.Add(code)
		}
	}
	reach := l.L("settings.reach.none")
	if me.Listening != "" {
		reach = l.L("settings.reach", "addresses", strings.Join(me.Addresses, ", "))
	}
	p.reach.set(reach, theme.ColorNamePlaceHolder)
	p.version.set(l.L("settings.version", "version", me.Version, "folder", cleanName(tilde(me.Dir))), theme.ColorNamePlaceHolder)
}

// see shows who sees this computer as it is now.
func (p *settingsPanel) see() {
	l, me := p.w.words, p.w.me
	p.seen = me.Visible
	selectChoice(p.visible, visibleChoices, string(me.Visible))
	p.help["visible"] = l.L("settings.visible.help")
	if me.Visible == app.TenMinutes {
		p.help["visible"] = l.L("settings.visible.until", "time", l.clock(me.VisibleUntil), "then", l.L("settings.visible."+string(me.VisibleThen)))
	}
	p.troubles["visible"].set(p.help["visible"], theme.ColorNamePlaceHolder)
	p.resized()
}

func (p *settingsPanel) chooseFolder() {
	p.w.pick(PickRequest{Title: p.w.words.L("pick.download"), Folder: true, Start: p.w.settings.Folder}, func(paths []string) {
		p.w.panel.folder.SetText(paths[0])
	})
}

func (p *settingsPanel) copyID() {
	p.w.o.App.Clipboard().SetContent(p.w.me.ID.String())
	p.saved.set(p.w.words.L("settings.id.copied"), theme.ColorNameSuccess)
}
