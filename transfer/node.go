package transfer

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

const (
	handshakeLimit  = 10 * time.Second // TCP accepted until hello read
	maxHandshakes   = 32               // connections before hello
	maxPerAddress   = 8                // of them from one address
	extraHandshakes = 8                // more, for addresses of paired peers
	maxSessions     = 64               // with peers below paired
	maxSessionsAddr = 8                // of them from one address
	dialStagger     = 100 * time.Millisecond
	dialLimit       = 10 * time.Second
	tieWindow       = 3 * time.Second
)

// Config sets up a [Node]. Identity and Host are required.
type Config struct {
	Identity *Identity
	Self     Self
	Epoch    uint64   // grows at every start of the program
	Secret   [32]byte // of this profile; resume keys are made with it
	Host     Host
	Partials PartialStore // nil: partials do not survive the process
	Log      *slog.Logger // nil: none
}

// Host is what a node asks and tells the program around it. Offer runs in a goroutine
// of its own; the other methods are called one at a time per session and must not
// wait for anything.
type Host interface {
	// Level is asked before every frame. Blocked ends the session.
	Level(id ID) Level
	// Connected is called once for every session, after the hellos.
	Connected(s *Session)
	// Disconnected follows every Connected.
	Disconnected(s *Session, why error)
	// Offer decides about an offer. ctx ends when it is withdrawn. With in.Partial set
	// it continues what was accepted before.
	Offer(ctx context.Context, in *Incoming) Decision
	// Ended follows every Offer, accepted or not, with the outcome: nil, or why not.
	// [ErrInterrupted] and [ErrStalled] can be resumed by the sender.
	Ended(in *Incoming, report Report, err error)
	// Chat stores a message. nil acknowledges it, an error that wraps [ErrBlocked] or
	// [ErrTooMany] refuses it for good, any other lets the peer try again later.
	Chat(peer Peer, m Chat) error
	// Acked tells how far messages of ours have come.
	Acked(peer Peer, ids [][16]byte, state AckState)
}

// Node owns the listener and the sessions of one identity. Run must be running for
// the other methods to work.
type Node struct {
	cfg      Config
	log      *slog.Logger
	shaking  chan struct{}
	hashing  chan struct{} // a place for each core
	partials PartialStore

	mu       sync.Mutex
	says     Self
	ctx      context.Context // of Run; nil before
	sessions map[ID]*Session
	greeting []*greeting // accepted and not yet past hello, oldest first
	active   map[partialKey]*receiver
	closed   bool
	work     sync.WaitGroup
}

// greeting is a connection that has not proved anything yet.
type greeting struct {
	conn   net.Conn
	addr   netip.Addr
	paired bool
}

// NewNode checks cfg.
func NewNode(cfg Config) (*Node, error) {
	if cfg.Identity == nil || cfg.Host == nil {
		return nil, errors.New("transfer: Config needs Identity and Host")
	}
	n := &Node{cfg: cfg, log: cfg.Log, says: cfg.Self, shaking: make(chan struct{}, max(2, runtime.NumCPU())), hashing: make(chan struct{}, runtime.NumCPU()),
		partials: cfg.Partials, sessions: map[ID]*Session{}, active: map[partialKey]*receiver{}}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.partials == nil {
		n.partials = &memoryPartials{}
	}
	return n, nil
}

// SetSelf changes what later hellos say.
func (n *Node) SetSelf(s Self) {
	n.mu.Lock()
	n.says = s
	n.mu.Unlock()
}

func (n *Node) self() Self {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.says
}

// Run serves ln (nil: no connections are taken) until ctx ends. It then says goodbye
// to every peer and returns when every goroutine of the node has ended.
func (n *Node) Run(ctx context.Context, ln net.Listener) error {
	run, cancel := context.WithCancel(context.Background())
	defer cancel()
	n.mu.Lock()
	if n.ctx != nil {
		n.mu.Unlock()
		return errors.New("transfer: Run called twice")
	}
	n.ctx = run
	n.mu.Unlock()
	var failed error
	if ln != nil {
		accepting := make(chan error, 1)
		go func() { accepting <- n.accept(ln) }()
		select {
		case <-ctx.Done():
			ln.Close()
			<-accepting
		case failed = <-accepting:
			ln.Close()
		}
	} else {
		<-ctx.Done()
	}
	n.shutdown()
	cancel()
	n.work.Wait()
	return failed
}

// shutdown closes every connection, politely where there is a session.
func (n *Node) shutdown() {
	n.mu.Lock()
	n.closed = true
	for _, g := range n.greeting {
		g.conn.Close()
	}
	var all []*Session
	for _, s := range n.sessions {
		all = append(all, s)
	}
	n.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() { s.Close() })
	}
	wg.Wait()
}

// accept takes connections until the listener fails or is closed (nil).
func (n *Node) accept(ln net.Listener) error {
	backoff := 5 * time.Millisecond
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // out of descriptors, most likely: wait for some to be free
			n.log.Warn("accept connection", "err", err)
			time.Sleep(backoff)
			backoff = min(2*backoff, time.Second)
			continue
		}
		backoff = 5 * time.Millisecond
		if g := n.admitGreeting(conn); g != nil {
			n.start(func(ctx context.Context) { n.serve(ctx, g) })
		}
	}
}

// start runs f as a goroutine of the node; false when the node is closing.
func (n *Node) start(f func(ctx context.Context)) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.ctx == nil {
		return false
	}
	ctx := n.ctx
	n.work.Go(func() { f(ctx) })
	return true
}

// admitGreeting makes room for a connection that has proved nothing: the oldest such
// one is closed when there are too many, of its own address first. Connections from
// addresses of paired peers have slots of their own.
func (n *Node) admitGreeting(conn net.Conn) *greeting {
	addr := remote(conn).Addr()
	g := &greeting{conn: conn, addr: addr, paired: n.pairedAddr(addr)}
	n.mu.Lock()
	defer n.mu.Unlock()
	same, others := 0, 0
	for _, have := range n.greeting {
		if have.addr == addr {
			same++
		}
		if have.paired == g.paired {
			others++
		}
	}
	limit := maxHandshakes
	if g.paired {
		limit = extraHandshakes
	}
	switch {
	case same >= maxPerAddress:
		n.dropOldestLocked(func(have *greeting) bool { return have.addr == addr })
	case others >= limit:
		n.dropOldestLocked(func(have *greeting) bool { return have.paired == g.paired })
	}
	n.greeting = append(n.greeting, g)
	return g
}

func (n *Node) dropOldestLocked(match func(*greeting) bool) {
	for i, g := range n.greeting {
		if match(g) {
			g.conn.Close()
			n.greeting = append(n.greeting[:i], n.greeting[i+1:]...)
			return
		}
	}
}

// pairedAddr reports whether a paired peer is connected from addr.
func (n *Node) pairedAddr(addr netip.Addr) bool {
	n.mu.Lock()
	var ids []ID
	for id, s := range n.sessions {
		if s.peer.Addr.Addr() == addr {
			ids = append(ids, id)
		}
	}
	n.mu.Unlock()
	for _, id := range ids {
		if n.cfg.Host.Level(id) >= Paired {
			return true
		}
	}
	return false
}

func (n *Node) greeted(g *greeting) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, have := range n.greeting {
		if have == g {
			n.greeting = append(n.greeting[:i], n.greeting[i+1:]...)
			return
		}
	}
}

// serve shakes hands with a connection that we accepted and runs its session.
func (n *Node) serve(ctx context.Context, g *greeting) {
	s, err := n.secure(ctx, g.conn, listening, ID{})
	if err == nil {
		err = s.greet(false)
	}
	n.greeted(g)
	if err != nil {
		n.log.Debug("handshake", "from", g.conn.RemoteAddr(), "err", fmt.Sprintf("%.300q", err.Error()))
		g.conn.Close()
		return
	}
	if s.asked {
		n.hangUp(s)
		return
	}
	n.runSession(s)
}

// runSession enters a session into the table and serves it. The one that loses against
// another session with the same peer is closed.
func (n *Node) runSession(s *Session) {
	err := n.enter(s)
	if err != nil {
		s.mu.Lock()
		s.cause = err
		s.mu.Unlock()
		close(s.entered)
		n.serveBye(s, err)
		return
	}
	close(s.entered)
	n.cfg.Host.Connected(s)
	err = s.run()
	n.leave(s)
	n.cfg.Host.Disconnected(s, err)
}

// serveBye tells the peer why there is no session and hangs up.
func (n *Node) serveBye(s *Session, why error) {
	s.conn.SetDeadline(time.Now().Add(2 * time.Second))
	s.conn.Write(frame(frameBye, 0, marshal(&status{Code: toCode(why), Text: clip(why.Error(), maxText)})))
	s.wire.flush()
	closeWrite(s.wire.Conn)
	drain(s.wire.Conn)
	n.hangUp(s)
}

// hangUp closes a session that was never entered.
func (n *Node) hangUp(s *Session) {
	s.wire.flush()
	s.conn.Close()
	close(s.done)
}

var errSecond = fmt.Errorf("%w: a second connection", ErrReplaced)

// enter decides whether s becomes the session with its peer. Of two, that of the newer
// process of the peer stays; of two that were made at the same time, the one that the
// lower ID dialled; otherwise the newer, since a peer that has a session does not dial.
func (n *Node) enter(s *Session) error {
	level := n.cfg.Host.Level(s.peer.ID)
	if level == Blocked {
		return ErrBlocked
	}
	others := n.strangers(s)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrInterrupted
	}
	if level < Paired && (others.all >= maxSessions || others.sameAddr >= maxSessionsAddr) {
		return ErrTooMany
	}
	if old := n.liveLocked(s.peer.ID); old != nil {
		if !n.wins(s, old) {
			return errSecond
		}
		go old.bye(errSecond)
	}
	n.sessions[s.peer.ID] = s
	return nil
}

// wins reports whether s replaces old.
func (n *Node) wins(s, old *Session) bool {
	if s.peer.Epoch != old.peer.Epoch {
		return s.peer.Epoch > old.peer.Epoch
	}
	if s.peer.Dialled == old.peer.Dialled || s.began.Sub(old.began) > tieWindow {
		return true
	}
	weAreLower := string(n.cfg.Identity.id[:]) < string(s.peer.ID[:])
	return s.peer.Dialled == weAreLower
}

// census counts sessions with peers below paired.
type census struct{ all, sameAddr int }

func (n *Node) strangers(s *Session) census {
	n.mu.Lock()
	peers := make([]Peer, 0, len(n.sessions))
	for id, have := range n.sessions {
		if id != s.peer.ID {
			peers = append(peers, have.peer)
		}
	}
	n.mu.Unlock()
	var c census
	for _, peer := range peers {
		if n.cfg.Host.Level(peer.ID) < Paired {
			c.all++
			if peer.Addr.Addr() == s.peer.Addr.Addr() {
				c.sameAddr++
			}
		}
	}
	return c
}

func (n *Node) leave(s *Session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sessions[s.peer.ID] == s {
		delete(n.sessions, s.peer.ID)
	}
}

// Session returns the live session with a peer, or nil.
func (n *Node) Session(id ID) *Session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.liveLocked(id)
}

// liveLocked returns the session with a peer unless it has ended and only waits for its
// transfers to notice. mu is held.
func (n *Node) liveLocked(id ID) *Session {
	s := n.sessions[id]
	if s == nil {
		return nil
	}
	select {
	case <-s.done:
		return nil
	default:
		return s
	}
}

// Connect returns the live session with want, or dials addrs side by side and takes
// the first that proves want (zero: anybody). The error wraps [ErrUnreachable],
// [ErrWrongPeer], [ErrSelf], [ErrVersion] or [ErrBlocked].
func (n *Node) Connect(ctx context.Context, want ID, addrs []netip.AddrPort) (*Session, error) {
	if s := n.Session(want); s != nil {
		return s, nil
	}
	if want.IsZero() { // a second session must not push out one that is in use
		s, err := n.dial(ctx, want, addrs, asking)
		if err != nil {
			return nil, err
		}
		n.hangUp(s)
		return n.Connect(ctx, s.peer.ID, []netip.AddrPort{s.peer.Addr})
	}
	for try := 0; ; try++ {
		s, err := n.connectOnce(ctx, want, addrs)
		if err == nil || !errors.Is(err, ErrReplaced) || try == 3 {
			return s, err
		}
		select { // both sides dialled at once, and the session that won ended already
		case <-time.After(time.Duration(try+1) * 50 * time.Millisecond):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (n *Node) connectOnce(ctx context.Context, want ID, addrs []netip.AddrPort) (*Session, error) {
	s, err := n.dial(ctx, want, addrs, dialling)
	if err != nil {
		if have := n.Session(want); have != nil { // the peer was faster
			return have, nil
		}
		return nil, err
	}
	if !n.start(func(context.Context) { n.runSession(s) }) {
		s.wire.Conn.Close()
		return nil, fmt.Errorf("%w: closing", ErrInterrupted)
	}
	return n.settled(ctx, s)
}

// settled waits until s is the session with its peer, or has lost against another one,
// which it returns then.
func (n *Node) settled(ctx context.Context, s *Session) (*Session, error) {
	select {
	case <-s.entered:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if have := n.Session(s.peer.ID); have != nil {
		return have, nil
	}
	return nil, interrupted(cmpError(s.failure(), ErrInterrupted))
}

// Prove dials addr, shakes hands and hangs up: who is there. Errors as of
// [Node.Connect].
func (n *Node) Prove(ctx context.Context, addr netip.AddrPort, want ID) (Peer, error) {
	s, err := n.dial(ctx, want, []netip.AddrPort{addr}, asking)
	if err != nil {
		return Peer{}, err
	}
	n.hangUp(s)
	return s.peer, nil
}

// dial tries all addresses, each a little later than the one before, and returns the
// first that shakes hands.
func (n *Node) dial(ctx context.Context, want ID, addrs []netip.AddrPort, how handshakeKind) (*Session, error) {
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w: no address known", ErrUnreachable)
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	type result struct {
		s   *Session
		err error
	}
	results := make(chan result, len(addrs))
	for i, addr := range addrs {
		go func() {
			select {
			case <-time.After(time.Duration(i) * dialStagger):
			case <-ctx.Done():
			}
			s, err := n.dialOne(ctx, want, addr, how)
			results <- result{s, err}
		}()
	}
	var best error
	for i := range addrs {
		r := <-results
		if r.err == nil {
			cancel()
			for range len(addrs) - i - 1 { // they end with ctx
				if late := <-results; late.err == nil {
					n.hangUp(late.s)
				}
			}
			if err := r.s.greet(how == asking); err != nil {
				n.hangUp(r.s)
				return nil, dialError(r.s.peer.Addr, err)
			}
			return r.s, nil
		}
		best = worseFirst(best, r.err)
	}
	return nil, best
}

// worseFirst prefers the error that tells most about why nobody answered.
func worseFirst(a, b error) error {
	for _, known := range tellingErrors {
		if errors.Is(a, known) {
			return a
		}
		if errors.Is(b, known) {
			return b
		}
	}
	return cmpError(a, b)
}

func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (n *Node) dialOne(ctx context.Context, want ID, addr netip.AddrPort, how handshakeKind) (*Session, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	s, err := n.secure(ctx, conn, how, want)
	if err != nil {
		conn.Close()
		return nil, dialError(addr, err)
	}
	return s, nil
}

// dialError makes everything [ErrUnreachable] that says nothing more precise.
func dialError(addr netip.AddrPort, err error) error {
	for _, known := range tellingErrors {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %w", addr, err)
		}
	}
	return fmt.Errorf("%w: %s: %w", ErrUnreachable, addr, err)
}

// tellingErrors say more about a failed dial than that nobody answered.
var tellingErrors = []error{ErrWrongPeer, ErrSelf, ErrBlocked, ErrVersion, ErrProtocol}

// compute runs a hash on one of NumCPU places that all transfers share.
func (n *Node) compute(f func() value) value {
	n.hashing <- struct{}{}
	defer func() { <-n.hashing }()
	return f()
}

// short is the short form of an ID for logs.
func (id ID) short() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id[:5])
}

// memoryPartials is the store of a node that was given none.
type memoryPartials struct {
	mu   sync.Mutex
	rows map[partialKey]Partial
}

// partialKey finds a partial.
type partialKey struct {
	peer ID
	key  [16]byte
}

func (m *memoryPartials) FindPartial(peer ID, key [16]byte) (Partial, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.rows[partialKey{peer, key}]
	return p, ok
}

func (m *memoryPartials) PutPartial(p Partial) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[partialKey]Partial{}
	}
	m.rows[partialKey{p.Peer, p.Key}] = p
	return nil
}

func (m *memoryPartials) RemovePartial(peer ID, key [16]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, partialKey{peer, key})
	return nil
}
