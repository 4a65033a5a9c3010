package transfer

import (
	"os"
	"sync"
)

// lane is the queue of one worker of a receiver. All versions of a chunk use the same
// lane, so the last to arrive is the last to be written.
type lane struct {
	mu     sync.Mutex
	wake   sync.Cond
	items  []task
	closed bool

	folder int32    // worker only: the folder whose handle it keeps,
	dir    *os.File // valid while this is not nil
}

// task is something that a lane has to do, or to drop when the transfer is over.
type task struct {
	run  func(l *lane) error
	drop func()
}

func (l *lane) init() { l.wake.L = &l.mu }

func (l *lane) put(t task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		t.drop()
		return
	}
	l.items = append(l.items, t)
	l.wake.Signal()
}

// take waits for the next task; ok is false when the lane is closed and empty.
func (l *lane) take() (t task, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.items) == 0 && !l.closed {
		l.wake.Wait()
	}
	if len(l.items) == 0 {
		return task{}, false
	}
	t = l.items[0]
	l.items[0] = task{}
	if l.items = l.items[1:]; len(l.items) == 0 {
		l.items = nil
	}
	return t, true
}

// close ends the worker: at once, or when it has done what is there already.
func (l *lane) close(finish bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if !finish {
		for _, t := range l.items {
			t.drop()
		}
		l.items = nil
	}
	l.wake.Signal()
}

// forget closes the folder that the worker kept open.
func (l *lane) forget() {
	if l.dir != nil {
		l.dir.Close()
		l.dir = nil
	}
}
