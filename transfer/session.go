package transfer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	pingAfter   = 5 * time.Second  // of silence
	lostAfter   = 15 * time.Second // of silence
	idleClose   = 5 * time.Minute  // without transfer or message
	idleUnknown = time.Minute      // the same, below paired
)

// Self is what a node tells its peers inside TLS.
type Self struct {
	Name    string // at most 32 runes and 128 bytes
	System  string // "Linux", "Windows", "macOS", …
	Version string // of the program
	Port    uint16 // where it listens; 0: nowhere
}

// Peer is the other end of a session: what its key and the connection prove, and what
// it said of itself.
type Peer struct {
	ID      ID             // proved by TLS
	Addr    netip.AddrPort // other end of the connection
	Dialled bool           // we dialled Addr, so the peer listens there
	Self                   // said in hello; remote text, to be cleaned before it is shown
	Epoch   uint64         // of its process; grows at every start
	Skew    time.Duration  // its clock minus ours
	Gossip  bool           // it has us as paired and takes [Session.SendGossip]
}

// Session is one live connection with a peer. It carries any number of transfers in
// both directions, and messages.
//
// Three goroutines belong to it: a reader that admits and dispatches frames, a writer,
// and a keeper that notices silence. They end together.
type Session struct {
	node     *Node
	conn     *tls.Conn
	wire     *wire
	peer     Peer
	began    time.Time
	parity   uint32 // of the streams that we open: 1 for the side that dialled, 0 for the other
	out      *writer
	skipped  int64         // reader: bytes of frames that were passed over
	gossiped time.Time     // reader: when GOSSIP was last looked at
	light    *rate.Limiter // reader: of frames that carry next to nothing
	quiet    quiet         // keeper
	asked    bool          // the peer only wants to know who is here

	mu         sync.Mutex
	sending    map[uint32]*sender
	receiving  map[uint32]*receiver
	nextStream uint32 // ours
	peerStream uint32 // highest that the peer opened
	late       int64  // bytes that may still come for transfers that ended
	lastUse    time.Time
	cause      error
	ended      bool // no transfer may begin

	entered  chan struct{} // closed when the node has taken or refused the session
	done     chan struct{}
	work     sync.WaitGroup // transfers of this session
	lastPing atomic.Int64   // Unix nanoseconds, and the nonce of that PING
	trip     atomic.Int64   // nanoseconds of the shortest round trip; 0: not known
}

func newSession(n *Node, conn *tls.Conn, w *wire, peer Peer) *Session {
	s := &Session{node: n, conn: conn, wire: w, peer: peer, began: time.Now(), lastUse: time.Now(), light: newBrake(),
		sending: map[uint32]*sender{}, receiving: map[uint32]*receiver{}, nextStream: 2,
		entered: make(chan struct{}), done: make(chan struct{})}
	if peer.Dialled {
		s.parity, s.nextStream = 1, 1
	}
	s.out = newWriter(conn, w.flush)
	s.out.hold = w.hold
	return s
}

// Peer returns who is at the other end.
func (s *Session) Peer() Peer { return s.peer }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.done }

// run serves the session until it ends and returns why.
func (s *Session) run() error {
	var both sync.WaitGroup
	both.Go(func() {
		if err := s.out.run(); err != nil {
			s.fail(lost(err))
		}
	})
	both.Go(s.keep)
	err := s.read()
	s.fail(lost(err))
	err = s.failure()
	close(s.done)
	s.mu.Lock()
	s.ended = true
	for _, out := range s.sending {
		out.fail(interrupted(err))
	}
	for _, in := range s.receiving {
		in.fail(interrupted(err))
	}
	s.mu.Unlock()
	s.node.pairs.sessionEnded(s, err)
	both.Wait()
	s.work.Wait()
	return err
}

// keep notices a peer that fell silent, and a session that nobody uses.
func (s *Session) keep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case now := <-tick.C:
			if !s.keepOnce(now) {
				return
			}
		}
	}
}

func (s *Session) keepOnce(now time.Time) bool {
	silence := now.Sub(time.Unix(0, s.wire.heard.Load()))
	if silence >= lostAfter {
		s.fail(fmt.Errorf("%w: nothing heard for %d s", ErrInterrupted, int(silence.Seconds())))
		return false
	}
	if silence >= pingAfter && now.Sub(time.Unix(0, s.lastPing.Load())) >= pingAfter || s.quiet.tooLong(now, s.out.link.total.Load()) {
		if err := s.ping(now); err != nil {
			s.fail(err)
			return false
		}
	}
	limit := idleClose
	if s.node.cfg.Host.Level(s.peer.ID) < Paired {
		limit = idleUnknown
	}
	comparing := s.node.pairs.busy(s)
	s.mu.Lock()
	busy := comparing || len(s.sending)+len(s.receiving) > 0
	if busy {
		s.lastUse = now
	}
	idle, moving := now.Sub(s.lastUse), s.movingLocked()
	s.mu.Unlock()
	if !moving && !s.node.welcome(s.peer) {
		s.bye(fmt.Errorf("%w: not let in any more", ErrInterrupted))
		return false
	}
	if idle >= limit {
		s.bye(fmt.Errorf("%w: idle", ErrInterrupted))
		return false
	}
	return true
}

// quiet notices that a session has not written anything for a while. The peer may hear
// nothing then although it sends: on a link that became slow what it sends may take minutes to
// be worth an answer, and a PING of its own waits behind it.
type quiet struct {
	sent  int64 // bytes written by then
	since time.Time
	asked bool // meanwhile: what ends the quiet waits to be written
}

// tooLong reports whether something must be said, once until it was written.
func (q *quiet) tooLong(now time.Time, sent int64) bool {
	if q.since.IsZero() || sent != q.sent {
		*q = quiet{sent: sent, since: now}
	}
	if q.asked || now.Sub(q.since) < pingAfter {
		return false
	}
	q.asked = true
	return true
}

// signLimit is how long a peer may take to give a sign of life that it was asked for.
const signLimit = 3 * time.Second

// Check asks the peer for a sign of life, and ends the session if none comes within three
// seconds. It is for those who know that something about the network has changed; by
// itself a session waits for 15 s. It does not wait.
func (s *Session) Check() {
	now := time.Now()
	asked := now.UnixNano()
	if s.ping(now) != nil {
		return // it is ending
	}
	time.AfterFunc(signLimit, func() {
		select {
		case <-s.done:
		default:
			if s.wire.heard.Load() < asked {
				s.fail(fmt.Errorf("%w: no sign of life after the network changed", ErrInterrupted))
			}
		}
	})
}

// ping asks the peer for an answer.
func (s *Session) ping(now time.Time) error {
	s.lastPing.Store(now.UnixNano())
	return s.out.send(framePing, 0, &ping{Nonce: uint64(now.UnixNano())})
}

// timeTrip measures how long a frame travels there and back, unless that is known.
func (s *Session) timeTrip() {
	if s.trip.Load() == 0 {
		s.ping(time.Now())
	}
}

// roundTrip returns how long the shortest round trip took; 0: none was measured.
func (s *Session) roundTrip() time.Duration { return time.Duration(s.trip.Load()) }

// used notes that the session was needed.
func (s *Session) used() {
	s.mu.Lock()
	s.lastUse = time.Now()
	s.mu.Unlock()
}

// read admits and dispatches frames until the connection ends or the peer breaks the
// protocol, which it is told.
func (s *Session) read() error {
	buf := make([]byte, 0, maxControl)
	for {
		h, err := readHeader(s.conn)
		if err != nil {
			return err
		}
		s.brake(h)
		err = s.dispatch(h, &buf)
		if err == nil {
			continue
		}
		if errors.Is(err, ErrProtocol) || errors.Is(err, ErrBlocked) || errors.Is(err, ErrTooMany) {
			s.byeFromReader(err)
		}
		return err
	}
}

func (s *Session) dispatch(h header, buf *[]byte) error {
	v, err := s.admit(h)
	if err != nil {
		return err
	}
	if v == skip {
		_, err := io.CopyN(io.Discard, s.conn, int64(h.length))
		return err
	}
	if h.typ == frameData || h.typ == framePack {
		return s.receiver(h.stream).data(s.conn, h.typ, h.length)
	}
	if cap(*buf) < int(h.length) {
		*buf = make([]byte, h.length)
	}
	payload := (*buf)[:h.length]
	if _, err := io.ReadFull(s.conn, payload); err != nil {
		return err
	}
	return s.handle(h, payload)
}

func (s *Session) receiver(stream uint32) *receiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receiving[stream]
}

func (s *Session) sender(stream uint32) *sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sending[stream]
}

// handle decodes a frame that the gate let pass and gives it to its owner. payload is
// valid until it returns.
func (s *Session) handle(h header, payload []byte) error {
	switch h.typ {
	case frameBye:
		return s.onBye(payload)
	case framePing:
		return s.onPing(payload)
	case framePong:
		return s.onPong(payload)
	case frameChat:
		return s.onChat(payload)
	case frameAck:
		return s.onAck(payload)
	case frameGossip:
		return s.onGossip(payload)
	case framePair:
		return s.onPair(payload)
	case framePairNonce:
		return s.onPairNonce(payload)
	case framePairEnd:
		return s.onPairEnd(payload)
	case frameOffer:
		return s.onOffer(h.stream, payload)
	case frameCancel:
		return s.onCancel(h.stream, payload)
	case frameUpdate, framePage, frameFiles, frameEnd:
		// The transfer may have ended since the gate looked.
		if in := s.receiver(h.stream); in != nil {
			return in.handle(h.typ, payload)
		}
	case framePause, frameResume:
		if in := s.receiver(h.stream); in != nil {
			return in.handle(h.typ, payload)
		} else if out := s.sender(h.stream); out != nil {
			return out.handle(h.typ, payload)
		}
	default:
		if out := s.sender(h.stream); out != nil {
			return out.handle(h.typ, payload)
		}
	}
	return nil
}

func (s *Session) onPing(payload []byte) error {
	var m ping
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	return s.out.send(framePong, 0, &m)
}

// onPong learns from the answer to the last PING how long it travelled.
func (s *Session) onPong(payload []byte) error {
	var m ping
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	asked := s.lastPing.Load()
	if m.Nonce != uint64(asked) {
		return nil // of an older one, or of none
	}
	took := min(max(time.Now().UnixNano()-asked, 1), int64(maxRTT))
	if known := s.trip.Load(); known == 0 || took < known {
		s.trip.Store(took)
	}
	return nil
}

func (s *Session) onCancel(stream uint32, payload []byte) error {
	var m status
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	if m.Entry != nil {
		return s.leaveOut(stream, *m.Entry)
	}
	why := fromCode(m.Code)
	if m.Text != "" {
		why = fmt.Errorf("%w: %q", why, m.Text)
	}
	if in := s.receiver(stream); in != nil {
		in.fail(&answeredError{why})
	} else if out := s.sender(stream); out != nil {
		out.fail(&answeredError{why})
	}
	return nil
}

// leaveOut takes one file out of a transfer for the peer.
func (s *Session) leaveOut(stream, entry uint32) error {
	if out := s.sender(stream); out != nil && out.moving.Load() {
		if !out.leaveOut(entry) && !out.over.Load() {
			return fmt.Errorf("%w: CANCEL of entry %d", ErrProtocol, entry)
		}
	} else if in := s.receiver(stream); in != nil && in.accepted.Load() {
		in.leaveOut(entry)
	}
	return nil
}

// cancel tells the peer why a transfer ends here.
func (s *Session) cancel(stream uint32, why error) {
	s.out.send(frameCancel, stream, &status{Code: toCode(why), Text: clip(cause(why), maxText)})
}

// endReceiving forgets a transfer from the peer. What the peer may still have on its
// way for it is allowed to come.
func (s *Session) endReceiving(stream uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receiving[stream] == nil {
		return
	}
	delete(s.receiving, stream)
	s.late += maxLate
	s.lastUse = time.Now()
}

// endSending forgets a transfer of ours.
func (s *Session) endSending(stream uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sending, stream)
	s.late += maxLate
	s.lastUse = time.Now()
}

// maxLate is what may still be on its way for a transfer that ended: the credit, and
// manifest pages.
const maxLate = 32 << 20
