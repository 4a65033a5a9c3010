package app

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// large makes a file of 32 MiB.
func large(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.bin")
	content := make([]byte, 32<<20)
	rand.Read(content) // does not shrink
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRealBothAtOnce(t *testing.T) { // both dial, and one connection has to give way
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	path := file(t)
	var wg sync.WaitGroup
	ids := make([]ItemID, 2)
	says := make([]ItemID, 2)
	for i, pair := range [][2]*ownerApp{{a, b}, {b, a}} {
		wg.Go(func() {
			p, err := pair[0].Find(t.Context(), pair[1].loopback(), time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			got, err := pair[0].Send(t.Context(), SendRequest{To: []DeviceID{p.ID}, Paths: []string{path}})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = got[0]
			if says[i], err = pair[0].Say(t.Context(), p.ID, "hello"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, side := range []struct {
		f *follower
		b Backend
	}{{fa, a}, {fb, b}} {
		var offer ItemID
		side.f.until("an offer", func() bool {
			for id, i := range side.f.items {
				if !i.Outgoing && i.Transfer != nil && i.Transfer.State == Offered {
					offer = id
				}
			}
			return offer != ""
		})
		accept(t, side.b, offer)
		side.f.transferIs(offer, Done)
	}
	fa.transferIs(ids[0], Done)
	fb.transferIs(ids[1], Done)
	fa.messageIs(says[0], Delivered)
	fb.messageIs(says[1], Delivered)
}

func TestRealSeveralRecipients(t *testing.T) {
	a, b, c := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fa, fb, fc := followReal(t, a), followReal(t, b), followReal(t, c)
	meet(t, a, b)
	meet(t, a, c)
	ids, err := a.Send(t.Context(), SendRequest{To: []DeviceID{b.me.ID, c.me.ID}, Paths: []string{file(t)}})
	if err != nil || len(ids) != 2 {
		t.Fatalf("Send = %v, %v; want an item for each", ids, err)
	}
	accept(t, b, fb.incoming().ID)
	declined := fc.incoming().ID
	c.Answer(t.Context(), declined, Answer{})
	if got := fa.transferIs(ids[0], Done); fa.items[ids[0]].Person != b.me.ID || got.Problem != nil {
		t.Errorf("the first item is %+v", fa.items[ids[0]])
	}
	fa.transferIs(ids[1], Declined)
}

func TestRealCancelRemovesWhatArrived(t *testing.T) {
	tests := []struct {
		why   string
		until func(t *testing.T, a, b *ownerApp, fb *follower, sent, got ItemID)
	}{
		{"while it runs, by the receiver", func(t *testing.T, a, b *ownerApp, fb *follower, sent, got ItemID) {
			b.Cancel(t.Context(), got)
		}},
		{"while it runs, by the sender", func(t *testing.T, a, b *ownerApp, fb *follower, sent, got ItemID) {
			a.Cancel(t.Context(), sent)
		}},
		{"when it is interrupted, by the receiver", func(t *testing.T, a, b *ownerApp, fb *follower, sent, got ItemID) {
			a.Stop(t.Context(), sent)
			fb.transferIs(got, Interrupted)
			if left, _ := filepath.Glob(filepath.Join(b.me.Folder, ".yonder-incoming", "*")); len(left) != 1 {
				t.Errorf("an interrupted transfer left %q, want one folder", left)
			}
			b.Cancel(t.Context(), got)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
			fa, fb := followReal(t, a), followReal(t, b)
			meet(t, a, b)
			a.node.SetRate(8<<20, 0) // it runs for four seconds
			sent := send(t, a, b.me.ID, 0, large(t))
			got := fb.incoming().ID
			accept(t, b, got)
			fb.until("some bytes", func() bool { return fb.items[got].Transfer.Stored > 0 })
			tt.until(t, a, b, fb, sent, got)
			fb.transferIs(got, Cancelled)
			fa.until("the sender's end", func() bool {
				i, ok := fa.items[sent]
				return ok && (i.Transfer.State == Cancelled || i.Transfer.State == Interrupted)
			})
			b.Close() // waits for what removes it
			if left, _ := filepath.Glob(filepath.Join(b.me.Folder, ".yonder-incoming", "*")); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
			if _, err := os.Stat(filepath.Join(b.me.Folder, "large.bin")); err == nil {
				t.Error("a cancelled transfer was published")
			}
		})
	}
}
