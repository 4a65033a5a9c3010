package discovery

import "syscall"

// shareAddress lets several programs listen on the same port.
func shareAddress(_, _ string, c syscall.RawConn) error {
	var err error
	if ctl := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}); ctl != nil {
		return ctl
	}
	return err
}
