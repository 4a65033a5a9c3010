package transfer

import "sync"

// lane is the queue of one worker. All versions of a chunk use the same lane, so the
// last to arrive is the last to be written.
type lane struct {
	mu     sync.Mutex
	wake   sync.Cond
	items  []*assembly
	closed bool
}

func (l *lane) init() { l.wake.L = &l.mu }

func (l *lane) put(a *assembly) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		a.put()
		return
	}
	l.items = append(l.items, a)
	l.wake.Signal()
}

func (l *lane) take() *assembly {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.items) == 0 && !l.closed {
		l.wake.Wait()
	}
	if l.closed {
		return nil
	}
	a := l.items[0]
	l.items[0] = nil
	l.items = l.items[1:]
	return a
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, a := range l.items {
		a.put()
	}
	l.items = nil
	l.wake.Signal()
}
