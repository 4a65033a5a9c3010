package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"lukechampine.com/blake3"
)

const (
	maxHeld     = 8 << 20 // bytes of DATA on their way, and not on disk yet
	creditStep  = 512 << 10
	maxCredit   = 1 << 30
	reserve     = 64 << 20 // bytes of free space that are left alone, or a 16th where there is little
	storedEvery = 100 * time.Millisecond
	stallAfter  = 30 * time.Second
	stallBytes  = 16 << 10
	maxTries    = 3 // of one chunk
)

// Incoming is one offered or running transfer from a peer.
type Incoming struct {
	Peer     Peer
	Transfer [16]byte
	Message  [16]byte // id of the row in the conversation, as the sender chose it
	Batch    [16]byte
	Wish     Policy
	Parent   [16]byte // id of the transfer that this one adds to; zero: none
	Partial  *Partial // not nil: it continues this one, which was accepted, within what was accepted

	r *receiver
}

// Progress returns the counters of the transfer.
func (in *Incoming) Progress() Progress { return in.r.progress() }

// Cancel ends the transfer for good; what had arrived of it is removed.
func (in *Incoming) Cancel() { in.r.fail(ErrCancelled) }

// receiver is one transfer from the peer.
//
//	OFFER ─> Host.Offer ─> ACCEPT ─> pages, chunks ─> END ─> sync ─> publish ─> DONE
//	             └─> DECLINE
//
// The session's reader hands it pages and chunks without ever waiting; its own
// goroutines hash and write. What it may hold is bounded by the credit it gives.
type receiver struct {
	session  *Session
	stream   uint32
	in       *Incoming
	key      [16]byte
	manifest *manifest
	accepted atomic.Bool
	ctx      context.Context
	cancel   context.CancelCauseFunc
	phase    atomic.Int32
	got      atomic.Int64 // chunk bytes that came
	stored   atomic.Int64 // content bytes on disk and believed to be right
	resumed  atomic.Int64
	complete atomic.Int64 // files
	active   atomic.Int64 // frames that show the sender at work

	assembling *assembly // reader only

	mu          sync.Mutex
	offer       offer
	hash        value // of the last offer payload
	limit       limits
	outstanding int64                    // credit that the sender has
	held        int64                    // DATA bytes received and not on disk
	pages       []span                   // of the manifest, not looked at yet
	files       map[uint32]*incomingFile // that are under way
	marks       []uint8                  // of every entry of the manifest so far
	discard     []string                 // staged files that are not part of the result
	linkEntries []uint32                 // symbolic links to be made
	replacing   map[string]identity      // see [merger]
	pausing     bool                     // this side does
	peerPauses  bool
	waiting     *time.Timer // for a rate limit
	settled     int64       // files complete or given up
	regular     int64       // files in the manifest so far
	ended       bool
	end         end
	acks        stored
	told        stored // the totals that the sender knows
	skipped     []Skipped
	skipCount   int64
	failedCount int64
	linkCount   int64         // of skipCount
	wake        chan struct{} // signals run; capacity 1
	paged       chan struct{} // the same for keeper.pages

	pace limiter
	flow flow // guarded by mu

	asked      bool // run only: the host knows of it
	staging    *staging
	policy     Policy
	takesLinks bool
	tells      bool              // HAVE frames say what there is; the sender waits for them
	packs      uint32            // reader: packs that came
	before     map[string]string // top-level entries that an earlier run of this transfer has published
	lanes      []lane
	keeper     keeper
}

// onOffer begins a transfer from the peer.
func (s *Session) onOffer(stream uint32, payload []byte) error {
	var m offer
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &receiver{session: s, stream: stream, key: m.Key, manifest: newManifest(), ctx: ctx, cancel: cancel, offer: m, flow: flow{window: s.node.first.Load()},
		hash: blake3.Sum256(payload), files: map[uint32]*incomingFile{}, wake: make(chan struct{}, 1), paged: make(chan struct{}, 1)}
	r.in = &Incoming{Peer: s.peer, Transfer: m.Transfer, Message: m.Message, Batch: m.Batch, Wish: m.Wish, r: r}
	copy(r.in.Parent[:], m.Parent)
	r.keeper.init(r)
	r.phase.Store(int32(Offering))
	s.mu.Lock()
	full := len(s.receiving) >= maxStreams
	if full {
		s.late += maxLate
	} else {
		s.receiving[stream] = r
	}
	s.mu.Unlock()
	if full {
		cancel(nil)
		return s.out.send(frameDecline, stream, &status{Code: toCode(ErrTooMany)})
	}
	s.work.Go(r.run)
	return nil
}

func (r *receiver) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{Phase: Phase(r.phase.Load()), Paused: r.pausing, Waiting: r.peerPauses, Count: int(r.offer.Count), Entries: int64(r.offer.Entries), Bytes: int64(r.offer.Bytes), Final: r.offer.Final,
		Files: r.complete.Load(), Stored: r.stored.Load(), Resumed: r.resumed.Load(), Wire: r.got.Load()}
	for _, name := range r.offer.Names {
		p.Names = append(p.Names, Name{Name: name.Name, Folder: name.Folder, Size: int64(name.Size)})
	}
	if entries, _, bytes, complete := r.manifest.totals(); complete || entries > p.Entries {
		p.Entries, p.Bytes, p.Final = entries, max(bytes, p.Bytes), p.Final || complete
	}
	return p
}

// fail ends the transfer.
func (r *receiver) fail(why error) { r.cancel(why) }

// signal wakes run.
func (r *receiver) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// handle takes a frame from the sender; it runs in the session's reader.
func (r *receiver) handle(typ frameType, payload []byte) error {
	if r.ctx.Err() != nil {
		return nil // ended: what was on its way is forgotten
	}
	r.active.Add(1)
	err := r.note(typ, payload)
	if r.ctx.Err() != nil {
		return nil // ended meanwhile, and with it what frames could be checked against
	}
	return err
}

func (r *receiver) note(typ frameType, payload []byte) error {
	switch typ {
	case frameUpdate:
		return r.onUpdate(payload)
	case framePage:
		added, err := r.manifest.addPage(payload, r.limits())
		if err != nil {
			if errors.Is(err, ErrProtocol) {
				return err
			}
			r.fail(err)
			return nil
		}
		r.mu.Lock()
		r.marks = append(r.marks, make([]uint8, added.end-added.first)...)
		r.pages = append(r.pages, added)
		r.mu.Unlock()
		select {
		case r.paged <- struct{}{}:
		default:
		}
	case frameFiles:
		var m files
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		return r.keeper.outcomes(&m)
	case framePause, frameResume:
		var m pause
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		r.mu.Lock()
		r.peerPauses = typ == framePause
		r.mu.Unlock()
	case frameEnd:
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.ended {
			return fmt.Errorf("%w: second END", ErrProtocol)
		}
		if err := unmarshal(payload, &r.end); err != nil {
			return err
		}
		r.ended = true
		r.signal()
	}
	return nil
}

func (r *receiver) limits() limits {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.limit
}

// onUpdate takes a newer state of the offer: totals may rise, nothing else changes.
func (r *receiver) onUpdate(payload []byte) error {
	var m offer
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	old := &r.offer
	same := m.Transfer == old.Transfer && m.Key == old.Key && m.Count == old.Count && slices.Equal(m.Names, old.Names) &&
		m.Message == old.Message && m.Batch == old.Batch && bytes.Equal(m.Conv, old.Conv) && m.Wish == old.Wish && m.Purpose == old.Purpose
	if !same || m.Entries < old.Entries || m.Bytes < old.Bytes || old.Final {
		return fmt.Errorf("%w: OFFER_UPDATE changes the offer", ErrProtocol)
	}
	if r.accepted.Load() && (int64(m.Entries) > r.limit.entries || int64(m.Bytes) > r.limit.bytes) {
		r.fail(fmt.Errorf("%w: offer grew to %d bytes", ErrLimit, m.Bytes))
		return nil
	}
	r.offer = m
	if !r.accepted.Load() {
		r.hash = blake3.Sum256(payload)
	}
	r.signal()
	return nil
}

// run takes the transfer from the offer to its end.
func (r *receiver) run() {
	report, err := r.take()
	r.phase.Store(int32(Over))
	r.cancel(err)
	r.session.endReceiving(r.stream)
	r.session.node.release(r)
	r.manifest.close()
	r.mu.Lock()
	if r.waiting != nil {
		r.waiting.Stop()
	}
	r.mu.Unlock()
	var known *answeredError
	if errors.As(err, &known) {
		err = known.why
	}
	if r.asked {
		r.session.node.cfg.Host.Ended(r.in, report, err)
	}
}

// take decides, receives and publishes.
func (r *receiver) take() (Report, error) {
	if err := r.session.node.claim(r); err != nil {
		r.decline(err)
		return Report{}, err
	}
	if f, ok := r.session.node.partials.FindDone(r.session.peer.ID, r.in.Transfer); ok && f.there() {
		r.answerDone(f)
		return Report{}, nil
	}
	found, has := r.session.node.partials.FindPartial(r.session.peer.ID, r.key)
	r.mu.Lock()
	if has && r.within(found) {
		r.in.Partial = &found
	}
	r.mu.Unlock()
	r.asked = true
	d := r.session.node.cfg.Host.Offer(r.ctx, r.in)
	if err := context.Cause(r.ctx); err != nil {
		r.tell(err)
		return Report{}, err
	}
	if !d.Accept {
		why := cmpError(d.Reason, ErrDeclined)
		r.decline(why)
		return Report{}, why
	}
	if err := r.prepare(d, found, has); err != nil {
		r.decline(err)
		return Report{}, err
	}
	if len(r.before) > 0 && uint64(len(r.before)) == r.offer.Count {
		return r.repeat(), nil
	}
	report, err := r.receive()
	if err != nil {
		r.abandon(err)
		return Report{}, err
	}
	return report, nil
}

// tell cancels at the sender, unless it was the sender that ended the transfer.
func (r *receiver) tell(why error) {
	if !errors.Is(why, errAnswered) {
		r.session.cancel(r.stream, forPeer(why))
	}
}

// receive moves everything and publishes it.
func (r *receiver) receive() (Report, error) {
	r.session.node.incoming.Add(1)
	defer r.session.node.incoming.Add(-1)
	var work sync.WaitGroup
	for i := range r.lanes {
		work.Go(func() { r.keeper.work(&r.lanes[i]) })
	}
	work.Go(r.keeper.pages)
	for range rechecks {
		work.Go(r.keeper.recheck)
	}
	err := r.wait()
	if err != nil {
		r.tell(err) // before the workers have ended: the disk may hang
	}
	r.cancel(err)            // nil: context.Canceled; ends the lanes
	for i := range r.lanes { // what came whole before a cut need not come again
		r.lanes[i].close(errors.Is(err, ErrInterrupted) || errors.Is(err, ErrStalled))
	}
	r.keeper.stop()
	work.Wait()
	r.keeper.closeAll()
	if err != nil {
		return Report{}, err
	}
	r.phase.Store(int32(Finishing))
	report, err := r.finish()
	if err != nil {
		r.tell(err)
	}
	return report, err
}

// rechecks is how many files are looked at again at a time.
const rechecks = 2

// wait returns when every file is settled, or why that will not happen.
func (r *receiver) wait() error {
	tick := time.NewTicker(storedEvery)
	defer tick.Stop()
	since, lastGot, lastActive := time.Now(), int64(0), int64(0)
	for {
		if r.arrived() {
			r.acknowledge()
			return nil
		}
		select {
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		case <-r.wake:
		case now := <-tick.C:
			r.acknowledge()
			got, active := r.got.Load(), r.active.Load()
			if got-lastGot >= stallBytes || active != lastActive || !r.open() {
				since, lastGot, lastActive = now, got, active
			} else if now.Sub(since) >= stallAfter {
				p := r.progress()
				return fmt.Errorf("%w: %d bytes in %d s, %d of %d bytes are there", ErrStalled, got-lastGot, int(stallAfter.Seconds()), p.Stored, p.Bytes)
			}
		}
	}
}

// open reports whether the sender could send: it has credit, knows what there is, and
// nobody pauses.
func (r *receiver) open() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outstanding >= minFragment && len(r.pages) == 0 && !r.pausing && !r.peerPauses
}

// arrived reports whether every entry of the whole manifest is settled.
func (r *receiver) arrived() bool {
	_, _, _, complete := r.manifest.totals()
	r.mu.Lock()
	defer r.mu.Unlock()
	return complete && r.ended && len(r.pages) == 0 && r.settled == r.regular
}

// acknowledge tells the sender what is on disk since the last time.
func (r *receiver) acknowledge() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acknowledgeLocked()
}

func (r *receiver) acknowledgeLocked() {
	now := stored{Bytes: uint64(max(r.stored.Load(), 0)), Files: uint64(r.complete.Load()), Resumed: uint64(max(r.resumed.Load(), 0))}
	if len(r.acks.Chunks) == 0 && now.Bytes == r.told.Bytes && now.Files == r.told.Files && now.Resumed == r.told.Resumed {
		return
	}
	r.told = now
	if now.Chunks = r.acks.Chunks; now.Chunks == nil {
		now.Chunks = []chunkRange{}
	}
	r.session.out.send(frameStored, r.stream, &now)
	r.acks = stored{}
}

// abandon closes a transfer that failed. What can be resumed stays.
func (r *receiver) abandon(why error) {
	for _, final := range []error{ErrCancelled, ErrPeerCancel, ErrLimit, ErrBadName, ErrProtocol} {
		if errors.Is(why, final) {
			r.discardStaging()
			return
		}
	}
	r.staging.close()
}

// discardStaging removes what arrived, and the note of it.
func (r *receiver) discardStaging() {
	if err := r.staging.remove(); err != nil {
		r.session.node.log.Warn("remove partial", "err", err)
	}
	r.session.node.partials.RemovePartial(r.session.peer.ID, r.key)
}
