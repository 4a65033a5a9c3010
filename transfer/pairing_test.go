package transfer

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// pairing waits for the n-th pairing that a peer has begun, from 1.
func (h *testNode) pairing(n int) *Pairing {
	h.t.Helper()
	h.until("a pairing", func() bool { return len(h.shown) >= n })
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.shown[n-1]
}

// pairings returns those that peers have begun.
func (h *testNode) pairings() []*Pairing {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.shown)
}

func begin(t *testing.T, s *Session) *Pairing {
	t.Helper()
	p, err := s.Pair()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// verdictOf waits for the end of a pairing.
func verdictOf(t *testing.T, p *Pairing) error {
	t.Helper()
	select {
	case <-p.Done():
		return p.Err()
	case <-time.After(30 * time.Second):
		t.Fatal("the pairing does not end")
		return nil
	}
}

func TestPairing(t *testing.T) {
	tests := []struct {
		reason     string
		do         func(a, b *Pairing) // a has begun
		errA, errB error
	}{
		{"both confirm", func(a, b *Pairing) { a.Answer(true); b.Answer(true) }, nil, nil},
		{"both confirm, the other one first, and twice", func(a, b *Pairing) { b.Answer(true); b.Answer(true); a.Answer(true) }, nil, nil},
		{"who began sees another code", func(a, b *Pairing) { b.Answer(true); a.Answer(false) }, ErrCodesDiffer, ErrCodesDiffer},
		{"the other sees another code", func(a, b *Pairing) { a.Answer(true); b.Answer(false) }, ErrCodesDiffer, ErrCodesDiffer},
		{"one thinks better of it", func(a, b *Pairing) { a.Answer(true); a.Answer(false) }, ErrCodesDiffer, ErrCodesDiffer},
		{"who began breaks off", func(a, b *Pairing) { b.Answer(true); a.Cancel() }, ErrCancelled, ErrPeerCancel},
		{"the other breaks off", func(a, b *Pairing) { a.Answer(true); b.Cancel() }, ErrPeerCancel, ErrCancelled},
		{"the session ends", func(a, b *Pairing) { a.Answer(true); a.session.Close() }, ErrInterrupted, ErrInterrupted},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			ann, bea := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
			a := begin(t, connect(t, ann, bea))
			b := bea.pairing(1)
			<-a.Ready()
			<-b.Ready()
			if a.Code() != b.Code() || len(a.Code()) != 6 || !a.Ours() || b.Ours() || b.Peer().ID != ann.id {
				t.Errorf("codes %q and %q, of %v", a.Code(), b.Code(), b.Peer().ID.short())
			}
			test.do(a, b)
			if err := verdictOf(t, a); !errors.Is(err, test.errA) || test.errA == nil && err != nil {
				t.Errorf("who began: %v, want %v", err, test.errA)
			}
			if err := verdictOf(t, b); !errors.Is(err, test.errB) || test.errB == nil && err != nil {
				t.Errorf("the other: %v, want %v", err, test.errB)
			}
			a.Answer(true) // nothing happens any more
			a.Cancel()
		})
	}
}

// TestPairingNeedsBoth: what one has said alone counts for nothing.
func TestPairingNeedsBoth(t *testing.T) {
	ann, bea := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	s := connect(t, ann, bea)
	a := begin(t, s)
	<-a.Ready()
	a.Answer(true)
	b := bea.pairing(1)
	if err := s.SendChat(t.Context(), Chat{ID: [16]byte{1}}); err != nil {
		t.Fatal(err)
	}
	bea.until("what was sent after it", func() bool { return len(bea.chats) == 1 })
	for _, p := range []*Pairing{a, b} {
		select {
		case <-p.Done():
			t.Errorf("done after one of two answers: %v", p.Err())
		default:
		}
	}
}

// TestPairingCrossed has both begin before they hear of each other. One code, one pairing.
func TestPairingCrossed(t *testing.T) {
	for range 20 {
		ann, bea := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
		s := connect(t, ann, bea)
		eventually(t, "the other end", func() bool { return bea.Session(ann.id) != nil })
		back := bea.Session(ann.id)
		// Neither's reader can look at PAIR before both have begun.
		ann.pairs.mu.Lock()
		bea.pairs.mu.Lock()
		made := make(chan *Pairing, 2)
		go func() { p, _ := s.Pair(); made <- p }()
		go func() { p, _ := back.Pair(); made <- p }()
		time.Sleep(5 * time.Millisecond) // both wait for the mutex, or come a little later, which is as good
		ann.pairs.mu.Unlock()
		bea.pairs.mu.Unlock()
		a, b := <-made, <-made
		if a == nil || b == nil { // one came first after all: the other's Pair is refused
			if a == nil {
				a, b = b, a
			}
			if b = bea.now(); b == nil || b == a {
				b = ann.now()
			}
		}
		<-a.Ready()
		<-b.Ready()
		if a.Code() != b.Code() {
			t.Fatalf("codes %q and %q", a.Code(), b.Code())
		}
		a.Answer(true)
		b.Answer(true)
		if err := errors.Join(verdictOf(t, a), verdictOf(t, b)); err != nil {
			t.Fatal(err)
		}
		ann.stop()
		bea.stop()
	}
}

// failures returns how many pairings with a device have failed lately.
func (h *testNode) failures(id ID) int {
	h.Node.pairs.mu.Lock()
	defer h.Node.pairs.mu.Unlock()
	return h.Node.pairs.failed[id].n
}

// fails sets what failed with a device.
func (h *testNode) fails(id ID, f pairFailed) {
	h.Node.pairs.mu.Lock()
	defer h.Node.pairs.mu.Unlock()
	h.Node.pairs.failed[id] = f
}

// now returns the pairing that is under way.
func (h *testNode) now() *Pairing {
	h.pairs.mu.Lock()
	defer h.pairs.mu.Unlock()
	return h.pairs.now
}

func TestPairingPausedAfterThree(t *testing.T) {
	ann, bea := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	s := connect(t, ann, bea)
	for n := range pairFailures {
		a := begin(t, s)
		b := bea.pairing(n + 1)
		<-a.Ready()
		<-b.Ready()
		b.Answer(false)
		verdictOf(t, a)
		verdictOf(t, b)
	}
	pause, ok := errors.AsType[*PairPauseError](func() error { _, err := s.Pair(); return err }())
	if !ok || pause.Peer || time.Until(pause.Until) > pairPause || time.Until(pause.Until) < pairPause-time.Minute {
		t.Errorf("after three failures: %v", pause)
	}
	// Who forgets its own failures is told by the other side.
	ann.fails(bea.id, pairFailed{})
	pause, ok = errors.AsType[*PairPauseError](verdictOf(t, begin(t, s)))
	if !ok || !pause.Peer || time.Until(pause.Until) < pairPause-time.Minute {
		t.Errorf("the other side: %v", pause)
	}
	if n := len(bea.pairings()); n != pairFailures {
		t.Errorf("%d pairings were shown", n)
	}
	// Ten minutes later it may begin again.
	bea.fails(ann.id, pairFailed{pairFailures, time.Now().Add(-pairPause)})
	p := begin(t, s)
	back := bea.pairing(pairFailures + 1)
	<-p.Ready()
	<-back.Ready()
	p.Answer(true)
	back.Answer(true)
	if err := errors.Join(verdictOf(t, p), verdictOf(t, back)); err != nil {
		t.Error(err)
	}
	if n := bea.failures(ann.id); n != 0 {
		t.Errorf("%d failures are remembered after it worked", n)
	}
}

// TestPairingCounts: what counts as a failure, at the side that did not begin and at the other.
func TestPairingCounts(t *testing.T) {
	tests := []struct {
		reason        string
		do            func(a, b *Pairing)
		first, second int
	}{
		{"it worked", func(a, b *Pairing) { a.Answer(true); b.Answer(true) }, 0, 0},
		{"the codes differ", func(a, b *Pairing) { a.Answer(false) }, 1, 1},
		{"who began breaks off", func(a, b *Pairing) { a.Cancel() }, 0, 1},
		{"the other breaks off", func(a, b *Pairing) { b.Cancel() }, 1, 1},
		{"the other says that it is busy", func(a, b *Pairing) {
			b.session.out.send(framePairEnd, 0, &pairEnd{Attempt: b.attempt, State: pairBusy})
			<-a.Done()
			b.Cancel()
		}, 1, 1},
		{"who began says that it is busy, having seen the nonce", func(a, b *Pairing) {
			a.session.out.send(framePairEnd, 0, &pairEnd{Attempt: a.attempt, State: pairBusy})
			<-b.Done()
			a.Cancel()
		}, 0, 1},
		{"the connection is lost", func(a, b *Pairing) { a.session.wire.Conn.Close() }, 1, 1},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			ann, bea := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
			a := begin(t, connect(t, ann, bea))
			b := bea.pairing(1)
			<-a.Ready()
			<-b.Ready()
			test.do(a, b)
			verdictOf(t, a)
			verdictOf(t, b)
			if n := ann.failures(bea.id); n != test.first {
				t.Errorf("%d failures where it began, want %d", n, test.first)
			}
			if n := bea.failures(ann.id); n != test.second {
				t.Errorf("%d failures at the other, want %d", n, test.second)
			}
		})
	}
}

// TestPairingsOfStrangers: ten in a minute are shown, whoever they are of.
func TestPairingsOfStrangers(t *testing.T) {
	bea := startNode(t, nil, "", nil)
	for n := range pairPerMinute + 1 {
		p := newPuppet(t, bea)
		p.say(framePair, 0, &pairBegin{Attempt: [16]byte{1}})
		if n < pairPerMinute {
			p.expect(framePairNonce, &pairNonce{})
			p.say(framePairEnd, 0, &pairEnd{Attempt: [16]byte{1}, State: pairCancelled})
			verdictOf(t, bea.pairing(n+1))
		} else {
			var end pairEnd
			p.expect(framePairEnd, &end)
			if end.State != pairPaused || end.Seconds < 1 || end.Seconds > 60 {
				t.Errorf("the one above: state %d, %d s", end.State, end.Seconds)
			}
		}
		p.Session.conn.Close()
	}
	if n := len(bea.pairings()); n != pairPerMinute {
		t.Errorf("%d pairings were shown", n)
	}
}

// TestPairingBusy: one at a time, and the user's own comes first.
func TestPairingBusy(t *testing.T) {
	ann, bea, cem := startNode(t, nil, "", nil), startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	ab := connect(t, ann, bea)
	first := begin(t, ab)
	shown := bea.pairing(1)
	if err := verdictOf(t, begin(t, connect(t, cem, bea))); !errors.Is(err, ErrPairBusy) {
		t.Errorf("a third person: %v", err)
	}
	if _, err := ab.Pair(); !errors.Is(err, ErrPairBusy) {
		t.Errorf("twice with the same: %v", err)
	}
	if _, err := connect(t, ann, cem).Pair(); !errors.Is(err, ErrPairBusy) {
		t.Errorf("two begun by the same user: %v", err)
	}
	mine := begin(t, bea.Session(cem.id))
	for _, p := range []*Pairing{first, shown} {
		if err := verdictOf(t, p); !errors.Is(err, ErrPairBusy) {
			t.Errorf("what yields to the user's own: %v", err)
		}
	}
	<-mine.Ready()
	if bea.failures(ann.id)+bea.failures(cem.id) != 0 {
		t.Error("that somebody is busy counts as a failure")
	}
}

// TestPairingHostile: what breaks the rules ends the session, and shows no code.
func TestPairingHostile(t *testing.T) {
	attempt := [16]byte{1}
	nonce := [32]byte{5}
	commitTo := func(p *puppet, bea *testNode, nonce [32]byte) [32]byte {
		x := exchange{a: p.id, b: bea.id}
		return x.commitment(nonce)
	}
	// answered begins a pairing that is committed to nonce and hears bea's.
	answered := func(t *testing.T, p *puppet, bea *testNode, nonce [32]byte) (theirs pairNonce) {
		p.say(framePair, 0, &pairBegin{Attempt: attempt, Commit: commitTo(p, bea, nonce)})
		p.expect(framePairNonce, &theirs)
		return theirs
	}
	tests := []struct {
		reason string
		do     func(t *testing.T, p *puppet, bea *testNode)
	}{
		{"another nonce than was committed to", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, nonce)
			p.say(framePairNonce, 0, &pairNonce{Attempt: attempt, Nonce: [32]byte{6}})
		}},
		{"the nonce of the other side", func(t *testing.T, p *puppet, bea *testNode) {
			theirs := answered(t, p, bea, nonce)
			p.say(framePairNonce, 0, &theirs)
		}},
		{"a nonce of zeros, committed to", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, [32]byte{})
			p.say(framePairNonce, 0, &pairNonce{Attempt: attempt})
		}},
		{"a nonce that was used before", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, nonce)
			p.say(framePairNonce, 0, &pairNonce{Attempt: attempt, Nonce: nonce})
			p.say(framePairEnd, 0, &pairEnd{Attempt: attempt, State: pairCancelled})
			if err := verdictOf(t, bea.pairing(1)); !errors.Is(err, ErrPeerCancel) {
				t.Errorf("the first: %v", err)
			}
			answered(t, p, bea, nonce)
			p.say(framePairNonce, 0, &pairNonce{Attempt: attempt, Nonce: nonce})
		}},
		{"a second nonce", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, nonce)
			p.say(framePairNonce, 0, &pairNonce{Attempt: attempt, Nonce: nonce})
			p.say(framePairNonce, 0, &pairNonce{Attempt: attempt, Nonce: [32]byte{7}})
		}},
		{"confirmed before there is a code", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, nonce)
			p.say(framePairEnd, 0, &pairEnd{Attempt: attempt, State: pairSame})
		}},
		{"begun twice", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, nonce)
			p.say(framePair, 0, &pairBegin{Attempt: [16]byte{2}})
		}},
		{"an end that there is not", func(t *testing.T, p *puppet, bea *testNode) {
			answered(t, p, bea, nonce)
			p.say(framePairEnd, 0, &pairEnd{Attempt: attempt, State: pairPaused + 1})
		}},
		{"nothing in it", func(t *testing.T, p *puppet, bea *testNode) { p.say(framePair, 0, []byte{}) }},
		{"257 bytes", func(t *testing.T, p *puppet, bea *testNode) { p.say(framePair, 0, make([]byte, 257)) }},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			bea := startNode(t, nil, "", nil)
			p := newPuppet(t, bea)
			test.do(t, p, bea)
			if code := p.ended(); code != toCode(ErrProtocol) {
				t.Errorf("BYE %d", code)
			}
			for _, pairing := range bea.pairings() {
				if verdictOf(t, pairing) == nil {
					t.Error("they are paired")
				}
			}
		})
	}
}

// TestPairingForgotten: frames of a pairing that has ended, or never was, do nothing.
func TestPairingForgotten(t *testing.T) {
	bea := startNode(t, nil, "", nil)
	p := newPuppet(t, bea)
	p.say(framePairNonce, 0, &pairNonce{Attempt: [16]byte{1}, Nonce: [32]byte{1}})
	p.say(framePairEnd, 0, &pairEnd{Attempt: [16]byte{1}})
	p.alive()
	if len(bea.pairings()) != 0 {
		t.Error("a pairing came of it")
	}
}

// A session that has ended keeps no pairing: the next can begin at once.
func TestPairingInEndedSession(t *testing.T) {
	ann, bea, cem := startNode(t, nil, "", nil), startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	s := connect(t, ann, bea)
	s.Close()
	<-s.Done()
	if p, err := s.Pair(); p != nil || !errors.Is(err, ErrInterrupted) {
		t.Errorf("Pair in a session that has ended = %v, %v", p, err)
	}
	<-begin(t, connect(t, ann, cem)).Ready()
}

func TestPairingTime(t *testing.T) {
	server, client := newKey(t), newKey(t)
	synctest.Test(t, func(t *testing.T) {
		p, bea := bubblePuppet(t, server, client, "")
		defer p.Session.conn.Close()
		p.say(framePair, 0, &pairBegin{Attempt: [16]byte{1}})
		p.expect(framePairNonce, &pairNonce{})
		shown := bea.pairing(1)
		for begun := time.Now(); time.Since(begun) < pairTime-4*time.Second; { // nothing heard for 15 s would end the session
			time.Sleep(4 * time.Second)
			p.say(framePing, 0, &ping{})
		}
		time.Sleep(time.Until(shown.Until()) - time.Millisecond)
		synctest.Wait()
		select {
		case <-shown.Done():
			t.Fatalf("over too early: %v", shown.Err())
		default:
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		<-shown.Done()
		if !errors.Is(shown.Err(), ErrPairTime) {
			t.Errorf("after a minute: %v", shown.Err())
		}
		var end pairEnd
		p.expect(framePairEnd, &end)
		if end.State != pairExpired {
			t.Errorf("state %d", end.State)
		}
	})
}
