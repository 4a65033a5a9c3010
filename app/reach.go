package app

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"yonder/transfer"
)

// How the doctor tries addresses. A connection begins again after one second without an
// answer, so twice that is no accident.
const (
	reachTime     = 2200 * time.Millisecond
	reachAtOnce   = 64 // connections side by side
	reachPerson   = 3  // addresses of one person
	reachAbsent   = 8  // people who are not here now
	reachInAll    = 32 // people
	skewThatTells = 2 * time.Minute
)

// reachOf says what an error of dialling means; nil: somebody answered.
func reachOf(err error) Reach {
	anyOf := func(list []error) bool {
		return slices.ContainsFunc(list, func(e error) bool { return errors.Is(err, e) })
	}
	var timeout net.Error
	switch {
	case err == nil, errors.Is(err, transfer.ErrSelf), errors.Is(err, transfer.ErrBlocked):
		return ReachAnswers
	case errors.Is(err, transfer.ErrWrongPeer):
		return ReachOther
	case errors.Is(err, transfer.ErrTurnedAway):
		return ReachPrivate
	case errors.Is(err, transfer.ErrVersion):
		return ReachVersion
	case anyOf(refusedErrors):
		return ReachRefused
	case anyOf(unreachableErrors):
		return ReachNobody
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ReachSilent
	}
	return ReachStrange
}

// tryPeers connects to every address of the peers and fills in what comes of it.
func (a *App) tryPeers(ctx context.Context, peers []peerFacts) {
	var all sync.WaitGroup
	slots := make(chan struct{}, reachAtOnce)
	for i := range peers {
		p := &peers[i]
		if a.hides(p) {
			continue
		}
		all.Go(func() {
			answers := make([]transfer.Peer, len(p.addrs))
			var one sync.WaitGroup
			for j := range p.addrs {
				one.Go(func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					answers[j], p.addrs[j].Result = a.tryAddr(ctx, p.id, p.addrs[j].Addr)
				})
			}
			one.Wait()
			for _, peer := range answers {
				p.met(peer)
			}
		})
	}
	all.Wait()
}

// hides reports whether a peer must not be connected to: who wants to be seen by nobody
// shows their key only to those whom they have dealt with or asked for.
func (a *App) hides(p *peerFacts) bool {
	a.mu.Lock()
	hidden := a.visibility().now == Nobody
	a.mu.Unlock()
	return hidden && !p.wanted && !p.asked && a.level(p.id) < Known
}

// met notes who answered.
func (p *peerFacts) met(peer transfer.Peer) {
	if peer.ID.IsZero() {
		return
	}
	p.skew = peer.Skew
	if name := cleanName(peer.Name); p.id.IsZero() && name != "" {
		p.name = name
	}
	p.id = DeviceID(peer.ID)
}

// tryAddr asks who is at one address.
func (a *App) tryAddr(ctx context.Context, id DeviceID, addr string) (transfer.Peer, Reach) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return transfer.Peer{}, ReachStrange
	}
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	peer, err := a.node.Prove(ctx, at, transfer.ID(id))
	if err != nil {
		return transfer.Peer{}, reachOf(err)
	}
	return peer, ReachAnswers
}
