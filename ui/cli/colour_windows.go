package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableColour switches the console's escape sequences on and reports whether it
// understands them, which those before Windows 10 do not.
func enableColour() bool {
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		var mode uint32
		console := windows.Handle(f.Fd())
		if windows.GetConsoleMode(console, &mode) != nil {
			return false
		}
		if windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
			return false
		}
	}
	return true
}
