package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// Whatever somebody writes is shown as it is: nothing of it is markup, a picture, or by itself
// something that can be clicked (see link.go for addresses of the web).
func TestMessagesArePlain(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	for i, body := range []string{
		"# heading\n**bold** [click](javascript:alert(1))", "![picture](file:///etc/passwd)", "smb://host/share", `\\host\x`, "ms-msdt:/id",
		"<b>bold</b> <img src=http://192.0.2.1/x.png>", "https://example.org/",
		"Alice Meyer: this is somebody else's name", "\x1b[31mred\x07\x00\x9b",
	} {
		item := message(i, false, app.Delivered, body)
		b.item(item, true)
		r := b.row(item.ID).(*messageRow)
		var label *widget.Label = r.text // a label knows no markup
		if label.Text != cleanBody(body) || strings.ContainsAny(label.Text, "\x1b\x07\x00\u009b") {
			t.Errorf("%q is shown as %q", body, label.Text)
		}
	}
	if len(b.launched) > 0 {
		t.Errorf("programs were started: %q", b.launched)
	}
}

// Texts that are made to be slow or wide are shown like others, cut where they are long.
func TestMonstrousMessages(t *testing.T) {
	b := newBench(t, here)
	b.choose(alice.ID)
	for i, body := range []string{
		"a" + strings.Repeat("\u0321", 8000), strings.Repeat("x", 16<<10), strings.Repeat("漢", 5461), strings.Repeat("\u202e\u05d0a", 4000),
		strings.Repeat("👩\u200d👩\u200d👧\u200d", 500), strings.Repeat("\xff\xfe", 8000), strings.Repeat("\n", 16<<10), strings.Repeat(" ", 16<<10),
	} {
		item := message(i, false, app.Delivered, body)
		b.item(item, true)
		r := b.row(item.ID).(*messageRow)
		if n := len([]rune(r.text.Text)); n > shownRunes+1 {
			t.Errorf("text %d: %d characters are shown at once", i, n)
		}
		if h := r.heightFor(600); h <= 0 || h > 200_000 {
			t.Errorf("text %d is %v high", i, h)
		}
	}
}
