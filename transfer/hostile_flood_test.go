package transfer

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// piped connects client to a node that trusts it, behind the handshake of TLS. It is called in
// a bubble; served is closed when the node is through with the connection.
func piped(t *testing.T, server, client *Identity) (_ *tls.Conn, served chan struct{}) {
	t.Helper()
	host := &testNode{t: t, level: Paired, change: make(chan struct{})}
	node, err := NewNode(Config{Identity: server, Host: host})
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	served = make(chan struct{})
	go func() {
		defer close(served)
		node.serve(t.Context(), &greeting{conn: far})
	}()
	channel := tls.Client(near, client.tlsConfig(func(ID) error { return nil }))
	if err := channel.Handshake(); err != nil {
		t.Fatal(err)
	}
	return channel, served
}

// TestEmptyFlood lets a paired peer send frames that carry nothing as fast as they are
// taken. They are taken at the rate that is meant for them and no faster, so that the
// cores are left to others. Time is the bubble's: without a limit none of it would pass.
func TestEmptyFlood(t *testing.T) {
	const count = lightBurst + 3*lightRate
	for _, test := range []struct {
		reason string
		frame  []byte
		answer bool
	}{
		{"PINGs", frame(framePing, 0, marshal(&ping{})), true},
		{"PONGs that nobody asked for", frame(framePong, 0, marshal(&ping{})), false},
		{"unknown optional frames without content", header{typ: 0x7f, flags: flagOptional}.append(nil), false},
	} {
		t.Run(test.reason, func(t *testing.T) {
			server, client := newKey(t), newKey(t)
			synctest.Test(t, func(t *testing.T) {
				channel, served := piped(t, server, client)
				answers := make(chan int, 1)
				go func() {
					pongs := 0
					for {
						h, err := readHeader(channel)
						if err == nil {
							_, err = io.CopyN(io.Discard, channel, int64(h.length))
						}
						if err != nil {
							answers <- pongs
							return
						}
						if h.typ == framePong {
							pongs++
						}
					}
				}()
				if _, err := channel.Write(frame(frameHello, 0, marshal(&hello{ID: client.ID()}))); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				batch := make([]byte, 0, 100*len(test.frame))
				for range 100 {
					batch = append(batch, test.frame...)
				}
				for range count / 100 {
					if _, err := channel.Write(batch); err != nil {
						t.Fatalf("the session ended: %v", err)
					}
				}
				// Some are still in the buffers of the reader, and it waits only from brakeFrom on.
				if took := time.Since(began); took < 2*time.Second || took > 4*time.Second {
					t.Errorf("%d frames were taken within %v, want about 3 s", count, took)
				}
				channel.NetConn().Close()
				<-served
				if pongs := <-answers; test.answer && pongs < count*9/10 {
					t.Errorf("%d of %d frames answered", pongs, count)
				}
			})
		})
	}
}

// TestSlowReader asks and asks and never reads an answer. The session ends by itself, and what
// waits for such a peer stays within 8 MiB.
func TestSlowReader(t *testing.T) {
	server, client := newKey(t), newKey(t)
	synctest.Test(t, func(t *testing.T) {
		channel, served := piped(t, server, client)
		said := make(chan error, 1)
		go func() {
			_, err := channel.Write(frame(frameHello, 0, marshal(&hello{ID: client.ID()})))
			said <- err
		}()
		h, err := readHeader(channel)
		if err == nil {
			_, err = io.CopyN(io.Discard, channel, int64(h.length))
		}
		if err = errors.Join(err, <-said); err != nil {
			t.Fatal(err)
		}
		began, asked := time.Now(), 0
		ask := bytes.Repeat(frame(framePing, 0, marshal(&ping{Nonce: 1<<64 - 1})), 100)
		for err == nil && time.Since(began) < time.Hour {
			_, err = channel.Write(ask)
			asked += 100
		}
		if err == nil {
			t.Errorf("after %d questions without an answer being read the session goes on", asked)
		}
		if most := 2 * maxBacklog / len(frame(framePong, 0, marshal(&ping{Nonce: 1<<64 - 1}))); asked > most {
			t.Errorf("%d questions were taken, want less than %d", asked, most)
		}
		channel.NetConn().Close()
		<-served
		t.Logf("ended after %v and %d questions", time.Since(began), asked)
	})
}

// TestFloodBesideTransfer moves a tree while four paired peers flood the receiver with
// PINGs and read what it answers. The tree arrives, and none of the four gets more
// answers than one peer may have.
func TestFloodBesideTransfer(t *testing.T) {
	p := newPair(t)
	p.b.level = Paired
	for i, size := range []int{48 << 20, 9 << 20, 1} {
		write(t, filepath.Join(p.src, "f", string(rune('a'+i))), random(size))
	}
	var flooding sync.WaitGroup
	var over atomic.Bool
	began := time.Now()
	for range 4 {
		f := newPuppet(t, p.b)
		f.session(p.b)
		flood := make([]byte, 0, 64<<10)
		for len(flood) < 48<<10 {
			flood = append(flood, frame(framePing, 0, marshal(&ping{}))...)
		}
		flooding.Go(func() { // ends when its connection is closed
			for !over.Load() {
				f.raw(flood)
			}
		})
		flooding.Go(func() {
			pongs := 0
			for !over.Load() {
				h, _, err := f.hear()
				if err != nil {
					break
				}
				if h.typ == framePong {
					pongs++
				}
			}
			f.wire.Conn.Close()
			most := lightBurst + int(time.Since(began).Seconds()*lightRate) + lightRate
			if pongs > most || pongs == 0 {
				t.Errorf("one peer got %d answers, want some and at most %d", pongs, most)
			}
		})
	}
	out := outgoing(filepath.Join(p.src, "f"))
	report := p.sendOut(t, out)
	took := time.Since(began)
	over.Store(true)
	flooding.Wait()
	if report.Files != 3 || report.Failed != 0 {
		t.Errorf("report = %+v, want 3 files", report)
	}
	sameTree(t, p.dst, p.src)
	t.Logf("%d MiB in %v beside four that flood", out.Progress().Bytes>>20, took.Round(time.Millisecond))
	if left, _ := os.ReadDir(filepath.Join(p.dst, incomingFolder)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
