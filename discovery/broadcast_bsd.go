//go:build unix && !linux

package discovery

import "syscall"

// shareAddress lets several programs listen on the same port. The BSDs and macOS
// want both options before they give each of them a copy of a broadcast.
func shareAddress(_, _ string, c syscall.RawConn) error {
	var err error
	if ctl := c.Control(func(fd uintptr) {
		if err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err == nil {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEPORT, 1)
		}
	}); ctl != nil {
		return ctl
	}
	return err
}
