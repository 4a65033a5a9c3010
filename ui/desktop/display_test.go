//go:build !headless && (linux || freebsd || openbsd || netbsd)

package desktop

import (
	"errors"
	"os"
	"strings"
	"testing"

	"yonder/app"
)

func TestNoDisplay(t *testing.T) {
	tests := []struct{ why, x11, wayland, says string }{
		{"nothing set", "", "", "DISPLAY"},
		{"a display that is not there", ":4095", "", "4095"},
		{"a name that is none", "nonsense", "", "nonsense"},
		{"a Wayland socket that is not there", "", "wayland-none", "display"},
	}
	for _, tt := range tests {
		t.Setenv("DISPLAY", tt.x11)
		t.Setenv("WAYLAND_DISPLAY", tt.wayland)
		t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
		err := Run(t.Context(), app.Options{Dir: t.TempDir()}, nil)
		if !errors.Is(err, ErrNoDisplay) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tt.says)) {
			t.Errorf("%s: Run = %v, want ErrNoDisplay naming %q", tt.why, err, tt.says)
		}
	}
}

func TestPreferX11(t *testing.T) {
	tests := []struct{ why, display, chosen, want string }{
		{"X11 is there", ":0", "", "x11"},
		{"the user chose", ":0", "wayland", "wayland"},
		{"Wayland only", "", "", ""},
	}
	for _, tt := range tests {
		t.Setenv("DISPLAY", tt.display)
		t.Setenv("FYNE_PLATFORM", tt.chosen)
		preferX11()
		if got := os.Getenv("FYNE_PLATFORM"); got != tt.want {
			t.Errorf("%s: FYNE_PLATFORM = %q, want %q", tt.why, got, tt.want)
		}
	}
}
