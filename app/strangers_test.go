package app

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestStrangersOffers: one of each, five in all, ten in a minute, one in ten seconds of each;
// each limit at it and one above.
func TestStrangersOffers(t *testing.T) {
	ann, bob := DeviceID{1}, DeviceID{2}
	type ask struct {
		after     time.Duration // since the one before
		of        DeviceID
		open, all int // that wait
		ok        bool
	}
	others := func(n int, after time.Duration) (list []ask) {
		for i := range n {
			list = append(list, ask{after, DeviceID{9, byte(i)}, 0, 0, true})
		}
		return list
	}
	for why, asks := range map[string][]ask{
		"one of each at a time":          {{0, ann, offersAtOnce - 1, 0, true}, {offerPause, ann, offersAtOnce, 1, false}, {0, bob, 0, 1, true}},
		"five in all":                    {{0, ann, 0, offersWaiting - 1, true}, {0, bob, 0, offersWaiting, false}},
		"ten seconds between two of one": {{0, ann, 0, 0, true}, {offerPause - 1, ann, 0, 0, false}, {1, ann, 0, 0, true}},
		"ten in a minute":                append(others(offersPerMinute, time.Second), ask{0, ann, 0, 0, false}, ask{time.Minute - (offersPerMinute-1)*time.Second, ann, 0, 0, false}, ask{1, ann, 0, 0, true}),
	} {
		synctest.Test(t, func(t *testing.T) {
			var l strangerLimits
			for i, a := range asks {
				time.Sleep(a.after)
				if err := l.offer(a.of, "address", a.open, a.all); (err == nil) != a.ok {
					t.Errorf("%s: offer %d: %v", why, i, err)
				}
			}
		})
	}
}

// TestThousandOffers of strangers in a minute, whose programs try again: what the user is asked
// stays within the limits, and somebody known is asked about at once.
func TestThousandOffers(t *testing.T) {
	for _, strangers := range []int{1, 100} {
		t.Run(fmt.Sprint(strangers, " strangers"), func(t *testing.T) {
			if testing.Short() && strangers > 1 {
				t.Skip("a hundred programs take their time")
			}
			synctest.Test(t, func(t *testing.T) {
				l := newLAN()
				b := l.add(t, nil)
				fb := follow(t, b)
				path := file(t)
				known := l.add(t, nil)
				var senders []*host
				for range strangers {
					a := l.add(t, func(o *Options) { o.Listen = false })
					a.see(b)
					senders = append(senders, a)
				}
				synctest.Wait()
				begun := time.Now()
				for n := range 1000 {
					send(t, senders[n%strangers], b.id(), time.Minute, path)
					time.Sleep(time.Minute / 1000)
				}
				synctest.Wait()
				waiting, shown := map[DeviceID]int{}, 0
				b.mu.Lock()
				for _, r := range b.runs {
					if !r.answered {
						waiting[r.rec.Person]++
						shown++
					}
				}
				b.mu.Unlock()
				if shown > offersWaiting || shown == 0 {
					t.Errorf("%d offers wait after %v", shown, time.Since(begun))
				}
				for id, n := range waiting {
					if n > offersAtOnce {
						t.Errorf("%s has %d offers that wait", id.Short(), n)
					}
				}
				b.trusts(known.id(), Known)
				known.see(b)
				synctest.Wait()
				send(t, known, b.id(), 0, path)
				fb.until("the offer of somebody known", func() bool {
					for _, i := range fb.items {
						if i.Person == known.id() {
							return true
						}
					}
					return false
				})
				for _, a := range senders {
					a.Close()
				}
			})
		})
	}
}

// TestMutedByAddress: whoever was declined comes back with another key, and is known by the address.
func TestMutedByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l strangerLimits
		for n := range declinesToMute {
			if err := l.offer(DeviceID{byte(n)}, "192.0.2.1", 0, 0); err != nil {
				t.Fatalf("after %d times: %v", n, err)
			}
			l.declined(DeviceID{byte(n)}, "192.0.2.1")
		}
		if err := l.offer(DeviceID{9}, "192.0.2.1", 0, 0); err == nil {
			t.Error("another key at the same address is not muted")
		}
		if err := l.offer(DeviceID{9}, "192.0.2.2", 0, 0); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		time.Sleep(muteTime + 1)
		if err := l.offer(DeviceID{8}, "192.0.2.1", 0, 0); err != nil {
			t.Errorf("ten minutes later: %v", err)
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
			time.Sleep(offerPause)
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
