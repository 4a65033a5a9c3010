package discovery

import (
	"context"
	"slices"
	"time"
)

// How [Service.Examine] goes on after its burst: everybody has answered that and
// the third announcement of it has left when the first questions go out; those who
// are asked answer with a burst of their own.
var examineSteps = [...]time.Duration{1100 * time.Millisecond, 500 * time.Millisecond, 1100 * time.Millisecond}

const (
	maxExamined  = 8                // peers asked in one examination: each announces at once
	hearsLately  = 10 * time.Second // what counts as heard lately
	examineAgain = 5 * time.Second  // how often somebody else's examination makes us announce
)

// Examine tests the network for about three seconds: it announces by every carrier,
// has up to 8 peers do the same, and asks them whether they hear us. It returns what was
// counted meanwhile. The host hears what it sends itself, so what does not come back
// is blocked here; what others send by one carrier and not by another is blocked between.
func (s *Service) Examine(ctx context.Context) (Status, error) {
	begun := s.cfg.Now()
	before, err := s.Status(ctx)
	if err != nil {
		return Status{}, err
	}
	s.Refresh()
	for i, step := range examineSteps {
		select {
		case <-time.After(step):
		case <-s.done:
			return Status{}, ErrNotRunning
		case <-ctx.Done():
			return Status{}, ctx.Err()
		}
		if i < len(examineSteps)-1 {
			s.order(func() { s.askToExamine(s.cfg.Now()) })
		}
	}
	after, err := s.statusSince(ctx, begun)
	return after.without(before), err
}

// without returns what was counted since before.
func (st Status) without(before Status) Status {
	for i, l := range st.Links {
		for _, old := range before.Links {
			if old.Name != l.Name {
				continue
			}
			for by := range l.By {
				t := &st.Links[i].By[by]
				t.Sent, t.Heard, t.Own = t.Sent-old.By[by].Sent, t.Heard-old.By[by].Heard, t.Own-old.By[by].Own
			}
		}
	}
	for i, p := range st.Peers {
		for _, old := range before.Peers {
			if old.ID != p.ID {
				continue
			}
			for by := range p.Heard {
				st.Peers[i].Heard[by] -= old.Heard[by]
				st.Peers[i].Missed[by] -= old.Missed[by]
			}
		}
	}
	return st
}

// askToExamine asks peers on our links to announce themselves and to tell how they hear us.
// Who is hidden asks only whether they are there: they do not hear it, and must not know it.
func (s *Service) askToExamine(now time.Time) {
	asked := 0
	for _, p := range s.board.peers() {
		e := s.reg.entries[p.ID]
		if e == nil || asked == maxExamined || !slices.ContainsFunc(p.Addrs, func(a Addr) bool { return a.Iface != "" }) {
			continue
		}
		asked++
		for _, q := range s.reg.questions(e, false) {
			if s.self.Hidden {
				s.ask(now, sent{to: q.to})
				continue
			}
			n := s.probes.question(now, sent{to: q.to})
			s.send(q.to, nil, &packet{Type: typeQuery, Nonce: n, Examine: true})
		}
	}
}
