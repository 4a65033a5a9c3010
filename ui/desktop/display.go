//go:build !headless && (linux || freebsd || openbsd || netbsd)

package desktop

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/jezek/xgb"
)

// preferX11 chooses X11 on desktops that have both, because Fyne has no input
// methods on Wayland: no Chinese could be typed. Whoever set FYNE_PLATFORM keeps it.
func preferX11() {
	if os.Getenv("DISPLAY") != "" && os.Getenv("FYNE_PLATFORM") == "" {
		os.Setenv("FYNE_PLATFORM", "x11")
	}
}

// checkDisplay opens and closes a connection to the display, since Fyne itself
// ends the program when it finds none.
func checkDisplay() error {
	x11, wayland := os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY")
	if x11 != "" {
		xgb.Logger.SetOutput(io.Discard) // the error says it all
		conn, err := xgb.NewConnDisplay(x11)
		if err == nil {
			conn.Close()
			return nil
		}
		if wayland == "" || !hasWayland {
			return noDisplay(fmt.Sprintf("the display %q cannot be opened: %v", x11, err))
		}
		os.Setenv("FYNE_PLATFORM", "wayland")
	}
	if wayland == "" {
		return noDisplay("there is no display: DISPLAY and WAYLAND_DISPLAY are not set")
	}
	if !hasWayland {
		return noDisplay("this build needs X11: DISPLAY is not set")
	}
	if !filepath.IsAbs(wayland) {
		wayland = filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), wayland)
	}
	conn, err := net.Dial("unix", wayland)
	if err != nil {
		return noDisplay(fmt.Sprintf("the display cannot be opened: %v", err))
	}
	return conn.Close()
}

func noDisplay(text string) error {
	return &windowless{kind: ErrNoDisplay, text: text}
}
