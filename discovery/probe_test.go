package discovery

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// play ticks p from 0 s for as long as it asks for it; proofs fail after fail (0: never end).
func play(p *prober, fail time.Duration) (events []string) {
	type proof struct {
		c  candidate
		at time.Time
	}
	var proofs []proof
	for now := at(0); now.Before(at(60)); {
		d := p.tick(now)
		sec := now.Sub(t0).Seconds()
		for _, q := range d.ask {
			events = append(events, fmt.Sprintf("%.2f ask %v", sec, q.to))
		}
		for _, c := range d.prove {
			events = append(events, fmt.Sprintf("%.2f prove %d", sec, c.tcp))
			proofs = append(proofs, proof{c, now.Add(fail)})
		}
		next := p.next()
		for i, pr := range proofs {
			if fail > 0 && !now.Before(pr.at) {
				proofs = slices.Delete(proofs, i, i+1)
				p.proofEnded(pr.c, Peer{}, errors.New("refused"))
				next = now
				break
			}
			if fail > 0 {
				next = earlier(next, pr.at)
			}
		}
		if next.IsZero() {
			break
		}
		now = next
	}
	return events
}

func TestProberTiming(t *testing.T) {
	a := netip.MustParseAddr("10.0.0.2")
	tests := []struct {
		why  string
		c    candidate
		w    *waiter
		fail time.Duration
		want []string
	}{
		{"mDNS: two questions at both ports, then a proof", candidate{addr: a, tcp: 4000, udp: 5000, source: MDNS}, nil, time.Second,
			[]string{"0.00 ask 10.0.0.2:5000", "0.00 ask 10.0.0.2:21925", "0.40 ask 10.0.0.2:5000", "0.40 ask 10.0.0.2:21925", "1.00 prove 4000"}},
		{"an address that only a datagram names is not dialled", candidate{addr: a, tcp: 4000, udp: 5000, source: Listed}, nil, time.Second,
			[]string{"0.00 ask 10.0.0.2:5000", "0.00 ask 10.0.0.2:21925", "0.40 ask 10.0.0.2:5000", "0.40 ask 10.0.0.2:21925"}},
		{"nor is a port where other services are", candidate{addr: a, tcp: 22, source: MDNS}, nil, time.Second,
			[]string{"0.00 ask 10.0.0.2:21925", "0.40 ask 10.0.0.2:21925"}},
		{"the same port twice is one question", candidate{addr: a, tcp: 4000, udp: testPort, source: Listed}, nil, time.Second,
			[]string{"0.00 ask 10.0.0.2:21925", "0.40 ask 10.0.0.2:21925"}},
		{"a person waits: sooner, and any port", candidate{addr: a, tcp: 22, source: Manual}, &waiter{done: make(chan probed, 1)}, time.Second,
			[]string{"0.00 ask 10.0.0.2:21925", "0.25 prove 22", "0.30 ask 10.0.0.2:21925", "0.80 ask 10.0.0.2:21925"}},
	}
	for _, tt := range tests {
		p := newProber(testPort)
		p.canProve = true
		p.add(at(0), tt.c, tt.w)
		if got := play(p, tt.fail); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.why, got, tt.want)
		}
		if len(p.asking) != 0 || len(p.proofs) != 0 {
			t.Errorf("%s: %d under way at the end, %d proofs", tt.why, len(p.asking), len(p.proofs))
		}
		if tt.w != nil {
			if r := <-tt.w.done; !errors.Is(r.err, ErrNoAnswer) {
				t.Errorf("%s: the waiter got %v", tt.why, r.err)
			}
		}
	}
}

func TestProberLimits(t *testing.T) {
	p := newProber(testPort)
	p.canProve = true
	for i := range 1000 {
		p.add(at(0), candidate{addr: testLimiterAddr(i), tcp: 4000, source: MDNS}, nil)
	}
	if len(p.asking) != maxAsking {
		t.Errorf("%d under way, want %d", len(p.asking), maxAsking)
	}
	w := &waiter{done: make(chan probed, 1)}
	p.add(at(0), candidate{addr: testLimiterAddr(5000), tcp: 4000, source: Manual}, w)
	if w.left != 1 {
		t.Error("what a person waits for was refused")
	}
	p.tick(at(0))
	if n := len(p.tick(at(1)).prove); n != maxProofs+1 {
		t.Errorf("%d proofs at the same time, want %d and that of the person", n, maxProofs)
	}
	for range 3 {
		p.tick(at(1)) // what is late goes out one by one
	}
	if next := p.next(); !next.After(at(1)) {
		t.Errorf("those that must wait for a proof wake the loop %v after it went round", next.Sub(at(1)))
	}
	for range 2 * maxNonces {
		p.question(at(1), sent{})
	}
	if len(p.nonces) > maxNonces {
		t.Errorf("%d nonces, want at most %d", len(p.nonces), maxNonces)
	}
	n := p.question(at(2), sent{})
	p.tick(at(2 + nonceLife.Seconds() + 0.1))
	if p.waitsFor(n) {
		t.Error("a question can be answered for ever")
	}
}

func TestCandidateIsNotAskedAgainTooSoon(t *testing.T) {
	p := newProber(testPort)
	c := candidate{addr: netip.MustParseAddr("10.0.0.2"), source: MDNS}
	again := func(s float64) bool {
		p.add(at(s), c, nil)
		defer clear(p.asking)
		return len(p.asking) == 1
	}
	for _, step := range []struct {
		s    float64
		want bool
	}{{0, true}, {5, false}, {11, true}, {12, false}} {
		if got := again(step.s); got != step.want {
			t.Errorf("at %v s asked again: %v", step.s, got)
		}
	}
	p.forget()
	if !again(13) {
		t.Error("after a change of the network it is not asked again")
	}
}
