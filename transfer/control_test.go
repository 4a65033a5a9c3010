package transfer

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// running starts a transfer of size bytes that is slow enough to be worked on, and
// returns it with its incoming side once a part has come.
func running(t *testing.T, p *pair, size int) (out *Outgoing, in *Incoming, result chan error) {
	t.Helper()
	offered := make(chan *Incoming, 1)
	p.b.deciding(func(_ context.Context, in *Incoming) Decision {
		offered <- in
		return Decision{Accept: true, Folder: p.dst}
	})
	out = outgoing(write(t, filepath.Join(p.src, "a"), random(size)))
	out.SetRate(16 << 20)
	result = make(chan error, 1)
	s := connect(t, p.a, p.b)
	go func() {
		_, err := s.Send(t.Context(), out)
		result <- err
	}()
	in = <-offered
	eventually(t, "a part came", func() bool { return in.Progress().Wire > chunkSize })
	return out, in, result
}

// TestPause pauses from either side and from both: nothing moves until neither does.
func TestPause(t *testing.T) {
	for _, test := range []struct {
		reason   string
		by, them bool
	}{{"the sender", true, false}, {"the receiver", false, true}, {"both", true, true}} {
		t.Run(test.reason, func(t *testing.T) {
			p := newPair(t)
			out, in, result := running(t, p, 24*chunkSize)
			if test.by {
				out.Pause(true)
			}
			if test.them {
				in.Pause(true)
			}
			eventually(t, "both know", func() bool {
				a, b := out.Progress(), in.Progress()
				return a.Paused == test.by && b.Waiting == test.by && b.Paused == test.them && a.Waiting == test.them
			})
			time.Sleep(20 * time.Millisecond) // what was on its way
			before := in.Progress().Wire
			out.SetRate(0)
			time.Sleep(50 * time.Millisecond)
			if after := in.Progress().Wire; after != before {
				t.Errorf("%d bytes came while it was paused", after-before)
			}
			select {
			case err := <-result:
				t.Fatalf("the paused transfer ended: %v", err)
			default:
			}
			if test.by && test.them {
				out.Pause(false)
				eventually(t, "the receiver knows", func() bool { return !in.Progress().Waiting })
				if after := in.Progress().Wire; after != before {
					t.Errorf("%d bytes came while the receiver paused", after-before)
				}
			}
			out.Pause(false)
			in.Pause(false)
			if err := <-result; err != nil {
				t.Fatal(err)
			}
			want, _ := os.ReadFile(filepath.Join(p.src, "a"))
			if got, _ := os.ReadFile(filepath.Join(p.dst, "a")); !bytes.Equal(got, want) {
				t.Error("the file is damaged")
			}
		})
	}
}

// TestPausedBeforeAccept: who pauses while the other side is still asked gets a transfer
// that is accepted and does not move.
func TestPausedBeforeAccept(t *testing.T) {
	p := newPair(t)
	out := outgoing(write(t, filepath.Join(p.src, "a"), random(16*chunkSize)))
	out.Pause(true)
	result := make(chan error, 1)
	s := connect(t, p.a, p.b)
	go func() {
		_, err := s.Send(t.Context(), out)
		result <- err
	}()
	eventually(t, "accepted", func() bool { return out.Progress().Phase == Moving && out.Progress().Paused })
	time.Sleep(30 * time.Millisecond)
	if got := out.Progress().Wire; got != 0 {
		t.Errorf("%d bytes left while it was paused", got)
	}
	out.Pause(false)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

// TestLeaveOut takes single files out of a running transfer, from either side.
func TestLeaveOut(t *testing.T) {
	for _, by := range []string{"sender", "receiver"} {
		t.Run(by, func(t *testing.T) {
			p := newPair(t)
			write(t, filepath.Join(p.src, "f", "a"), random(8*chunkSize))
			write(t, filepath.Join(p.src, "f", "b"), random(8*chunkSize))
			write(t, filepath.Join(p.src, "f", "c"), []byte("small"))
			offered := make(chan *Incoming, 1)
			p.b.deciding(func(_ context.Context, in *Incoming) Decision {
				offered <- in
				return Decision{Accept: true, Folder: p.dst}
			})
			out := outgoing(filepath.Join(p.src, "f"))
			out.SetRate(8 << 20)
			s := connect(t, p.a, p.b)
			type result struct {
				report Report
				err    error
			}
			ended := make(chan result, 1)
			go func() {
				report, err := s.Send(t.Context(), out)
				ended <- result{report, err}
			}()
			in := <-offered
			eventually(t, "a part came", func() bool { return in.Progress().Wire > chunkSize })
			if files := out.Files(0, 10); len(files) != 3 || files[1].Path != "f/b" || files[1].State != FileWaiting {
				t.Fatalf("files = %+v", files)
			}
			if by == "sender" {
				out.LeaveOut(2)
			} else {
				in.LeaveOut(2)
			}
			eventually(t, "both know", func() bool {
				a, b := out.Files(2, 1), in.Files(2, 1)
				return len(a) == 1 && len(b) == 1 && a[0].State == FileLeftOut && b[0].State == FileLeftOut
			})
			out.SetRate(0)
			got := <-ended
			if got.err != nil || got.report.Files != 2 || got.report.Failed != 0 || got.report.SkipCount != 1 {
				t.Fatalf("report = %+v, %v; want two files and one left out", got.report, got.err)
			}
			onlyThese(t, p.dst, "f/a", "f/c")
		})
	}
}

// TestLeftOutStaysOut: what was left out stays so when the transfer is interrupted and
// goes on.
func TestLeftOutStaysOut(t *testing.T) {
	p := newPair(t)
	write(t, filepath.Join(p.src, "f", "a"), random(8*chunkSize))
	write(t, filepath.Join(p.src, "f", "b"), random(8*chunkSize))
	write(t, filepath.Join(p.src, "f", "c"), []byte("small"))
	out := outgoing(filepath.Join(p.src, "f"))
	out.SetRate(8 << 20)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	s := connect(t, p.a, p.b)
	go func() {
		_, err := s.Send(ctx, out)
		result <- err
	}()
	eventually(t, "a part to come", func() bool { return out.Progress().Stored > chunkSize })
	out.LeaveOut(2)
	out.LeaveOut(3)
	cancel()
	if err := <-result; err == nil {
		t.Fatal("the interrupted transfer succeeded")
	}
	p.b.until("the receiver to know of it", func() bool { return len(p.b.ended) == 1 })
	out.SetRate(0)
	report := p.sendOut(t, out)
	if report.Files != 1 || report.SkipCount != 2 || report.Failed != 0 {
		t.Errorf("report = %+v, want one file and two left out", report)
	}
	onlyThese(t, p.dst, "f/a")
}

// TestRateLimits counts the bytes of a limited transfer over some time. The bound is
// wide: what it must show is that there is one, at each place where one can be set.
func TestRateLimits(t *testing.T) {
	const limit = 4 << 20
	for name, set := range map[string]func(p *pair, out *Outgoing, d *Decision){
		"the transfer, at the sender":   func(_ *pair, out *Outgoing, _ *Decision) { out.SetRate(limit) },
		"all transfers of the sender":   func(p *pair, _ *Outgoing, _ *Decision) { p.a.Node.SetRate(limit, 0) },
		"the transfer, at the receiver": func(_ *pair, _ *Outgoing, d *Decision) { d.Rate = limit },
		"all transfers of the receiver": func(p *pair, _ *Outgoing, _ *Decision) { p.b.Node.SetRate(0, limit) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			out := outgoing(write(t, filepath.Join(p.src, "a"), random(3*chunkSize)))
			d := Decision{Accept: true, Folder: p.dst}
			set(p, out, &d)
			p.b.deciding(func(context.Context, *Incoming) Decision { return d })
			began := time.Now()
			p.sendOut(t, out)
			if took := time.Since(began); took < 400*time.Millisecond {
				t.Errorf("3 MiB at 4 MiB a second took %v", took)
			}
		})
	}
}
