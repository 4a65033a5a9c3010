package app

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"yonder/transfer"
)

// pairing waits until what is known of the pairing is ok, and returns it.
func (f *follower) pairing(what string, ok func(Pairing) bool) Pairing {
	f.t.Helper()
	f.until(what, func() bool { return f.pair != nil && ok(*f.pair) })
	return *f.pair
}

func (f *follower) pairingIs(want PairingState) Pairing {
	f.t.Helper()
	return f.pairing("a pairing that is "+string(want), func(p Pairing) bool { return p.State == want })
}

func TestPairing(t *testing.T) {
	tests := []struct {
		why          string
		end          func(t *testing.T, a, b Backend, code string, idA, idB DeviceID)
		codeA, codeB string // of the problem; empty: paired
	}{
		{"both confirm", func(t *testing.T, a, b Backend, code string, idA, idB DeviceID) {
			must(t, a.AnswerPairing(t.Context(), idB, code, true), b.AnswerPairing(t.Context(), idA, code, true))
		}, "", ""},
		{"here it differs", func(t *testing.T, a, b Backend, code string, idA, idB DeviceID) {
			must(t, b.AnswerPairing(t.Context(), idA, code, true), a.AnswerPairing(t.Context(), idB, code, false))
		}, CodeCodesDiffer, CodeCodesDiffer},
		{"there it differs", func(t *testing.T, a, b Backend, code string, idA, idB DeviceID) {
			must(t, a.AnswerPairing(t.Context(), idB, code, true), b.AnswerPairing(t.Context(), idA, code, false))
		}, CodeCodesDiffer, CodeCodesDiffer},
		{"broken off here", func(t *testing.T, a, b Backend, code string, idA, idB DeviceID) {
			must(t, a.CancelPairing(t.Context(), idB))
		}, CodeCancelled, CodeCancelledBy},
		{"broken off there", func(t *testing.T, a, b Backend, code string, idA, idB DeviceID) {
			must(t, b.CancelPairing(t.Context(), idA))
		}, CodeCancelledBy, CodeCancelled},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			backends(t, func(t *testing.T, a Backend, h, other *host) {
				fa, fb := follow(t, a), follow(t, other)
				fa.sees(other.id())
				must(t, a.Pair(t.Context(), other.id()))
				here, there := fa.pairingIs(PairingComparing), fb.pairingIs(PairingComparing)
				if here.Code != there.Code || len(here.Code) != 6 || !here.Ours || there.Ours || here.Person != other.id() || there.Person != h.id() || time.Until(here.Until) < time.Second {
					t.Fatalf("here %+v, there %+v", here, there)
				}
				if second := follow(t, a); second.state.Pairing == nil || second.state.Pairing.Code != here.Code {
					t.Errorf("a second stream begins with %+v", second.state.Pairing)
				}
				test.end(t, a, other, here.Code, h.id(), other.id())
				here = fa.pairing("the end here", func(p Pairing) bool { return p.State.Ended() })
				there = fb.pairing("the end there", func(p Pairing) bool { return p.State.Ended() })
				for _, side := range []struct {
					name string
					got  Pairing
					code string
					of   Level
				}{{"here", here, test.codeA, h.level(other.id())}, {"there", there, test.codeB, other.level(h.id())}} {
					switch {
					case side.code == "" && (side.got.State != PairingDone || side.of != Paired):
						t.Errorf("%s: %+v, level %d; want paired", side.name, side.got, side.of)
					case side.code != "" && (side.got.State != PairingFailed || side.got.Problem.Code != side.code || side.got.Problem.Hint == "" || side.of >= Known):
						t.Errorf("%s: %+v (%v), level %d; want %s", side.name, side.got, side.got.Problem, side.of, side.code)
					}
				}
				if second := follow(t, a); second.state.Pairing != nil {
					t.Errorf("after the end a stream begins with %+v", second.state.Pairing)
				}
				if err := a.AnswerPairing(t.Context(), other.id(), here.Code, true); codeOf(err) != CodeNoPairing {
					t.Errorf("an answer after the end: %v", err)
				}
			})
		})
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestPairingIsKept over a restart, and shown to front ends.
func TestPairingIsKept(t *testing.T) {
	l, dir := newLAN(), t.TempDir()
	h, other := l.addAt(t, dir, nil), l.add(t, nil)
	h.see(other)
	f, fo := follow(t, h), follow(t, other)
	f.sees(other.id())
	must(t, h.Pair(t.Context(), other.id()))
	code := f.pairingIs(PairingComparing).Code
	fo.pairingIs(PairingComparing)
	must(t, other.AnswerPairing(t.Context(), h.id(), code, true))
	if h.level(other.id()) >= Paired || other.level(h.id()) >= Paired {
		t.Error("paired after one of two answers")
	}
	must(t, h.AnswerPairing(t.Context(), other.id(), code, true))
	f.pairingIs(PairingDone)
	f.until("the badge", func() bool { p, _ := f.person(other.id()); return p.Level == Paired })
	must(t, h.Close())
	again := l.addAt(t, dir, nil)
	if p, ok := follow(t, again).person(other.id()); !ok || p.Level != Paired {
		t.Errorf("after a restart: %+v", p)
	}
}

// TestBlockedWhilePairing: what both have confirmed does not undo that the user has blocked them.
func TestBlockedWhilePairing(t *testing.T) {
	l := newLAN()
	h, other := l.add(t, nil), l.add(t, nil)
	h.see(other)
	f, fo := follow(t, h), follow(t, other)
	f.sees(other.id())
	must(t, h.Pair(t.Context(), other.id()))
	code := f.pairingIs(PairingComparing).Code
	fo.pairingIs(PairingComparing)
	must(t, other.AnswerPairing(t.Context(), h.id(), code, true))
	h.trusts(other.id(), Blocked) // and the connection has not ended yet
	must(t, h.AnswerPairing(t.Context(), other.id(), code, true))
	f.pairingIs(PairingDone)
	if level := h.level(other.id()); level != Blocked {
		t.Errorf("level %d", level)
	}
}

func TestPairingRefused(t *testing.T) {
	l := newLAN()
	h, other, third := l.add(t, nil), l.add(t, nil), l.add(t, nil)
	h.see(other)
	h.see(third)
	f := follow(t, h)
	f.sees(other.id())
	f.sees(third.id())
	if err := h.Pair(t.Context(), DeviceID{9}); codeOf(err) != CodeNotFound {
		t.Errorf("with nobody: %v", err)
	}
	for _, test := range []struct {
		err  error
		code string
	}{
		{transfer.ErrPairBusy, CodePairBusy}, {transfer.ErrInterrupted, CodePairLost}, {transfer.ErrProtocol, CodeProtocol},
		{&transfer.PairPauseError{Until: time.Now().Add(time.Minute)}, CodePairPaused},
	} {
		h.node.mu.Lock()
		h.node.pairErr = test.err
		h.node.mu.Unlock()
		f.pair = nil
		must(t, h.Pair(t.Context(), other.id()))
		if p := f.pairingIs(PairingFailed); p.Problem.Code != test.code || p.Problem.Text == "" || p.Problem.Hint == "" {
			t.Errorf("%v: %+v", test.err, p.Problem)
		}
	}
	h.node.mu.Lock()
	h.node.pairErr = nil
	h.node.mu.Unlock()

	other.node.setDown(true)
	must(t, h.Pair(t.Context(), other.id()))
	f.pair = nil
	if p := f.pairingIs(PairingFailed); p.Problem.Code != CodeUnreachable {
		t.Errorf("away: %+v", p.Problem)
	}
	other.node.setDown(false)

	// One at a time, but the same again is no error.
	must(t, h.Pair(t.Context(), other.id()))
	f.pairingIs(PairingComparing)
	must(t, h.Pair(t.Context(), other.id()))
	if err := h.Pair(t.Context(), third.id()); codeOf(err) != CodePairBusy {
		t.Errorf("a second person: %v", err)
	}
	if err := h.AnswerPairing(t.Context(), other.id(), "000000", true); codeOf(err) != CodeNoPairing {
		t.Errorf("another code: %v", err)
	}
	if err := h.AnswerPairing(t.Context(), third.id(), f.pair.Code, true); codeOf(err) != CodeNoPairing {
		t.Errorf("another person: %v", err)
	}
	must(t, h.SetTrust(t.Context(), other.id(), Blocked))
	f.pairingIs(PairingFailed)
	if err := h.Pair(t.Context(), other.id()); codeOf(err) != CodeBlocked {
		t.Errorf("with somebody blocked: %v", err)
	}
}

// TestOwnPairingComesFirst: what somebody else has begun ends when this user begins.
func TestOwnPairingComesFirst(t *testing.T) {
	l := newLAN()
	h, other, third := l.add(t, nil), l.add(t, nil), l.add(t, nil)
	h.see(third)
	other.see(h)
	f, fo := follow(t, h), follow(t, other)
	f.sees(third.id())
	fo.sees(h.id())
	must(t, other.Pair(t.Context(), h.id()))
	f.pairingIs(PairingComparing)
	must(t, h.Pair(t.Context(), third.id()))
	if p := f.pairing("the end of the first", func(p Pairing) bool { return p.State.Ended() }); p.Person != other.id() || p.Problem.Code != CodePairBusy {
		t.Errorf("the first ended with %+v", p)
	}
	if p := f.pairingIs(PairingComparing); p.Person != third.id() {
		t.Errorf("now with %v", p.Person.Short())
	}
	fo.pairingIs(PairingFailed)
}

func TestSetTrust(t *testing.T) {
	tests := []struct {
		from, to Level
		ok, cut  bool
	}{
		{Unknown, Blocked, true, true}, {Unknown, Known, true, false}, {Unknown, Paired, false, false}, {Unknown, Mine, false, false},
		{Known, Paired, false, false}, {Known, Blocked, true, true}, {Known, Known, true, false}, {Known, Unknown, false, false},
		{Paired, Known, true, true}, {Paired, Mine, true, false}, {Paired, Blocked, true, true},
		{Mine, Paired, true, false}, {Mine, Known, true, true}, {Mine, Unknown, false, false},
		{Blocked, Known, true, false}, {Blocked, Paired, false, false}, {Blocked, Mine, false, false},
		{Paired, Mine + 1, false, false}, {Paired, -1, false, false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.from, " to ", test.to), func(t *testing.T) {
			backends(t, func(t *testing.T, b Backend, h, other *host) {
				f := follow(t, b)
				f.sees(other.id())
				connected := test.from != Blocked
				if connected {
					if _, err := h.connect(t.Context(), other.id()); err != nil {
						t.Fatal(err)
					}
					f.until("the connection", func() bool { p, _ := f.person(other.id()); return p.Connected })
				}
				h.trusts(other.id(), test.from)
				err := b.SetTrust(t.Context(), other.id(), test.to)
				if (err == nil) != test.ok || err != nil && (codeOf(err) != CodeNotPaired || !strings.Contains(AsProblem(err).Hint, "yonder pair")) {
					t.Fatalf("error %v", err)
				}
				want := test.to
				if !test.ok {
					want = test.from
				}
				f.until("the level", func() bool { p, _ := f.person(other.id()); return p.Level == want })
				if test.cut {
					f.until("the connection to end", func() bool { p, _ := f.person(other.id()); return !p.Connected })
				} else if p, _ := f.person(other.id()); p.Connected != connected {
					t.Error("the connection has ended")
				}
			})
		})
	}
}
