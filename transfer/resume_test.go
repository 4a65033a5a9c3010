package transfer

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// cutAt sends out through a relay that cuts the connection after so many bytes, and
// ends the receiver.
func cutAt(t *testing.T, a, b *testNode, out *Outgoing, after int64) {
	t.Helper()
	s, err := a.Connect(t.Context(), b.id, []netip.AddrPort{relay(t, b.addr, after)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), out); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("Send over a cut connection = %v, want ErrInterrupted", err)
	}
	b.until("Ended", func() bool { return len(b.ended) == 1 })
	b.stop()
}

// relay passes connections on to addr and cuts each once after bytes have gone there.
func relay(t *testing.T, addr netip.AddrPort, after int64) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr.String())
			if err != nil {
				near.Close()
				continue
			}
			work.Go(func() {
				io.CopyN(far, near, after)
				near.Close()
				far.Close()
			})
			work.Go(func() { io.Copy(near, far) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		work.Wait()
	})
	return netip.MustParseAddrPort(ln.Addr().String())
}

func TestResume(t *testing.T) {
	const size = 48 * chunkSize
	tests := []struct {
		name   string
		change func(t *testing.T, source, staged string)
		resent int64 // more bytes than these are not carried in both runs together
	}{
		{"as it was", nil, 8 << 20},
		{"a bit flipped on disk", func(t *testing.T, _, staged string) {
			f, err := os.OpenFile(staged, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b := make([]byte, 1)
			f.ReadAt(b, 2*chunkSize+77)
			b[0] ^= 4
			f.WriteAt(b, 2*chunkSize+77)
		}, 9 << 20},
		{"journal gone", func(t *testing.T, _, staged string) {
			if err := os.Remove(filepath.Join(filepath.Dir(staged), "..", "journal")); err != nil {
				t.Fatal(err)
			}
		}, size},
		{"journal is garbage", func(t *testing.T, _, staged string) {
			write(t, filepath.Join(filepath.Dir(staged), "..", "journal"), random(5000))
		}, size},
		{"partial deleted", func(t *testing.T, _, staged string) {
			if err := os.RemoveAll(filepath.Join(filepath.Dir(staged), "..")); err != nil {
				t.Fatal(err)
			}
		}, size},
		{"partial is a folder now", func(t *testing.T, _, staged string) {
			os.Remove(staged)
			write(t, filepath.Join(staged, "x"), nil)
		}, size},
		{"source changed in place", func(t *testing.T, source, _ string) {
			f, err := os.OpenFile(source, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.WriteAt([]byte("changed"), chunkSize+5)
		}, 9 << 20},
		{"source grew", func(t *testing.T, source, _ string) {
			f, err := os.OpenFile(source, os.O_WRONLY|os.O_APPEND, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			f.Write(random(100))
		}, size},
		{"source shrank", func(t *testing.T, source, _ string) {
			if err := os.Truncate(source, 3*chunkSize+9); err != nil {
				t.Fatal(err)
			}
		}, size},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src, dst := t.TempDir(), t.TempDir()
			source := write(t, filepath.Join(src, "big.bin"), random(size))
			a := startNode(t, nil, "", nil)
			identity, store := newKey(t), &memoryPartials{}
			b := startNode(t, identity, dst, store)
			out := outgoing(source)
			cutAt(t, a, b, out, size/2)
			first := out.Progress().Wire
			if store.count() != 1 {
				t.Fatalf("%d partials remembered, want 1", store.count())
			}
			for _, p := range store.all() {
				if test.change != nil {
					test.change(t, source, filepath.Join(p.Staging, "tree", "big.bin"))
				}
			}
			b = startNode(t, identity, dst, store)
			b.decide = func(context.Context, *Incoming) Decision {
				if test.name != "source grew" {
					t.Error("a transfer that was accepted asks again")
				}
				return Decision{Accept: true, Folder: dst}
			}
			if _, err := connect(t, a, b).Send(t.Context(), out); err != nil {
				t.Fatal(err)
			}
			sameTree(t, dst, src)
			if mine, theirs := out.Progress().Resumed, b.offers[0].Progress().Resumed; mine != theirs || test.change == nil && mine < size/2-8<<20 {
				t.Errorf("resumed %d bytes as the sender sees it, %d as the receiver does", mine, theirs)
			}
			info, err := os.Stat(source)
			if err != nil {
				t.Fatal(err)
			}
			wire := first + out.Progress().Wire
			if resent := wire - info.Size(); resent > test.resent {
				t.Errorf("%d bytes carried twice, want at most %d", resent, test.resent)
			}
		})
	}
}

func TestResumeFolderThatLostAFile(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	root := filepath.Join(src, "f")
	write(t, filepath.Join(root, "a"), random(2*chunkSize))
	write(t, filepath.Join(root, "gone", "b"), []byte("b"))
	write(t, filepath.Join(root, "z"), random(30*chunkSize))
	a := startNode(t, nil, "", nil)
	identity, store := newKey(t), &memoryPartials{}
	b := startNode(t, identity, dst, store)
	out := outgoing(root)
	cutAt(t, a, b, out, 15*chunkSize)
	if err := os.RemoveAll(filepath.Join(root, "gone")); err != nil {
		t.Fatal(err)
	}
	b = startNode(t, identity, dst, store)
	if _, err := connect(t, a, b).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	sameTree(t, dst, src)
}

func TestOthersDoNotSeeAPartial(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	source := write(t, filepath.Join(src, "big.bin"), random(24*chunkSize))
	a, c := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	identity, store := newKey(t), &memoryPartials{}
	b := startNode(t, identity, dst, store)
	cutAt(t, a, b, outgoing(source), 12*chunkSize)
	b = startNode(t, identity, dst, store)
	out := outgoing(source) // the same file, the same secret, another key
	if _, err := connect(t, c, b).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if p := out.Progress(); p.Resumed != 0 || p.Wire != 24*chunkSize {
		t.Errorf("a stranger resumed somebody else's partial: %+v", p)
	}
	if store.count() != 1 {
		t.Errorf("%d partials left, want the one of the first sender", store.count())
	}
}

func TestCancelAndDecline(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	source := write(t, filepath.Join(src, "big.bin"), random(64*chunkSize))
	empty := func(t *testing.T, b *testNode) {
		t.Helper()
		b.until("Ended", func() bool { return len(b.ended) == 1 })
		if entries, _ := os.ReadDir(dst); len(entries) != 0 || b.store.count() != 0 {
			t.Errorf("left behind: %v, %v", entries, b.store.all())
		}
	}
	t.Run("declined", func(t *testing.T) {
		a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
		b.decide = func(context.Context, *Incoming) Decision { return Decision{} }
		if _, err := connect(t, a, b).Send(t.Context(), outgoing(source)); !errors.Is(err, ErrDeclined) {
			t.Errorf("Send = %v, want ErrDeclined", err)
		}
		empty(t, b)
	})
	t.Run("nobody to ask", func(t *testing.T) {
		a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
		b.decide = func(context.Context, *Incoming) Decision { return Decision{Reason: ErrNobody} }
		if _, err := connect(t, a, b).Send(t.Context(), outgoing(source)); !errors.Is(err, ErrNobody) {
			t.Errorf("Send = %v, want ErrNobody", err)
		}
		empty(t, b)
	})
	t.Run("withdrawn before the answer", func(t *testing.T) {
		a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		b.decide = func(offered context.Context, in *Incoming) Decision {
			cancel(ErrCancelled)
			<-offered.Done()
			return Decision{Accept: true, Folder: dst} // the user clicks too late
		}
		if _, err := connect(t, a, b).Send(ctx, outgoing(source)); !errors.Is(err, ErrCancelled) {
			t.Errorf("Send = %v, want ErrCancelled", err)
		}
		empty(t, b)
		if err := b.ended[0].err; !errors.Is(err, ErrPeerCancel) {
			t.Errorf("receiver = %v, want ErrPeerCancel", err)
		}
	})
	t.Run("by the sender while running", func(t *testing.T) {
		a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			b.until("offer", func() bool { return len(b.offers) > 0 })
			for b.offers[0].Progress().Stored == 0 {
			}
			cancel(ErrCancelled)
		}()
		if _, err := connect(t, a, b).Send(ctx, outgoing(source)); !errors.Is(err, ErrCancelled) {
			t.Errorf("Send = %v, want ErrCancelled", err)
		}
		empty(t, b)
	})
	t.Run("by the receiver while running", func(t *testing.T) {
		a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
		go func() {
			b.until("offer", func() bool { return len(b.offers) > 0 })
			for b.offers[0].Progress().Stored == 0 {
			}
			b.offers[0].Cancel()
		}()
		if _, err := connect(t, a, b).Send(t.Context(), outgoing(source)); !errors.Is(err, ErrPeerCancel) {
			t.Errorf("Send = %v, want ErrPeerCancel", err)
		}
		empty(t, b)
	})
}
