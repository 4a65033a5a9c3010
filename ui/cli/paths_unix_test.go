//go:build unix

package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Opening a pipe blocks until somebody writes to it; looking at it must not.
func TestSendSpecialFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	var s session
	code := s.run(t, "send", "--to", "Anna", path)
	if want := path + " is neither a file nor a folder\nhint: "; code != exitFailed || !strings.Contains(s.err.String(), want) {
		t.Errorf("exit code %d, errors %q; want %d, %q", code, s.err.String(), exitFailed, want)
	}
}
