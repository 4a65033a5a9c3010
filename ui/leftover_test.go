package ui

import (
	"strings"
	"testing"
	"time"

	"yonder/app"
)

func leftoverList(now time.Time) []app.Partial {
	return []app.Partial{
		{ID: "p1", Person: lin.ID, From: lin.Name, Names: []string{"照片"}, NameCount: 1, Bytes: 1_480_000_000, Folder: "/home/u/Downloads", At: now.AddDate(0, 0, -5)},
		{ID: "p2", Person: alice.ID, From: "Alice\u202e Meyer", Names: []string{"a-very-long-name-of-a-disk-image-that-does-not-fit.img", "b"}, NameCount: 40, Bytes: 999, Folder: "/mnt/in", At: now.Add(-time.Hour)},
	}
}

func TestLeftovers(t *testing.T) {
	b := newBench(t, here)
	b.backend.partials = leftoverList(b.now)
	b.w.togglePanel()
	b.settle()
	l := b.w.panel.leftovers
	if len(l.list) != 2 || len(l.buttons) != 3 {
		t.Fatalf("%d are listed with %d buttons, want 2 with 3", len(l.list), len(l.buttons))
	}
	if got := l.buttons[1].AccessibilityLabel(); !strings.Contains(got, "and 39 more") {
		t.Errorf("a screen reader says %q, want what is removed", got)
	}
	one := l.buttons[0]
	b.tap(one)
	b.wantCalls("RemovePartials", `["p1"]`)
	if !one.Disabled() || len(l.list) != 1 || len(l.buttons) != 1 {
		t.Errorf("afterwards %d are listed with %d buttons, want 1 with 1", len(l.list), len(l.buttons))
	}
	b.backend.partials = leftoverList(b.now)
	b.w.loadPartials()
	b.settle()
	b.tap(l.buttons[2])
	b.wantCalls("RemovePartials", `["p1"]`, `["p1" "p2"]`)
	if len(l.list) != 0 || len(l.buttons) != 0 {
		t.Errorf("after all were removed %d are listed", len(l.list))
	}
}

func TestLeftoversThatStay(t *testing.T) {
	b := newBench(t, here)
	b.backend.partials = leftoverList(b.now)
	b.backend.fail["RemovePartials"] = &app.Problem{Code: app.CodeReadOnly, Object: "/mnt/in"}
	b.w.togglePanel()
	b.settle()
	b.tap(b.w.panel.leftovers.buttons[0])
	if !b.w.banner.Visible() {
		t.Error("that it did not work is not said")
	}
}
