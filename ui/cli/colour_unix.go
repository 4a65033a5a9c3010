//go:build !windows

package cli

// enableColour reports whether the terminal understands escape sequences.
func enableColour() bool { return true }
