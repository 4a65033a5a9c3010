package transfer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Close says goodbye and ends the session; its transfers end with [ErrInterrupted].
func (s *Session) Close() error {
	s.bye(fmt.Errorf("%w: closed by this side", ErrInterrupted))
	return nil
}

// bye sends the reason and closes once the peer has it, or after two seconds. While the
// session's reader runs, it must be another goroutine that calls bye.
func (s *Session) bye(why error) {
	s.sayBye(why)
	select { // the peer hangs up when it has read so far
	case <-s.done:
	case <-time.After(time.Second):
	}
	s.fail(why)
}

// byeFromReader is bye for the session's own reader.
func (s *Session) byeFromReader(why error) {
	s.sayBye(why)
	drain(s.wire.Conn)
	s.fail(why)
}

func (s *Session) sayBye(why error) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = why
	}
	s.mu.Unlock()
	s.out.send(frameBye, 0, &status{Code: toCode(why), Text: clip(cause(why), maxText)})
	s.out.close()
	select {
	case <-s.out.drained:
	case <-time.After(time.Second):
	}
	closeWrite(s.wire.Conn)
}

// closeWrite tells the peer that nothing follows. A connection that is closed with
// bytes unread is reset instead, and what was sent last can be lost with that.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// drain reads what the peer still sends until it hangs up, for a second at most.
func drain(conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(time.Second))
	io.CopyN(io.Discard, conn, maxLate)
}

// fail ends the session at once; the first reason counts.
func (s *Session) fail(why error) {
	s.mu.Lock()
	if s.cause == nil {
		s.cause = why
	}
	s.mu.Unlock()
	s.out.close()
	s.wire.Conn.Close()
}

func (s *Session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// lost makes an error of the network an [ErrInterrupted].
func lost(err error) error {
	for _, known := range []error{ErrProtocol, ErrInterrupted, ErrBlocked, ErrStalled, ErrTooMany} {
		if errors.Is(err, known) {
			return err
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("%w: connection closed", ErrInterrupted)
	}
	return fmt.Errorf("%w: %w", ErrInterrupted, err)
}

// interrupted is what the end of a session means to its transfers.
func interrupted(err error) error {
	if errors.Is(err, ErrInterrupted) {
		return err
	}
	return fmt.Errorf("%w: session ended: %w", ErrInterrupted, err)
}

func (s *Session) onBye(payload []byte) error {
	var m status
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	why := fromCode(m.Code)
	if errors.Is(why, ErrInterrupted) {
		return fmt.Errorf("%w: peer closed: %q", why, m.Text)
	}
	return fmt.Errorf("%w: peer closed: %w: %q", ErrInterrupted, why, m.Text)
}
