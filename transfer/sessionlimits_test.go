package transfer

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// puppetFrom connects a puppet from another loopback address and returns it before the node
// has said whether it is taken.
func puppetFrom(t *testing.T, to *testNode, ip net.IP) *puppet {
	t.Helper()
	identity := newKey(t)
	node, err := NewNode(Config{Identity: identity, Host: &testNode{t: t, level: Unknown, change: make(chan struct{})}, Epoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}
	conn, err := d.Dial("tcp", to.addr.String())
	if err != nil {
		t.Skipf("no other loopback addresses here: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	s, err := node.secure(context.Background(), conn, dialling, to.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.greet(false); err != nil {
		t.Fatal(err)
	}
	s.conn.SetDeadline(time.Now().Add(30 * time.Second))
	return &puppet{t, s, identity.ID()}
}

// TestSessionsOfStrangers: eight of one address, 64 in all, and the one above is told that it is
// too many; who leaves makes room.
func TestSessionsOfStrangers(t *testing.T) {
	b := startNode(t, nil, "", nil)
	refused := func(p *puppet, what string) {
		t.Helper()
		if code := p.ended(); code != toCode(ErrTooMany) {
			t.Errorf("%s: BYE %d, want %d", what, code, toCode(ErrTooMany))
		}
	}
	var first *puppet
	for n := range maxSessions {
		p := puppetFrom(t, b, net.IPv4(127, 0, 8, byte(1+n/maxSessionsAddr)))
		p.alive()
		if first == nil {
			first = p
		}
		if n == maxSessionsAddr-1 {
			refused(puppetFrom(t, b, net.IPv4(127, 0, 8, 1)), "the ninth of one address")
		}
	}
	refused(puppetFrom(t, b, net.IPv4(127, 0, 9, 1)), "the 65th of all")
	first.Session.conn.Close()
	eventually(t, "room", func() bool { return b.Session(first.id) == nil })
	puppetFrom(t, b, net.IPv4(127, 0, 9, 1)).alive()
}

// TestIdleSessions end after a minute without offer or message, of paired peers after five.
func TestIdleSessions(t *testing.T) {
	for level, limit := range map[Level]time.Duration{Unknown: idleUnknown, Known: idleUnknown, Paired: idleClose} {
		server, client := newKey(t), newKey(t)
		synctest.Test(t, func(t *testing.T) {
			p, b := bubblePuppet(t, server, client, "")
			defer p.Session.conn.Close()
			b.trust(level)
			begun := time.Now()
			p.conn.SetDeadline(time.Time{})
			over := make(chan struct{})
			var pinging sync.WaitGroup
			pinging.Go(func() { // nothing heard for 15 s would end it too
				for {
					select {
					case <-time.After(7 * time.Second):
						p.raw(frame(framePing, 0, marshal(&ping{})))
					case <-over:
						return
					}
				}
			})
			if code := p.ended(); code != toCode(ErrInterrupted) {
				t.Errorf("level %d: BYE %d", level, code)
			}
			if took := time.Since(begun); took < limit || took > limit+2*time.Second {
				t.Errorf("level %d: ended after %v, want %v", level, took, limit)
			}
			close(over)
			pinging.Wait()
		})
	}
}
