package app

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestStrangersAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		b := l.add(t, nil)
		fb := follow(t, b)
		path := file(t)
		var senders []*host
		for range 3 {
			a := l.add(t, nil)
			fa := follow(t, a)
			a.see(b)
			fa.sees(b.id())
			senders = append(senders, a)
		}
		for _, a := range senders {
			for range 8 {
				send(t, a, b.id(), 0, path)
			}
		}
		synctest.Wait()
		fb.until("ten offers", func() bool { return len(fb.items) == offersPerMinute })
		time.Sleep(time.Second)
		if n := len(b.runs); n != offersPerMinute {
			t.Errorf("%d offers of strangers are open, want %d", n, offersPerMinute)
		}
		perSender := map[DeviceID]int{}
		for _, i := range fb.items {
			perSender[i.Person]++
		}
		for id, n := range perSender {
			if n > offersAtOnce {
				t.Errorf("%s has %d open offers, want at most %d", id.Short(), n, offersAtOnce)
			}
		}
	})
}

func TestDeclinedStrangerIsMuted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		path := file(t)
		var seen []ItemID
		for range declinesToMute {
			id := send(t, a, b.id(), 0, path)
			got := fb.incoming(seen...).ID
			seen = append(seen, got)
			b.Answer(t.Context(), got, Answer{})
			fa.transferIs(id, Declined)
		}
		id := send(t, a, b.id(), 0, path)
		if p := fa.transferIs(id, Interrupted).Problem; p.Code != CodeBusy {
			t.Errorf("problem = %+v, want %s", p, CodeBusy)
		}
		time.Sleep(muteTime + time.Second)
		a.Retry(t.Context(), id)
		fb.incoming(seen...)
	})
}
