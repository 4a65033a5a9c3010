package transfer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"
)

// Decision answers an offer.
type Decision struct {
	Accept bool
	Folder string // absolute, existing; where it lands
	Policy Policy
	Links  bool  // symbolic links that stay inside a folder are made
	Rate   int64 // bytes per second that may come; 0: no limit of its own
	Reason error // when not accepted: nil is [ErrDeclined]
}

// within reports whether the offer stays inside what was accepted for a partial.
func (r *receiver) within(p Partial) bool {
	if int64(r.offer.Count) != p.Count || int64(r.offer.Entries) > p.Entries || int64(r.offer.Bytes) > p.Bytes {
		return false
	}
	for i, name := range r.offer.Names {
		if i >= len(p.Names) || p.Names[i] != name.Name {
			return false
		}
	}
	return true
}

func (r *receiver) decline(why error) {
	m := status{Code: toCode(why), Text: clip(cause(why), maxText)}
	if room, ok := errors.AsType[*RoomError](why); ok {
		m.Need, m.Have = uint64(room.Need), uint64(room.Have)
	}
	r.session.endReceiving(r.stream) // before the peer can know: what it still sends is late, and no breach
	r.session.out.send(frameDecline, r.stream, &m)
}

// prepare opens the place where the transfer arrives and accepts it.
func (r *receiver) prepare(d Decision, found Partial, has bool) error {
	fresh := false // nothing is on disk yet
	if has && found.Folder == d.Folder {
		var err error
		if r.staging, err = openStaging(found); err != nil {
			r.session.node.log.Warn("partial cannot be resumed", "err", err)
		} else {
			if left := r.staging.earlier; left.damaged {
				r.session.node.log.Info("journal damaged; what it does not know is sent again", "staging", filepath.Base(found.Staging), "lost", left.lost)
			}
			r.before = r.staging.already(r.in.Transfer)
		}
	}
	if r.staging == nil {
		if has {
			found.Remove()
		}
		var err error
		if r.staging, err = newStaging(d.Folder); err != nil {
			return err
		}
		fresh = true
	}
	r.policy, r.takesLinks = d.Policy, d.Links
	r.tells = r.staging.resumes() || len(r.before) > 0 || d.Policy != KeepBoth
	r.pace.set(d.Rate)
	r.mu.Lock()
	ahead, _ := r.window()
	m := accept{Offer: r.hash, Policy: d.Policy, Have: r.tells, Credit: uint64(ahead)}
	err := r.setLimits()
	if err == nil {
		m.Entries, m.Bytes = uint64(r.limit.entries), uint64(r.limit.bytes)
		r.outstanding = ahead
	}
	p := Partial{Peer: r.session.peer.ID, Key: r.key, Folder: d.Folder, Staging: r.staging.path(), Count: r.limit.tops,
		Entries: r.limit.entries, Bytes: r.limit.bytes, Policy: d.Policy, Links: d.Links, Created: time.Now()}
	for _, name := range r.offer.Names {
		p.Names = append(p.Names, name.Name)
	}
	r.mu.Unlock()
	if err == nil {
		err = r.session.node.partials.PutPartial(p)
	}
	if err != nil {
		r.staging.close()
		return err
	}
	if fresh {
		if err := r.staging.create(); err != nil {
			r.session.node.partials.RemovePartial(r.session.peer.ID, r.key)
			return err
		}
	}
	r.lanes = make([]lane, min(max(runtime.NumCPU(), 2), 8))
	for i := range r.lanes {
		r.lanes[i].init()
	}
	r.phase.Store(int32(Moving))
	r.accepted.Store(true)
	r.session.timeTrip()
	if err := r.session.out.send(frameAccept, r.stream, &m); err != nil { // nobody was told to send anything
		if fresh {
			r.discardStaging()
		} else {
			r.staging.close()
		}
		return err
	}
	r.mu.Lock()
	pausing := r.pausing
	r.mu.Unlock()
	if pausing {
		tellPause(r.session, r.stream, true)
	}
	return nil
}

// setLimits fixes what this transfer may bring: what was offered, or as much as there
// is room for while the offer is not final. mu is held.
func (r *receiver) setLimits() error {
	free, err := freeSpace(r.staging.destDir)
	if err != nil {
		free = maxTotal
	}
	for _, f := range r.staging.earlier.files {
		if f.single != nil {
			free += f.size
		}
		free += int64(len(f.chunks)) * chunkSize
	}
	room := max(0, min(free, maxTotal)-min(reserve, free/16))
	o := &r.offer
	if int64(o.Bytes) > room {
		return &RoomError{Need: int64(o.Bytes), Have: room}
	}
	r.limit = limits{tops: int64(o.Count), entries: maxEntries, bytes: room}
	if o.Final {
		r.limit.entries, r.limit.bytes = int64(o.Entries), int64(o.Bytes)
	}
	if int(o.Count) == len(o.Names) {
		r.limit.names = map[string]bool{}
		for _, name := range o.Names {
			r.limit.names[name.Name] = true
		}
	}
	return nil
}

// claim makes this the one live transfer of its selection. One of an older session is
// ended first; a second one of the same session is refused, unless the first only has to
// clean up: its sender was told the end already and may send again at once.
func (n *Node) claim(r *receiver) error {
	key := partialKey{r.session.peer.ID, r.key}
	for {
		n.mu.Lock()
		old := n.active[key]
		if old == nil {
			n.active[key] = r
			n.mu.Unlock()
			return nil
		}
		n.mu.Unlock()
		if old.session == r.session && old.ctx.Err() == nil {
			return ErrBusy
		}
		old.fail(fmt.Errorf("%w: sent again over another connection", ErrInterrupted))
		select {
		case <-r.ctx.Done():
			return context.Cause(r.ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// release lets the next transfer of the same selection begin.
func (n *Node) release(r *receiver) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := partialKey{r.session.peer.ID, r.key}
	if n.active[key] == r {
		delete(n.active, key)
	}
}
