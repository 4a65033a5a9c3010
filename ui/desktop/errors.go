package desktop

import "errors"

// ErrNoDisplay is what [Run] fails with where there is no display to open a
// window on.
var ErrNoDisplay = errors.New("no display")

// ErrNoWindow is what [Run] fails with in a program that was built without a
// window.
var ErrNoWindow = errors.New("this build has no window")

// windowless is the error of [Run] wherever no window can be shown. It wraps
// [ErrNoDisplay] or [ErrNoWindow], and says more than they do.
type windowless struct {
	kind error
	text string
}

func (e *windowless) Error() string { return e.text }
func (e *windowless) Unwrap() error { return e.kind }

// NoWindow returns true: terminal commands work where this error comes from.
func (e *windowless) NoWindow() bool { return true }
