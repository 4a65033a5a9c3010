package transfer

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	offerAfter   = 500 * time.Millisecond // of scanning
	updateEvery  = 500 * time.Millisecond
	workingEvery = 5 * time.Second
	sendBuffers  = 6 << 20 // bytes of content that one transfer holds
)

// Policy says what happens to names that exist at the receiver.
type Policy uint8

const (
	KeepBoth     Policy = 0 // the new one gets another name
	Update       Policy = 1 // identical files are skipped, others replaced
	SkipExisting Policy = 2 // what exists stays
)

// Send describes an outgoing transfer.
type Send struct {
	Transfer [16]byte // random id
	Batch    [16]byte // same for the copies to several recipients; zero: none
	Message  [16]byte // id of the row in the conversation
	Paths    []string // absolute
	Policy   Policy   // a wish
	Parent   [16]byte // id of the transfer that this one adds to; zero: none
	Links    bool     // symbolic links that stay inside a folder are sent as links
}

// Outgoing is one selection on its way to one peer. It can be sent again, over other
// sessions, until it is through.
type Outgoing struct {
	send Send

	limit limiter

	mu      sync.Mutex
	current *sender // while Send runs
	last    Progress
	paused  bool
	left    map[string]bool // files that were left out, by path on the wire
}

// NewOutgoing prepares a transfer. Nothing is read before [Session.Send].
func NewOutgoing(s Send) *Outgoing { return &Outgoing{send: s} }

// Progress returns the counters of the running attempt, or of the last one.
func (o *Outgoing) Progress() Progress {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.current != nil {
		o.last = o.current.progress()
	}
	return o.last
}

// sender is one attempt to move an [Outgoing] over one session.
//
//	scan ─> OFFER ─> wait ─> ACCEPT ─> pages ┐
//	                  └─> DECLINE            ├─> END ─> DONE
//	                          plan ─> chunks ┘
type sender struct {
	session *Session
	stream  uint32
	out     *Outgoing
	scan    *scan
	queue   *queue
	buffers *buffers
	shrink  compression
	plan    *plan
	moving  atomic.Bool
	over    atomic.Bool // nothing of it is there any more
	phase   atomic.Int32
	stored  atomic.Int64
	files   atomic.Int64
	resumed atomic.Int64
	wire    atomic.Int64

	workers sync.WaitGroup
	cancel  context.CancelCauseFunc
	answer  chan *accept
	done    chan *done

	mu         sync.Mutex
	offers     []value // BLAKE3 of the payloads that the receiver may accept
	pausing    bool    // this side does
	peerPauses bool
	acked      map[uint32]uint32 // chunks on the receiver's disk, of files that are not complete
	complete   bitset            // entries
}

func (a *sender) progress() Progress {
	p := Progress{Phase: Phase(a.phase.Load()), Stored: a.stored.Load(), Files: a.files.Load(), Resumed: a.resumed.Load(), Wire: a.wire.Load()}
	a.mu.Lock()
	p.Paused, p.Waiting = a.pausing, a.peerPauses
	a.mu.Unlock()
	if a.scan != nil {
		entries, _, bytes, complete := a.scan.manifest.totals()
		p.Names, p.Count = a.scan.names(), len(a.scan.tops)
		p.Entries, p.Bytes, p.Final = entries, bytes, complete
	}
	return p
}

// fail ends the attempt.
func (a *sender) fail(why error) { a.cancel(why) }

// Send offers out and moves it. It returns when the receiver has everything durable
// under its final names, or with the reason why not: [ErrDeclined], [ErrNobody],
// [ErrPeerCancel], [ErrInterrupted] and so on. When ctx ends, its cause decides:
// [ErrCancelled] cancels for good, anything else interrupts, so that a later Send of
// the same paths resumes.
func (s *Session) Send(ctx context.Context, out *Outgoing) (Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return Report{}, interrupted(cmpError(s.failure(), ErrInterrupted))
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()
	a := &sender{session: s, out: out, buffers: newBuffers(sendBuffers), cancel: cancel,
		answer: make(chan *accept, 1), done: make(chan *done, 1), acked: map[uint32]uint32{}}
	a.plan = newPlan(a)
	out.mu.Lock()
	if out.current != nil {
		out.mu.Unlock()
		return Report{}, ErrBusy
	}
	out.current, a.pausing = a, out.paused
	out.mu.Unlock()
	report, err := a.run(ctx)
	if errors.Is(err, errClosed) {
		err = interrupted(cmpError(s.failure(), err))
	}
	a.phase.Store(int32(Over))
	out.mu.Lock()
	out.last = a.progress()
	out.current = nil
	out.mu.Unlock()
	return report, err
}

func (a *sender) run(ctx context.Context) (Report, error) {
	found, err := newScan(a.out.send.Paths, a.out.send.Links)
	if err != nil {
		return Report{}, err
	}
	a.out.mu.Lock() // progress reads scan
	a.scan = found
	a.out.mu.Unlock()
	a.workers.Go(func() {
		if err := a.scan.run(ctx); err != nil {
			a.fail(err)
		}
	})
	// Everything that this attempt started has ended before the scan's handles close.
	defer func() {
		a.cancel(nil)
		a.plan.stop()
		if a.queue != nil {
			a.queue.close()
		}
		a.workers.Wait()
		a.plan.closeAll()
		a.over.Store(true)
		a.scan.close()
	}()
	report, err := a.exchange(ctx)
	if err != nil && a.stream != 0 && !errors.Is(err, errAnswered) {
		a.session.cancel(a.stream, forPeer(err))
	}
	if a.stream != 0 {
		a.session.endSending(a.stream)
	}
	var answered *answeredError
	if errors.As(err, &answered) {
		err = answered.why
	}
	return report, err
}

// errAnswered marks ends that the peer knows of.
var errAnswered = errors.New("answered")

type answeredError struct{ why error }

func (e *answeredError) Error() string        { return e.why.Error() }
func (e *answeredError) Unwrap() error        { return e.why }
func (e *answeredError) Is(target error) bool { return target == errAnswered }

// forPeer is what the other side is told: our own cancelling, or an interruption.
func forPeer(err error) error {
	if toCode(err) == codeInternal {
		return fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	return err
}

func (a *sender) exchange(ctx context.Context) (Report, error) {
	answer, err := a.offer(ctx)
	if err != nil {
		return Report{}, err
	}
	a.phase.Store(int32(Moving))
	a.pauseSelf(a.pauses())
	a.queue.grant(int64(min(answer.Credit, maxCredit)))
	a.workers.Go(func() { a.pages(ctx) })
	for range min(max(runtime.NumCPU(), 2), 8) {
		a.workers.Go(func() { a.work(ctx, a.plan) })
	}
	working := time.NewTicker(workingEvery)
	defer working.Stop()
	before := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return Report{}, context.Cause(ctx)
		case m := <-a.done:
			return a.report(m), nil
		case <-working.C:
			if now := a.wire.Load(); now == before {
				a.queue.working()
			} else {
				before = now
			}
		}
	}
}

// pages queues the manifest as the scan finds it, a few pages ahead of the content.
func (a *sender) pages(ctx context.Context) {
	k, eager := 0, false
	for a.plan.hungry() {
		payload, upto, last, ok := a.scan.manifest.page(k, eager)
		if ok {
			k, eager = k+1, false
			a.queue.putFrame(frame(framePage, a.stream, payload))
			a.plan.pages(upto, last)
			if last {
				return
			}
			continue
		}
		if err := a.scan.manifest.err(); err != nil {
			a.fail(err)
			return
		}
		select { // the scan goes on: what it finds in a moment makes a page, however small
		case <-time.After(5 * time.Millisecond):
			eager = true
		case <-ctx.Done():
			return
		}
	}
}

// noteStored counts what the receiver has on disk.
func (a *sender) noteStored(m *stored) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range m.Chunks {
		n, ok := a.scan.manifest.node(r.Entry)
		if !ok || n.kind != kindFile {
			return fmt.Errorf("%w: STORED of entry %d", ErrProtocol, r.Entry)
		}
		if total := uint64(a.acked[r.Entry]) + uint64(r.Count); total < uint64(n.chunkCount()) {
			a.acked[r.Entry] = uint32(total)
		} else {
			delete(a.acked, r.Entry)
			a.complete.set(r.Entry)
		}
	}
	_, _, total, _ := a.scan.manifest.totals()
	a.stored.Store(min(int64(min(m.Bytes, maxTotal)), total))
	a.files.Store(int64(min(m.Files, maxEntries)))
	a.resumed.Store(min(int64(min(m.Resumed, maxTotal)), total))
	return nil
}

// putChunk queues a chunk in the better of its two forms.
func (a *sender) putChunk(f *sourceFile, chunk uint32, v value, b []byte, release func()) {
	head := chunkHeader{raw: uint32(len(b)), encoded: uint32(len(b)), value: v}
	if allZero(b) { // its buffer bounds how many of them wait
		head.encoding, head.encoded = encodingZero, 0
		a.queue.putChunk(f.index, chunk, head, nil, release)
		return
	}
	if packed := a.shrink.encode(b, a.session.out.link.rate(), a.session.out.link.total.Load()); packed != nil {
		head.encoding, head.encoded = encodingZstd, uint32(len(packed))
		a.queue.putChunk(f.index, chunk, head, packed, release)
		return
	}
	a.queue.putChunk(f.index, chunk, head, b, release)
}

// finish queues END: everything was sent.
func (a *sender) finish() {
	rows, count, links := a.scan.report()
	m := end{SkipCount: uint64(count), Links: uint64(links), Skipped: wireReport(rows)}
	a.queue.finish(&m)
	a.phase.Store(int32(Finishing))
}

// handle takes a frame from the receiver; it runs in the session's reader.
func (a *sender) handle(typ frameType, payload []byte) error {
	err := a.take(typ, payload)
	if a.over.Load() {
		return nil // ended meanwhile, and with it what frames could be checked against
	}
	return err
}

func (a *sender) take(typ frameType, payload []byte) error {
	switch typ {
	case frameAccept:
		return a.onAccept(payload)
	case frameDecline:
		var m status
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		why := fromCode(m.Code)
		if errors.Is(why, ErrDiskFull) && m.Need > 0 {
			why = &RoomError{Need: int64(min(m.Need, maxTotal)), Have: int64(min(m.Have, maxTotal))}
		}
		a.fail(&answeredError{why})
	case frameHave:
		var m have
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		return a.plan.have(&m)
	case frameWant:
		var m want
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		return a.plan.want(&m)
	case frameStored:
		var m stored
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		return a.noteStored(&m)
	case framePause, frameResume:
		var m pause
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		a.pausePeer(typ == framePause)
	case frameCredit:
		var m credit
		if err := unmarshal(payload, &m); err != nil {
			return err
		}
		if m.Bytes > maxCredit {
			return fmt.Errorf("%w: credit of %d bytes", ErrProtocol, m.Bytes)
		}
		a.queue.grant(int64(m.Bytes))
	case frameDone:
		m := new(done)
		if err := unmarshal(payload, m); err != nil {
			return err
		}
		select {
		case a.done <- m:
		default:
			return fmt.Errorf("%w: second DONE", ErrProtocol)
		}
	}
	return nil
}

// report tells what came of the transfer, from our scan and the receiver's word.
func (a *sender) report(m *done) Report {
	entries, _, bytes, _ := a.scan.manifest.totals()
	rows, count, links := a.scan.report()
	a.scan.mu.Lock()
	renamed, renames := a.scan.renamed, a.scan.renames
	a.scan.mu.Unlock()
	r := Report{Files: int64(min(m.Files, maxEntries)), Entries: entries, Bytes: bytes, Skipped: rows, SkipCount: count, Links: links,
		Failed: count - links + int64(min(m.Failed, maxEntries))}
	for _, p := range m.Published {
		r.Published = append(r.Published, Published{Name: p.Name, As: p.As})
	}
	for _, row := range m.Skipped {
		if len(r.Skipped) < maxReport {
			r.Skipped = append(r.Skipped, Skipped{Path: row.Path, Reason: row.Reason, Detail: row.Detail})
		}
	}
	r.Skipped = append(r.Skipped, renamed[:min(len(renamed), maxReport-len(r.Skipped))]...)
	r.SkipCount += int64(min(m.SkipCount, maxEntries)) + renames
	r.Links += int64(min(m.Links, maxEntries))
	return r
}

func wireReport(rows []Skipped) []skipped {
	out := make([]skipped, 0, len(rows))
	size := 0
	for _, row := range rows {
		if size += len(row.Path) + len(row.Detail) + 16; size > maxControl/2 {
			break
		}
		out = append(out, skipped{Path: row.Path, Reason: row.Reason, Detail: row.Detail})
	}
	return out
}
