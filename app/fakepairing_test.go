package app

import (
	"sync"
	"time"

	"yonder/transfer"
)

// fakePairing is one end of a comparison in memory; both show the same code.
type fakePairing struct {
	mu    *sync.Mutex // of both ends; held for what follows
	peer  transfer.Peer
	other *fakePairing
	code  string
	said  bool
	err   error
	ended bool

	ready, done chan struct{}
}

// Pair makes both ends and shows the other one to its side.
func (s *fakeSession) Pair() (pairing, error) {
	s.node.mu.Lock()
	err := s.node.pairErr
	s.node.mu.Unlock()
	if err != nil {
		return nil, err
	}
	mu := new(sync.Mutex)
	here := &fakePairing{mu: mu, peer: s.peer, code: "418305", ready: make(chan struct{}), done: make(chan struct{})}
	there := &fakePairing{mu: mu, peer: s.other.peer, code: "418305", ready: make(chan struct{}), done: make(chan struct{}), other: here}
	here.other = there
	s.other.node.host.comparison(there)
	close(here.ready)
	close(there.ready)
	for end, p := range map[*fakeSession]*fakePairing{s: here, s.other: there} {
		go func() {
			select {
			case <-end.done:
				p.end(transfer.ErrInterrupted, transfer.ErrInterrupted)
			case <-p.done:
			}
		}()
	}
	return here, nil
}

func (p *fakePairing) Peer() transfer.Peer    { return p.peer }
func (p *fakePairing) Until() time.Time       { return time.Now().Add(time.Minute) }
func (p *fakePairing) Ready() <-chan struct{} { return p.ready }
func (p *fakePairing) Done() <-chan struct{}  { return p.done }
func (p *fakePairing) Code() string           { return p.code }
func (p *fakePairing) Cancel()                { p.end(transfer.ErrCancelled, transfer.ErrPeerCancel) }

func (p *fakePairing) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *fakePairing) Answer(same bool) {
	if !same {
		p.end(transfer.ErrCodesDiffer, transfer.ErrCodesDiffer)
		return
	}
	p.mu.Lock()
	p.said = true
	both := p.other.said
	p.mu.Unlock()
	if both {
		p.end(nil, nil)
	}
}

func (p *fakePairing) end(ours, theirs error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for end, err := range map[*fakePairing]error{p: ours, p.other: theirs} {
		if !end.ended {
			end.ended, end.err = true, err
			close(end.done)
		}
	}
}
