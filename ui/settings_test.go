package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/theme"

	"yonder/app"
)

func TestSettingsAreSaved(t *testing.T) {
	b := newBench(t, here)
	b.w.togglePanel()
	p := b.w.panel
	if !p.save.Disabled() {
		t.Error("Save can be pressed before anything changed")
	}
	p.name.SetText("  calm-fox ")
	p.folder.SetText("/mnt/in")
	p.port.SetText("4000")
	p.theme.SetSelectedIndex(2)
	p.sendKey.SetSelectedIndex(1)
	p.discovery.SetSelectedIndex(1)
	p.policy.SetSelectedIndex(2)
	p.gossip.SetSelectedIndex(1)
	p.up.SetText(" 5m ")
	p.down.SetText("500K")
	p.askAbove.SetText("1.5G")
	b.tap(p.save)
	b.wantCalls("Configure", "{Name:calm-fox Folder:/mnt/in Language:en Theme:dark Port:4000 Discovery:mdns Policy:skip UpLimit:5242880 DownLimit:512000 AskAbove:1610612736 CtrlEnter:true NoGossip:true Visible: EveryoneUntil:0001-01-01 00:00:00 +0000 UTC}")
	if p.saved.text != "Saved." || !p.save.Disabled() {
		t.Errorf("afterwards it says %q and Save is enabled: %v", p.saved.text, !p.save.Disabled())
	}
}

func TestSettingsSayBesideTheFieldWhatIsWrong(t *testing.T) {
	refuse := func(field string) error {
		return &app.Problem{Code: app.CodeBadSetting, Object: "x", Detail: field}
	}
	tests := []struct {
		why   string
		edit  func(*settingsPanel)
		fail  error
		field string // where the complaint stands
		calls int
	}{
		{"no number", func(p *settingsPanel) { p.port.SetText("abc") }, nil, "port", 0},
		{"port too low", func(p *settingsPanel) { p.port.SetText("0") }, nil, "port", 0},
		{"port too high", func(p *settingsPanel) { p.port.SetText("65536") }, nil, "port", 0},
		{"negative", func(p *settingsPanel) { p.port.SetText("-1") }, nil, "port", 0},
		{"more digits than a number holds", func(p *settingsPanel) { p.port.SetText(strings.Repeat("9", 99)) }, nil, "port", 0},
		{"a limit in words", func(p *settingsPanel) { p.up.SetText("fast") }, nil, "up_limit", 0},
		{"a size in words", func(p *settingsPanel) { p.askAbove.SetText("big") }, nil, "ask_above", 0},
		{"the engine refuses the size", func(p *settingsPanel) { p.askAbove.SetText("5T") }, refuse("ask_above"), "ask_above", 1},
		{"a limit below the least", func(p *settingsPanel) { p.down.SetText("5") }, nil, "down_limit", 0},
		{"the engine refuses the limit", func(p *settingsPanel) { p.down.SetText("5M") }, refuse("down_limit"), "down_limit", 1},
		{"relative folder", func(p *settingsPanel) { p.folder.SetText("in") }, nil, "folder", 0},
		{"the engine refuses the folder", func(p *settingsPanel) { p.folder.SetText("/nowhere") }, refuse("folder"), "folder", 1},
		{"the engine refuses the name", func(p *settingsPanel) { p.name.SetText(strings.Repeat("n", 10_000)) }, refuse("name"), "name", 1},
	}
	for _, tt := range tests {
		b := newBench(t, here)
		if tt.fail != nil {
			b.backend.fail["Configure"] = tt.fail
		}
		b.w.togglePanel()
		p := b.w.panel
		tt.edit(p)
		b.tap(p.save)
		if got := len(b.backend.asked("Configure")); got != tt.calls {
			t.Errorf("%s: Configure was called %d times, want %d", tt.why, got, tt.calls)
		}
		for field, trouble := range p.troubles {
			complains := trouble.segment.Style.ColorName == theme.ColorNameError
			if complains != (field == tt.field) {
				t.Errorf("%s: beside %s it complains: %v", tt.why, field, complains)
			}
		}
		if got := p.troubles[tt.field].segment.Text; got != b.w.words.L("settings."+tt.field+".invalid") {
			t.Errorf("%s: it says %q", tt.why, got)
		}
		if b.w.banner.Visible() {
			t.Errorf("%s: the banner repeats it", tt.why)
		}
		if b.w.settings != here.Settings {
			t.Errorf("%s: the settings changed", tt.why)
		}
	}
}

func TestOtherTroubleWithSavingIsABanner(t *testing.T) {
	b := newBench(t, here)
	b.backend.fail["Configure"] = &app.Problem{Code: app.CodeNotSaved, Object: "settings.json"}
	b.w.togglePanel()
	b.w.panel.name.SetText("x")
	b.tap(b.w.panel.save)
	if got, want := b.w.banner.text.segment.Text, "settings.json could not be saved. It counts until Yonder is closed."; got != want {
		t.Errorf("the banner says %q, want %q", got, want)
	}
}

func TestEditingIsNotDisturbed(t *testing.T) {
	b := newBench(t, here)
	b.w.togglePanel()
	b.w.panel.name.SetText("half writ")
	s := b.w.settings
	s.Folder = "/elsewhere"
	b.w.Apply(app.Event{Kind: app.EventSettings, Settings: &s})
	if got := b.w.panel.name.Text; got != "half writ" {
		t.Errorf("an event changed the field to %q", got)
	}
	b.w.togglePanel()
	b.w.togglePanel()
	if b.w.panel.name.Text != "" || b.w.panel.folder.Text != "/elsewhere" {
		t.Error("opened again, the panel does not show the settings")
	}
}

func TestEscLeavesTheSettings(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.w.togglePanel()
	if b.w.thread.content.Visible() || !b.w.panel.content.Visible() {
		t.Fatal("the settings do not take the place of the conversation")
	}
	b.w.escape()
	if !b.w.thread.content.Visible() || b.w.panel.content.Visible() {
		t.Error("Esc does not go back")
	}
}

func TestDeviceIDCanBeCopied(t *testing.T) {
	b := newBench(t, here)
	b.w.panel.copyID()
	if got := b.app.Clipboard().Content(); got != here.Me.ID.String() {
		t.Errorf("the clipboard has %q", got)
	}
	shown := strings.NewReplacer(" ", "", "\n", "").Replace(b.w.panel.id.segment.Text)
	if shown != here.Me.ID.String() {
		t.Errorf("shown is %q, want all of %s", b.w.panel.id.segment.Text, here.Me.ID)
	}
}

func TestChosenFolder(t *testing.T) {
	b := newBench(t, here)
	b.w.togglePanel()
	b.picked = []string{"/mnt/new"}
	b.w.panel.chooseFolder()
	b.settle()
	if got := b.w.panel.folder.Text; got != "/mnt/new" {
		t.Errorf("the field has %q", got)
	}
}
