package discovery

import (
	"context"
	"slices"
	"sync"
	"time"
)

// board shows the peers to any number of readers. A reader that is slow gets
// the latest state of each peer once, not every step to it.
type board struct {
	now func() time.Time

	mu      sync.Mutex // guards what follows
	shown   map[ID]posted
	trouble error
	readers map[*reader]bool
}

type posted struct {
	peer    Peer
	present bool
	why     Reason
	at      time.Time
}

// reader is one stream. Its fields are guarded by the board's mu.
type reader struct {
	wake    chan struct{} // capacity 1
	queue   []ID          // peers that may differ from what was told, in order
	queued  map[ID]bool
	told    map[ID]posted // what was last told about those that are up, or just went down
	network time.Time     // a NetworkChanged to tell; zero: none
	trouble time.Time     // a Trouble to tell; zero: none
}

func newBoard(now func() time.Time) *board {
	return &board{now: now, shown: map[ID]posted{}, readers: map[*reader]bool{}}
}

// post shows news.
func (b *board) post(all []news) {
	if len(all) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.now()
	for _, n := range all {
		p := posted{n.peer, n.present, n.why, at}
		if n.present {
			b.shown[n.peer.ID] = p
		} else {
			delete(b.shown, n.peer.ID)
		}
		for r := range b.readers {
			r.note(p)
		}
	}
}

// note queues what became of a peer.
func (r *reader) note(p posted) {
	id := p.peer.ID
	if !r.queued[id] {
		r.queued[id] = true
		r.queue = append(r.queue, id)
	}
	if old, ok := r.told[id]; !p.present && ok {
		old.peer, old.why, old.at = p.peer, p.why, p.at // the last words about a peer that went
		r.told[id] = old
	}
	r.nudge()
}

func (r *reader) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// networkChanged tells everybody.
func (b *board) networkChanged() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for r := range b.readers {
		r.network = b.now()
		r.nudge()
	}
}

// setTrouble tells everybody if err says something else than before.
func (b *board) setTrouble(err error) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text(err) == text(b.trouble) {
		return false
	}
	b.trouble = err
	for r := range b.readers {
		r.trouble = b.now()
		r.nudge()
	}
	return true
}

// lasting is an error that counts when it was seen twice in a row: an address
// that is a second old cannot be sent from yet, and that is no trouble.
type lasting struct{ last, err error }

// see takes in the latest outcome and reports whether err changed.
func (l *lasting) see(err error) bool {
	old := text(l.err)
	if err == nil || text(err) == text(l.last) {
		l.err = err
	}
	l.last = err
	return text(l.err) != old
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// peers returns all that are there, in the order in which they were found.
func (b *board) peers() []Peer {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.list()
}

// list is peers with mu held.
func (b *board) list() []Peer {
	list := make([]Peer, 0, len(b.shown))
	for _, p := range b.shown {
		list = append(list, p.peer.clone())
	}
	slices.SortFunc(list, func(a, b Peer) int {
		if c := a.FirstSeen.Compare(b.FirstSeen); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return list
}

// clone returns a copy that shares nothing with p.
func (p Peer) clone() Peer {
	p.Addrs = slices.Clone(p.Addrs)
	return p
}

// subscribe adds a reader that has everything to be told.
func (b *board) subscribe() *reader {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &reader{wake: make(chan struct{}, 1), queued: map[ID]bool{}, told: map[ID]posted{}}
	for _, p := range b.list() {
		r.note(b.shown[p.ID])
	}
	if b.trouble != nil {
		r.trouble = b.now()
	}
	b.readers[r] = true
	r.nudge()
	return r
}

func (b *board) unsubscribe(r *reader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.readers, r)
}

// take returns the next event for r, if there is one.
func (b *board) take(r *reader) (Event, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !r.trouble.IsZero() {
		e := Event{Kind: Trouble, Err: b.trouble, At: r.trouble}
		r.trouble = time.Time{}
		return e, true
	}
	if !r.network.IsZero() {
		e := Event{Kind: NetworkChanged, At: r.network}
		r.network = time.Time{}
		return e, true
	}
	for len(r.queue) > 0 {
		id := r.queue[0]
		r.queue = r.queue[1:]
		delete(r.queued, id)
		now, there := b.shown[id]
		last, told := r.told[id]
		switch {
		case there && !told:
			r.told[id] = now
			return Event{Kind: Up, Peer: now.peer.clone(), Why: now.why, At: now.at}, true
		case there:
			r.told[id] = now
			return Event{Kind: Changed, Peer: now.peer.clone(), Why: now.why, At: now.at}, true
		case told:
			delete(r.told, id)
			return Event{Kind: Down, Peer: last.peer.clone(), Why: last.why, At: last.at}, true
		}
	}
	return Event{}, false
}

// serve hands r its events until ctx ends or done is closed, then closes out.
func (b *board) serve(ctx context.Context, r *reader, out chan<- Event, done <-chan struct{}) {
	defer close(out)
	defer b.unsubscribe(r)
	for {
		e, ok := b.take(r)
		if !ok {
			select {
			case <-r.wake:
				continue
			case <-ctx.Done():
				return
			case <-done:
				return
			}
		}
		select {
		case out <- e:
		case <-ctx.Done():
			return
		case <-done:
			return
		}
	}
}
