package transfer

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lukechampine.com/blake3"
)

// open enters the transfer into the session with its first offer. The number of its
// stream is taken as the frame is queued: numbers rise on the wire, however long each
// scan takes.
func (a *sender) open(payload []byte) error {
	s := a.session
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
		return interrupted(cmpError(s.cause, ErrInterrupted))
	default:
	}
	if len(s.sending) >= maxStreams {
		return fmt.Errorf("%w: %d transfers to this peer", ErrTooMany, len(s.sending))
	}
	a.stream = s.nextStream
	s.nextStream += 2
	a.queue = newQueue(s.out, a.stream, func(n int) { a.wire.Add(int64(n)) })
	a.queue.pace = []*limiter{&a.out.limit, &s.node.up}
	s.sending[a.stream] = a
	return s.out.sendFrame(frame(frameOffer, a.stream, payload))
}

// offer sends the offer as soon as the scan ends or took a while, keeps it up to date,
// and waits for the answer.
func (a *sender) offer(ctx context.Context) (*accept, error) {
	timer := time.NewTimer(offerAfter)
	defer timer.Stop()
	sentFinal := false
	for {
		entries, _, bytes, final := a.scan.manifest.totals()
		if final && !sentFinal {
			if err := a.sendOffer(entries, bytes, true); err != nil {
				return nil, err
			}
			sentFinal = true
		}
		var grown <-chan struct{}
		if !sentFinal {
			grown = a.scan.manifest.growth()
			if _, _, _, complete := a.scan.manifest.totals(); complete {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-a.session.done: // before the first offer, nobody else tells
			return nil, interrupted(cmpError(a.session.failure(), ErrInterrupted))
		case m := <-a.answer:
			a.workers.Go(func() { a.finalUpdate(ctx, sentFinal) })
			return m, nil
		case <-timer.C:
			timer.Reset(updateEvery)
			if !sentFinal && entries > 0 {
				if err := a.sendOffer(entries, bytes, false); err != nil {
					return nil, err
				}
			}
		case <-grown:
			select { // not for every entry
			case <-ctx.Done():
			case <-time.After(5 * time.Millisecond):
			case m := <-a.answer:
				a.workers.Go(func() { a.finalUpdate(ctx, sentFinal) })
				return m, nil
			}
		}
	}
}

// finalUpdate tells the receiver the totals once the scan ends after the accept.
func (a *sender) finalUpdate(ctx context.Context, sent bool) {
	for !sent {
		grown := a.scan.manifest.growth()
		entries, _, bytes, final := a.scan.manifest.totals()
		if final {
			a.sendOffer(entries, bytes, true)
			return
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return
		}
	}
}

// sendOffer sends the offer, or its newer state once it is out.
func (a *sender) sendOffer(entries, bytes int64, final bool) error {
	send := &a.out.send
	m := offer{Transfer: send.Transfer, Key: a.session.node.resumeKey(a.session.peer.ID, send.Paths), Batch: send.Batch, Conv: []byte{},
		Message: send.Message, Count: uint64(len(a.scan.tops)), Entries: uint64(entries), Bytes: uint64(bytes), Final: final, Wish: send.Policy}
	if send.Parent != [16]byte{} {
		m.Parent = send.Parent[:]
	}
	for _, name := range a.scan.names() {
		m.Names = append(m.Names, topName{Name: name.Name, Folder: name.Folder, Size: uint64(name.Size)})
	}
	for { // very long names: fewer are shown, the receiver learns the others from the manifest
		payload := marshal(&m)
		if len(payload) <= maxControl {
			a.mu.Lock()
			a.offers = append(a.offers, blake3.Sum256(payload))
			a.mu.Unlock()
			a.phase.CompareAndSwap(int32(Scanning), int32(Offering))
			if a.stream == 0 {
				return a.open(payload)
			}
			return a.session.out.sendFrame(frame(frameUpdate, a.stream, payload))
		}
		m.Names = m.Names[:len(m.Names)*3/4]
	}
}

// resumeKey names a selection for one receiver, so that sending it again finds what
// had arrived. Only this profile can make it.
func (n *Node) resumeKey(peer ID, paths []string) (key [16]byte) {
	h := blake3.New(16, n.cfg.Secret[:])
	h.Write(peer[:])
	for _, p := range slices.Sorted(slices.Values(paths)) {
		p = filepath.Clean(p)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	h.Sum(key[:0])
	return key
}

func (a *sender) onAccept(payload []byte) error {
	m := new(accept)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	a.mu.Lock()
	known := slices.Contains(a.offers, m.Offer)
	a.mu.Unlock()
	if !known {
		return fmt.Errorf("%w: ACCEPT of something that was not offered", ErrProtocol)
	}
	entries, _, bytes, _ := a.scan.manifest.totals()
	if uint64(entries) > m.Entries || uint64(bytes) > m.Bytes {
		a.fail(fmt.Errorf("%w: the receiver takes %d bytes in %d entries", ErrLimit, m.Bytes, m.Entries))
	}
	if m.Have {
		a.plan.await()
	}
	a.moving.Store(true)
	a.answer <- m
	return nil
}
