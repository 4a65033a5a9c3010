package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

// compares tells the window how far a comparison has come.
func (b *bench) compares(person app.DeviceID, state app.PairingState, ours bool, problem *app.Problem) {
	v := app.Pairing{Person: person, State: state, Ours: ours, Problem: problem}
	if state == app.PairingComparing || state == app.PairingConfirmed {
		v.Code, v.Until = "418305", b.now.Add(time.Minute)
	}
	b.w.Apply(app.Event{Kind: app.EventPairing, Pairing: &v})
	b.settle()
}

// pairingButton returns the button of the card that does a.
func (b *bench) pairingButton(a pairingAct) *button {
	b.t.Helper()
	card := b.w.thread.pairing
	i := slices.Index(card.news.actions, a)
	if !card.Visible() || i < 0 {
		b.t.Fatalf("the card offers %v (visible: %v), not %q", card.news.actions, card.Visible(), a)
	}
	return card.buttons[i]
}

func TestPairingCard(t *testing.T) {
	fail := func(code string) *app.Problem { return &app.Problem{Code: code, Object: "quiet-otter", Text: "x"} }
	tests := []struct {
		state   app.PairingState
		ours    bool
		problem *app.Problem
		title   string
		code    string
		mood    mood
		actions []pairingAct
	}{
		{app.PairingConnecting, true, nil, "Compare a code with quiet-otter", "", accent, []pairingAct{actBreak}},
		{app.PairingComparing, true, nil, "Compare a code with quiet-otter", "418 305", accent, []pairingAct{actSame, actDiffer, actBreak}},
		{app.PairingComparing, false, nil, "quiet-otter wants to compare a code with you", "418 305", accent, []pairingAct{actSame, actDiffer, actBreak}},
		{app.PairingConfirmed, true, nil, "Compare a code with quiet-otter", "418 305", accent, []pairingAct{actBreak}},
		{app.PairingDone, true, nil, "quiet-otter is verified", "", good, []pairingAct{actClose}},
		{app.PairingFailed, true, fail(app.CodeCodesDiffer), "The codes here and at quiet-otter are not the same. Nothing was stored.", "", bad, []pairingAct{actBegin, actClose}},
		{app.PairingFailed, true, fail(app.CodePairTime), "The code was not confirmed by both you and quiet-otter within a minute.", "", warning, []pairingAct{actBegin, actClose}},
		{app.PairingFailed, true, fail(app.CodePairPaused), "Too many codes were not confirmed, here or at quiet-otter.", "", warning, []pairingAct{actClose}},
	}
	for _, test := range tests {
		b := newBench(t, here)
		b.choose(bob.ID)
		b.compares(bob.ID, test.state, test.ours, test.problem)
		card := b.w.thread.pairing
		if !card.Visible() || card.title.segment.Text != test.title || card.code.text != test.code || card.code.Visible() != (test.code != "") ||
			card.news.mood != test.mood || !slices.Equal(card.news.actions, test.actions) || card.text.segment.Text == "" {
			t.Errorf("%s: %+v", test.state, card.news)
		}
		if strings.Contains(card.text.segment.Text, "{") || card.heightFor(500) < 80 {
			t.Errorf("%s: %q, height %v", test.state, card.text.segment.Text, card.heightFor(500))
		}
		b.choose(lin.ID)
		if card.Visible() {
			t.Errorf("%s: the card is beside somebody else", test.state)
		}
		b.choose(bob.ID)
		if !card.Visible() {
			t.Errorf("%s: the card has gone", test.state)
		}
	}
}

func TestPairingOrders(t *testing.T) {
	b := newBench(t, here)
	b.choose(bob.ID)
	b.tap(b.w.thread.verify)
	b.tap(b.w.thread.verify) // the first has come about, and no event says so yet: once more is harmless
	b.compares(bob.ID, app.PairingComparing, true, nil)
	if b.w.thread.verify.Visible() {
		t.Error("the button is there while it is being done")
	}
	same := b.pairingButton(actSame)
	test.Tap(same)
	test.Tap(same) // ten quick clicks are one answer
	b.settle()
	b.wantCalls("AnswerPairing", bob.ID.Short()+" 418305 true")
	b.tap(b.pairingButton(actDiffer))
	b.tap(b.pairingButton(actBreak))
	b.wantCalls("AnswerPairing", bob.ID.Short()+" 418305 true", bob.ID.Short()+" 418305 false")
	b.wantCalls("CancelPairing", bob.ID.Short())
	b.compares(bob.ID, app.PairingFailed, true, &app.Problem{Code: app.CodePairTime, Object: "quiet-otter"})
	before := len(b.backend.asked("Pair"))
	b.tap(b.pairingButton(actBegin))
	if len(b.backend.asked("Pair")) != before+1 {
		t.Error("it does not begin again")
	}
	b.tap(b.pairingButton(actClose))
	if b.w.thread.pairing.Visible() {
		t.Error("the card does not close")
	}
	b.compares(bob.ID, app.PairingFailed, true, &app.Problem{Code: app.CodeCancelled})
	if b.w.thread.pairing.Visible() {
		t.Error("what the user broke off is told to the user")
	}
	b.backend.fail["Pair"] = &app.Problem{Code: app.CodePairBusy, Object: "Zoë", Text: "busy"}
	b.tap(b.w.thread.verify)
	if b.w.problem == nil || b.w.problem.Code != app.CodePairBusy {
		t.Errorf("a refusal is told as %v", b.w.problem)
	}
}

// Who is verified, blocked or away is not asked to compare a code.
func TestVerifyButton(t *testing.T) {
	for person, want := range map[*app.Person]bool{&alice: false, &lin: true, &bob: true, &zoe: false} {
		b := newBench(t, here)
		b.choose(person.ID)
		if got := b.w.thread.verify.Visible(); got != want {
			t.Errorf("%s: the button is there: %v", person.Name, got)
		}
	}
}

// What somebody else begins is seen wherever the user is.
func TestPairingElsewhere(t *testing.T) {
	b := newBench(t, here)
	b.compares(bob.ID, app.PairingComparing, false, nil)
	if b.w.chosen != bob.ID || !b.w.thread.pairing.Visible() {
		t.Error("with nothing else on the screen it does not open")
	}
	b.compares(bob.ID, app.PairingFailed, false, &app.Problem{Code: app.CodeCancelledBy, Object: "quiet-otter"})

	b.choose(lin.ID)
	b.compares(bob.ID, app.PairingComparing, false, nil)
	if b.w.chosen != lin.ID || !b.w.banner.Visible() || b.w.banner.text.segment.Text != "quiet-otter wants to compare a code with you" {
		t.Errorf("in another conversation: %q", b.w.banner.text.segment.Text)
	}
	b.tap(b.w.banner.send)
	if b.w.chosen != bob.ID || b.w.banner.Visible() || !b.w.thread.pairing.Visible() {
		t.Error("the line does not lead there")
	}
	b.w.togglePanel()
	if !b.w.banner.Visible() {
		t.Error("in the settings nothing tells of it")
	}
	b.tap(b.w.banner.close)
	b.wantCalls("CancelPairing", bob.ID.Short())
}

func TestPairingNotification(t *testing.T) {
	for _, system := range []string{"linux", "windows"} {
		b := newBench(t, here)
		b.choose(lin.ID)
		b.w.o.System = system
		b.w.focused = false
		want := fyne.NewNotification("quiet-otter", "Wants to compare a code with you")
		if system == "windows" {
			want = fyne.NewNotification("Yonder", "Somebody wants to compare a code with you.")
		}
		test.AssertNotificationSent(t, want, func() { b.compares(bob.ID, app.PairingComparing, false, nil) })
	}
}

// A redraw in another language keeps the card.
func TestPairingRedrawn(t *testing.T) {
	b := newBench(t, here)
	b.choose(bob.ID)
	b.compares(bob.ID, app.PairingComparing, true, nil)
	s := b.w.settings
	s.Language = "zh-Hans"
	b.w.Apply(app.Event{Kind: app.EventSettings, Settings: &s})
	b.settle()
	if card := b.w.thread.pairing; !card.Visible() || card.title.segment.Text != "与“quiet-otter”核对验证码" || card.code.text != "418 305" {
		t.Errorf("after it: visible %v, %q", card.Visible(), card.title.segment.Text)
	}
}

// TestChangedCard: where another device answers in place of somebody, the row has a word for
// it, the conversation a card with both ways out, and a code that is compared comes first.
func TestChangedCard(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	them := alice
	them.Changed = "192.0.2.5:21925"
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &them})
	b.settle()
	card := b.w.thread.pairing
	if text, m := b.w.words.badge(&them); text != "Identity changed" || m != bad || b.w.thread.badge.text != text {
		t.Errorf("badge %q, mood %v; above the conversation %q", text, m, b.w.thread.badge.text)
	}
	if !card.Visible() || card.news.mood != bad || !strings.Contains(card.text.segment.Text, them.Changed) {
		t.Fatalf("the card says %+v", card.news)
	}
	b.tap(b.pairingButton(actKeep))
	b.tap(b.pairingButton(actReplaced))
	b.wantCalls("SettleChange", alice.ID.Short()+" false", alice.ID.Short()+" true")
	b.compares(alice.ID, app.PairingComparing, true, nil)
	if card.news.code != "418 305" {
		t.Errorf("while a code is compared the card says %+v", card.news)
	}
	b.w.Apply(app.Event{Kind: app.EventPairing})
	b.choose(bob.ID)
	if card.Visible() {
		t.Error("the card is above another conversation")
	}
	b.choose(alice.ID)
	them.Changed = ""
	b.w.Apply(app.Event{Kind: app.EventPerson, Person: &them})
	b.settle()
	if text, _ := b.w.words.badge(&them); card.Visible() || text == "Identity changed" {
		t.Errorf("it is settled: badge %q, card %v", text, card.Visible())
	}
	them.Changed, them.Level = "x", app.Blocked
	if text, _ := b.w.words.badge(&them); text != "Blocked" {
		t.Errorf("somebody blocked: badge %q", text)
	}
}
