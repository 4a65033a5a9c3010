package discovery

import "syscall"

// shareAddress lets several programs listen on the same port. On Linux each
// broadcast and multicast reaches all of them, and SO_REUSEPORT must not be set:
// it would share them out.
func shareAddress(_, _ string, c syscall.RawConn) error {
	var err error
	if ctl := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}); ctl != nil {
		return ctl
	}
	return err
}
