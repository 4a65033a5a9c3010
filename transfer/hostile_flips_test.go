package transfer

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
)

// flipper passes one connection on to addr and changes one bit of what goes there, or
// comes back, behind so many bytes. To TLS that is a packet that was damaged on the way
// and whose checksum is right.
func flipper(t *testing.T, addr netip.AddrPort, after int64, back bool) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	damaged := func(to, from net.Conn) {
		io.CopyN(to, from, after)
		var b [1]byte
		if _, err := io.ReadFull(from, b[:]); err == nil {
			b[0] ^= 1 << (after % 8)
			to.Write(b[:])
		}
		io.Copy(to, from)
		to.Close()
		from.Close()
	}
	intact := func(to, from net.Conn) {
		io.Copy(to, from)
		to.Close()
		from.Close()
	}
	work.Go(func() {
		near, err := ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", addr.String())
		if err != nil {
			near.Close()
			return
		}
		there, here := damaged, intact
		if back {
			there, here = intact, damaged
		}
		work.Go(func() { there(far, near) })
		work.Go(func() { here(near, far) })
	})
	t.Cleanup(func() {
		ln.Close()
		work.Wait()
	})
	return netip.MustParseAddrPort(ln.Addr().String())
}

// TestFlippedOnTheWire damages one bit of each connection, somewhere else each time, in
// the handshake, in control frames or in content, on the way there and back. The connection
// ends; over the next one the transfer goes on, until it is complete. No wrong byte gets on
// the disk, not even into what is unfinished.
func TestFlippedOnTheWire(t *testing.T) {
	tries := 60
	if testing.Short() {
		tries = 12
	}
	p := newPair(t)
	const size = 24*chunkSize + 77
	content := random(size)
	path := write(t, filepath.Join(p.src, "a"), content)
	write(t, filepath.Join(p.src, "f", "small"), []byte("small"))
	out := outgoing(path, filepath.Join(p.src, "f"))
	random := rand.New(rand.NewPCG(7, 7))
	hit, done := 0, false
	for try := 0; try < tries && !done; try++ {
		after, back := random.Int64N(size/16), try%3 == 2
		if back {
			after %= 3000 // less comes back
		}
		s, err := p.a.Connect(t.Context(), p.b.id, []netip.AddrPort{flipper(t, p.b.addr, after, back)})
		if err != nil {
			if !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrInterrupted) {
				t.Fatalf("bit behind %d bytes: Connect = %v", after, err)
			}
			hit++
			continue
		}
		_, err = s.Send(context.Background(), out)
		switch {
		case err == nil: // the damage came too late
			done = true
			s.Close()
		case !errors.Is(err, ErrInterrupted):
			t.Fatalf("bit behind %d bytes, on the way back %v: Send = %v, want ErrInterrupted", after, back, err)
		default:
			hit++
		}
		<-s.Done()
		p.b.until("the end at the receiver", func() bool { return len(p.b.ended) == len(p.b.offers) })
		for _, partial := range p.b.store.all() { // what the journal has is what was sent
			s, err := openStaging(partial)
			if err != nil {
				t.Fatal(err)
			}
			if f := s.earlier.files["a"]; f != nil {
				for chunk, v := range f.all() {
					if v != headOf(content, int64(chunk)).value {
						t.Errorf("chunk %d is taken for right and is not", chunk)
					}
				}
			}
			s.close()
		}
	}
	if hit == 0 {
		t.Fatal("no connection was damaged")
	}
	if !done {
		if _, err := connect(t, p.a, p.b).Send(t.Context(), out); err != nil {
			t.Fatal(err)
		}
	}
	sameTree(t, p.dst, p.src)
	t.Logf("%d connections were damaged", hit)
}

// TestBlackHoles dials a peer whose first addresses take connections and never say a
// word, as those of tunnels and bridges may. The one that answers is not waited for
// behind them: they are still open when the session is there.
func TestBlackHoles(t *testing.T) {
	noLeaks(t)
	a, b := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	var addrs []netip.AddrPort
	var held []net.Conn
	var mu sync.Mutex
	for range 3 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		go func() {
			defer close(over)
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				mu.Lock()
				held = append(held, conn)
				mu.Unlock()
			}
		}()
		t.Cleanup(func() { ln.Close(); <-over })
		addrs = append(addrs, netip.MustParseAddrPort(ln.Addr().String()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), dialLimit/2) // less than one of them would be waited for
	defer cancel()
	s, err := a.Connect(ctx, b.id, append(addrs, b.addr))
	if err != nil || s.Peer().ID != b.id {
		t.Errorf("Connect = %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(held) == 0 {
		t.Error("the first addresses were not tried")
	}
	for _, conn := range held {
		conn.Close()
	}
}
