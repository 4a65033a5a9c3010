package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yonder/discovery"
	"yonder/transfer"
)

// lan is a network in memory that fake nodes dial each other on.
type lan struct {
	mu    sync.Mutex
	nodes map[netip.AddrPort]*fakeNode
	next  byte
}

func newLAN() *lan { return &lan{nodes: map[netip.AddrPort]*fakeNode{}} }

// host is one App on a lan, with its fakes.
type host struct {
	*App
	lan  *lan
	node *fakeNode
	find *fakeFinder
}

// add puts an App with its own profile on the lan. options may be changed by set.
func (l *lan) add(t testing.TB, set func(*Options)) *host {
	t.Helper()
	return l.addAt(t, t.TempDir(), set)
}

// addAt uses the profile in dir, which may have been used before.
func (l *lan) addAt(t testing.TB, dir string, set func(*Options)) *host {
	t.Helper()
	o := Options{Listen: true, Window: true, Folder: t.TempDir(), Version: "1"}
	if set != nil {
		set(&o)
	}
	profile, err := openProfile(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, _, err := openStore(profile.path(databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := assemble(o, profile, store)
	if err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	l.next++
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, l.next}), DefaultPort)
	l.mu.Unlock()
	a.network.local = func() ([]netip.Addr, error) { return []netip.Addr{at.Addr()}, nil }
	h := &host{App: a, lan: l, node: &fakeNode{
		lan: l, id: transfer.ID(a.me.ID), at: at, host: a, speed: 1 << 20, partials: map[string]*fakePartial{},
	}, find: &fakeFinder{news: make(chan sighting, 100)}}
	l.mu.Lock()
	l.nodes[at] = h.node
	l.mu.Unlock()
	a.start(h.node, func(cfg finderConfig) (finder, error) { h.find.cfg = cfg; return h.find, nil })
	t.Cleanup(func() { h.Close() })
	return h
}

func (h *host) id() DeviceID { return h.me.ID }

// see lets the search of h find other.
func (h *host) see(other *host) {
	h.find.news <- sighting{ID: other.id(), Name: other.Name(), Addresses: []Address{{Addr: other.node.at.String(), Source: "broadcast"}}}
}

// Name returns what h is called.
func (h *host) Name() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.name()
}

// fakeFinder finds whom the test says.
type fakeFinder struct {
	probe func(ctx context.Context, addr string, want DeviceID) (DeviceID, error) // nil: nobody answers
	cfg   finderConfig
	news  chan sighting
	mu    sync.Mutex
	said  []string

	status discovery.Status // what Examine returns
}

func (f *fakeFinder) Run(ctx context.Context, found func(sighting)) error {
	for {
		select {
		case s := <-f.news:
			found(s)
		case <-ctx.Done():
			return nil
		}
	}
}
func (f *fakeFinder) note(format string, args ...any) {
	f.mu.Lock()
	f.said = append(f.said, fmt.Sprintf(format, args...))
	f.mu.Unlock()
}
func (f *fakeFinder) SetSelf(a announcement) {
	f.note("self %s %d%s", a.Name, a.Port, map[bool]string{true: " hidden"}[a.Hidden])
}
func (f *fakeFinder) Refresh()         { f.note("refresh") }
func (f *fakeFinder) Know(id DeviceID) { f.note("know") }
func (f *fakeFinder) Examine(context.Context) (discovery.Status, error) {
	return f.status, nil
}
func (f *fakeFinder) Probe(ctx context.Context, addr string, want DeviceID) (DeviceID, error) {
	f.note("probe %s", addr)
	f.mu.Lock()
	probe := f.probe
	f.mu.Unlock()
	if probe == nil {
		return DeviceID{}, discovery.ErrNoAnswer
	}
	return probe(ctx, addr, want)
}
func (f *fakeFinder) Suggest(id DeviceID, addrs []netip.AddrPort) {
	f.note("suggest %s %v", id.Short(), addrs)
}
func (f *fakeFinder) Report(id DeviceID, addr netip.AddrPort, o discovery.Outcome) {
	f.note("report %d", o)
}

// fakeNode moves bytes at a given speed without reading any file.
type fakeNode struct {
	lan  *lan
	id   transfer.ID
	at   netip.AddrPort
	host engineHost

	mu       sync.Mutex
	self     transfer.Self
	rates    []int64 // up and down as set last
	least    transfer.Level
	gossips  bool
	told     [][]transfer.Contact // by any peer
	down     bool                 // nobody can dial it
	speed    int64                // bytes per second that it takes
	dials    int
	sessions []*fakeSession
	partials map[string]*fakePartial
	said     []string
	mute     bool          // chats are taken and never confirmed
	hang     time.Duration // after its end is ordered
	pairErr  error         // with which Pair fails
	scan     []int64       // bytes of what it offers, as its scan goes on; nil: all is known at once
	replaced int           // so many tries to send fail because another session took over
}

type fakePartial struct {
	transfer.Partial
	stored int64
}

// fakeSize is how large every selection is.
const fakeSize = 1 << 20

func (n *fakeNode) Run(ctx context.Context, ln net.Listener) error {
	<-ctx.Done()
	n.setDown(true)
	time.Sleep(n.hang)
	return nil
}

func (n *fakeNode) SetSelf(s transfer.Self) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.self = s
}

func (n *fakeNode) SetGossip(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gossips = on
}

func (n *fakeNode) takesGossip() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.gossips
}

func (n *fakeNode) AdmitFrom(least transfer.Level) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.least = least
}

func (n *fakeNode) SetRate(up, down int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rates = []int64{up, down}
}

// cut ends all sessions, as a pulled cable does.
func (n *fakeNode) cut() {
	n.mu.Lock()
	open := slices.Clone(n.sessions)
	n.mu.Unlock()
	for _, s := range open {
		s.Close()
	}
}

func (n *fakeNode) setDown(down bool) {
	n.mu.Lock()
	n.down = down
	n.mu.Unlock()
	if down {
		n.cut()
	}
}

func (n *fakeNode) Connect(ctx context.Context, want transfer.ID, addrs []netip.AddrPort) (session, error) {
	n.mu.Lock()
	n.dials++
	for _, s := range n.sessions {
		if s.peer.ID == want {
			n.mu.Unlock()
			return s, nil
		}
	}
	n.mu.Unlock()
	other, err := n.reach(want, addrs)
	if err != nil {
		return nil, err
	}
	here := &fakeSession{node: n, done: make(chan struct{})}
	there := &fakeSession{node: other, done: make(chan struct{}), other: here}
	here.other = there
	here.peer = transfer.Peer{ID: other.id, Addr: other.at, Dialled: true, Self: other.says()}
	there.peer = transfer.Peer{ID: n.id, Addr: netip.AddrPortFrom(n.at.Addr(), 50000), Self: n.says()}
	both := []*fakeSession{here, there}
	for _, s := range both {
		s.peer.Gossip = s.other.node.takesGossip() && s.other.node.host.level(DeviceID(s.node.id)) >= Paired
	}
	for _, s := range both { // from now on either side may use both
		s.node.mu.Lock()
		s.node.sessions = append(s.node.sessions, s)
		s.node.mu.Unlock()
		s.node.host.connected(s)
	}
	return here, nil
}

func (n *fakeNode) says() transfer.Self {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.self
}

func (n *fakeNode) reach(want transfer.ID, addrs []netip.AddrPort) (*fakeNode, error) {
	err := transfer.ErrUnreachable
	for _, at := range addrs {
		n.lan.mu.Lock()
		other := n.lan.nodes[at]
		n.lan.mu.Unlock()
		if other == nil {
			continue
		}
		other.mu.Lock()
		down, least := other.down, Level(other.least)
		other.mu.Unlock()
		switch {
		case down:
		case other == n:
			err = transfer.ErrSelf
		case !want.IsZero() && other.id != want:
			err = transfer.ErrWrongPeer
		case other.host.level(DeviceID(n.id)) < least:
			err = transfer.ErrTurnedAway
		default:
			return other, nil
		}
	}
	return nil, err
}

func (n *fakeNode) Prove(ctx context.Context, addr netip.AddrPort, want transfer.ID) (transfer.Peer, error) {
	other, err := n.reach(want, []netip.AddrPort{addr})
	if err != nil {
		return transfer.Peer{}, err
	}
	return transfer.Peer{ID: other.id, Addr: addr, Self: other.says()}, nil
}

func (n *fakeNode) NewOutgoing(s transfer.Send) outgoing {
	o := &fakeOutgoing{send: s}
	o.now = transfer.Progress{Phase: transfer.Scanning}
	return o
}

// counters are progress that is read and written from several goroutines.
type counters struct {
	mu  sync.Mutex
	now transfer.Progress

	states map[uint32]transfer.FileState
}

func (c *counters) Progress() transfer.Progress {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *counters) set(f func(*transfer.Progress)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.now)
}

// Pause implements [moving]; the loop in fakeSession.Send looks at it.
func (c *counters) Pause(on bool) { c.set(func(p *transfer.Progress) { p.Paused = on }) }

// fakeFiles is how many files the engine lists of every transfer, with folders between.
const fakeFiles = 1500

func (c *counters) Files(entry uint32, n int) (list []transfer.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; entry < 2*fakeFiles && len(list) < n; entry++ {
		if entry%2 == 1 {
			list = append(list, transfer.File{Entry: entry, Path: fmt.Sprintf("dir/\u202e%d", entry), Size: int64(entry), State: c.states[entry]})
		}
	}
	return list
}

func (c *counters) LeaveOut(entry uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.states == nil {
		c.states = map[uint32]transfer.FileState{}
	}
	c.states[entry] = transfer.FileLeftOut
}

type fakeOutgoing struct {
	counters
	send transfer.Send
	rate int64
}

func (o *fakeOutgoing) SetRate(n int64) { o.rate = n }

type fakeIncoming struct {
	counters
	facts  offerFacts
	cancel context.CancelCauseFunc
}

func (in *fakeIncoming) Facts() offerFacts { return in.facts }
func (in *fakeIncoming) Cancel()           { in.cancel(transfer.ErrCancelled) }

type fakeSession struct {
	node  *fakeNode
	peer  transfer.Peer
	other *fakeSession
	done  chan struct{}
	once  sync.Once

	checks atomic.Int64 // calls of Check
}

func (s *fakeSession) Peer() transfer.Peer   { return s.peer }
func (s *fakeSession) Check()                { s.checks.Add(1) }
func (s *fakeSession) Done() <-chan struct{} { return s.done }

func (s *fakeSession) Close() error {
	for _, end := range []*fakeSession{s, s.other} {
		end.once.Do(func() {
			end.node.mu.Lock()
			end.node.sessions = slices.DeleteFunc(end.node.sessions, func(x *fakeSession) bool { return x == end })
			end.node.mu.Unlock()
			close(end.done)
			end.node.host.disconnected(end, transfer.ErrInterrupted)
		})
	}
	return nil
}

func (s *fakeSession) Send(ctx context.Context, out outgoing) (transfer.Report, error) {
	o, there := out.(*fakeOutgoing), s.other
	s.node.mu.Lock()
	s.node.replaced--
	taken := s.node.replaced >= 0
	s.node.mu.Unlock()
	if taken {
		return transfer.Report{}, transfer.ErrReplaced
	}
	key := fmt.Sprint(s.node.id, o.send.Paths)
	name := filepath.Base(o.send.Paths[0])
	receiving, cancel := context.WithCancelCause(context.Background())
	in := &fakeIncoming{cancel: cancel, facts: offerFacts{Peer: there.peer, Message: o.send.Message, Transfer: o.send.Transfer, Parent: o.send.Parent, Wish: o.send.Policy}}
	there.node.mu.Lock()
	part := there.node.partials[key]
	there.node.mu.Unlock()
	if part != nil {
		in.facts.Partial = &part.Partial
	}
	both := func(f func(*transfer.Progress)) { o.set(f); in.set(f) }
	both(func(p *transfer.Progress) {
		p.Phase, p.Names, p.Count = transfer.Offering, []transfer.Name{{Name: name, Size: fakeSize}}, 1
		p.Entries, p.Bytes, p.Final = 1, fakeSize, true
	})
	s.node.mu.Lock()
	scan := s.node.scan
	s.node.mu.Unlock()
	grow := func() {
		both(func(p *transfer.Progress) { p.Bytes, p.Final = scan[0], len(scan) == 1 })
		scan = scan[1:]
	}
	if len(scan) > 0 {
		grow()
		growing, stop := context.WithCancel(ctx)
		var growth sync.WaitGroup
		growth.Go(func() {
			for len(scan) > 0 {
				select {
				case <-time.After(time.Second):
					grow()
				case <-growing.Done():
					return
				}
			}
		})
		defer growth.Wait()
		defer stop()
	}
	decided := make(chan transfer.Decision, 1)
	go func() { decided <- there.node.host.offered(receiving, in) }()

	end := func(here, far error) (transfer.Report, error) { // what each side learns
		there.node.host.ended(in, transfer.Report{}, far)
		return transfer.Report{}, here
	}
	withdraw := func() (error, error) {
		if errors.Is(context.Cause(ctx), transfer.ErrCancelled) {
			return transfer.ErrCancelled, transfer.ErrPeerCancel
		}
		return transfer.ErrInterrupted, transfer.ErrInterrupted
	}
	var d transfer.Decision
	select {
	case d = <-decided:
	case <-ctx.Done():
		here, far := withdraw()
		cancel(far)
		<-decided
		return end(here, far)
	case <-s.done:
		cancel(transfer.ErrInterrupted)
		<-decided
		return end(transfer.ErrInterrupted, transfer.ErrInterrupted)
	}
	if !d.Accept {
		if d.Reason == nil {
			d.Reason = transfer.ErrDeclined
		}
		here := d.Reason
		if errors.Is(here, transfer.ErrCancelled) { // by the other side, as the wire has it
			here = transfer.ErrPeerCancel
		}
		return end(here, d.Reason)
	}
	if part == nil {
		part = &fakePartial{Partial: transfer.Partial{
			Peer: s.node.id, Folder: d.Folder, Names: []string{name}, Entries: 1, Bytes: fakeSize, Policy: d.Policy,
		}}
		there.node.mu.Lock()
		there.node.partials[key] = part
		there.node.mu.Unlock()
	}
	both(func(p *transfer.Progress) { p.Phase, p.Resumed, p.Stored = transfer.Moving, part.stored, part.stored })
	for part.stored < fakeSize {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return end(withdraw())
		case <-s.done:
			return end(transfer.ErrInterrupted, transfer.ErrInterrupted)
		case <-receiving.Done():
			there.node.forget(key)
			return end(transfer.ErrPeerCancel, transfer.ErrCancelled)
		}
		ours, theirs := o.Progress().Paused, in.Progress().Paused
		o.set(func(p *transfer.Progress) { p.Waiting = theirs })
		in.set(func(p *transfer.Progress) { p.Waiting = ours })
		if ours || theirs {
			continue
		}
		there.node.mu.Lock()
		part.stored = min(fakeSize, part.stored+there.node.speed/100)
		there.node.mu.Unlock()
		both(func(p *transfer.Progress) { p.Stored, p.Wire = part.stored, part.stored-p.Resumed })
	}
	there.node.forget(key)
	both(func(p *transfer.Progress) { p.Phase, p.Files = transfer.Over, 1 })
	rep := transfer.Report{Files: 1, Entries: 1, Bytes: fakeSize}
	rep.Published = []transfer.Published{{Name: name, As: name, Path: filepath.Join(d.Folder, name)}}
	there.node.host.ended(in, rep, nil)
	rep.Published[0].Path = ""
	return rep, nil
}

func (n *fakeNode) forget(key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.partials, key)
}

func (s *fakeSession) SendChat(ctx context.Context, m transfer.Chat) error {
	select {
	case <-s.done:
		return transfer.ErrInterrupted
	default:
	}
	there := s.other
	there.node.mu.Lock()
	mute := there.node.mute
	there.node.said = append(there.node.said, m.Body)
	there.node.mu.Unlock()
	if mute {
		return nil
	}
	switch err := there.node.host.chat(there.peer, m); {
	case err == nil:
		s.node.host.acked(s.peer, [][16]byte{m.ID}, transfer.AckStored)
	case errors.Is(err, transfer.ErrBlocked), errors.Is(err, transfer.ErrTooMany):
		s.node.host.acked(s.peer, [][16]byte{m.ID}, transfer.AckRefused)
	}
	return nil
}

func (s *fakeSession) SendGossip(people []transfer.Contact) error {
	there := s.other
	there.node.mu.Lock()
	there.node.told = append(there.node.told, people)
	there.node.mu.Unlock()
	there.node.host.gossip(there.peer, people)
	return nil
}

func (s *fakeSession) SendAck(ctx context.Context, ids [][16]byte, state transfer.AckState) error {
	s.other.node.host.acked(s.other.peer, ids, state)
	return nil
}

// follower applies the events of a backend to what a front end would show.
type follower struct {
	t      *testing.T
	events <-chan Event
	state  State
	items  map[ItemID]Item
	log    []Event

	patience time.Duration

	pair *Pairing // as last told
}

func follow(t *testing.T, b Backend) *follower {
	t.Helper()
	f := &follower{t: t, events: b.Events(t.Context()), items: map[ItemID]Item{}, patience: 5 * time.Minute}
	f.until("the state", func() bool { return len(f.log) > 0 })
	if f.log[0].Kind != EventState {
		t.Fatalf("first event is %q, want %q", f.log[0].Kind, EventState)
	}
	return f
}

// until applies events until ok. The time is for hangs only.
func (f *follower) until(what string, ok func() bool) {
	f.t.Helper()
	limit := time.NewTimer(f.patience)
	defer limit.Stop()
	for !ok() {
		select {
		case ev, open := <-f.events:
			if !open {
				f.t.Fatalf("waiting for %s: the events ended", what)
			}
			f.apply(ev)
		case <-limit.C:
			f.t.Fatalf("waiting for %s; items: %s", what, f.dump())
		}
	}
}

func (f *follower) apply(ev Event) {
	f.log = append(f.log, ev)
	switch ev.Kind {
	case EventState:
		f.state = *ev.State
	case EventMe:
		f.state.Me = *ev.Me
	case EventTyped:
		f.state.Typed = ev.Typed
	case EventPairing:
		f.pair = ev.Pairing
	case EventSettings:
		f.state.Settings = *ev.Settings
	case EventItem:
		f.items[ev.Item.ID] = *ev.Item
	case EventPerson, EventForgot:
		f.state.People = slices.DeleteFunc(f.state.People, func(p Person) bool { return p.ID == ev.Person.ID })
		if ev.Kind == EventPerson {
			f.state.People = append(f.state.People, *ev.Person)
		}
	}
}

func (f *follower) dump() string {
	var b strings.Builder
	for id, i := range f.items {
		if i.Transfer != nil {
			fmt.Fprintf(&b, "%s %s %v; ", id, i.Transfer.State, i.Transfer.Problem)
		} else {
			fmt.Fprintf(&b, "%s %q %s %v; ", id, i.Message.Body, i.Message.State, i.Message.Problem)
		}
	}
	return b.String()
}

func (f *follower) transferIs(id ItemID, want TransferState) Transfer {
	f.t.Helper()
	f.until(fmt.Sprintf("item %s to be %s", id, want), func() bool {
		i, ok := f.items[id]
		return ok && i.Transfer.State == want
	})
	return *f.items[id].Transfer
}

func (f *follower) messageIs(id ItemID, want MessageState) {
	f.t.Helper()
	f.until(fmt.Sprintf("message %s to be %s", id, want), func() bool {
		i, ok := f.items[id]
		return ok && i.Message.State == want
	})
}

// incoming waits for an item from somebody else that is not among known.
func (f *follower) incoming(known ...ItemID) Item {
	f.t.Helper()
	var found Item
	f.until("an incoming item", func() bool {
		for id, i := range f.items {
			if !i.Outgoing && !slices.Contains(known, id) {
				found = i
				return true
			}
		}
		return false
	})
	return found
}

func (f *follower) person(id DeviceID) (Person, bool) {
	i := slices.IndexFunc(f.state.People, func(p Person) bool { return p.ID == id })
	if i < 0 {
		return Person{}, false
	}
	return f.state.People[i], true
}

func (f *follower) sees(id DeviceID) {
	f.t.Helper()
	f.until("person "+id.Short(), func() bool { p, ok := f.person(id); return ok && p.Present })
}

func (f *follower) problem(code string) *Problem {
	f.t.Helper()
	var found *Problem
	f.until("problem "+code, func() bool {
		for _, ev := range f.log {
			if ev.Kind == EventProblem && ev.Problem.Code == code {
				found = ev.Problem
			}
		}
		return found != nil
	})
	return found
}

func codeOf(err error) string {
	if p := AsProblem(err); p != nil {
		return p.Code
	}
	return ""
}
