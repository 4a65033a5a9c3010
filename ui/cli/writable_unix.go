//go:build unix

package cli

import "golang.org/x/sys/unix"

// writable asks the system whether files may be made in a folder.
func writable(path string) error { return unix.Access(path, unix.W_OK|unix.X_OK) }
