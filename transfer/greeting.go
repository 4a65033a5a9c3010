package transfer

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// greeting is a connection that has not proved anything yet.
type greeting struct {
	conn   net.Conn
	addr   netip.Addr
	paired bool
}

// admitGreeting makes room for a connection that has proved nothing: the oldest such
// one is closed when there are too many, of its own address first. Connections from
// addresses of paired peers have slots of their own.
func (n *Node) admitGreeting(conn net.Conn) *greeting {
	addr := remote(conn).Addr()
	g := &greeting{conn: conn, addr: addr, paired: n.pairedAddr(addr)}
	n.mu.Lock()
	defer n.mu.Unlock()
	same, others := 0, 0
	for _, have := range n.greeting {
		if have.addr == addr {
			same++
		}
		if have.paired == g.paired {
			others++
		}
	}
	limit := maxHandshakes
	if g.paired {
		limit = extraHandshakes
	}
	switch {
	case same >= maxPerAddress:
		n.dropOldestLocked(func(have *greeting) bool { return have.addr == addr })
	case others >= limit:
		n.dropOldestLocked(func(have *greeting) bool { return have.paired == g.paired })
	}
	n.greeting = append(n.greeting, g)
	return g
}

func (n *Node) dropOldestLocked(match func(*greeting) bool) {
	for i, g := range n.greeting {
		if match(g) {
			g.conn.Close()
			n.greeting = append(n.greeting[:i], n.greeting[i+1:]...)
			return
		}
	}
}

// pairedAddr reports whether a paired peer is connected from addr.
func (n *Node) pairedAddr(addr netip.Addr) bool {
	n.mu.Lock()
	var ids []ID
	for id, s := range n.sessions {
		if s.peer.Addr.Addr() == addr {
			ids = append(ids, id)
		}
	}
	n.mu.Unlock()
	for _, id := range ids {
		if n.cfg.Host.Level(id) >= Paired {
			return true
		}
	}
	return false
}

func (n *Node) greeted(g *greeting) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, have := range n.greeting {
		if have == g {
			n.greeting = append(n.greeting[:i], n.greeting[i+1:]...)
			return
		}
	}
}

// serve shakes hands with a connection that we accepted and runs its session, if its key
// is let in.
func (n *Node) serve(ctx context.Context, g *greeting) {
	s, err := n.secure(ctx, g.conn, listening, ID{})
	if err == nil && !n.welcome(s.peer) {
		n.turnAway(s)
		err = errTurnedAway
	}
	if err == nil {
		err = s.greet(false)
	}
	n.greeted(g)
	if err != nil {
		n.log.Debug("handshake", "from", g.conn.RemoteAddr(), "err", fmt.Sprintf("%.300q", err.Error()))
		g.conn.Close()
		return
	}
	if s.asked {
		n.hangUp(s)
		return
	}
	n.runSession(s)
}

// hangUp closes a session that was never entered.
func (n *Node) hangUp(s *Session) {
	s.wire.flush()
	s.conn.Close()
	close(s.done)
}

// serveBye tells the peer why there is no session and hangs up.
func (n *Node) serveBye(s *Session, why error) {
	s.conn.SetDeadline(time.Now().Add(2 * time.Second))
	s.conn.Write(frame(frameBye, 0, marshal(&status{Code: toCode(why), Text: clip(why.Error(), maxText)})))
	s.wire.flush()
	closeWrite(s.wire.Conn)
	drain(s.wire.Conn)
	n.hangUp(s)
}

// census counts sessions with peers below paired.
type census struct{ all, sameAddr int }

func (n *Node) strangers(s *Session) census {
	n.mu.Lock()
	peers := make([]Peer, 0, len(n.sessions))
	for id, have := range n.sessions {
		if id != s.peer.ID {
			peers = append(peers, have.peer)
		}
	}
	n.mu.Unlock()
	var c census
	for _, peer := range peers {
		if n.cfg.Host.Level(peer.ID) < Paired {
			c.all++
			if peer.Addr.Addr() == s.peer.Addr.Addr() {
				c.sameAddr++
			}
		}
	}
	return c
}
