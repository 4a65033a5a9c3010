package transfer

import (
	"bytes"
	"net"
	"testing"
	"time"
)

// bubbleConn is one end of a connection inside a bubble of testing/synctest, where a
// socket would stop the clock. Writes do not wait for the reader.
type bubbleConn struct {
	net.Conn
	out  chan []byte
	over chan struct{} // closed with the connection
}

func newBubbleConn(conn net.Conn) *bubbleConn {
	c := &bubbleConn{Conn: conn, out: make(chan []byte, 1000), over: make(chan struct{})}
	go func() {
		for {
			select {
			case b := <-c.out:
				if _, err := c.Conn.Write(b); err != nil {
					return
				}
			case <-c.over:
				return
			}
		}
	}()
	return c
}

func (c *bubbleConn) Write(b []byte) (int, error) {
	select {
	case c.out <- bytes.Clone(b):
		return len(b), nil
	case <-c.over:
		return 0, net.ErrClosed
	}
}

func (c *bubbleConn) Close() error {
	err := c.Conn.Close()
	select {
	case <-c.over:
	default:
		close(c.over)
	}
	return err
}

// bubblePuppet makes a node that receives into dir, and a puppet connected with it, inside
// a bubble. The test closes the puppet's connection at its end.
func bubblePuppet(t *testing.T, server, client *Identity, dir string) (*puppet, *testNode) {
	t.Helper()
	b := &testNode{t: t, id: server.ID(), dir: dir, store: &memoryPartials{}, level: Unknown, change: make(chan struct{})}
	var err error
	if b.Node, err = NewNode(Config{Identity: server, Host: b, Partials: b.store}); err != nil {
		t.Fatal(err)
	}
	other, err := NewNode(Config{Identity: client, Host: &testNode{t: t, level: Unknown, change: make(chan struct{})}, Epoch: uint64(time.Now().UnixNano())})
	if err != nil {
		t.Fatal(err)
	}
	b.first.Store(window) // as other puppets have it
	pipe, far := net.Pipe()
	near := newBubbleConn(pipe)
	go b.Node.serve(t.Context(), &greeting{conn: newBubbleConn(far)})
	s, err := other.secure(t.Context(), near, dialling, server.ID())
	if err == nil {
		err = s.greet(false)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &puppet{t, s, client.ID()}, b
}
