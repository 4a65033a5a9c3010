package transfer

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
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
	// OtherVersion tells that somebody dialled who speaks other major versions of the protocol
	// only, and whether one of them is newer than ours. It is not known who: anybody may say so.
	OtherVersion(from netip.AddrPort, newer bool)
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
	// Pairing tells that the peer has begun to compare codes. Its code follows at once.
	Pairing(p *Pairing)
	// Gossip tells where a paired peer says that others are. It may name anybody, anywhere.
	Gossip(peer Peer, people []Contact)
	// Acked tells how far messages of ours have come and, with [AckCancelled], which transfers
	// in either direction the peer has cancelled while we were away.
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
	up, down limiter      // of all transfers together
	incoming atomic.Int64 // transfers that are arriving
	first    atomic.Int64 // bytes of credit that each of them begins with
	gossips  atomic.Bool  // GOSSIP is taken from paired peers
	least    atomic.Int32 // the level from which others may connect; see door.go
	pairs    pairings

	mu       sync.Mutex
	says     Self
	ctx      context.Context // of Run; nil before
	sessions map[ID]*Session
	greeting []*greeting // accepted and not yet past hello, oldest first
	active   map[partialKey]*receiver
	closed   bool
	work     sync.WaitGroup
}

// NewNode checks cfg.
func NewNode(cfg Config) (*Node, error) {
	if cfg.Identity == nil || cfg.Host == nil {
		return nil, errors.New("transfer: Config needs Identity and Host")
	}
	n := &Node{cfg: cfg, log: cfg.Log, says: cfg.Self, shaking: make(chan struct{}, max(2, runtime.NumCPU())), hashing: make(chan struct{}, runtime.NumCPU()),
		partials: cfg.Partials, sessions: map[ID]*Session{}, active: map[partialKey]*receiver{}, pairs: newPairings()}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.partials == nil {
		n.partials = &memoryPartials{}
	}
	n.first.Store(firstWindow)
	return n, nil
}

// SetSelf changes what later hellos say.
func (n *Node) SetSelf(s Self) {
	n.mu.Lock()
	n.says = s
	n.mu.Unlock()
}

// SetRate limits all transfers together to up and down bytes per second; 0: no limit.
func (n *Node) SetRate(up, down int64) {
	n.up.set(up)
	n.down.set(down)
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

// hash adds a piece to h on one of NumCPU places that all transfers share. Nothing is
// read or written in them: a disk that hangs must not keep a place.
func (n *Node) hash(h *chunkHash, piece []byte) {
	n.hashing <- struct{}{}
	h.add(piece)
	<-n.hashing
}

// valueOf is chunkValue on one of these places.
func (n *Node) valueOf(content []byte, chunk int64, only bool) value {
	h := newChunkHash(chunk)
	n.hash(h, content)
	return h.value(only)
}

// readValue reads a chunk of f into buf, as much as buf holds, and hashes it. io.EOF: the
// file is shorter.
func (n *Node) readValue(f *os.File, buf []byte, chunk int64, only bool) (value, error) {
	h := newChunkHash(chunk)
	for from, to := range pieces(len(buf)) {
		if got, err := f.ReadAt(buf[from:to], chunk*chunkSize+int64(from)); got < to-from {
			return value{}, cmpError(err, io.EOF)
		}
		n.hash(h, buf[from:to])
	}
	return h.value(only), nil
}

// short is the short form of an ID for logs.
func (id ID) short() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id[:5])
}
