package transfer

import "fmt"

// place says on which stream a frame may come and what that stream must be.
type place uint8

const (
	onSession  place = iota // stream 0
	onNew                   // a stream that the peer opens with this frame
	onOffered               // a transfer from the peer, decided or not
	onAccepted              // a transfer from the peer that we accepted
	onSending               // a transfer of ours that the peer has not decided
	onMoving                // a transfer of ours that the peer accepted
	onEither                // any live transfer
	onRunning               // any live transfer that was accepted
)

// rule is what must hold before a frame reaches its handler.
type rule struct {
	name  string
	limit uint32 // largest payload in bytes
	level Level  // least trust
	place place
}

const (
	maxHello   = 8 << 10
	maxControl = 64 << 10
	maxData    = dataHeaderSize + chunkHeaderSize + chunkSize
	maxPack    = packOffsetSize + packHeaderSize + chunkSize
	maxStreams = 16       // transfers of one peer at a time
	maxSkip    = 16 << 20 // bytes of unknown optional frames in one session
)

// gate is the one place that decides which frame may reach a handler. What is not in
// it is refused. HELLO is not: it is read before the gate opens, and once.
var gate = map[frameType]rule{
	frameBye:     {"BYE", maxControl, Blocked, onSession},
	framePing:    {"PING", 64, Unknown, onSession},
	framePong:    {"PONG", 64, Unknown, onSession},
	frameOffer:   {"OFFER", maxControl, Unknown, onNew},
	frameUpdate:  {"OFFER_UPDATE", maxControl, Unknown, onOffered},
	frameAccept:  {"ACCEPT", maxControl, Unknown, onSending},
	frameDecline: {"DECLINE", maxControl, Unknown, onSending},
	framePage:    {"MANIFEST", maxPage, Unknown, onAccepted},
	frameHave:    {"HAVE", maxControl, Unknown, onMoving},
	frameData:    {"DATA", maxData, Unknown, onAccepted},
	frameFiles:   {"FILES", maxControl, Unknown, onAccepted},
	frameEnd:     {"END", maxControl, Unknown, onAccepted},
	frameStored:  {"STORED", maxControl, Unknown, onMoving},
	frameCredit:  {"CREDIT", 64, Unknown, onMoving},
	frameWant:    {"WANT", maxControl, Unknown, onMoving},
	frameDone:    {"DONE", maxControl, Unknown, onMoving},
	frameCancel:  {"CANCEL", maxControl, Unknown, onEither},
	framePause:   {"PAUSE", 64, Unknown, onRunning},
	frameResume:  {"RESUME", 64, Unknown, onRunning},
	framePack:    {"PACK", maxPack, Unknown, onAccepted},
	frameChat:    {"CHAT", maxControl, Unknown, onSession},
	frameAck:     {"ACK", maxControl, Unknown, onSession},
	frameGossip:  {"GOSSIP", maxGossip, Paired, onSession},

	framePair:      {"PAIR", 256, Unknown, onSession},
	framePairNonce: {"PAIR_NONCE", 256, Unknown, onSession},
	framePairEnd:   {"PAIR_END", 256, Unknown, onSession},
}

// verdict is what the gate says about a frame.
type verdict uint8

const (
	pass verdict = iota
	skip         // read and forget: optional and unknown or not for this level, or late for a transfer that ended
)

// admit decides about a frame by its header alone. It is called by the reader of the
// session only.
func (s *Session) admit(h header) (verdict, error) {
	r, known := gate[h.typ]
	if !known {
		if h.flags&flagOptional == 0 {
			return 0, fmt.Errorf("%w: unknown frame type %#02x", ErrProtocol, byte(h.typ))
		}
		return s.passOver(h)
	}
	if h.length > r.limit {
		return 0, fmt.Errorf("%w: %s frame too large (%d > %d)", ErrProtocol, r.name, h.length, r.limit)
	}
	if level := s.node.cfg.Host.Level(s.peer.ID); level < r.level {
		if level > Blocked && h.flags&flagOptional != 0 {
			return s.passOver(h) // the two need not agree on how far they trust each other
		}
		return 0, fmt.Errorf("%w: %s frame", ErrBlocked, r.name)
	}
	if (h.stream == 0) != (r.place == onSession) {
		return 0, fmt.Errorf("%w: %s frame on stream %d", ErrProtocol, r.name, h.stream)
	}
	if r.place == onSession {
		return pass, nil
	}
	if r.place == onNew {
		return pass, s.admitNew(h.stream)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in, out, known := s.receiving[h.stream], s.sending[h.stream], s.usedLocked(h.stream)
	allowed := false
	switch r.place {
	case onOffered:
		allowed = in != nil
	case onAccepted:
		allowed = in != nil && in.accepted.Load()
	case onSending:
		allowed = out != nil && !out.moving.Load()
	case onMoving:
		allowed = out != nil && out.moving.Load()
	case onEither:
		allowed = in != nil || out != nil
	case onRunning:
		allowed = in != nil && in.accepted.Load() || out != nil && out.moving.Load()
	}
	switch {
	case allowed:
		return pass, nil
	case in != nil || out != nil || !known:
		return 0, fmt.Errorf("%w: %s frame in the wrong state of transfer %d", ErrProtocol, r.name, h.stream)
	}
	// A transfer that ended on our side: what was on its way is forgotten.
	if s.late -= int64(h.length) + headerSize; s.late < 0 {
		return 0, fmt.Errorf("%w: %s frames for a transfer that ended", ErrProtocol, r.name)
	}
	return skip, nil
}

// passOver skips an optional frame, of which there may only be so much.
func (s *Session) passOver(h header) (verdict, error) {
	if s.skipped += int64(h.length) + headerSize; h.length > maxPage || s.skipped > maxSkip {
		return 0, fmt.Errorf("%w: too many frames to be skipped", ErrProtocol)
	}
	return skip, nil
}

// admitNew checks the number of a stream that the peer opens: its own parity, and
// rising.
func (s *Session) admitNew(stream uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream%2 == s.parity || stream <= s.peerStream {
		return fmt.Errorf("%w: stream %d opened after %d", ErrProtocol, stream, s.peerStream)
	}
	s.peerStream = stream
	return nil
}

// usedLocked reports whether a stream was opened by either side. mu is held.
func (s *Session) usedLocked(stream uint32) bool {
	if stream%2 == s.parity {
		return stream < s.nextStream
	}
	return stream <= s.peerStream
}
