//go:build !headless && !(linux || freebsd || openbsd || netbsd)

package desktop

// preferX11 is for systems that have more than one kind of display.
func preferX11() {}

// checkDisplay finds nothing to check: the system always has a display.
func checkDisplay() error { return nil }
