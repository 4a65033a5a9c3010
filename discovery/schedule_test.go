package discovery

import (
	"net/netip"
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	var p schedule
	p.begin(at(0))
	fire := func(from, to float64) (times []float64, rounds []int) {
		for now := at(from); !now.After(at(to)); now = p.next() {
			if send, round := p.due(now, 10*time.Second); send {
				times, rounds = append(times, now.Sub(t0).Seconds()), append(rounds, round)
			}
		}
		return times, rounds
	}
	times, rounds := fire(0, 60)
	for i, want := range []float64{0, 0.25, 1, 3} {
		if times[i] != want || rounds[i] != -1 {
			t.Errorf("burst %d at %v by %d, want at %v by every carrier", i, times[i], rounds[i], want)
		}
	}
	for i := 4; i < len(times); i++ {
		if gap := times[i] - times[i-1]; gap < 9 || gap > 11 || rounds[i] != i-4 {
			t.Errorf("steady %d after %v s by %d, want after 9 to 11 s by %d", i-4, gap, rounds[i], i-4)
		}
	}
	last := times[len(times)-1]

	p.newcomer(at(last + 0.5))
	if next := p.next(); next.Before(at(last + 8)) {
		t.Error("a newcomer who must have heard the last one causes another")
	}
	p.newcomer(at(last + 2))
	p.newcomer(at(last + 2.1))
	if early, rounds := fire(last+2, last+3.1); len(early) != 1 || rounds[0] != -1 {
		t.Errorf("two newcomers cause announcements at %v by %v, want one by every carrier", early, rounds)
	}
	p.begin(at(100)) // and then the host was suspended
	if late, _ := fire(110, 110); len(late) != 1 || p.next().Before(at(119)) {
		t.Errorf("a burst that was missed was made up for: %v, next at %v", late, p.next())
	}
}

func TestExaminationsCauseFewBursts(t *testing.T) {
	var p schedule
	p.begin(at(0))
	left := 0
	for s := 0.0; s < 60; s += 0.1 {
		if send, round := p.due(at(s), time.Hour); send && round == -1 {
			left++
		}
		p.examined(at(s))
	}
	// The one of the start, and one begun every 5 s after it.
	if most := len(burstAt) * 12; left < most-len(burstAt) || left > most {
		t.Errorf("%d announcements in a minute of examinations, want about %d", left, most)
	}
}

func TestLimiter(t *testing.T) {
	a, b := testLimiterAddr(1), testLimiterAddr(2)
	l := newLimiter()
	count := func(from float64, n int, src int, peer bool) (ok int) {
		addr := a
		if src == 2 {
			addr = b
		}
		for range n {
			if l.allow(at(from), addr, peer) {
				ok++
			}
		}
		return ok
	}
	if n := count(0, 1000, 1, false); n != sourceBurst {
		t.Errorf("%d at once from one address, want %d", n, sourceBurst)
	}
	if n := count(0, 1000, 2, true); n != sourceBurst {
		t.Errorf("%d at once from another address, want %d", n, sourceBurst)
	}
	if n := count(1, 1000, 1, false); n != sourceRate {
		t.Errorf("%d a second later, want %d", n, sourceRate)
	}
	total := 0
	for i := range 5000 {
		if l.allow(at(1), testLimiterAddr(1000+i), false) {
			total++
		}
	}
	if total > totalBurst || total < totalBurst-100 {
		t.Errorf("%d at once from 5000 addresses, want about %d", total, totalBurst)
	}
	if !l.allow(at(1), testLimiterAddr(9), true) {
		t.Error("a peer is held up by a flood of strangers")
	}
	if len(l.sources) > maxSources {
		t.Errorf("%d addresses are remembered, want at most %d", len(l.sources), maxSources)
	}
}

func testLimiterAddr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}
