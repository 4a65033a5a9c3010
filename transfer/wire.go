package transfer

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	wireBuffer = 256 << 10
	minUnsent  = 2 << 10 // bytes that the kernel may hold unsent
	maxUnsent  = 512 << 10
)

// wire lies between TLS and the socket. crypto/tls writes every record of 16 KiB with
// a system call of its own and reads as small; wire gathers writes until flush, or
// 256 KiB, and reads ahead. It also notes when something was last heard.
type wire struct {
	net.Conn
	in    *bufio.Reader
	heard atomic.Int64    // Unix nanoseconds of the last bytes read
	place chan struct{}   // of the handshake that computes; nil outside of one
	raw   syscall.RawConn // nil: no TCP
	limit int             // of unsent bytes, as last set

	mu     sync.Mutex
	out    []byte
	gather bool // after the handshake
}

func newWire(conn net.Conn) *wire {
	w := &wire{Conn: conn, in: bufio.NewReaderSize(conn, wireBuffer)}
	w.heard.Store(time.Now().UnixNano())
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			w.raw = raw
		}
	}
	w.hold(8 * minUnsent)
	return w
}

// hold lets the kernel hold about n bytes that it has not sent yet: little on a slow
// link, where a control frame would wait long behind them, enough on a fast one.
func (w *wire) hold(n int) {
	n = min(max(n, minUnsent), maxUnsent)
	if w.raw == nil || n < 2*w.limit && 2*n > w.limit {
		return
	}
	w.limit = n
	limitUnsent(w.raw, n)
}

// Read implements [net.Conn]. A handshake gives its place to others while it waits for
// the peer: silent connections must not keep anybody out.
func (w *wire) Read(b []byte) (int, error) {
	if place := w.place; place != nil && w.in.Buffered() == 0 {
		<-place
		defer func() { place <- struct{}{} }()
	}
	n, err := w.in.Read(b)
	if n > 0 {
		w.heard.Store(time.Now().UnixNano())
	}
	return n, err
}

// Write implements [net.Conn]; after startGathering it only keeps b until flush.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.gather {
		return w.Conn.Write(b)
	}
	if len(w.out)+len(b) > wireBuffer {
		if err := w.flushLocked(); err != nil {
			return 0, err
		}
	}
	w.out = append(w.out, b...)
	return len(b), nil
}

func (w *wire) startGathering() {
	w.mu.Lock()
	w.gather = true
	w.mu.Unlock()
}

// separately is up to how many bytes that may be unsent the kernel is told to keep writes
// apart. It would else gather 64 KiB of them before it looks at that limit.
const separately = 64 << 10

func (w *wire) send(b []byte) error {
	if w.raw == nil || w.limit > separately {
		_, err := w.Conn.Write(b)
		return err
	}
	return sendApart(w.Conn, w.raw, b)
}

// flush writes what was gathered to the socket.
func (w *wire) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flushLocked()
}

func (w *wire) flushLocked() error {
	if len(w.out) == 0 {
		return nil
	}
	err := w.send(w.out)
	w.out = w.out[:0]
	return err
}
