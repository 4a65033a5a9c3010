package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

func TestNoticeOnWindowsCarriesNothingRemote(t *testing.T) {
	const evil = "$(calc)`whoami`\"; rm"
	x := offer
	x.Names = []string{evil}
	for _, language := range []string{english, chinese} {
		for _, item := range []app.Item{transferItem(1, false, x), message(1, false, app.Delivered, evil)} {
			title, body := speak(language).notice("windows", item, evil)
			if title == "" || body == "" {
				t.Errorf("%s: nothing is said", language)
			}
			if strings.ContainsAny(title+body, "$`\"';|&(){}<>\\\n") {
				t.Errorf("%s: %q %q could be read as a command", language, title, body)
			}
		}
	}
}

func TestNotice(t *testing.T) {
	x := offer
	x.Names = []string{"<b>a</b>&\u202e.pdf"}
	running := offer
	running.State = app.Running
	tests := []struct {
		why, system string
		item        app.Item
		title, body string
	}{
		{"an offer, as markup on Linux", "linux", transferItem(1, false, x), "Ann", `Wants to send you b&gt;&amp;\u202e.pdf (1.5 GB)`},
		{"a message, as markup on Linux", "linux", message(1, false, app.Delivered, "1 < 2\n& 3"), "Ann", "1 &lt; 2 &amp; 3"},
		{"plain text on macOS", "darwin", message(1, false, app.Delivered, "1 < 2"), "Ann", "1 < 2"},
		{"our own message", "linux", message(1, true, app.Sent, "x"), "", ""},
		{"a transfer that was accepted already", "linux", transferItem(1, false, running), "", ""},
	}
	for _, tt := range tests {
		title, body := speak("en").notice(tt.system, tt.item, "Ann")
		if title != tt.title || body != tt.body {
			t.Errorf("%s: %q %q, want %q %q", tt.why, title, body, tt.title, tt.body)
		}
	}
	long := message(1, false, app.Delivered, strings.Repeat("长", 5000))
	if _, body := speak("en").notice("linux", long, "Ann"); len([]rune(body)) > 130 {
		t.Errorf("a long message makes a notice of %d characters", len([]rune(body)))
	}
}

func TestNotifyOnlyWhileLookingElsewhere(t *testing.T) {
	b := newBench(t, here)
	b.choose(bob.ID)
	item := transferItem(1, false, offer)
	test.AssertNotificationSent(t, nil, func() { b.item(item, true) })
	b.w.onBlur()
	item.ID = "t2"
	test.AssertNotificationSent(t, fyne.NewNotification("Alice Meyer", "Wants to send you Holiday pictures (1.5 GB)"), func() { b.item(item, true) })
	test.AssertNotificationSent(t, nil, func() { b.item(item, false) })
}

func TestReadOnlyWhileLooking(t *testing.T) {
	b := newBench(t, here)
	b.w.onBlur()
	b.choose(lin.ID)
	b.wantCalls("MarkRead")
	b.w.onFocus()
	b.settle()
	b.wantCalls("MarkRead", lin.ID.Short())
}
