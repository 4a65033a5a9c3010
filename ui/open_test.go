package ui

import (
	"fmt"
	"testing"
)

func TestCommandsGetThePathAsOneArgument(t *testing.T) {
	const evil = "/d/-rf $(x) `y`; \"z\"'\u2018 &|%.txt"
	tests := []struct {
		system       string
		open, reveal []string
	}{
		{"linux", []string{"xdg-open", evil}, []string{"xdg-open", "/d"}},
		{"darwin", []string{"open", evil}, []string{"open", "-R", evil}},
		{"windows", []string{"rundll32.exe", "url.dll,FileProtocolHandler", evil}, []string{"explorer.exe", "/select," + evil}},
	}
	for _, tt := range tests {
		if got := openCommand(tt.system, evil); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.open) {
			t.Errorf("open on %s runs %q, want %q", tt.system, got, tt.open)
		}
		if got := revealCommand(tt.system, evil); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.reveal) {
			t.Errorf("reveal on %s runs %q, want %q", tt.system, got, tt.reveal)
		}
	}
}

func TestOnlyAbsolutePathsAreOpened(t *testing.T) {
	b := newBench(t, here)
	for _, path := range []string{"", "-rf", "open.go", "./open.go", "file:///etc/passwd", `\\host\x`, "javascript:x"} {
		b.w.open(path)
		b.w.reveal(path)
		b.settle()
	}
	if len(b.launched) != 0 {
		t.Errorf("started %q", b.launched)
	}
}
