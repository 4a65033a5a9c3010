package app

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// TestRealLinks: links arrive as such only where both sides want them, and never one
// that leads out of its folder.
func TestRealLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making a link needs a right there that tests do not have")
	}
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"inside": "file", "outside": "../secret"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		why        string
		send, take bool
		links      int64 // reported as left out
	}{
		{"nobody wants them", false, false, 2},
		{"only the sender", true, false, 2},
		{"only the receiver", false, true, 2},
		{"both", true, true, 1},
	} {
		a := openReal(t, t.TempDir(), 0, nil)
		b := openReal(t, t.TempDir(), 0, func(o *Options) { o.Links, o.Accept = tt.take, AcceptAll })
		fa, fb := followReal(t, a), followReal(t, b)
		meet(t, a, b)
		ids, err := a.Send(t.Context(), SendRequest{To: []DeviceID{b.me.ID}, Paths: []string{dir}, Links: tt.send})
		if err != nil {
			t.Fatal(err)
		}
		sent := fa.transferIs(ids[0], Done)
		got := fb.transferIs(fb.incoming().ID, Done)
		if sent.Links != tt.links || got.Links != tt.links || sent.Failed != 0 || got.Failed != 0 {
			t.Errorf("%s: %d and %d links are left out and %d and %d entries failed, want %d links", tt.why, sent.Links, got.Links, sent.Failed, got.Failed, tt.links)
		}
		target, err := os.Readlink(filepath.Join(got.Paths[0], "inside"))
		if there := err == nil && target == "file"; there != (tt.links == 1) {
			t.Errorf("%s: the link is there: %v", tt.why, there)
		}
		if _, err := os.Lstat(filepath.Join(got.Paths[0], "outside")); err == nil {
			t.Errorf("%s: a link that leads out of its folder arrived", tt.why)
		}
	}
}
