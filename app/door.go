package app

import (
	"net"
	"sync"
)

// door is a listener whose real listener can be replaced while somebody waits in
// Accept, so that the port can change without ending a session.
type door struct {
	mu     sync.Mutex
	inner  net.Listener
	opened chan struct{} // closed when inner is replaced
	closed bool
}

func newDoor() *door { return &door{opened: make(chan struct{})} }

// open makes ln the real listener and closes the one before it.
func (d *door) open(ln net.Listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	old := d.inner
	d.inner = ln
	close(d.opened)
	d.opened = make(chan struct{})
	if old != nil {
		old.Close()
	}
	if d.closed {
		ln.Close()
	}
}

// Accept implements [net.Listener].
func (d *door) Accept() (net.Conn, error) {
	for {
		d.mu.Lock()
		inner, opened, closed := d.inner, d.opened, d.closed
		d.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		conn, err := inner.Accept()
		if err == nil {
			return conn, nil
		}
		select {
		case <-opened: // inner was replaced: that is why it failed
		default:
			return nil, err
		}
	}
}

// Close implements [net.Listener].
func (d *door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	d.closed = true
	return d.inner.Close()
}

// Addr implements [net.Listener].
func (d *door) Addr() net.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inner.Addr()
}
