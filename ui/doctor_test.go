package ui

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

// illReport has a finding of each severity, wellReport none that matters.
var (
	illReport = app.Report{
		Listening: "192.168.1.7:21925", Discovery: "both",
		Links: []app.LinkFacts{
			{Name: "wlan0", Addresses: []string{"192.168.1.7/24"}, Carriers: []app.CarrierFacts{{Carrier: "broadcast", Sent: 3, Own: 4, Heard: 3}, {Carrier: "multicast4", Sent: 3}, {Carrier: "mdns", Sent: 4}}},
			{Name: "docker0", Addresses: []string{"172.17.0.1/16"}, Skipped: "virtual"},
		},
		Peers: []app.PeerFacts{{ID: bob.ID, Name: bob.Name, Present: true, Heard: []string{"broadcast"}, Missed: []string{"multicast4"},
			Addresses: []app.AddressFact{{Addr: "192.168.1.9:21925", Source: "broadcast", Near: true, Result: app.ReachSilent}}}},
		Firewalls: []app.FirewallFact{{Name: "ufw", TCP: "blocked", UDP: "open"}},
		Findings: []app.Finding{
			{Code: app.FoundFirewall, Severity: app.SeverityProblem, Command: "sudo ufw allow Yonder", Params: map[string]string{"firewall": "ufw", "ports": "TCP 21925"}},
			{Code: app.FoundSilent, Severity: app.SeverityProblem, Params: map[string]string{"name": bob.Name, "address": "192.168.1.9:21925", "heard": "yes"}},
			{Code: app.FoundCarrier, Severity: app.SeverityWarning, Params: map[string]string{"carriers": "multicast4,multicast6", "names": "quiet-otter, 林晓雯"}},
			{Code: app.FoundVPN, Severity: app.SeverityNote, Params: map[string]string{"interface": "wg0"}},
			{Code: app.FoundListening, Severity: app.SeverityOK, Params: map[string]string{"address": "192.168.1.7:21925"}},
		},
	}
	wellReport = app.Report{
		Listening: "192.168.1.7:21925", Discovery: "both",
		Links: []app.LinkFacts{{Name: "eth0", Addresses: []string{"192.168.1.7/24"}, Carriers: []app.CarrierFacts{{Carrier: "broadcast", Sent: 3, Own: 3, Heard: 3}}}},
		Findings: []app.Finding{
			{Code: app.FoundListening, Severity: app.SeverityOK, Params: map[string]string{"address": "192.168.1.7:21925"}},
			{Code: app.FoundNoFirewall, Severity: app.SeverityOK},
			{Code: app.FoundAnnouncing, Severity: app.SeverityOK, Params: map[string]string{"interfaces": "eth0"}},
			{Code: app.FoundPeople, Severity: app.SeverityOK, Params: map[string]string{"count": "2", "names": "Alice Meyer, 林晓雯"}},
		},
	}
)

// alone is a window in which nobody is listed.
func alone(t *testing.T) *bench {
	s := here
	s.People = nil
	return newBench(t, s)
}

// buttonsIn returns the buttons in a tree of objects that are shown.
func buttonsIn(o fyne.CanvasObject) (all []*button) {
	if !o.Visible() {
		return nil
	}
	switch o := o.(type) {
	case *button:
		return []*button{o}
	case *columnBox:
		for _, child := range o.objects {
			all = append(all, buttonsIn(child)...)
		}
	case *fyne.Container:
		for _, child := range o.Objects {
			all = append(all, buttonsIn(child)...)
		}
	}
	return all
}

func pressNamed(b *bench, in fyne.CanvasObject, text string) {
	b.t.Helper()
	for _, one := range buttonsIn(in) {
		if one.Text == text {
			b.tap(one)
			return
		}
	}
	b.t.Fatalf("there is no button %q", text)
}

func TestEmptyListLeadsToTheDoctor(t *testing.T) {
	b := alone(t)
	b.backend.report = illReport
	pressNamed(b, b.w.side.empty, "Find out why")
	b.wantCalls("Doctor", "[]")
	p := b.w.doctor
	if !p.content.Visible() || b.w.thread.content.Visible() || b.w.panel.content.Visible() {
		t.Fatal("the doctor is not in place of the conversation")
	}
	if got := p.state.segment.Text; got != "2 problems keep people from being found or reached." {
		t.Errorf("the verdict is %q", got)
	}
	if len(p.rows) != len(illReport.Findings) {
		t.Fatalf("%d rows, want %d", len(p.rows), len(illReport.Findings))
	}
	first := p.rows[0]
	if first.what.segment.Text != "The firewall of this computer (ufw) does not let TCP 21925 in." || first.why.Hidden || first.next.Hidden || first.command.segment.Text != "sudo ufw allow Yonder" {
		t.Errorf("the first row says %q, %q", first.what.segment.Text, first.command.segment.Text)
	}
	if last := p.rows[4]; !last.why.Hidden || !last.next.Hidden || !last.copy.Hidden {
		t.Error("what works wants something to be done")
	}
	b.w.escape()
	if p.content.Visible() || !b.w.thread.content.Visible() {
		t.Error("Esc does not lead back to the conversation")
	}
}

func TestDoctorCopiesACommand(t *testing.T) {
	b := alone(t)
	b.backend.report = illReport
	b.w.openDoctor()
	b.settle()
	b.tap(b.w.doctor.rows[0].copy)
	if got := b.app.Clipboard().Content(); got != "sudo ufw allow Yonder" {
		t.Errorf("the clipboard has %q", got)
	}
	if name := b.w.doctor.rows[0].copy.AccessibilityLabel(); name != "Copied" {
		t.Errorf("afterwards the button is called %q", name)
	}
	for i, r := range b.w.doctor.rows[1:] {
		if r.copy.Visible() {
			t.Errorf("row %d has no command and a button that copies it", i+1)
		}
	}
}

func TestDoctorChecksAgain(t *testing.T) {
	b := alone(t)
	b.backend.report = illReport
	b.w.openDoctor("10.0.0.9")
	if b.w.doctor.again.Disabled() == false || len(b.w.doctor.rows) != 0 || !strings.HasPrefix(b.w.doctor.state.segment.Text, "Looking at the network") {
		t.Error("while it looks it can be asked again, or does not say that it looks")
	}
	b.w.openDoctor() // a second click does not start a second examination
	b.settle()
	b.backend.report = wellReport
	b.tap(b.w.doctor.again)
	b.wantCalls("Doctor", "[10.0.0.9]", "[10.0.0.9]")
	if got := b.w.doctor.state.segment.Text; got != "Nothing is wrong: people are found and reached." || len(b.w.doctor.rows) != 4 {
		t.Errorf("after it was mended: %q, %d rows", got, len(b.w.doctor.rows))
	}
	b.backend.fail["Doctor"] = &app.Problem{Code: app.CodeInternal, Text: "the running Yonder does not know it"}
	b.tap(b.w.doctor.again)
	if got := b.w.doctor.state.segment.Text; !strings.Contains(got, "does not know") || b.w.doctor.again.Disabled() {
		t.Errorf("after it failed: %q, and it can be asked again: %v", got, !b.w.doctor.again.Disabled())
	}
}

func TestDoctorFromTheSettingsLeadsBackThere(t *testing.T) {
	b := newBench(t, here)
	b.w.togglePanel()
	b.settle()
	pressNamed(b, b.w.panel.form, "Check the network")
	if !b.w.doctor.content.Visible() || b.w.panel.content.Visible() {
		t.Fatal("the doctor is not in place of the settings")
	}
	b.w.escape()
	if b.w.doctor.content.Visible() || !b.w.panel.content.Visible() {
		t.Error("Esc does not lead back to the settings")
	}
	b.w.openDoctor()
	b.settle()
	b.w.togglePanel() // the gear
	if !b.w.panel.content.Visible() || b.w.doctor.content.Visible() {
		t.Error("the gear does not open the settings from the doctor")
	}
	b.w.openDoctor()
	b.choose(alice.ID)
	if b.w.doctor.content.Visible() || !b.w.thread.content.Visible() {
		t.Error("choosing a person does not open the conversation")
	}
}

func TestDoctorOutlivesTheWidgets(t *testing.T) {
	b := newBench(t, here)
	b.backend.report = illReport
	b.w.openDoctor()
	b.settle()
	s := b.w.settings
	s.Language = "zh-Hans"
	b.w.Apply(app.Event{Kind: app.EventSettings, Settings: &s})
	b.settle()
	p := b.w.doctor
	if !p.content.Visible() || len(p.rows) != 5 || p.state.segment.Text != "有 2 个问题导致无法发现或连接他人。" {
		t.Errorf("after the language changed: %q, %d rows", p.state.segment.Text, len(p.rows))
	}
	b.wantCalls("Doctor", "[]")
}

func TestAddressThatDoesNotAnswerLeadsToTheDoctor(t *testing.T) {
	b := newBench(t, here)
	if b.w.side.why.Visible() {
		t.Error("the doctor is offered before anything went wrong")
	}
	b.backend.fail["Find"] = &app.Problem{Code: app.CodeUnreachable, Object: "10.9.9.9"}
	b.w.side.address.SetText("10.9.9.9")
	b.tap(b.w.side.add)
	if !b.w.side.why.Visible() {
		t.Fatal("the doctor is not offered")
	}
	b.tap(b.w.side.why)
	b.wantCalls("Doctor", "[10.9.9.9]")
	delete(b.backend.fail, "Find")
	b.backend.found = alice
	b.tap(b.w.side.add)
	if b.w.side.why.Visible() {
		t.Error("the doctor is still offered")
	}
}

// Whatever the width, nothing of a row lies outside of it or over something else.
func TestFindingRowsFit(t *testing.T) {
	b := alone(t)
	for _, language := range []string{"en", "zh-Hans"} {
		b.w.words = speak(language)
		for _, f := range illReport.Findings {
			for _, width := range []float32{300, 480, 640, 900} {
				r := newFindingRow(b.w, f)
				test.WidgetRenderer(r)
				height := r.heightFor(width)
				r.Resize(fyne.NewSize(width, height))
				r.flow(width, true)
				below := float32(0)
				for _, p := range []*prose{r.what, r.why, r.next, r.command} {
					if p.Hidden {
						continue
					}
					top, end := p.Position().Y, p.Position().Y+p.heightFor(p.Size().Width)
					if top < below || end > height || p.Position().X < 0 || p.Position().X+p.Size().Width > width {
						t.Errorf("%s, %s at %.0f: a paragraph from %.0f to %.0f, after %.0f, of %.0f", language, f.Code, width, top, end, below, height)
					}
					below = end
				}
			}
		}
	}
}

func TestSeveritiesHaveShapes(t *testing.T) {
	var names []string
	for _, s := range []app.Severity{app.SeverityProblem, app.SeverityWarning, app.SeverityNote, app.SeverityOK} {
		names = append(names, severityIcon(s).Name())
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != 4 {
		t.Errorf("colour alone tells severities apart: %v", names)
	}
}
