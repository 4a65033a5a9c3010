package transfer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// handshakeKind says who we are in a handshake.
type handshakeKind uint8

const (
	listening handshakeKind = iota
	dialling
	asking // dialling, only to learn who is there
)

// secure runs TLS on a new connection. want is the ID that must answer (zero:
// anybody). It and the exchange of hellos that must follow are bounded by 10 s.
func (n *Node) secure(ctx context.Context, conn net.Conn, how handshakeKind, want ID) (*Session, error) {
	limit := time.Now().Add(handshakeLimit)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(limit) {
		limit = deadline
	}
	conn.SetDeadline(limit)
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	w := newWire(conn)
	var id ID
	config := n.cfg.Identity.tlsConfig(func(proved ID) error {
		id = proved
		switch {
		case proved == n.cfg.Identity.ID():
			return ErrSelf
		case !want.IsZero() && proved != want:
			return ErrWrongPeer
		}
		return nil
	})
	var channel *tls.Conn
	if how != listening {
		channel = tls.Client(w, config)
	} else {
		config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			n.hearVersions(remote(conn), h.SupportedProtos)
			return nil, nil
		}
		channel = tls.Server(w, config)
	}
	if err := n.shake(ctx, channel, w); err != nil {
		return nil, err
	}
	w.startGathering()
	peer := Peer{ID: id, Addr: remote(conn), Dialled: how != listening}
	s := newSession(n, channel, w, peer)
	return s, nil
}

// hearVersions looks at the protocols of somebody who dials, and tells when there are versions
// of ours among them but not this one.
func (n *Node) hearVersions(from netip.AddrPort, protocols []string) {
	other, newer := false, false
	for _, protocol := range protocols {
		if protocol == alpn {
			return
		}
		number, ours := strings.CutPrefix(protocol, alpnPrefix)
		if version, err := strconv.ParseUint(number, 10, 16); ours && err == nil {
			other, newer = true, newer || version > majorVersion
		}
	}
	if other {
		n.cfg.Host.OtherVersion(from, newer)
	}
}

// shake runs the TLS handshake; at most NumCPU of them compute at a time.
func (n *Node) shake(ctx context.Context, conn *tls.Conn, w *wire) error {
	select {
	case n.shaking <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	w.place = n.shaking
	err := conn.HandshakeContext(ctx)
	w.place = nil
	<-n.shaking
	if noCommonProtocol(err) {
		return fmt.Errorf("%w: %w", ErrVersion, err)
	}
	return err
}

// noCommonProtocol reports whether the other side broke the handshake off because it
// speaks none of our protocols. The alert has a type of its own inside crypto/tls: only
// its text tells.
func noCommonProtocol(err error) bool {
	remote, ok := errors.AsType[*net.OpError](err)
	return ok && remote.Op == "remote error" && remote.Err.Error() == tls.AlertError(120).Error()
}

// greet sends our hello and reads the peer's. With it, and not before, the peer's node
// takes the session.
func (s *Session) greet(ask bool) error {
	self := s.node.self()
	if ask {
		self = Self{} // who only asks does not say who it is; its key is enough
	}
	mine := hello{ID: s.node.cfg.Identity.ID(), Minor: minorVersion, Epoch: s.node.cfg.Epoch, Name: self.Name,
		System: self.System, Version: self.Version, Port: self.Port, Clock: time.Now().UnixMilli(), Ask: ask}
	if !ask && s.node.gossips.Load() && s.node.cfg.Host.Level(s.peer.ID) >= Paired {
		mine.Caps |= capGossip
	}
	if _, err := s.conn.Write(frame(frameHello, 0, marshal(&mine))); err != nil {
		return err
	}
	if err := s.wire.flush(); err != nil {
		return err
	}
	h, err := readHeader(s.conn)
	if err == io.EOF && s.peer.Dialled {
		return ErrTurnedAway
	}
	if err != nil {
		return err
	}
	if h.typ != frameHello || h.stream != 0 || h.length > maxHello {
		return fmt.Errorf("%w: frame %#02x of %d bytes instead of HELLO", ErrProtocol, byte(h.typ), h.length)
	}
	payload := make([]byte, h.length)
	if _, err := io.ReadFull(s.conn, payload); err != nil {
		return err
	}
	var theirs hello
	if err := unmarshal(payload, &theirs); err != nil {
		return err
	}
	if theirs.ID != s.peer.ID {
		return fmt.Errorf("%w: HELLO names another device than the key", ErrProtocol)
	}
	s.peer.Self = Self{Name: theirs.Name, System: theirs.System, Version: theirs.Version, Port: theirs.Port}
	s.peer.Epoch = theirs.Epoch
	s.asked = theirs.Ask
	s.peer.Gossip = theirs.Caps&capGossip != 0
	s.peer.Skew = time.Until(time.UnixMilli(theirs.Clock))
	return s.wire.SetDeadline(time.Time{})
}

// minorVersion of protocol 1. Peers use what both know.
const minorVersion = 0

func remote(conn net.Conn) netip.AddrPort {
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		ap := tcp.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
