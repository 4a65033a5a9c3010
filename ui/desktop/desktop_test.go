//go:build !headless

package desktop

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestAppIDIsThatOfThePackages(t *testing.T) {
	data, err := os.ReadFile("../../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^ID = "(.*)"$`).FindSubmatch(data)
	if match == nil || string(match[1]) != appID {
		t.Errorf("FyneApp.toml has the ID %s, the program %q", match, appID)
	}
}

func TestAbsolute(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	got, err := absolute([]string{"a", "/b/../c"})
	if err != nil {
		t.Fatal(err)
	}
	dir, _ = os.Getwd()
	if got[0] != filepath.Join(dir, "a") || filepath.Base(got[1]) != "c" || !filepath.IsAbs(got[1]) {
		t.Errorf("absolute = %q", got)
	}
}

func TestErrorsSayThatThereIsNoWindow(t *testing.T) {
	for _, kind := range []error{ErrNoDisplay, ErrNoWindow} {
		var err error = &windowless{kind: kind, text: "because"}
		var w interface {
			error
			NoWindow() bool
		}
		if !errors.As(err, &w) || !w.NoWindow() || !errors.Is(err, kind) {
			t.Errorf("%v is not recognised", kind)
		}
	}
}
