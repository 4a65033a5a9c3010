package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"yonder/transfer"
)

// PairingState is how far a comparison of codes has come.
type PairingState string

const (
	PairingConnecting PairingState = "connecting" // there is no code yet
	PairingComparing  PairingState = "comparing"  // both devices show Code; this user has not answered
	PairingConfirmed  PairingState = "confirmed"  // this user has seen the same code there; the other has not said so yet
	PairingDone       PairingState = "paired"     // both have: the person is Paired
	PairingFailed     PairingState = "failed"     // Problem says why; nothing was stored
)

// Ended reports whether nothing more comes of it.
func (s PairingState) Ended() bool { return s == PairingDone || s == PairingFailed }

// Pairing is the comparison of six digits with a person. There is one at a time.
type Pairing struct {
	Person  DeviceID     `json:"person"`
	State   PairingState `json:"state"`
	Ours    bool         `json:"ours"`           // begun by this side
	Code    string       `json:"code,omitempty"` // six digits
	Until   time.Time    `json:"until,omitzero"` // when it ends by itself
	Problem *Problem     `json:"problem,omitempty"`
}

// pairing is what App needs of [transfer.Pairing].
type pairing interface {
	Peer() transfer.Peer
	Until() time.Time
	Ready() <-chan struct{}
	Code() string
	Answer(same bool)
	Cancel()
	Done() <-chan struct{}
	Err() error
}

// comparing is the pairing under way. It is guarded by App.mu.
type comparing struct {
	view   Pairing
	engine pairing // nil while connecting
	stop   context.CancelFunc
}

// Pair implements [Backend].
func (a *App) Pair(ctx context.Context, id DeviceID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pair(id)
}

// pair begins to compare codes with a person. The caller holds mu.
func (a *App) pair(id DeviceID) error {
	p := a.people[id]
	switch {
	case p == nil:
		return newProblem(CodeNotFound, id.Short(), "")
	case p.rec.Level == Blocked:
		return newProblem(CodeBlocked, p.rec.Name, "")
	case a.comparing != nil && a.comparing.view.Person == id:
		return nil // it is on the screen already
	case a.comparing != nil && a.comparing.view.Ours:
		return newProblem(CodePairBusy, a.nameOf(a.comparing.view.Person), "")
	case a.comparing != nil: // begun by somebody else: what this user wants comes first
		a.comparing.engine.Cancel()
		a.endPairing(a.comparing, transfer.ErrPairBusy)
	}
	connecting, stop := context.WithCancel(a.ctx)
	c := &comparing{view: Pairing{Person: id, State: PairingConnecting, Ours: true}, stop: stop}
	a.comparing = c
	a.showPairing(c)
	a.spawn(func() { a.beginPairing(connecting, c) })
	return nil
}

// beginPairing connects with the person and begins in the engine.
func (a *App) beginPairing(ctx context.Context, c *comparing) {
	defer c.stop()
	var p pairing
	s, err := a.connect(ctx, c.view.Person)
	if err == nil {
		p, err = s.Pair()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.comparing != c && p != nil:
		p.Cancel() // it was broken off meanwhile
	case a.comparing != c || c.engine != nil: // the other side has begun just before
	case err != nil:
		a.endPairing(c, err)
	default:
		a.follow(c, p)
	}
}

// comparison takes in that somebody has begun to compare codes with us.
func (a *App) comparison(p pairing) {
	id := DeviceID(p.Peer().ID)
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.comparing
	switch {
	case a.people[id] == nil || a.ending:
		p.Cancel()
		return
	case a.people[id].rec.Rule.Accept == RuleNever && (c == nil || !c.view.Ours || c.view.Person != id):
		p.Cancel() // unless this user has begun the same just now
		return
	case c == nil:
		c = &comparing{view: Pairing{Person: id}, stop: func() {}}
		a.comparing = c
	case c.view.Person != id || c.engine != nil:
		p.Cancel()
		return
	}
	a.follow(c, p)
}

// follow shows what comes of a pairing in the engine. The caller holds mu.
func (a *App) follow(c *comparing, p pairing) {
	c.engine, c.view.Until = p, p.Until()
	if c.view.State == "" {
		c.view.State = PairingConnecting
		a.showPairing(c)
	}
	a.spawn(func() {
		select {
		case <-p.Ready():
			code := p.Code()
			a.mu.Lock()
			if a.comparing == c {
				c.view.State, c.view.Code = PairingComparing, code
				a.showPairing(c)
			}
			a.mu.Unlock()
			<-p.Done()
		case <-p.Done():
		}
		err := p.Err()
		a.mu.Lock()
		defer a.mu.Unlock()
		id := DeviceID(p.Peer().ID)
		if level := a.level(id); err == nil && level > Blocked && level < Paired { // who was blocked just now stays so
			a.setLevel(id, Paired)
		}
		if a.comparing == c {
			a.endPairing(c, err)
		}
	})
}

// AnswerPairing implements [Backend].
func (a *App) AnswerPairing(ctx context.Context, id DeviceID, code string, same bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.comparing
	if c == nil || c.view.Person != id || c.view.Code == "" || c.view.Code != code {
		return newProblem(CodeNoPairing, a.nameOf(id), "")
	}
	if same && c.view.State == PairingComparing {
		c.view.State = PairingConfirmed
		a.showPairing(c)
	}
	c.engine.Answer(same)
	return nil
}

// CancelPairing implements [Backend].
func (a *App) CancelPairing(ctx context.Context, id DeviceID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.comparing
	switch {
	case c == nil || c.view.Person != id:
	case c.engine != nil:
		c.engine.Cancel() // its end is told when it comes
	default:
		c.stop()
		a.endPairing(c, transfer.ErrCancelled)
	}
	return nil
}

// endPairing tells the end of a pairing. The caller holds mu.
func (a *App) endPairing(c *comparing, err error) {
	c.stop()
	a.comparing = nil
	c.view.State = PairingDone
	if err != nil {
		c.view.State, c.view.Problem = PairingFailed, pairingProblem(err, a.nameOf(c.view.Person))
	}
	a.showPairing(c)
}

// showPairing tells every stream. The caller holds mu.
func (a *App) showPairing(c *comparing) {
	view := c.view
	a.log.Info("pairing", "peer", view.Person.Short(), "state", view.State, "ours", view.Ours, "problem", view.Problem.code())
	a.emit(Event{Kind: EventPairing, Pairing: &view})
}

// pairingProblem translates how a pairing failed.
func pairingProblem(err error, who string) *Problem {
	if pause, ok := errors.AsType[*transfer.PairPauseError](err); ok {
		p := newProblem(CodePairPaused, who, "")
		p.Detail = pause.Until.Format(time.RFC3339)
		return p
	}
	for _, row := range []struct {
		err  error
		code string
	}{
		{transfer.ErrCodesDiffer, CodeCodesDiffer},
		{transfer.ErrPairTime, CodePairTime},
		{transfer.ErrPairBusy, CodePairBusy},
		{transfer.ErrInterrupted, CodePairLost},
	} {
		if errors.Is(err, row.err) {
			return newProblem(row.code, who, "")
		}
	}
	return problemOf(err, who)
}

// SetTrust implements [Backend].
func (a *App) SetTrust(ctx context.Context, id DeviceID, level Level) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.people[id]
	if p == nil {
		return newProblem(CodeNotFound, id.Short(), "")
	}
	was := p.rec.Level
	switch {
	case level == was:
	case level == Blocked, level == Known:
	case (level == Mine || level == Paired) && was >= Paired: // only a code makes more of somebody
	default:
		return newProblem(CodeNotPaired, p.rec.Name, "")
	}
	a.setLevel(id, level)
	return nil
}

// setLevel changes how far somebody is trusted. Who is trusted less than before loses the
// connection. The caller holds mu.
func (a *App) setLevel(id DeviceID, level Level) {
	p := a.people[id]
	if p == nil || p.rec.Level == level {
		return
	}
	a.log.Info("trust", "peer", id.Short(), "was", int(p.rec.Level), "is", int(level))
	less := level == Blocked || level < Paired && p.rec.Level >= Paired
	p.rec.Level = level
	if less {
		p.distrust()
	}
	a.levels.Store(id, level)
	a.remember(p)
	a.savePerson(p)
	a.show(p)
	if search := a.network.search; search != nil && level >= Known {
		search.Know(id)
	}
	if less {
		for _, s := range slices.Clone(p.sessions) {
			a.spawn(func() { s.Close() })
		}
	}
}
