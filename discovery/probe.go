package discovery

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// candidate is an address where somebody may be.
type candidate struct {
	addr   netip.Addr // with its zone
	tcp    uint16     // where to dial; 0: unknown
	udp    uint16     // where to ask besides the well-known port; 0: unknown
	source Source
	want   ID     // who should be there; zero: anybody
	iface  string // of the link that it is on; empty: none of ours
	strict bool   // whoever answers must take connections at tcp
}

// address is c as an address of a peer.
func (c candidate) address() Addr {
	return Addr{AddrPort: netip.AddrPortFrom(c.addr, c.tcp), UDP: c.udp, Source: c.source, Iface: c.iface}
}

func (c candidate) String() string {
	return fmt.Sprintf("%v (tcp %d, udp %d, %v)", c.addr, c.tcp, c.udp, c.source)
}

// The errors of [Service.Probe].
var (
	ErrNoAnswer   = errors.New("nobody answers")
	ErrNotRunning = errors.New("discovery is not running")
)

// WrongPeerError says that somebody else answered than the device wanted.
type WrongPeerError struct {
	Want, Got ID
	At        netip.AddrPort
}

func (e *WrongPeerError) Error() string {
	return fmt.Sprintf("at %v is device %s, not %s", e.At, e.Got.Short(), e.Want.Short())
}

// Limits of the questions under way.
const (
	maxAsking   = 256
	maxNonces   = 4096
	maxRecent   = 4096
	maxProofs   = 8 // connections at the same time
	nonceLife   = 5 * time.Second
	askAgain    = 10 * time.Second // the same candidate
	askAgainOwn = 5 * time.Minute  // an address that only the peer itself names
	minDialPort = 1024             // below it nothing is dialled that a datagram, and not the user, named
)

// prober asks candidates. Like the registry it has no clock and no network.
type prober struct {
	port     uint16
	canProve bool
	shy      bool        // proofs, which show who we are, are for known ids and what a person asked for
	known    map[ID]bool // of the registry
	asking   map[candidate]*asking
	recent   map[candidate]time.Time
	nonces   map[nonce]sent
	proofs   map[candidate]struct{} // under way, without those that a person waits for
}

// asking is one candidate under way.
type asking struct {
	candidate
	since   time.Time
	asked   int
	tried   bool // the proof was begun
	proving bool
	err     error // the proof's
	waiters []*waiter
}

// sent is a question that may yet be answered.
type sent struct {
	at  time.Time
	to  netip.AddrPort
	who candidate // zero for the checks of the registry
}

// waiter is a caller of Probe who waits for the first of its candidates.
type waiter struct {
	left int // candidates under way
	errs []error
	done chan probed // capacity 1
}

type probed struct {
	peer Peer
	err  error
}

// probeDue is what a tick of the prober asks for.
type probeDue struct {
	ask   []sent // at is not set
	prove []candidate
}

func newProber(port uint16) *prober {
	return &prober{port: port, asking: map[candidate]*asking{}, proofs: map[candidate]struct{}{},
		recent: map[candidate]time.Time{}, nonces: map[nonce]sent{}}
}

// add begins to ask a candidate, unless it was asked lately or too many are
// under way. What a waiter waits for is always asked.
func (p *prober) add(now time.Time, c candidate, w *waiter) {
	if a := p.asking[c]; a != nil {
		if w != nil {
			a.waiters = append(a.waiters, w)
			w.left++
		}
		return
	}
	again := askAgain
	if c.source == Listed {
		again = askAgainOwn
	}
	key := c
	if c.source == Broadcast || c.source == Contact { // a datagram that may be forged: one question per address
		key = candidate{addr: c.addr}
	}
	if last, ok := p.recent[key]; w == nil && (ok && now.Sub(last) < again || len(p.asking) >= maxAsking) {
		return
	}
	if len(p.recent) >= maxRecent {
		clear(p.recent)
	}
	p.recent[key] = now
	a := &asking{candidate: c, since: now}
	if w != nil {
		a.waiters = []*waiter{w}
		w.left++
	}
	p.asking[c] = a
}

// manual reports whether a person waits for the answer.
func (a *asking) manual() bool { return len(a.waiters) > 0 }

// provable reports whether a proof over TCP may be tried.
func (p *prober) provable(a *asking) bool {
	return p.canProve && a.tcp != 0 && a.source != Listed && a.source != Contact && a.source != Broadcast &&
		(a.manual() || a.tcp >= minDialPort) && (!p.shy || a.manual() || p.known[a.want])
}

// timing returns when a is asked, when the proof begins, and when a ends without one.
func (a *asking) timing() (ask []time.Duration, prove, end time.Duration) {
	ms := time.Millisecond
	if a.manual() {
		end = 2500 * ms
		if a.err != nil { // both ways were tried
			end = 1000 * ms
		}
		return []time.Duration{0, 300 * ms, 800 * ms, 1500 * ms}, 250 * ms, end
	}
	return []time.Duration{0, 400 * ms}, 1000 * ms, 1500 * ms
}

// tick does what the time asks for.
func (p *prober) tick(now time.Time) probeDue {
	var d probeDue
	for c, a := range p.asking {
		ask, prove, end := a.timing()
		age := now.Sub(a.since)
		if a.asked < len(ask) && age >= ask[a.asked] {
			a.asked++
			for _, to := range p.targets(c) {
				d.ask = append(d.ask, sent{to: to, who: c})
			}
		}
		if !a.tried && age >= prove && p.mayProve(a) {
			a.tried, a.proving = true, true
			if !a.manual() {
				p.proofs[c] = struct{}{}
			}
			d.prove = append(d.prove, c)
		}
		if age >= end && !a.proving {
			p.finish(c, probed{err: a.failure()})
		}
	}
	for n, s := range p.nonces {
		if now.Sub(s.at) > nonceLife {
			delete(p.nonces, n)
		}
	}
	return d
}

// mayProve reports whether a proof may begin: there are only so many at the same time, but
// a person does not wait for those of strangers.
func (p *prober) mayProve(a *asking) bool {
	return p.provable(a) && (a.manual() || len(p.proofs) < maxProofs)
}

func (a *asking) failure() error {
	at := netip.AddrPortFrom(a.addr, a.tcp)
	var wrong *WrongPeerError
	if errors.As(a.err, &wrong) {
		return a.err
	}
	if a.err != nil {
		return fmt.Errorf("%w at %v: %w", ErrNoAnswer, at, a.err)
	}
	return fmt.Errorf("%w at %v", ErrNoAnswer, at)
}

// targets returns where a candidate can be asked.
func (p *prober) targets(c candidate) []netip.AddrPort {
	var to []netip.AddrPort
	if c.udp != 0 {
		to = append(to, netip.AddrPortFrom(c.addr, c.udp))
	}
	if c.udp != p.port {
		to = append(to, netip.AddrPortFrom(c.addr, p.port))
	}
	return to
}

// next returns when tick must be called, or zero if nothing is under way.
func (p *prober) next() time.Time {
	var next time.Time
	for _, a := range p.asking {
		ask, prove, end := a.timing()
		at := a.since.Add(end)
		if a.asked < len(ask) {
			at = earlier(at, a.since.Add(ask[a.asked]))
		}
		if !a.tried && p.mayProve(a) { // else it is looked at when a proof ends
			at = earlier(at, a.since.Add(prove))
		}
		if a.proving && a.asked == len(ask) {
			continue // its end comes by itself
		}
		next = earlier(next, at)
	}
	return next
}

// earlier returns the earlier of two times; zero counts as never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// question returns a new nonce for a question that goes out now.
func (p *prober) question(now time.Time, s sent) nonce {
	if len(p.nonces) >= maxNonces {
		clear(p.nonces)
	}
	var n nonce
	rand.Read(n[:]) // never fails since Go 1.24
	s.at = now
	p.nonces[n] = s
	return n
}

// waitsFor reports whether n is of a question under way.
func (p *prober) waitsFor(n nonce) bool {
	_, ok := p.nonces[n]
	return ok
}

// answered takes in the echo of a nonce, once.
func (p *prober) answered(n nonce) (sent, bool) {
	s, ok := p.nonces[n]
	delete(p.nonces, n)
	return s, ok
}

// settle ends the asking of c if peer, who answered there, is who was looked for.
func (p *prober) settle(c candidate, peer Peer, tcp uint16) {
	a := p.asking[c]
	if a == nil || !c.want.IsZero() && c.want != peer.ID || a.manual() && (tcp == 0 || c.strict && tcp != c.tcp) {
		return
	}
	p.finish(c, probed{peer: peer})
}

// proofEnded takes in the end of a proof; err is nil if the key of peer was proved.
func (p *prober) proofEnded(c candidate, peer Peer, err error) {
	delete(p.proofs, c)
	a := p.asking[c]
	if a == nil {
		return
	}
	a.proving, a.err = false, err
	if err == nil {
		p.finish(c, probed{peer: peer})
	}
}

// finish removes c and tells who waits for it.
func (p *prober) finish(c candidate, result probed) {
	a := p.asking[c]
	delete(p.asking, c)
	for _, w := range a.waiters {
		w.left--
		if result.err != nil {
			w.errs = append(w.errs, result.err)
			if w.left > 0 {
				continue
			}
			result.err = errors.Join(w.errs...)
		}
		select {
		case w.done <- result:
		default: // another of its candidates was first
		}
	}
}

// forget makes all candidates worth asking again, because the network changed.
func (p *prober) forget() { clear(p.recent) }

// shift moves everything in time, because the clock jumped.
func (p *prober) shift(by time.Duration) {
	for _, a := range p.asking {
		a.since = a.since.Add(by)
	}
	for n, s := range p.nonces {
		s.at = s.at.Add(by)
		p.nonces[n] = s
	}
}
