package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestChangedSince(t *testing.T) {
	dir := t.TempDir()
	at := func(name string, when time.Time) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		for p := path; p != dir; p = filepath.Dir(p) {
			if err := os.Chtimes(p, when, when); err != nil {
				t.Fatal(err)
			}
		}
	}
	now := time.Now()
	at("old/a/b", now.Add(-time.Hour))
	at("new/a/b", now.Add(-time.Hour))
	if err := os.Chtimes(filepath.Join(dir, "new/a/b"), now.Add(time.Hour), now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		paths []string
		want  bool
	}{
		{[]string{"old"}, false},
		{[]string{"old/a/b"}, false},
		{[]string{"new"}, true},
		{[]string{"old", "new/a/b"}, true},
		{[]string{"missing"}, true},
	} {
		var paths []string
		for _, p := range test.paths {
			paths = append(paths, filepath.Join(dir, p))
		}
		if got := changedSince(paths, now); got != test.want {
			t.Errorf("changedSince(%q) = %v, want %v", test.paths, got, test.want)
		}
	}
}
