//go:build headless

// Package desktop would open the window. This build leaves it out, and with it
// Fyne and everything that needs a C compiler or a display.
package desktop

import (
	"context"

	"yonder/app"
)

// Run fails with [ErrNoWindow].
func Run(context.Context, app.Options, []string) error {
	return &windowless{kind: ErrNoWindow, text: "this build of yonder has no window; use the terminal commands, for example: yonder receive"}
}
