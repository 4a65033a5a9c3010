package ui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

var (
	enter     = &fyne.KeyEvent{Name: fyne.KeyReturn}
	shift     = &fyne.KeyEvent{Name: desktop.KeyShiftLeft}
	ctrlEnter = &desktop.CustomShortcut{KeyName: fyne.KeyReturn, Modifier: fyne.KeyModifierShortcutDefault}
)

// press types text and then one of the keys.
func press(e *composeEntry, text, key string) {
	test.Type(e, text)
	switch key {
	case "return":
		e.TypedKey(enter)
	case "shift":
		e.KeyDown(shift)
		e.TypedKey(enter)
		e.KeyUp(shift)
	case "ctrl":
		e.TypedShortcut(ctrlEnter)
	}
}

func TestKeysOfTheField(t *testing.T) {
	tests := []struct {
		why    string
		ctrl   bool
		system string
		key    string
		sends  bool
	}{
		{"Return sends", false, "linux", "return", true},
		{"Shift and Return break the line", false, "linux", "shift", false},
		{"Ctrl and Return always send", false, "linux", "ctrl", true},
		{"Return breaks the line when the settings say so", true, "linux", "return", false},
		{"then Ctrl and Return send", true, "windows", "ctrl", true},
		{"on macOS Return may only have confirmed a composition", false, "darwin", "return", false},
		{"there Cmd and Return send", false, "darwin", "ctrl", true},
	}
	for _, tt := range tests {
		b := newBench(t, here)
		b.w.o.System = tt.system
		s := b.w.settings
		s.CtrlEnter = tt.ctrl
		b.w.Apply(app.Event{Kind: app.EventSettings, Settings: &s})
		b.choose(alice.ID)
		e := b.w.thread.compose.entry
		press(e, "你好", tt.key)
		b.settle()
		if tt.sends {
			b.wantCalls("Say", alice.ID.Short()+` "你好"`)
			if e.Text != "" {
				t.Errorf("%s: %q stays in the field", tt.why, e.Text)
			}
		} else {
			b.wantCalls("Say")
			if e.Text != "你好\n" {
				t.Errorf("%s: the field has %q", tt.why, e.Text)
			}
		}
	}
}

func TestWhatIsNotSent(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	e := b.w.thread.compose.entry
	for _, text := range []string{"", "   ", "\n\n"} {
		e.SetText(text)
		e.TypedKey(enter)
	}
	e.SetText(strings.Repeat("a", maxMessage+1))
	e.TypedKey(enter)
	b.settle()
	b.wantCalls("Say")
	if got, want := b.w.banner.text.segment.Text, "This message is longer than 16 KB."; got != want {
		t.Errorf("the banner says %q, want %q", got, want)
	}
	e.SetText(strings.Repeat("a", maxMessage))
	e.TypedKey(enter)
	b.settle()
	if got := len(b.backend.asked("Say")); got != 1 {
		t.Errorf("a message of exactly the limit was sent %d times", got)
	}
}

func TestUnsentTextComesBack(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.backend.fail["Say"] = errors.New("no")
	press(b.w.thread.compose.entry, "important", "return")
	b.settle()
	if got := b.w.thread.compose.entry.Text; got != "important" {
		t.Errorf("the field has %q", got)
	}
}

func TestDraftsBelongToPeople(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.w.thread.compose.entry.SetText("for Alice")
	b.choose(lin.ID)
	if got := b.w.thread.compose.entry.Text; got != "" {
		t.Errorf("Lin's field has %q", got)
	}
	b.choose(alice.ID)
	if got := b.w.thread.compose.entry.Text; got != "for Alice" {
		t.Errorf("Alice's field has %q", got)
	}
}

func TestTheFieldGrows(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	e := b.w.thread.compose.entry
	low := e.MinSize().Height
	e.SetText("one\ntwo\nthree")
	if high := e.MinSize().Height; high <= low {
		t.Errorf("three lines are %v high, one is %v", high, low)
	}
	e.SetText(strings.Repeat("line\n", 50))
	if e.rows != mostRows {
		t.Errorf("fifty lines take %d rows, want %d", e.rows, mostRows)
	}
	e.SetText("")
	if got := e.MinSize().Height; got != low {
		t.Errorf("empty again it is %v high, want %v", got, low)
	}
}

func TestPaste(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a b#1.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	paste := func(b *bench, text string) {
		b.app.Clipboard().SetContent(text)
		b.w.thread.compose.entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: b.app.Clipboard()})
		b.settle()
	}
	b := newBench(t, here)
	b.choose(alice.ID)
	paste(b, file+"\n"+dir)
	if got := fmt.Sprint(b.w.pending); got != fmt.Sprintf("[%s %s]", file, dir) {
		t.Errorf("pasted files wait as %s", got)
	}
	b.wantCalls("Send")
	b.w.dropPending()
	gone := filepath.Join(dir, "gone")
	paste(b, gone)
	if got := b.w.thread.compose.entry.Text; got != gone || len(b.w.pending) != 0 {
		t.Errorf("a path of nothing became %q in the field and %v to send", got, b.w.pending)
	}
}

func TestPathsInText(t *testing.T) {
	tests := []struct{ why, text, want string }{
		{"one path", "/a/b.txt", "/a/b.txt"},
		{"an address with an escape", "file:///a/b%20c%23.txt", "/a/b c#.txt"},
		{"what file managers add", "x-special/nautilus-clipboard\ncopy\nfile:///a\r\nfile:///b\r\n", "/a|/b"},
		{"an address of this host", "file://localhost/a", "/a"},
		{"of another host", "file://evil/a", ""},
		{"words", "hello", ""},
		{"a path among words", "/a\nhello", ""},
		{"a share, which would greet its host", "//evil/share", ""},
		{"a share of Windows", `\\evil\share`, ""},
		{"nothing", "", ""},
		{"a web address", "https://example.org/", ""},
	}
	if filepath.Separator != '/' {
		t.Skip("the paths of the table are those of Unix")
	}
	for _, tt := range tests {
		if got := strings.Join(pathsInText(tt.text), "|"); got != tt.want {
			t.Errorf("%s: pathsInText(%q) = %q, want %q", tt.why, tt.text, got, tt.want)
		}
	}
}

func TestAttach(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.picked = []string{"/a/x", "/a/y"}
	b.w.attachFiles()
	b.settle()
	b.wantCalls("Send", alice.ID.Short()+` ["/a/x" "/a/y"]`)
}
