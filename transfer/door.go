package transfer

import (
	"errors"
	"time"
)

// AdmitFrom closes connections that peers below a level open: when the key is proved and
// before anything is said, so that they learn this key and nothing else. Sessions that they
// opened before end when no transfer runs in them. What this side dials is not concerned:
// such a session works in both directions, whoever is at its other end.
func (n *Node) AdmitFrom(least Level) { n.least.Store(int32(least)) }

// errTurnedAway is what the log says about it.
var errTurnedAway = errors.New("not trusted enough to connect")

// welcome reports whether a session with peer may be.
func (n *Node) welcome(peer Peer) bool {
	least := Level(n.least.Load())
	return peer.Dialled || least <= Blocked || n.cfg.Host.Level(peer.ID) >= least // who is blocked is told so
}

// turnAway closes a connection whose TLS handshake is done. The peer sees an orderly end
// and no byte of a frame.
func (n *Node) turnAway(s *Session) {
	s.conn.SetDeadline(time.Now().Add(2 * time.Second))
	s.conn.CloseWrite()
	s.wire.flush()
	closeWrite(s.wire.Conn)
	drain(s.wire.Conn)
	n.hangUp(s)
}

// movingLocked reports whether a transfer runs that was accepted, or that is ours. mu is held.
func (s *Session) movingLocked() bool {
	for _, in := range s.receiving {
		if in.accepted.Load() {
			return true
		}
	}
	return len(s.sending) > 0
}
