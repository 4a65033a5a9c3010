package transfer

import (
	"bufio"
	"fmt"
	"io"
	"sync"
	"time"
)

// maxBacklog is how many bytes of control frames a peer may leave unread.
const maxBacklog = 8 << 20

// frameSource is a transfer that has frames to send. next returns the header and payload
// of one frame with at most about max bytes, or ok false when it has nothing to send
// now; it will call [writer.ready] when that changes. release is called once the
// payload was written. next is called by the writer's goroutine only.
type frameSource interface {
	next(max int) (head, payload []byte, release func(), ok bool)
}

// writer sends the frames of one session: control frames before everything else,
// then the transfers in turn, one fragment each, and beside them what has time. Fragments are sized so that a
// control frame never waits longer than about 50 ms behind one, however slow the link.
type writer struct {
	mu      sync.Mutex
	wake    sync.Cond
	control [][]byte      // encoded frames
	backlog int           // bytes in control
	sources []frameSource // that may have something, in turn
	late    later
	closed  bool
	drained chan struct{} // closed when closing and everything queued was flushed

	out     *bufio.Writer // to TLS
	flush   func() error  // TLS to socket
	hold    func(n int)   // told how much the kernel may hold unsent; nil: nobody
	pending int           // bytes since the last flush
	link    link
}

// errClosed is an [ErrInterrupted]: the session is ending. Its own reason tells more.
var errClosed = fmt.Errorf("%w: session closed", ErrInterrupted)

func newWriter(tls io.Writer, flush func() error) *writer {
	w := &writer{out: bufio.NewWriterSize(tls, 64<<10), flush: flush, link: link{fragment: minFragment}, drained: make(chan struct{})}
	w.wake.L = &w.mu
	w.late.w = w
	return w
}

// frame encodes a whole frame.
func frame(typ frameType, stream uint32, payload []byte) []byte {
	b := make([]byte, 0, headerSize+len(payload))
	b = header{typ: typ, stream: stream, length: uint32(len(payload))}.append(b)
	return append(b, payload...)
}

// send queues a control frame. It never blocks; it fails when the peer has left
// 8 MiB of them unread.
func (w *writer) send(typ frameType, stream uint32, message any) error {
	return w.sendFrame(frame(typ, stream, marshal(message)))
}

// sendFrame is send for a frame that is encoded already.
func (w *writer) sendFrame(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	if w.backlog += len(b); w.backlog > maxBacklog {
		return fmt.Errorf("%w: peer does not read", ErrStalled)
	}
	w.control = append(w.control, b)
	w.wake.Signal()
	return nil
}

// sendLater queues a frame of which there may be many. They keep their order, but take
// turns with the transfers, so that control frames pass them. Else it is like send.
func (w *writer) sendLater(typ frameType, stream uint32, message any) error {
	b := frame(typ, stream, marshal(message))
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return errClosed
	}
	if w.late.bytes += len(b); w.late.bytes > maxBacklog {
		w.mu.Unlock()
		return fmt.Errorf("%w: peer does not read", ErrStalled)
	}
	w.late.frames = append(w.late.frames, b)
	w.mu.Unlock()
	w.ready(&w.late)
	return nil
}

// later are the frames of sendLater. It is a [frameSource].
type later struct {
	w      *writer
	frames [][]byte // guarded by w.mu
	bytes  int
}

func (l *later) next(int) (head, payload []byte, release func(), ok bool) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if len(l.frames) == 0 {
		return nil, nil, nil, false
	}
	head, l.frames = l.frames[0], l.frames[1:]
	l.bytes -= len(head)
	return head, nil, nil, true
}

// ready says that a source has something to send.
func (w *writer) ready(s frameSource) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, have := range w.sources {
		if have == s {
			return
		}
	}
	w.sources = append(w.sources, s)
	w.wake.Signal()
}

// close makes run return after what is queued as control.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.wake.Signal()
	w.mu.Unlock()
}

// run writes until close or a write fails.
func (w *writer) run() error {
	defer close(w.drained)
	for {
		control, from, ok := w.take()
		for _, b := range control {
			if err := w.write(b); err != nil {
				return err
			}
		}
		if from != nil {
			if err := w.writeFrom(from); err != nil {
				return err
			}
		}
		if !ok {
			return w.flushNow()
		}
		if w.pending >= min(w.link.fragment, wireBuffer) || w.idle() {
			if err := w.flushNow(); err != nil {
				return err
			}
		}
	}
}

// take waits for something to write: all control frames, and the source whose turn it
// is. ok is false after close.
func (w *writer) take() (control [][]byte, from frameSource, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.control) == 0 && len(w.sources) == 0 && !w.closed {
		w.wake.Wait()
	}
	control, w.control, w.backlog = w.control, nil, 0
	if w.closed {
		return control, nil, false
	}
	if len(w.sources) > 0 {
		from = w.sources[0]
		w.sources = append(w.sources[:0], w.sources[1:]...)
	}
	return control, from, true
}

func (w *writer) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.control) == 0 && len(w.sources) == 0
}

func (w *writer) write(b []byte) error {
	n, err := w.out.Write(b)
	w.pending += n
	return err
}

// writeFrom sends one frame of a source and puts it at the end of the line.
func (w *writer) writeFrom(s frameSource) error {
	head, payload, release, ok := s.next(w.link.fragment)
	if !ok {
		w.link.pause()
		return nil
	}
	err := w.write(head)
	if err == nil && len(payload) > 0 {
		err = w.write(payload)
	}
	if release != nil {
		release()
	}
	w.ready(s)
	return err
}

// flushNow hands everything to the socket and learns from how long that took.
func (w *writer) flushNow() error {
	began := time.Now()
	if err := w.out.Flush(); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	now := time.Now()
	w.link.wrote(now, w.pending, now.Sub(began))
	w.pending = 0
	if w.hold != nil {
		w.hold(w.link.fragment / 2)
	}
	return nil
}
