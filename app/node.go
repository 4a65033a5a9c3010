package app

import (
	"context"
	"net"
	"net/netip"

	"yonder/transfer"
)

// node is what App needs of [transfer.Node]; tests have one in memory.
type node interface {
	Run(ctx context.Context, ln net.Listener) error
	SetSelf(s transfer.Self)
	SetRate(up, down int64)
	AdmitFrom(least transfer.Level)
	SetGossip(on bool)
	Connect(ctx context.Context, want transfer.ID, addrs []netip.AddrPort) (session, error)
	Prove(ctx context.Context, addr netip.AddrPort, want transfer.ID) (transfer.Peer, error)
	NewOutgoing(s transfer.Send) outgoing
}

// session is what App needs of [transfer.Session]. Values are compared with ==.
type session interface {
	Peer() transfer.Peer
	Send(ctx context.Context, out outgoing) (transfer.Report, error)
	SendChat(ctx context.Context, m transfer.Chat) error
	SendAck(ctx context.Context, ids [][16]byte, state transfer.AckState) error
	SendGossip(people []transfer.Contact) error
	Pair() (pairing, error)
	Check()
	Close() error
	Done() <-chan struct{}
}

// moving is a transfer of either direction in the engine.
type moving interface {
	Progress() transfer.Progress
	Pause(on bool)
	Files(entry uint32, n int) []transfer.File
	LeaveOut(entry uint32)
}

// outgoing is what App needs of [transfer.Outgoing].
type outgoing interface {
	moving
	SetRate(n int64)
}

// incoming is what App needs of [transfer.Incoming]. Values are compared with ==.
type incoming interface {
	moving
	Facts() offerFacts
	Cancel()
}

// offerFacts are the fields of a [transfer.Incoming].
type offerFacts struct {
	Peer     transfer.Peer
	Message  wireID
	Transfer wireID
	Parent   wireID // the Transfer that it adds to; zero: none
	Wish     transfer.Policy
	Partial  *transfer.Partial // not nil: continues this one, which was accepted before
}

// newNode makes the real node.
func newNode(cfg transfer.Config, h engineHost) (node, error) {
	cfg.Host = realHost{h}
	n, err := transfer.NewNode(cfg)
	if err != nil {
		return nil, err
	}
	return realNode{n}, nil
}

type realNode struct{ *transfer.Node }

func (n realNode) Connect(ctx context.Context, want transfer.ID, addrs []netip.AddrPort) (session, error) {
	s, err := n.Node.Connect(ctx, want, addrs)
	if err != nil {
		return nil, err
	}
	return realSession{s}, nil
}

func (n realNode) NewOutgoing(s transfer.Send) outgoing { return transfer.NewOutgoing(s) }

type realSession struct{ *transfer.Session }

func (s realSession) Send(ctx context.Context, out outgoing) (transfer.Report, error) {
	return s.Session.Send(ctx, out.(*transfer.Outgoing))
}

func (s realSession) Pair() (pairing, error) {
	p, err := s.Session.Pair()
	if err != nil {
		return nil, err
	}
	return p, nil
}

type realIncoming struct{ *transfer.Incoming }

func (in realIncoming) Facts() offerFacts {
	return offerFacts{Peer: in.Peer, Message: in.Message, Transfer: in.Transfer, Parent: in.Parent, Wish: in.Wish, Partial: in.Partial}
}

// engineHost is what App offers to the node; see [transfer.Host] for the contract.
type engineHost interface {
	level(id DeviceID) Level
	connected(s session)
	otherVersion(from netip.AddrPort, newer bool)
	disconnected(s session, err error)
	offered(ctx context.Context, in incoming) transfer.Decision
	ended(in incoming, rep transfer.Report, err error)
	chat(peer transfer.Peer, m transfer.Chat) error
	acked(peer transfer.Peer, ids [][16]byte, state transfer.AckState)
	gossip(peer transfer.Peer, people []transfer.Contact)
	comparison(p pairing)
}

// realHost turns the calls of a [transfer.Node] into calls of an engineHost.
type realHost struct{ engineHost }

func (h realHost) Level(id transfer.ID) transfer.Level          { return transfer.Level(h.level(DeviceID(id))) }
func (h realHost) Connected(s *transfer.Session)                { h.connected(realSession{s}) }
func (h realHost) OtherVersion(from netip.AddrPort, newer bool) { h.otherVersion(from, newer) }
func (h realHost) Disconnected(s *transfer.Session, err error) {
	h.disconnected(realSession{s}, err)
}
func (h realHost) Offer(ctx context.Context, in *transfer.Incoming) transfer.Decision {
	return h.offered(ctx, realIncoming{in})
}
func (h realHost) Ended(in *transfer.Incoming, rep transfer.Report, err error) {
	h.ended(realIncoming{in}, rep, err)
}
func (h realHost) Chat(peer transfer.Peer, m transfer.Chat) error       { return h.chat(peer, m) }
func (h realHost) Gossip(peer transfer.Peer, people []transfer.Contact) { h.gossip(peer, people) }
func (h realHost) Pairing(p *transfer.Pairing)                          { h.comparison(p) }
func (h realHost) Acked(peer transfer.Peer, ids [][16]byte, state transfer.AckState) {
	h.acked(peer, ids, state)
}
