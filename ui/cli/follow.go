package cli

import (
	"time"

	"yonder/app"
)

// neighbours are the people as the events of the backend describe them.
type neighbours map[app.DeviceID]app.Person

// apply takes over what an event says about people.
func (n neighbours) apply(ev app.Event) {
	switch {
	case ev.State != nil:
		for _, p := range ev.State.People {
			n[p.ID] = p
		}
	case ev.Person != nil && ev.Kind == app.EventForgot:
		delete(n, ev.Person.ID)
	case ev.Person != nil:
		n[ev.Person.ID] = *ev.Person
	}
}

// who returns the event form of a person; somebody not described yet is named
// by the id.
func (n neighbours) who(id app.DeviceID) who {
	if p, ok := n[id]; ok {
		return whoIs(p)
	}
	return who{ID: id.String(), Short: id.Short(), Name: id.Short(), Level: levelName(app.Unknown)}
}

// follower turns the changes of transfers into events. It prints each change
// once, whatever the backend repeats.
type follower struct {
	printer printer
	people  neighbours
	now     func() time.Time
	seen    map[app.ItemID]*followed
}

// followed is what was last told about one transfer.
type followed struct {
	state    app.TransferState
	why      string // code of the problem told with it
	final    bool
	existing int
	paused   string    // by whom, as told
	started  time.Time // when it first ran; zero: it never did
	ended    bool

	earlier int64 // bytes that moved before the connection that there is now
	now     int64 // bytes that moved over that

	wireEarlier int64 // bytes carried before that connection
	wire        int64 // bytes carried over it
}

// count follows how many bytes really moved. The engine begins to count anew
// with each connection, and learns only then what the receiver has already.
func (w *followed) count(t *app.Transfer) {
	again := t.State == app.Running && w.state != app.Running
	if again {
		w.earlier, w.now = w.earlier+w.now, 0
	}
	if again || t.Wire < w.wire {
		w.wireEarlier += w.wire
	}
	w.wire = t.Wire
	if t.State != app.Waiting && t.State != app.Offered {
		w.now = max(t.Stored-t.Resumed, 0)
	}
}

func newFollower(p *program) *follower {
	return &follower{printer: p.printer, people: neighbours{}, now: p.now, seen: map[app.ItemID]*followed{}}
}

// last returns what was last told about an item.
func (f *follower) last(id app.ItemID) *followed {
	was := f.seen[id]
	if was == nil {
		was = &followed{}
		f.seen[id] = was
	}
	return was
}

// news reports whether an offer is new, or more is known about it than was told.
func (f *follower) news(it app.Item) bool {
	was := f.last(it.ID)
	return was.state != it.Transfer.State || it.Transfer.Final && !was.final || it.Transfer.Existing != was.existing
}

// ask tells of an offer that waits for the user of this command.
func (f *follower) ask(it app.Item) {
	was := f.last(it.ID)
	was.state, was.final, was.existing = it.Transfer.State, it.Transfer.Final, it.Transfer.Existing
	f.printer.print(f.offer(it, true))
}

// transfer tells what is new about an item that is a transfer.
func (f *follower) transfer(it app.Item) {
	t, was := it.Transfer, f.last(it.ID)
	if was.ended && t.State.Ended() {
		return
	}
	was.count(t)
	by := pausedBy(t)
	changed := was.state != t.State || was.why != codeOf(t.Problem)
	was.ended = t.State.Ended()
	switch {
	case t.State == app.Offered && f.news(it):
		f.printer.print(f.offer(it, false))
	case by != "" && by != was.paused && t.State != app.Offered:
		f.printer.print(f.state(it))
	case was.paused != "" && by == "" && t.State == app.Running:
		f.printer.print(f.state(it))
	case by != "" && t.State != app.Running: // waits for the user, not for the peer
	case t.State == app.Waiting && changed && (was.state != "" || t.Problem != nil),
		t.State == app.Running && was.state != t.State,
		t.State == app.Interrupted && was.state != t.State:
		if t.State == app.Running && was.started.IsZero() {
			was.started = f.now()
		}
		f.printer.print(f.state(it))
	case t.State == app.Running:
		f.printer.print(f.progress(it))
	case was.ended:
		f.end(it, was)
	}
	was.existing = t.Existing
	was.state, was.final, was.why, was.paused = t.State, t.Final, codeOf(t.Problem), by
}

// pausedBy says who pauses a transfer: "us", "peer", "both" or nobody.
func pausedBy(t *app.Transfer) string {
	switch {
	case t.Paused && t.PeerPaused:
		return "both"
	case t.Paused:
		return "us"
	case t.PeerPaused:
		return "peer"
	}
	return ""
}

// knows reports whether a transfer was told of.
func (f *follower) knows(id app.ItemID) bool { return f.seen[id] != nil }

func codeOf(p *app.Problem) string {
	if p == nil {
		return ""
	}
	return p.Code
}

// abandon tells the end, for this run, of a transfer that can go on later.
func (f *follower) abandon(it app.Item) {
	was := f.last(it.ID)
	if was.ended {
		return
	}
	was.ended = true
	was.count(it.Transfer)
	t := *it.Transfer
	t.State = app.Interrupted
	it.Transfer = &t
	f.end(it, was)
}

func (f *follower) offer(it app.Item, answer bool) offerEvent {
	t := it.Transfer
	return offerEvent{
		ID: string(it.ID), Outgoing: it.Outgoing, Peer: f.people.who(it.Person),
		Names: t.Names, Folders: t.Folders, NameCount: t.NameCount,
		Entries: t.Entries, Bytes: t.Bytes, Final: t.Final, Answer: answer,
		Policy: string(t.Policy), Existing: t.Existing, Parent: string(t.Parent),
	}
}

func (f *follower) state(it app.Item) stateEvent {
	t := it.Transfer
	state, by := string(t.State), pausedBy(t)
	if by != "" {
		state = statePaused
	}
	return stateEvent{
		ID: string(it.ID), Outgoing: it.Outgoing, Peer: f.people.who(it.Person),
		State: state, By: by, Names: t.Names, NameCount: t.NameCount, Entries: t.Entries, Bytes: t.Bytes,
		Resumed: t.Resumed, Problem: t.Problem,
	}
}

func (f *follower) progress(it app.Item) progressEvent {
	t := it.Transfer
	left := int64(-1)
	if t.Left >= 0 {
		left = t.Left.Milliseconds()
	}
	return progressEvent{
		ID: string(it.ID), Outgoing: it.Outgoing, Peer: f.people.who(it.Person),
		Stored: t.Stored, Bytes: t.Bytes, Files: t.Files, Entries: t.Entries,
		Final: t.Final, Rate: int64(t.Rate), LeftMS: left,
	}
}
