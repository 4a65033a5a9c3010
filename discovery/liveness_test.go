package discovery

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// drive ticks r exactly when it asks for it, from one second to another, and
// returns what happened when, in seconds after from.
func drive(r *registry, from, to float64) (events []string) {
	for now := at(from); !now.After(at(to)); {
		d := r.tick(now)
		sec := now.Sub(at(from)).Round(100 * time.Millisecond).Seconds()
		if len(d.ask) > 0 {
			events = append(events, fmt.Sprintf("%.1f ask %d", sec, len(d.ask)))
		}
		if len(d.prove) > 0 {
			events = append(events, fmt.Sprintf("%.1f prove %v", sec, d.prove[0].to))
		}
		for _, n := range d.news {
			events = append(events, fmt.Sprintf("%.1f %s", sec, n.why))
		}
		next := r.next()
		if next.IsZero() {
			break
		}
		if !next.After(now) {
			return append(events, "next is not in the future")
		}
		now = next
	}
	return events
}

func TestSilence(t *testing.T) {
	found := func(r *registry) { r.heard(at(0), saw(2, typeAnnounce, 9, 1)) }
	tests := []struct {
		why      string
		canProve bool
		before   func(r *registry)
		want     []string
	}{
		{"asked three times, at first in one place, then at both ports, then gone", false, found,
			[]string{"7.0 ask 1", "7.4 ask 2", "8.2 ask 2", "9.0 silent"}},
		{"with a proof that hangs a little longer", true, found,
			[]string{"7.0 ask 1", "7.4 ask 2", "8.2 ask 2", "8.2 prove 10.0.0.2:4000", "10.2 silent"}},
		{"a peer with a slower rhythm has more time", false, func(r *registry) {
			r.heard(at(0), saw(2, typeAnnounce, 9, 1, func(s *sighting) { s.Period = 10 * time.Second }))
		}, []string{"13.5 ask 1", "13.9 ask 2", "14.7 ask 2", "15.5 silent"}},
		{"but not for ever", false, func(r *registry) {
			r.heard(at(0), saw(2, typeAnnounce, 9, 1, func(s *sighting) { s.Period = time.Hour }))
		}, []string{"78.5 ask 1", "78.9 ask 2", "79.7 ask 2", "80.5 silent"}},
		{"all its addresses are asked when the best one is silent", false, func(r *registry) {
			r.heard(at(0), saw(2, typeAnnounce, 9, 1, listing("10.0.0.2", "10.1.0.2")))
			r.heard(at(0), saw(2, typeAnnounce, 9, 1, listing("10.1.0.2", "10.0.0.2"), from("10.1.0.2:5000")))
		}, []string{"7.0 ask 1", "7.4 ask 4", "8.2 ask 4", "9.0 silent"}},
		{"a lost connection is a reason to ask at once", false, func(r *registry) {
			found(r)
			r.report(at(0), testID(2), netip.AddrPort{}, Opened)
			r.report(at(0), testID(2), netip.AddrPort{}, Closed)
		}, []string{"0.0 ask 1", "0.4 ask 2", "1.2 ask 2", "2.0 silent"}},
		{"a peer with an open connection stays", false, func(r *registry) {
			found(r)
			r.report(at(0), testID(2), netip.AddrPort{}, Opened)
		}, nil},
		{"one that was connected before it was found does too", false, func(r *registry) {
			r.report(at(0), testID(2), netip.AddrPort{}, Opened)
			found(r)
		}, nil},
		{"until the last of its connections is closed", false, func(r *registry) {
			found(r)
			for range 2 {
				r.report(at(0), testID(2), netip.AddrPort{}, Opened)
			}
			r.report(at(0), testID(2), netip.AddrPort{}, Closed)
		}, nil},
		{"somebody who is not listed just goes", false, func(r *registry) {
			r.heard(at(0), saw(2, typeAnnounce, 9, 1, onTCP(0)))
		}, nil},
		{"somebody proved without datagrams is proved more rarely", true, func(r *registry) {
			r.proved(at(0), testID(2), netip.MustParseAddrPort("10.0.0.2:4000"), Manual, "", time.Millisecond)
		}, []string{"20.0 ask 1", "20.4 ask 1", "21.2 ask 1", "21.2 prove 10.0.0.2:4000", "23.2 silent"}},
	}
	for _, tt := range tests {
		r := newRegistry(testID(1), testPort)
		r.canProve = tt.canProve
		tt.before(r)
		if got := drive(r, 0, 200); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.why, got, tt.want)
		}
	}
}

func TestAnswerEndsCheck(t *testing.T) {
	r := newRegistry(testID(1), testPort)
	r.heard(at(0), saw(2, typeAnnounce, 9, 1))
	if got := drive(r, 0, 7.5); !slices.Equal(got, []string{"7.0 ask 1", "7.4 ask 2"}) {
		t.Fatalf("before: %q", got)
	}
	if out := r.heard(at(7.5), saw(2, typeReply, 9, 2, answerTo("10.0.0.2:5000"))); len(out.news) != 0 {
		t.Errorf("the answer is news: %s", told(out.news))
	}
	if got := drive(r, 7.5, 14.6); !slices.Equal(got, []string{"7.0 ask 1"}) {
		t.Errorf("after: %q, want the next question 7 s later", got)
	}
	r.unproved(testID(2))
	r.proved(at(15), testID(2), netip.MustParseAddrPort("10.0.0.2:4000"), Contact, "eth0", time.Millisecond)
	if got := drive(r, 15, 21); got != nil {
		t.Errorf("after a proof: %q, want peace", got)
	}
}

func TestFailedProofIsNotWaitedFor(t *testing.T) {
	r := newRegistry(testID(1), testPort)
	r.canProve = true
	r.heard(at(0), saw(2, typeAnnounce, 9, 1))
	drive(r, 0, 8.5)
	r.unproved(testID(2))
	if got := drive(r, 8.5, 12); !slices.Equal(got, []string{"0.5 silent"}) {
		t.Errorf("after a failed proof: %q", got)
	}
}

// The host slept for an hour: nobody is dropped for that, everybody is asked.
func TestClockJump(t *testing.T) {
	for _, hours := range []float64{1, -1} {
		r := newRegistry(testID(1), testPort)
		for n := byte(2); n < 5; n++ {
			r.heard(at(0), saw(n, typeAnnounce, 9, 1))
		}
		wake := 3600*hours + 1
		r.shift(time.Duration(hours * float64(time.Hour)))
		if got := drive(r, wake, wake+5); got != nil {
			t.Errorf("%v h: %q, want nothing within 5 s", hours, got)
		}
		r.recheck(at(wake))
		got := drive(r, wake, wake+2)
		if len(got) == 0 || !strings.HasPrefix(got[0], "0.5 ask") {
			t.Errorf("%v h: after a recheck %q, want questions after 0.5 s", hours, got)
		}
	}
}

func TestAddressesAge(t *testing.T) {
	r := newRegistry(testID(1), testPort)
	r.heard(at(0), saw(2, typeAnnounce, 9, 1, listing("10.0.0.2", "10.1.0.2")))
	r.heard(at(0), saw(2, typeAnnounce, 9, 1, listing("10.1.0.2", "10.0.0.2"), from("10.1.0.2:5000")))
	for i := 1; i < 5; i++ {
		r.heard(at(float64(5*i)), saw(2, typeAnnounce, 9, uint64(i+1)))
		if d := r.tick(at(float64(5*i) + 0.1)); i < 4 && len(d.news) != 0 {
			t.Errorf("after %d s: %s", 5*i, told(d.news))
		}
	}
	if addrs := r.entries[testID(2)].peer.Addrs; len(addrs) != 1 || addrs[0].Addr().String() != "10.0.0.2" {
		t.Errorf("addresses %v, want only the one that was not given up", addrs)
	}
}
