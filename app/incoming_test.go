package app

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
	"yonder/transfer"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		name              string
		act               func(t *testing.T, a, b *host, sent, got ItemID)
		sent, got         TransferState
		sentCode, gotCode string
	}{
		{"the receiver declines", func(t *testing.T, a, b *host, sent, got ItemID) {
			b.Answer(t.Context(), got, Answer{})
		}, Declined, Declined, CodeDeclined, CodeDeclined},
		{"nobody is there to ask", func(t *testing.T, a, b *host, sent, got ItemID) {
			b.Answer(t.Context(), got, Answer{Nobody: true})
		}, Declined, Declined, CodeNobody, CodeNobody},
		{"the sender takes the offer back", func(t *testing.T, a, b *host, sent, got ItemID) {
			a.Cancel(t.Context(), sent)
		}, Cancelled, Cancelled, CodeCancelled, CodeCancelledBy},
		{"the sender stops an open offer", func(t *testing.T, a, b *host, sent, got ItemID) {
			a.Stop(t.Context(), sent)
		}, Interrupted, Interrupted, CodeInterrupted, CodeInterrupted},
		{"the receiver cancels an open offer", func(t *testing.T, a, b *host, sent, got ItemID) {
			b.Cancel(t.Context(), got)
		}, Declined, Declined, CodeDeclined, CodeDeclined},
		{"the receiver cancels a running one", func(t *testing.T, a, b *host, sent, got ItemID) {
			accept(t, b, got)
			time.Sleep(300 * time.Millisecond)
			b.Cancel(t.Context(), got)
		}, Cancelled, Cancelled, CodeCancelledBy, CodeCancelled},
		{"the sender cancels a running one", func(t *testing.T, a, b *host, sent, got ItemID) {
			accept(t, b, got)
			time.Sleep(300 * time.Millisecond)
			a.Cancel(t.Context(), sent)
			a.Cancel(t.Context(), sent)
		}, Cancelled, Cancelled, CodeCancelled, CodeCancelledBy},
		{"the sender stops a running one", func(t *testing.T, a, b *host, sent, got ItemID) {
			accept(t, b, got)
			time.Sleep(300 * time.Millisecond)
			a.Stop(t.Context(), sent)
		}, Interrupted, Interrupted, CodeInterrupted, CodeInterrupted},
		{"the connection breaks and nobody tries again", func(t *testing.T, a, b *host, sent, got ItemID) {
			accept(t, b, got)
			time.Sleep(300 * time.Millisecond)
			b.node.setDown(true)
		}, Interrupted, Interrupted, CodeInterrupted, CodeInterrupted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b, fa, fb := pair(t)
				sent := send(t, a, b.id(), 0, file(t))
				fa.transferIs(sent, Offered)
				got := fb.incoming().ID
				tt.act(t, a, b, sent, got)
				for _, side := range []struct {
					name  string
					f     *follower
					id    ItemID
					state TransferState
					code  string
				}{{"sender", fa, sent, tt.sent, tt.sentCode}, {"receiver", fb, got, tt.got, tt.gotCode}} {
					tr := side.f.transferIs(side.id, side.state)
					if tr.Problem == nil || tr.Problem.Code != side.code || tr.Problem.Text == "" {
						t.Errorf("%s's problem = %+v, want code %s", side.name, tr.Problem, side.code)
					}
				}
			})
		})
	}
}

func TestAnswerOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		id := send(t, a, b.id(), 0, file(t))
		got := fb.incoming().ID
		for i := range 10 { // ten fast clicks, the later ones elsewhere
			if err := b.Answer(t.Context(), got, Answer{Accept: i < 5}); err != nil {
				t.Errorf("answer %d = %v, want no effect", i, err)
			}
		}
		fa.transferIs(id, Done)
		fb.transferIs(got, Done)
		if err := b.Answer(t.Context(), got, Answer{}); err != nil {
			t.Errorf("answer after the end = %v, want no effect", err)
		}
		if err := b.Answer(t.Context(), "no such item", Answer{}); err == nil {
			t.Error("answer to nothing = nil, want an error")
		}
		running := 0
		for _, ev := range fb.log {
			if ev.Kind == EventItem && ev.Item.Transfer.State == Running && ev.Item.Transfer.Stored == 0 {
				running++
			}
		}
		if running != 1 {
			t.Errorf("the transfer began %d times, want 1", running)
		}
	})
}

func TestAcceptWithoutAsking(t *testing.T) {
	tests := []struct {
		why    string
		accept Accept
		listen bool
		window bool
		level  Level
		folder bool // exists
		want   TransferState
		code   string
	}{
		{"everybody", AcceptAll, true, false, Unknown, true, Done, ""},
		{"paired, and is", AcceptPaired, true, false, Paired, true, Done, ""},
		{"paired, but is only known", AcceptPaired, true, false, Known, true, Declined, CodeNobody},
		{"a command that only sends", "", false, false, Known, true, Declined, CodeNobody},
		{"the folder is gone", AcceptAll, true, false, Unknown, false, Failed, CodeNoFolder},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLAN()
				folder := t.TempDir()
				a := l.add(t, nil)
				b := l.add(t, func(o *Options) {
					o.Accept, o.Listen, o.Window, o.Folder = tt.accept, tt.listen, tt.window, folder
				})
				if !tt.folder {
					os.Remove(folder)
				}
				b.mu.Lock()
				b.person(a.id(), "a").rec.Level = tt.level
				b.mu.Unlock()
				fa := follow(t, a)
				a.see(b)
				fa.sees(b.id())
				id := send(t, a, b.id(), 0, file(t))
				if p := fa.transferIs(id, tt.want).Problem; tt.code != "" && (p == nil || p.Code != tt.code) {
					t.Errorf("problem = %+v, want %s", p, tt.code)
				}
			})
		})
	}
}

func TestBadFolderKeepsTheOfferOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, fb := pair(t)
		send(t, a, b.id(), 0, file(t))
		got := fb.incoming().ID
		missing := filepath.Join(t.TempDir(), "usb stick")
		for _, tt := range []struct{ folder, code string }{
			{missing, CodeNoFolder}, {file(t), CodeNoFolder}, {"relative", CodeNoFolder},
		} {
			err := b.Answer(t.Context(), got, Answer{Accept: true, Folder: tt.folder})
			if codeOf(err) != tt.code {
				t.Errorf("Answer into %q = %v, want %s", tt.folder, err, tt.code)
			}
		}
		if _, err := os.Stat(missing); err == nil {
			t.Error("the missing folder was made")
		}
		accept(t, b, got)
		fb.transferIs(got, Done)
	})
}

func TestCancelInterruptedIncoming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, fb := pair(t)
		send(t, a, b.id(), 0, file(t))
		got := fb.incoming().ID
		accept(t, b, got)
		time.Sleep(500 * time.Millisecond)
		b.node.cut()
		folder := fb.transferIs(got, Interrupted).Folder
		key := [16]byte{7}
		err := b.store.PutPartial(transfer.Partial{Peer: transfer.ID(a.id()), Key: key, Folder: folder, Names: []string{"photo.jpg"}, Staging: filepath.Join(folder, ".yonder-incoming", "0123456789abcdef")})
		if err != nil {
			t.Fatal(err)
		}
		b.Cancel(t.Context(), got)
		fb.transferIs(got, Cancelled)
		if _, found := b.store.FindPartial(transfer.ID(a.id()), key); found {
			t.Error("the partial is still remembered")
		}
	})
}
