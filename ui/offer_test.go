package ui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"yonder/app"
)

// offered is a window with one open offer of Alice.
func offered(t *testing.T) *bench {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.item(transferItem(1, false, offer), true)
	return b
}

func TestAcceptIsOneClick(t *testing.T) {
	b := offered(t)
	b.tap(b.button("t1", actAccept))
	b.wantCalls("Answer", `t1 true ""`)
}

func TestTenClicksAreOneAnswer(t *testing.T) {
	b := offered(t)
	accept := b.button("t1", actAccept)
	for range 10 {
		accept.OnTapped() // as fast as no pointer can
	}
	b.settle()
	b.tap(b.button("t1", actDecline))
	b.wantCalls("Answer", `t1 true ""`)
	for _, a := range []action{actAccept, actSaveIn, actDecline} {
		if !b.button("t1", a).Disabled() {
			t.Errorf("%s can be pressed while the answer is under way", a)
		}
	}
}

func TestRefusedAnswerCanBeGivenAgain(t *testing.T) {
	b := offered(t)
	b.backend.fail["Answer"] = &app.Problem{Code: app.CodeReadOnly, Object: "/mnt"}
	b.tap(b.button("t1", actAccept))
	if got, want := b.w.banner.text.segment.Text, "Nothing can be saved in /mnt."; got != want {
		t.Errorf("the banner says %q, want %q", got, want)
	}
	delete(b.backend.fail, "Answer")
	b.tap(b.button("t1", actAccept))
	b.wantCalls("Answer", `t1 true ""`, `t1 true ""`)
}

func TestAcceptAlways(t *testing.T) {
	b := offered(t)
	always := b.button("t1", actAlways)
	if always.Text != "Accept always from Alice Meyer" || always.AccessibilityLabel() != always.Text {
		t.Errorf("the button says %q", always.Text)
	}
	b.tap(always)
	b.wantCalls("Answer", `t1 true "" always`)
}

// TestAlwaysIsOfferedWhereItChangesSomething, and never to whoever uses another's name.
func TestAlwaysIsOfferedWhereItChangesSomething(t *testing.T) {
	always := app.Rule{Accept: app.RuleAlways}
	for _, test := range []struct {
		why    string
		person *app.Person
		want   bool
	}{
		{"a stranger", &bob, true}, {"verified", &alice, true}, {"nobody", nil, false},
		{"a wish already", &app.Person{Level: app.Known, Rule: always}, true},
		{"always already, and this one is too large", &app.Person{Level: app.Paired, Rule: always}, false},
		{"somebody else's name", &app.Person{Level: app.Unknown, SameNameAs: alice.ID}, false},
	} {
		c := speak("en").describe(transferItem(1, false, offer), test.person, "linux")
		if got := slices.Contains(c.actions, actAlways); got != test.want {
			t.Errorf("%s: %v", test.why, c.actions)
		}
	}
}

// TestDecidedOffersAskNothing: a rule has taken them.
func TestDecidedOffersAskNothing(t *testing.T) {
	b := newBench(t, here)
	x := offer
	x.Decided = true
	b.item(transferItem(1, false, x), true)
	if !b.w.chosen.IsZero() {
		t.Error("the conversation opens by itself")
	}
	b.choose(alice.ID)
	b.item(transferItem(1, false, x), true)
	if c := b.row("t1").(*transferRow).card; c.heading != "" || len(c.actions) != 0 {
		t.Errorf("it asks %q, %v", c.heading, c.actions)
	}
	if _, body := speak("en").notice("linux", transferItem(1, false, x), "Alice"); body != "Is sending you Holiday pictures (1.5 GB)" {
		t.Errorf("the notification says %q", body)
	}
}

func TestDecline(t *testing.T) {
	b := offered(t)
	b.tap(b.button("t1", actDecline))
	b.wantCalls("Answer", `t1 false ""`)
}

func TestSaveIn(t *testing.T) {
	b := offered(t)
	b.tap(b.button("t1", actSaveIn))
	b.wantCalls("Answer") // the dialog was closed without a choice
	b.picked = []string{"/mnt/photos"}
	b.tap(b.button("t1", actSaveIn))
	b.wantCalls("Answer", `t1 true "/mnt/photos"`)
}

func TestButtonsOfATransfer(t *testing.T) {
	tests := []struct {
		press action
		out   bool
		state app.TransferState
		call  string
	}{
		{actCancel, true, app.Running, "Cancel"},
		{actCancel, false, app.Running, "Cancel"},
		{actCancel, true, app.Waiting, "Cancel"},
		{actCancel, true, app.Offered, "Cancel"},
		{actCancel, false, app.Interrupted, "Cancel"},
		{actPause, true, app.Running, "Pause"},
		{actPause, false, app.Running, "Pause"},
		{actResume, true, app.Interrupted, "Resume"},
		{actRetry, true, app.Failed, "Retry"},
		{actRetry, true, app.Declined, "Retry"},
		{actRetry, true, app.Cancelled, "Retry"},
	}
	for _, tt := range tests {
		b := newBench(t, here)
		b.choose(alice.ID)
		x := offer
		x.State = tt.state
		b.item(transferItem(1, tt.out, x), true)
		b.tap(b.button("t1", tt.press))
		b.wantCalls(tt.call, "t1")
	}
}

func TestNewButtonsForANewState(t *testing.T) {
	b := offered(t)
	accept := b.button("t1", actAccept)
	b.w.win.Canvas().Focus(accept)
	x := offer
	x.State = app.Running
	b.item(transferItem(1, false, x), false)
	if b.w.win.Canvas().Focused() == fyne.Focusable(accept) {
		t.Error("the keyboard is still on a button that is gone")
	}
	if b.button("t1", actCancel) == accept {
		t.Error("Accept became Cancel under the pointer")
	}
}

func TestOpenAndReveal(t *testing.T) {
	dir := t.TempDir()
	b := newBench(t, here)
	b.choose(alice.ID)
	x := offer
	x.State, x.Folder, x.Paths, x.Folders = app.Done, dir, []string{dir}, []bool{true}
	b.item(transferItem(1, false, x), true)
	b.tap(b.button("t1", actOpen))
	b.tap(b.button("t1", actReveal))
	if got, want := fmt.Sprint(b.launched), fmt.Sprintf("[[xdg-open %s] [xdg-open %s]]", dir, dir); got != want {
		t.Errorf("started %s, want %s", got, want)
	}
	x.Paths = []string{dir + "/gone.txt"}
	b.launched = nil
	b.item(transferItem(1, false, x), false)
	b.tap(b.button("t1", actOpen))
	if len(b.launched) != 0 || !strings.Contains(b.w.banner.text.segment.Text, "gone.txt is not there any more") {
		t.Errorf("for a file that is gone: started %v, banner %q", b.launched, b.w.banner.text.segment.Text)
	}
}

func TestDescribe(t *testing.T) {
	stranger := bob
	same := bob
	same.SameNameAs = alice.ID
	many := offer
	many.Names = []string{"a.txt", "b\u202etxt.exe", "c", "d", "e", "f"}
	many.Folders = make([]bool, 6)
	many.NameCount = 106
	tests := []struct {
		why    string
		out    bool
		person *app.Person
		change func(*app.Transfer)
		want   func(card) string // what is wrong, "" if nothing
	}{
		{"an offer asks", false, &alice, nil, func(c card) string {
			return differ(c.heading, "Alice Meyer wants to send you something", c.facts, "Folder · 312 items · 1.5 GB", fmt.Sprint(c.actions), "[accept save-in decline always]", c.warning, "")
		}},
		{"a stranger is not verified", false, &stranger, nil, func(c card) string {
			return differ(c.warning, "Not verified yet. Their ID begins with "+bob.ID.Short()+"; ask them if it is theirs.")
		}},
		{"a namesake is marked", false, &same, nil, func(c card) string {
			if !strings.Contains(c.warning, "not the quiet-otter you know") {
				return c.warning
			}
			return ""
		}},
		{"many names are listed, hostile ones spelled out", false, &alice, func(x *app.Transfer) { *x = many }, func(c card) string {
			return differ(c.title, "106 files and folders", strings.Join(c.names, "|"), `a.txt|b\u202etxt.exe|c|d|e`, c.rest, "and 101 more")
		}},
		{"our own offer waits", true, &alice, nil, func(c card) string {
			return differ(c.status, "Waiting for Alice Meyer to accept.", c.heading, "", fmt.Sprint(c.actions), "[cancel]")
		}},
		{"running", true, &alice, func(x *app.Transfer) {
			x.State, x.Stored, x.Rate, x.Left = app.Running, 370_000_000, 1e8, 11*time.Second
		}, func(c card) string {
			return differ(c.amount, "25% · 370 MB of 1.5 GB", c.speed, "100 MB/s · 11 s left", c.status, "")
		}},
		{"running, nothing known yet", false, &alice, func(x *app.Transfer) { x.State, x.Bytes = app.Running, 0 }, func(c card) string {
			return differ(c.amount, "0% · 0 B of 0 B", c.speed, "")
		}},
		{"a total that grows", true, &alice, func(x *app.Transfer) { x.Final = false }, func(c card) string {
			return differ(c.facts, "Folder · 312 items · 1.5 GB and counting")
		}},
		{"more stored than announced is not over 100%", true, &alice, func(x *app.Transfer) {
			x.State, x.Stored = app.Running, 2*x.Bytes
		}, func(c card) string { return differ(fmt.Sprint(c.progress), "1") }},
		{"interrupted", true, &alice, func(x *app.Transfer) { x.State, x.Stored = app.Interrupted, 370_000_000 }, func(c card) string {
			return differ(c.status, "Interrupted. Resume it to go on where it stopped.", fmt.Sprint(c.actions), "[resume cancel]")
		}},
		{"failed says why and what next", true, &alice, func(x *app.Transfer) {
			x.State, x.Problem = app.Failed, &app.Problem{Code: app.CodeDiskFull, Object: "/d"}
		}, func(c card) string {
			return differ(c.status, "There is not enough room in /d.", c.next, "Free some space or choose another folder, then try again. What arrived is kept.", fmt.Sprint(c.actions), "[retry]")
		}},
		{"declined by them", true, &alice, func(x *app.Transfer) {
			x.State, x.Problem = app.Declined, &app.Problem{Code: app.CodeDeclined}
		}, func(c card) string {
			return differ(c.status, "Alice Meyer declined this.", c.next, "Ask them, then send it again.")
		}},
		{"declined because nobody was there", true, &alice, func(x *app.Transfer) {
			x.State, x.Problem = app.Declined, &app.Problem{Code: app.CodeNobody}
		}, func(c card) string { return differ(c.status, "Nobody was there to accept this.") }},
		{"cancelled by the other side", false, &alice, func(x *app.Transfer) {
			x.State, x.Problem = app.Cancelled, &app.Problem{Code: app.CodeCancelledBy}
		}, func(c card) string { return differ(c.status, "The other side cancelled this.") }},
		{"declined by us", false, &alice, func(x *app.Transfer) { x.State = app.Declined }, func(c card) string {
			return differ(c.status, "You declined this.", fmt.Sprint(c.actions), "[]")
		}},
		{"arrived", false, &alice, func(x *app.Transfer) {
			x.State, x.Folder, x.Paths = app.Done, "/mnt/d", []string{"/mnt/d/a.pdf"}
		}, func(c card) string {
			return differ(c.status, "Saved in /mnt/d", fmt.Sprint(c.actions), "[open reveal]")
		}},
		{"a program is shown, not opened", false, &alice, func(x *app.Transfer) {
			x.State, x.Paths = app.Done, []string{"/mnt/d/setup.EXE"}
		}, func(c card) string { return differ(fmt.Sprint(c.actions), "[reveal]") }},
		{"what did not arrive is named", false, &alice, func(x *app.Transfer) {
			x.State, x.SkipCount, x.Skipped = app.Done, 9, []app.EntryReport{{Path: "p/link", Code: app.CodeLink}}
		}, func(c card) string {
			return differ(strings.Join(c.skipped, "|"), "9 items need a look:|p/link is a link and was not followed.|and 6 more")
		}},
		{"somebody who was forgotten", false, nil, nil, func(c card) string { return differ(c.heading, "Somebody wants to send you something") }},
		{"no names yet", true, &alice, func(x *app.Transfer) { x.Names, x.NameCount, x.Folders = nil, 0, nil }, func(c card) string {
			return differ(c.title, "Preparing…")
		}},
	}
	for _, tt := range tests {
		x := offer
		if tt.change != nil {
			tt.change(&x)
		}
		if wrong := tt.want(speak("en").describe(transferItem(1, tt.out, x), tt.person, "linux")); wrong != "" {
			t.Errorf("%s: %s", tt.why, wrong)
		}
	}
}

// differ compares pairs of got and want.
func differ(pairs ...string) string {
	var wrong []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != pairs[i+1] {
			wrong = append(wrong, fmt.Sprintf("%q, want %q", pairs[i], pairs[i+1]))
		}
	}
	return strings.Join(wrong, "; ")
}

func TestHarmless(t *testing.T) {
	tests := []struct {
		path, system string
		want         bool
	}{
		{"/d/a.pdf", "linux", true}, {"/d/folder", "linux", true}, {`C:\d\a.pdf`, "windows", true}, {`C:\d\folder`, "windows", false},
		{"/d/a.exe", "linux", false}, {"/d/A.ExE", "windows", false}, {"/d/a.exe. .", "windows", false}, {"/d/x.desktop", "linux", false},
		{"/d/x.pdf.lnk", "windows", false}, {"/d/x.app", "darwin", false}, {"/d/archive.tar.gz", "linux", true},
	}
	for _, tt := range tests {
		if got := harmless(tt.path, tt.system); got != tt.want {
			t.Errorf("harmless(%q, %s) = %v, want %v", tt.path, tt.system, got, tt.want)
		}
	}
}

func TestClosingAsksWhileSomethingMoves(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	x := offer
	x.State = app.Running
	b.item(transferItem(1, true, x), true)
	b.w.onClose()
	if b.quits != 0 || b.w.asking == nil {
		t.Fatalf("closed %d times without asking", b.quits)
	}
	b.w.escape()
	if b.w.asking != nil || b.quits != 0 {
		t.Error("Esc does not keep the window")
	}
	x.State = app.Done
	b.item(transferItem(1, true, x), false)
	b.w.onClose()
	if b.quits != 1 {
		t.Error("closing asks although nothing moves")
	}
}

func TestFailedHistoryCanBeAskedAgain(t *testing.T) {
	b := newBench(t, here)
	b.backend.fail["History"] = errors.New("locked")
	b.choose(alice.ID)
	delete(b.backend.fail, "History")
	b.backend.history[alice.ID] = []app.Item{message(1, false, app.Read, "there")}
	b.choose(bob.ID)
	b.choose(alice.ID)
	if got := b.row("m1").(*messageRow).text.Text; got != "there" {
		t.Errorf("the row says %q", got)
	}
}
