package app

import (
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// TestCancelledWhileAway cancels a transfer that broke off, on one side, while there is no
// connection. The other side learns it when they meet, and what had arrived is removed.
func TestCancelledWhileAway(t *testing.T) {
	tests := []struct {
		name     string
		retry    time.Duration // of the sender
		receiver bool          // cancels; else the sender does
		away     bool          // the two cannot reach each other at that moment
	}{
		{"sender, still in reach", 0, false, false},
		{"sender, out of reach", 0, false, true},
		{"sender that is trying, out of reach", time.Hour, false, true},
		{"receiver, out of reach", 0, true, true},
		{"receiver, of a sender that is trying", time.Hour, true, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, fa, fb := pair(t)
				sent := send(t, a, b.id(), test.retry, file(t))
				got := fb.incoming().ID
				accept(t, b, got)
				time.Sleep(300 * time.Millisecond)
				if test.away {
					b.node.setDown(true)
				} else {
					a.node.cut()
				}
				folder := fb.transferIs(got, Interrupted).Folder
				partial := b.leave(t, 1, a.id(), folder, "photo.jpg", time.Now(), 100)
				state := Interrupted
				if test.retry > 0 {
					state = Waiting
				}
				fa.transferIs(sent, state)
				if test.receiver {
					if err := b.Cancel(t.Context(), got); err != nil {
						t.Fatal(err)
					}
					fb.transferIs(got, Cancelled)
				} else {
					if err := a.Cancel(t.Context(), sent); err != nil {
						t.Fatal(err)
					}
					fa.transferIs(sent, Cancelled)
				}
				if test.away {
					time.Sleep(time.Minute)
					if test.receiver {
						fa.transferIs(sent, state)
					} else {
						fb.transferIs(got, Interrupted)
					}
					b.node.setDown(false)
					a.see(b)
					b.see(a)
				}
				if test.receiver {
					if p := fa.transferIs(sent, Cancelled).Problem; p == nil || p.Code != CodeCancelledBy {
						t.Errorf("the sender's problem is %+v, want %s", p, CodeCancelledBy)
					}
				} else {
					if p := fb.transferIs(got, Cancelled).Problem; p == nil || p.Code != CodeCancelledBy {
						t.Errorf("the receiver's problem is %+v, want %s", p, CodeCancelledBy)
					}
				}
				synctest.Wait()
				if files, row := b.there(partial); files || row {
					t.Errorf("of what had arrived files are there: %v, the row: %v", files, row)
				}
				time.Sleep(time.Minute)
				if n := a.store.count(bucketReceipts, b.id()) + b.store.count(bucketReceipts, a.id()); n > 0 {
					t.Errorf("%d receipts still wait", n)
				}
				if n := len(b.store.open()) + len(a.store.open()); n > 0 {
					t.Errorf("transfers are open: %+v", append(b.store.open(), a.store.open()...)[0].Transfer)
				}
			})
		})
	}
}

// TestCancelledThenSentAgain: who cancels and then sends the same row again is not told
// that it is cancelled, and neither is the receiver.
func TestCancelledThenSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		sent := send(t, a, b.id(), 0, file(t))
		got := fb.incoming().ID
		accept(t, b, got)
		time.Sleep(300 * time.Millisecond)
		b.node.setDown(true)
		fa.transferIs(sent, Interrupted)
		fb.transferIs(got, Interrupted)
		a.Cancel(t.Context(), sent)
		fa.transferIs(sent, Cancelled)
		a.Retry(t.Context(), sent)
		b.node.setDown(false)
		a.see(b)
		b.see(a)
		a.Retry(t.Context(), sent)
		fb.transferIs(got, Offered)
		accept(t, b, got)
		fa.transferIs(sent, Done)
		fb.transferIs(got, Done)
	})
}

// TestStrangersCancelNothing: cancelling concerns only transfers with the one who says it.
func TestStrangersCancelNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, fb := pair(t)
		send(t, a, b.id(), 0, file(t))
		item := fb.incoming()
		rec := b.store.record(item.ID)
		b.acked(transfer.Peer{ID: transfer.ID{9}}, [][16]byte{rec.Remote}, transfer.AckCancelled)
		b.acked(transfer.Peer{ID: transfer.ID(a.id())}, [][16]byte{{1, 2, 3}}, transfer.AckCancelled)
		accept(t, b, item.ID)
		fb.transferIs(item.ID, Done)
	})
}
