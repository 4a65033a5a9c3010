package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Chat is one message on its way.
type Chat struct {
	ID   [16]byte  // random, made by the sender
	Seq  uint64    // per sender, receiver and conversation
	At   time.Time // when it was written, by the sender's clock, in milliseconds
	Kind ChatKind
	Body string // at most 16 KiB
}

// ChatKind says what a message is. Kinds that are not known are stored as they are.
type ChatKind uint64

const (
	ChatText     ChatKind = 0
	ChatTransfer ChatKind = 1 // refers to a transfer
	ChatSystem   ChatKind = 2
)

// AckState says how far messages have come, and what became of transfers.
type AckState uint8

const (
	AckStored  AckState = 1
	AckRead    AckState = 2
	AckRefused AckState = 3 // will never be stored; do not send again

	// AckCancelled is about transfers: one of the two sides has cancelled them for good
	// while there was no session to say so.
	AckCancelled AckState = 4
)

// ErrTooLong is returned for a message above 16 KiB.
var ErrTooLong = fmt.Errorf("message longer than %d bytes", maxChat)

// SendChat hands a message to the network. [Host.Acked] tells when the peer has
// stored it; until then it may be lost.
func (s *Session) SendChat(ctx context.Context, m Chat) error {
	if len(m.Body) > maxChat {
		return ErrTooLong
	}
	s.used()
	return s.out.send(frameChat, 0, &chat{ID: m.ID, Conv: []byte{}, Seq: m.Seq, At: m.At.UnixMilli(), Kind: m.Kind, Body: m.Body})
}

// SendAck tells the peer how far its messages have come.
func (s *Session) SendAck(ctx context.Context, ids [][16]byte, state AckState) error {
	for len(ids) > 0 {
		n := min(len(ids), 1000)
		m := ack{State: state}
		for _, id := range ids[:n] {
			m.IDs = append(m.IDs, id[:])
		}
		if err := s.out.send(frameAck, 0, &m); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (s *Session) onChat(payload []byte) error {
	var m chat
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	s.used()
	state := AckStored
	if len(m.Conv) > 0 {
		state = AckRefused // a conversation that we do not take part in
	} else {
		err := s.node.cfg.Host.Chat(s.peer, Chat{ID: m.ID, Seq: m.Seq, At: time.UnixMilli(m.At).Add(-s.peer.Skew), Kind: m.Kind, Body: m.Body})
		switch {
		case errors.Is(err, ErrBlocked) || errors.Is(err, ErrTooMany):
			state = AckRefused
		case err != nil:
			s.node.log.Warn("message not stored", "peer", s.peer.ID.short(), "err", err)
			return nil // not acknowledged: the peer sends it again later
		}
	}
	return s.SendAck(context.Background(), [][16]byte{m.ID}, state)
}

func (s *Session) onAck(payload []byte) error {
	var m ack
	if err := unmarshal(payload, &m); err != nil {
		return err
	}
	ids := make([][16]byte, len(m.IDs))
	for i, id := range m.IDs {
		ids[i] = [16]byte(id)
	}
	s.node.cfg.Host.Acked(s.peer, ids, m.State)
	return nil
}
