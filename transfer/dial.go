package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Connect returns the live session with want, or dials addrs side by side and takes
// the first that proves want (zero: anybody). The error wraps [ErrUnreachable], which may be
// [ErrTurnedAway], [ErrWrongPeer], [ErrSelf], [ErrVersion] or [ErrBlocked].
func (n *Node) Connect(ctx context.Context, want ID, addrs []netip.AddrPort) (*Session, error) {
	if s := n.Session(want); s != nil {
		return s, nil
	}
	if want.IsZero() { // a second session must not push out one that is in use
		s, err := n.dial(ctx, want, addrs, asking)
		if err != nil {
			return nil, err
		}
		n.hangUp(s)
		return n.Connect(ctx, s.peer.ID, []netip.AddrPort{s.peer.Addr})
	}
	for try := 0; ; try++ {
		s, err := n.connectOnce(ctx, want, addrs)
		if err == nil || !errors.Is(err, ErrReplaced) || try == 3 {
			return s, err
		}
		select { // both sides dialled at once, and the session that won ended already
		case <-time.After(time.Duration(try+1) * 50 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (n *Node) connectOnce(ctx context.Context, want ID, addrs []netip.AddrPort) (*Session, error) {
	s, err := n.dial(ctx, want, addrs, dialling)
	if err != nil {
		if have := n.Session(want); have != nil { // the peer was faster
			return have, nil
		}
		return nil, err
	}
	if !n.start(func(context.Context) { n.runSession(s) }) {
		s.wire.Conn.Close()
		return nil, fmt.Errorf("%w: closing", ErrInterrupted)
	}
	return n.settled(ctx, s)
}

// settled waits until s is the session with its peer, or has lost against another one,
// which it returns then.
func (n *Node) settled(ctx context.Context, s *Session) (*Session, error) {
	select {
	case <-s.entered:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if have := n.Session(s.peer.ID); have != nil {
		return have, nil
	}
	return nil, interrupted(cmpError(s.failure(), ErrInterrupted))
}

// Prove dials addr, shakes hands and hangs up: who is there. Errors as of
// [Node.Connect].
func (n *Node) Prove(ctx context.Context, addr netip.AddrPort, want ID) (Peer, error) {
	s, err := n.dial(ctx, want, []netip.AddrPort{addr}, asking)
	if err != nil {
		return Peer{}, err
	}
	n.hangUp(s)
	return s.peer, nil
}

// dial tries all addresses, each a little later than the one before, and returns the
// first that shakes hands.
func (n *Node) dial(ctx context.Context, want ID, addrs []netip.AddrPort, how handshakeKind) (*Session, error) {
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w: no address known", ErrUnreachable)
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	type result struct {
		s   *Session
		err error
	}
	results := make(chan result, len(addrs))
	for i, addr := range addrs {
		go func() {
			select {
			case <-time.After(time.Duration(i) * dialStagger):
			case <-ctx.Done():
			}
			s, err := n.dialOne(ctx, want, addr, how)
			results <- result{s, err}
		}()
	}
	var best error
	for i := range addrs {
		r := <-results
		if r.err == nil {
			cancel()
			for range len(addrs) - i - 1 { // they end with ctx
				if late := <-results; late.err == nil {
					n.hangUp(late.s)
				}
			}
			if err := r.s.greet(how == asking); err != nil {
				n.hangUp(r.s)
				return nil, dialError(r.s.peer.Addr, err)
			}
			return r.s, nil
		}
		best = worseFirst(best, r.err)
	}
	return nil, best
}

// worseFirst prefers the error that tells most about why nobody answered.
func worseFirst(a, b error) error {
	for _, known := range tellingErrors {
		if errors.Is(a, known) {
			return a
		}
		if errors.Is(b, known) {
			return b
		}
	}
	return cmpError(a, b)
}

func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (n *Node) dialOne(ctx context.Context, want ID, addr netip.AddrPort, how handshakeKind) (*Session, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	s, err := n.secure(ctx, conn, how, want)
	if err != nil {
		conn.Close()
		return nil, dialError(addr, err)
	}
	return s, nil
}

// dialError makes everything [ErrUnreachable] that says nothing more precise.
func dialError(addr netip.AddrPort, err error) error {
	for _, known := range tellingErrors {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %w", addr, err)
		}
	}
	return fmt.Errorf("%w: %s: %w", ErrUnreachable, addr, err)
}

// tellingErrors say more about a failed dial than that nobody answered.
var tellingErrors = []error{ErrWrongPeer, ErrSelf, ErrBlocked, ErrVersion, ErrProtocol, ErrTurnedAway}
