package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestSources(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a", "-rf", "贝塔"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := sources([]string{"a", "./a", ".", "-rf", "贝塔/../a", "贝塔"})
	want := []string{filepath.Join(dir, "a"), dir, filepath.Join(dir, "-rf"), filepath.Join(dir, "贝塔")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("sources = %q, %v, want %q", got, err, want)
	}
}

func TestSendBadPaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	dangling := "nothing: links cannot be made here"
	if os.Symlink("gone", "dangling") == nil {
		dangling = "it is a link whose target is gone"
	}
	var s session
	code := s.run(t, "send", "--to", "Anna", "missing", "dangling", "a\x1b[2J", "")
	if code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	for _, want := range []string{
		"error: there is no " + filepath.Join(dir, "missing") + "\nhint: check the spelling; nothing was sent\n",
		dangling, `a\x1b[2J`, `error: "" is no path`,
	} {
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("errors %q, want %q in them", s.err.String(), want)
		}
	}
	if s.opened.Version != "" {
		t.Error("the backend was opened for paths that do not exist")
	}
}

func TestSendUnreadable(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("this user may read everything, or permissions are not bits here")
	}
	path := photo(t)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	var s session
	code := s.run(t, "send", "--to", "Anna", path)
	if want := "error: cannot read " + path + ": permission denied\n"; code != exitFailed || !strings.Contains(s.err.String(), want) {
		t.Errorf("exit code %d, errors %q; want %d, %q", code, s.err.String(), exitFailed, want)
	}
}
