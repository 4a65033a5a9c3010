package transfer

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// recorded keeps what a client writes.
type recorded struct {
	net.Conn
	mu  sync.Mutex
	out []byte
}

func (r *recorded) Write(b []byte) (int, error) {
	r.mu.Lock()
	r.out = append(r.out, b...)
	r.mu.Unlock()
	return r.Conn.Write(b)
}

// TestReplayedSession sends a whole recorded session once more: its handshake, hello, offer and
// data. It proves nothing to a connection that was made later.
func TestReplayedSession(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	identity := newKey(t)
	node, err := NewNode(Config{Identity: identity, Host: &testNode{t: t, level: Unknown, change: make(chan struct{})}, Epoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	tape := &recorded{Conn: dialNode(t, b)}
	s, err := node.secure(context.Background(), tape, dialling, b.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.greet(false); err != nil {
		t.Fatal(err)
	}
	p := &puppet{t, s, identity.ID()}
	p.say(framePair, 0, &pairBegin{Attempt: [16]byte{1}})
	p.expect(framePairNonce, &pairNonce{})
	p.say(frameChat, 0, &chat{ID: [16]byte{1}, Conv: []byte{}, Body: "recorded"})
	b.until("the message", func() bool { return len(b.chats) == 1 })
	s.conn.Close()
	eventually(t, "the end of the session", func() bool { return b.Session(p.id) == nil })

	conn := dialNode(t, b)
	tape.mu.Lock()
	conn.Write(tape.out)
	tape.mu.Unlock()
	if n, err := io.Copy(io.Discard, conn); err != nil && n == 0 {
		t.Logf("the end of the replay: %v", err) // reset, since some of it was not read
	}
	if b.Session(p.id) != nil {
		t.Error("a recording became a session")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.chats) != 1 || len(b.shown) != 1 {
		t.Errorf("%d messages and %d pairings after it, want one each", len(b.chats), len(b.shown))
	}
}

// TestIdleConnections opens very many connections that say nothing, from one address and from
// 256, and goes on while somebody whom the user has paired with connects.
func TestIdleConnections(t *testing.T) {
	count := 500
	if os.Getenv("YONDER_LARGE") != "" {
		count = 10_000
	}
	for _, addresses := range []int{1, 256} {
		b := startNode(t, nil, "", nil)
		b.trust(Paired)
		a := startNode(t, nil, "", nil)
		a.trust(Paired)
		before := runtime.NumGoroutine()
		var conns []net.Conn
		open := func(n int) error {
			var host [4]byte
			binary.BigEndian.PutUint32(host[:], 127<<24+1<<16+uint32(n%addresses)+1)
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: host[:]}, Timeout: 5 * time.Second}
			conn, err := d.Dial("tcp", b.addr.String())
			if err == nil {
				conns = append(conns, conn)
			}
			return err
		}
		for n := range count {
			if err := open(n); err != nil {
				t.Skipf("%d connections from %d addresses: %v", n, addresses, err)
			}
		}
		b.Node.mu.Lock()
		waiting := len(b.greeting)
		b.Node.mu.Unlock()
		if most := min(maxHandshakes, addresses*maxPerAddress); waiting > most+extraHandshakes {
			t.Errorf("%d connections from %d addresses: %d wait, at most %d may", count, addresses, waiting, most)
		}
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { // a hundred more in a second
			defer close(stopped)
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					open(n)
				}
			}
		}()
		begun := time.Now()
		for tries := 1; ; tries++ {
			s, err := a.Connect(t.Context(), b.id, []netip.AddrPort{b.addr})
			if err == nil {
				t.Logf("%d idle connections from %d addresses, and more: connected after %v, %d tries", count, addresses, time.Since(begun).Round(time.Millisecond), tries)
				s.Close()
				break
			}
			if time.Since(begun) > 30*time.Second {
				t.Fatalf("somebody paired does not get in: %v", err)
			}
		}
		close(stop)
		<-stopped
		for _, conn := range conns {
			conn.Close()
		}
		eventually(t, "the goroutines of all these connections to end", func() bool { return runtime.NumGoroutine() <= before })
		a.stop()
		b.stop()
	}
}
