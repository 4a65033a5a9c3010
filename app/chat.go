package app

import (
	"context"
	"encoding/hex"
	"time"

	"yonder/transfer"
)

// How fast one person may write to us: so many a second, and so many at once.
const (
	chatRate  = 20
	chatBurst = 50
)

// Say implements [Backend].
func (a *App) Say(ctx context.Context, to DeviceID, body string) (ItemID, error) {
	if len(body) > maxBody {
		return "", newProblem(CodeTooLong, "16 KiB", "")
	}
	body = cleanText(body)
	if body == "" {
		p := newProblem(CodeInternal, "", "")
		p.Text, p.Hint = "the message is empty", "write something"
		return "", p
	}
	if len(body) > maxBody { // every replaced byte takes three
		return "", newProblem(CodeTooLong, "16 KiB", "")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.people[to]
	switch {
	case a.ending:
		return "", AsProblem(errClosing)
	case p == nil || to == a.me.ID:
		return "", newProblem(CodeNotFound, to.String(), "")
	}
	a.know(p)
	id := NewItemID()
	rec := &record{
		Item:   Item{ID: id, Person: to, Outgoing: true, At: time.Now(), Message: &Message{Body: body, State: Queued}},
		Remote: remoteOf(id),
	}
	if err := a.putItem(rec, true); err != nil {
		return "", err // it could be lost, so it was not said
	}
	a.flush(to)
	return id, nil
}

// takeBack cancels a message that was not handed over yet. The caller holds mu.
func (a *App) takeBack(rec *record) error {
	if !rec.Outgoing || rec.Message.State != Queued {
		return nil
	}
	rec = rec.clone()
	rec.Message.State, rec.Message.Problem = Refused, newProblem(CodeCancelled, "", "")
	return a.putItem(rec, false)
}

// chat stores a message of a peer. Only a nil error makes the sender believe that
// it arrived; see [transfer.Host] for the others.
func (a *App) chat(peer transfer.Peer, m transfer.Chat) error {
	id := DeviceID(peer.ID)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.ending:
		return transfer.ErrInterrupted
	case a.level(id) == Blocked:
		return transfer.ErrBlocked
	case len(m.Body) > maxBody:
		return transfer.ErrTooMany
	}
	p := a.person(id, peer.Name)
	item := incomingID(id, m.ID)
	if a.store.record(item) != nil { // the confirmation was lost, so it came again
		return nil
	}
	if !p.chats.Allow() {
		a.log.Info("messages too fast", "peer", id.Short())
		return transfer.ErrBusy // neither stored nor refused: they may try again later
	}
	message := &Message{Body: cleanText(m.Body), State: Delivered}
	if m.Kind != transfer.ChatText {
		message.Body, message.Problem = "", newProblem(CodeVersion, p.rec.Name, "")
	}
	a.remember(p)
	rec := &record{
		Item:   Item{ID: item, Person: id, At: writtenAt(m.At, peer.Skew, time.Now()), Message: message},
		Remote: m.ID,
	}
	if err := a.putItem(rec, true); err != nil {
		return transfer.ErrInternal
	}
	p.rec.Unread++
	p.rec.LastSeen = time.Now()
	a.savePerson(p)
	a.show(p)
	return nil
}

// oldestMessage is how long a message may have waited at its sender to be believed.
const oldestMessage = 366 * 24 * time.Hour

// writtenAt turns the sender's time into ours. A time in the future, or absurdly
// far back, counts as the present.
func writtenAt(at time.Time, skew time.Duration, now time.Time) time.Time {
	at = at.Add(-skew)
	if at.After(now) || now.Sub(at) > oldestMessage {
		return now
	}
	return at
}

// acked takes the confirmations of a peer for messages of ours.
func (a *App) acked(peer transfer.Peer, ids [][16]byte, state transfer.AckState) {
	person := DeviceID(peer.ID)
	a.mu.Lock()
	defer a.mu.Unlock()
	if state == transfer.AckCancelled {
		for _, id := range ids {
			a.cancelledThere(person, id)
		}
		return
	}
	var changed []*record
	for _, raw := range ids {
		rec := a.store.record(ItemID(hex.EncodeToString(raw[:])))
		if rec == nil || rec.Person != person || !rec.Outgoing || rec.Message == nil {
			continue
		}
		before := rec.Message.State
		switch {
		case state == transfer.AckRead && before != Refused:
			rec.Message.State = Read
		case state == transfer.AckStored && (before == Queued || before == Sent):
			rec.Message.State = Delivered
		case state == transfer.AckRefused && (before == Queued || before == Sent):
			rec.Message.State, rec.Message.Problem = Refused, newProblem(CodeDeclined, a.nameOf(person), "")
		}
		if rec.Message.State != before {
			changed = append(changed, rec)
		}
	}
	a.putItems(changed)
	if p := a.people[person]; p != nil {
		a.kick(p)
	}
}

// MarkRead implements [Backend].
func (a *App) MarkRead(ctx context.Context, person DeviceID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.people[person]
	if p == nil || p.rec.Unread == 0 {
		return nil
	}
	var read []receipt
	var changed []*record
	unread, _ := a.store.page(person, "", min(p.rec.Unread+maxStrangerItems, maxReceipts)) // what we sent lies between
	for _, rec := range unread {
		if rec.Outgoing || rec.Message == nil || rec.Message.State != Delivered {
			continue
		}
		rec.Message.State = Read
		changed = append(changed, rec)
		read = append(read, receipt{rec.Remote, transfer.AckRead})
	}
	a.putItems(changed)
	p.rec.Unread = 0
	a.savePerson(p)
	a.show(p)
	if p.rec.Level >= Known { // strangers do not learn whether anybody looks
		a.saved(a.store.addReceipts(person, read))
		a.flush(person)
	}
	return nil
}
