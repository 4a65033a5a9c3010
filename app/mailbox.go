package app

import (
	"context"
	"sync"
)

// mailbox holds the events that one reader has not taken yet, without bound, so
// that nobody who writes ever waits. Progress of an item replaces progress of the
// same item that still waits; everything else keeps its place.
type mailbox struct {
	ready chan struct{} // holds one token while there is something to take

	mu      sync.Mutex
	queue   []Event
	head    int            // queue[:head] was taken
	pending map[ItemID]int // item → place in queue of its newest event, if that is progress
	closed  bool
}

func newMailbox() *mailbox {
	return &mailbox{ready: make(chan struct{}, 1), pending: map[ItemID]int{}}
}

// put adds ev. progress says that a later one about the same item may replace it.
func (m *mailbox) put(ev Event, progress bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	if ev.Item != nil {
		at, waits := m.pending[ev.Item.ID]
		switch {
		case waits && progress:
			m.queue[at] = ev
			return
		case progress:
			m.pending[ev.Item.ID] = len(m.queue)
		default:
			delete(m.pending, ev.Item.ID)
		}
	}
	m.queue = append(m.queue, ev)
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// first removes and returns the oldest event, false if there is none.
func (m *mailbox) first() (Event, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.head == len(m.queue) {
		m.queue, m.head = nil, 0
		clear(m.pending)
		return Event{}, false
	}
	ev := m.queue[m.head]
	m.queue[m.head] = Event{} // for the garbage collector
	if ev.Item != nil && m.pending[ev.Item.ID] == m.head {
		delete(m.pending, ev.Item.ID)
	}
	m.head++
	return ev, true
}

func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.queue = true, nil
}

// pump hands out the events of m, one at a time, until ctx or stop ends; then it
// closes out. Only what is still in the mailbox is coalesced: at most one event is
// taken ahead of the reader.
func (m *mailbox) pump(ctx context.Context, stop <-chan struct{}, out chan<- Event) {
	defer close(out)
	defer m.close()
	for {
		select {
		case <-m.ready:
		case <-ctx.Done():
			return
		case <-stop:
			return
		}
		for {
			ev, more := m.first()
			if !more {
				break
			}
			select {
			case out <- ev:
			case <-ctx.Done():
				return
			case <-stop:
				return
			}
		}
	}
}
