package transfer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of comparing codes.
const (
	pairTime      = time.Minute      // from its beginning until both have confirmed
	pairFailures  = 3                // with one device, then it has to wait
	pairPause     = 10 * time.Minute // for so long; failures count together within that time
	pairPerMinute = 10               // begun by others, whoever they are
	maxPairFailed = 1024             // devices of which failures are remembered
	maxNoncesSeen = 256              // nonces of others, which must not come again
)

// The errors with which a [Pairing] ends, beside [ErrCancelled], [ErrPeerCancel],
// [ErrInterrupted] and [ErrProtocol].
var (
	ErrCodesDiffer = errors.New("the codes are not the same") // said one of the two people
	ErrPairTime    = errors.New("not confirmed in time")      // by both within a minute
	ErrPairBusy    = errors.New("comparing a code already")   // one of the two, with somebody else or this one
)

// PairPauseError says that too many comparisons with a device have failed.
type PairPauseError struct {
	Until time.Time
	Peer  bool // it is the other side that does not want to
}

func (e *PairPauseError) Error() string {
	return fmt.Sprintf("too many comparisons failed; again after %s", e.Until.Format(time.TimeOnly))
}

// Pairing is one comparison of codes with the peer of a session. Both devices show six
// digits. They are the same if the two connections end at each other's keys; if somebody sits
// between, they are the same once in a million. When both people have said that they are, the
// pairing is done.
type Pairing struct {
	session *Session
	ours    bool // begun by this side's user
	until   time.Time
	ready   chan struct{}
	done    chan struct{}
	timer   *time.Timer

	// Guarded by the mutex of the node's pairings.
	attempt  [16]byte
	exchange exchange
	code     string
	agreed   bool // our user has
	peers    bool // the other has
	ended    bool
	err      error
}

// Peer returns with whom.
func (p *Pairing) Peer() Peer { return p.session.peer }

// Ours reports whether this side began.
func (p *Pairing) Ours() bool { return p.ours }

// Until returns when it ends by itself.
func (p *Pairing) Until() time.Time { return p.until }

// Ready is closed when there is a code to show.
func (p *Pairing) Ready() <-chan struct{} { return p.ready }

// Done is closed at its end.
func (p *Pairing) Done() <-chan struct{} { return p.done }

// Code returns the six digits once it is [Pairing.Ready], else "".
func (p *Pairing) Code() string {
	pairs := &p.session.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	return p.code
}

// Err returns after [Pairing.Done] why it failed; nil: both have confirmed.
func (p *Pairing) Err() error {
	pairs := &p.session.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	return p.err
}

// Answer takes in what the user sees: whether the other device shows the same code. It does
// nothing before there is a code, and after the end.
func (p *Pairing) Answer(same bool) {
	pairs := &p.session.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	if p.ended || p.code == "" {
		return
	}
	if !same {
		pairs.say(p, pairDiffer)
		pairs.finish(p, ErrCodesDiffer)
		return
	}
	if !p.agreed {
		p.agreed = true
		pairs.say(p, pairSame)
	}
	pairs.agree(p)
}

// Cancel ends it without a verdict.
func (p *Pairing) Cancel() {
	pairs := &p.session.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	pairs.end(p, pairCancelled, ErrCancelled)
}

// pairState is what PAIR_END says.
type pairState uint8

const (
	pairSame      pairState = 0 // the user sees the same code
	pairDiffer    pairState = 1
	pairCancelled pairState = 2
	pairExpired   pairState = 3
	pairBusy      pairState = 4
	pairPaused    pairState = 5 // for some seconds
)

// pairBegin is the payload of PAIR.
type pairBegin struct {
	Attempt [16]byte `cbor:"1,keyasint"` // random
	Commit  [32]byte `cbor:"2,keyasint"`
}

// pairNonce is the payload of PAIR_NONCE: first of the side that did not begin, then of the other.
type pairNonce struct {
	Attempt [16]byte `cbor:"1,keyasint"`
	Nonce   [32]byte `cbor:"2,keyasint"`
}

// pairEnd is the payload of PAIR_END.
type pairEnd struct {
	Attempt [16]byte  `cbor:"1,keyasint"`
	State   pairState `cbor:"2,keyasint"`
	Seconds uint64    `cbor:"3,keyasint,omitempty"` // pairPaused: how long
}

func (p *pairEnd) check() error {
	if p.State > pairPaused {
		return fmt.Errorf("pairing state %d", p.State)
	}
	return nil
}

// pairings are the comparisons of a node, one at a time, and what failed lately.
type pairings struct {
	mu     sync.Mutex
	now    *Pairing // under way; nil: none
	failed map[ID]pairFailed
	begun  *rate.Limiter // by others
	seen   [][32]byte    // nonces of others, the oldest first
}

// pairFailed are failures with one device.
type pairFailed struct {
	n     int
	since time.Time // of the last
}

func (f pairFailed) old(now time.Time) bool { return now.Sub(f.since) >= pairPause }

func newPairings() pairings {
	return pairings{failed: map[ID]pairFailed{}, begun: rate.NewLimiter(rate.Every(time.Minute/pairPerMinute), pairPerMinute)}
}

// Pair begins to compare codes with the peer. It ends what somebody else has begun: the
// wish of this side's user comes first. Else it returns [ErrPairBusy] while one is under way.
func (s *Session) Pair() (*Pairing, error) {
	pairs := &s.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	if until := pairs.paused(s.peer.ID, time.Now()); !until.IsZero() {
		return nil, &PairPauseError{Until: until}
	}
	if other := pairs.now; other != nil {
		if other.ours || other.session == s {
			return nil, ErrPairBusy
		}
		pairs.say(other, pairBusy)
		pairs.stop(other, ErrPairBusy) // which is not the other's fault
	}
	p, err := pairs.begin(s, true)
	if err != nil {
		return nil, err
	}
	rand.Read(p.attempt[:]) // never fails since Go 1.24
	p.exchange = newExchange(true, s.node.cfg.Identity.ID(), s.peer.ID, p.exchange.channel, [32]byte{})
	if err := s.out.send(framePair, 0, &pairBegin{Attempt: p.attempt, Commit: p.exchange.commit}); err != nil {
		pairs.stop(p, err) // the session is over, and may have been before this began
		return nil, err
	}
	return p, nil
}

// begin makes the pairing that is under way. mu is held.
func (c *pairings) begin(s *Session, ours bool) (*Pairing, error) {
	state := s.conn.ConnectionState()
	channel, err := state.ExportKeyingMaterial("EXPORTER-yonder-pairing", nil, 32)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInternal, err)
	}
	p := &Pairing{session: s, ours: ours, until: time.Now().Add(pairTime), ready: make(chan struct{}), done: make(chan struct{})}
	p.exchange.channel = [32]byte(channel)
	p.timer = time.AfterFunc(pairTime, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.end(p, pairExpired, ErrPairTime)
	})
	c.now = p
	s.used()
	return p, nil
}

// onPair is PAIR: the peer begins.
func (s *Session) onPair(payload []byte) error {
	var m pairBegin
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	p, err := s.node.pairs.answer(s, &m)
	if p != nil {
		s.node.cfg.Host.Pairing(p)
	}
	return err
}

// answer answers the beginning of a pairing. It returns the pairing if it is new.
func (c *pairings) answer(s *Session, m *pairBegin) (begun *Pairing, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	p := c.now
	switch {
	case p != nil && p.session == s && p.exchange.first && p.code == "":
		// Both began at the same time: that of the lower ID counts.
		if string(p.exchange.a[:]) < string(p.exchange.b[:]) {
			return nil, nil
		}
	case p != nil && p.session == s:
		return nil, fmt.Errorf("%w: PAIR while one is under way", ErrProtocol)
	case p != nil:
		return nil, s.out.send(framePairEnd, 0, &pairEnd{Attempt: m.Attempt, State: pairBusy})
	default:
		until := c.paused(s.peer.ID, now)
		if until.IsZero() && !c.begun.AllowN(now, 1) {
			until = now.Add(time.Minute / pairPerMinute)
		}
		if !until.IsZero() {
			return nil, s.out.send(framePairEnd, 0, &pairEnd{Attempt: m.Attempt, State: pairPaused, Seconds: uint64(until.Sub(now)/time.Second) + 1})
		}
		if p, err = c.begin(s, false); err != nil {
			return nil, err
		}
		begun = p
	}
	p.attempt = m.Attempt
	p.exchange = newExchange(false, s.node.cfg.Identity.ID(), s.peer.ID, p.exchange.channel, m.Commit)
	return begun, s.out.send(framePairNonce, 0, &pairNonce{Attempt: p.attempt, Nonce: p.exchange.nonce})
}

// onPairNonce is PAIR_NONCE: now there is a code.
func (s *Session) onPairNonce(payload []byte) error {
	var m pairNonce
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	pairs := &s.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	p := pairs.of(s, m.Attempt)
	if p == nil {
		return nil // it has ended here meanwhile
	}
	if p.code != "" {
		return fmt.Errorf("%w: PAIR_NONCE twice", ErrProtocol)
	}
	if slices.Contains(pairs.seen, m.Nonce) {
		return fmt.Errorf("%w: PAIR_NONCE with a nonce that was used before", ErrProtocol)
	}
	code, err := p.exchange.hear(m.Nonce)
	if err != nil {
		return fmt.Errorf("%w: PAIR_NONCE: %w", ErrProtocol, err)
	}
	if len(pairs.seen) == maxNoncesSeen {
		pairs.seen = slices.Delete(pairs.seen, 0, 1)
	}
	pairs.seen = append(pairs.seen, m.Nonce)
	p.code = code
	close(p.ready)
	s.used()
	if p.exchange.first {
		return s.out.send(framePairNonce, 0, &pairNonce{Attempt: p.attempt, Nonce: p.exchange.nonce})
	}
	return nil
}

// onPairEnd is PAIR_END: what the other user sees, or why it ends.
func (s *Session) onPairEnd(payload []byte) error {
	var m pairEnd
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	pairs := &s.node.pairs
	pairs.mu.Lock()
	defer pairs.mu.Unlock()
	p := pairs.of(s, m.Attempt)
	if p == nil {
		return nil // it has ended here meanwhile
	}
	switch m.State {
	case pairSame:
		if p.code == "" {
			return fmt.Errorf("%w: PAIR_END before there is a code", ErrProtocol)
		}
		p.peers = true
		s.used()
		pairs.agree(p)
	case pairDiffer:
		pairs.finish(p, ErrCodesDiffer)
	case pairCancelled:
		pairs.finish(p, ErrPeerCancel)
	case pairExpired:
		pairs.finish(p, ErrPairTime)
	case pairBusy:
		pairs.finish(p, ErrPairBusy)
	case pairPaused:
		pairs.finish(p, &PairPauseError{Until: time.Now().Add(time.Duration(min(m.Seconds, 3600)) * time.Second), Peer: true})
	}
	return nil
}

// of returns the pairing that a frame is about, if it is still under way. mu is held.
func (c *pairings) of(s *Session, attempt [16]byte) *Pairing {
	if p := c.now; p != nil && p.session == s && p.attempt == attempt {
		return p
	}
	return nil
}

// busy reports whether a pairing in a session is under way: people take their time.
func (c *pairings) busy(s *Session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now != nil && c.now.session == s
}

// say tells the peer. mu is held.
func (c *pairings) say(p *Pairing, state pairState) {
	p.session.out.send(framePairEnd, 0, &pairEnd{Attempt: p.attempt, State: state})
}

// agree ends a pairing that both have confirmed. mu is held.
func (c *pairings) agree(p *Pairing) {
	if p.agreed && p.peers {
		c.finish(p, nil)
	}
}

// end tells the peer why it ends, unless it has ended. mu is held.
func (c *pairings) end(p *Pairing, state pairState, why error) {
	if !p.ended {
		c.say(p, state)
		c.finish(p, why)
	}
}

// finish ends a pairing. One that failed counts if the peer may have known a nonce of ours,
// whatever the peer says that it failed for, but for what this side's user began and broke off:
// else a stranger could try as often as it likes. mu is held.
func (c *pairings) finish(p *Pairing, err error) {
	id := p.session.peer.ID
	known := !p.exchange.first || p.code != ""
	switch {
	case err == nil:
		delete(c.failed, id)
	case known && !(p.ours && errors.Is(err, ErrCancelled)):
		c.count(id, time.Now())
	}
	c.stop(p, err)
}

// stop is finish for what says nothing about the peer. mu is held.
func (c *pairings) stop(p *Pairing, err error) {
	p.ended, p.err = true, err
	p.timer.Stop()
	c.now = nil
	close(p.done)
}

// count notes a failure. mu is held.
func (c *pairings) count(id ID, now time.Time) {
	f := c.failed[id]
	if f.old(now) {
		f.n = 0
	}
	if len(c.failed) >= maxPairFailed {
		for other, g := range c.failed {
			if g.old(now) {
				delete(c.failed, other)
			}
		}
		if len(c.failed) >= maxPairFailed {
			clear(c.failed) // the rate of all together still holds
		}
	}
	c.failed[id] = pairFailed{f.n + 1, now}
}

// paused returns until when a device has to wait; zero: it has not to. mu is held.
func (c *pairings) paused(id ID, now time.Time) time.Time {
	if f := c.failed[id]; f.n >= pairFailures && !f.old(now) {
		return f.since.Add(pairPause)
	}
	return time.Time{}
}

// sessionEnded ends the pairing of a session that is over.
func (c *pairings) sessionEnded(s *Session, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.now; p != nil && p.session == s {
		c.finish(p, interrupted(why))
	}
}
