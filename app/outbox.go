package app

import (
	"cmp"
	"time"

	"golang.org/x/time/rate"

	"yonder/transfer"
)

const (
	// Ours go out slower than peers take them, so that a long queue is never refused.
	sendRate  = chatRate * 3 / 4
	sendBurst = chatBurst * 3 / 4

	ackTime     = 30 * time.Second // after which an unconfirmed message is sent again
	outboxPause = time.Minute      // between tries to reach somebody nobody reports, at most
	outboxPage  = 50               // messages looked at together
	ackPage     = 100              // read receipts in one frame
)

// flush lets the messages for a person go out: now if it can be, else when they are
// seen. The caller holds mu.
func (a *App) flush(id DeviceID) {
	p := a.people[id]
	if p == nil || a.node == nil || a.ending {
		return
	}
	if !p.flushing {
		p.flushing = a.spawn(func() { a.runOutbox(p) })
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// runOutbox sends what waits for p until nothing does.
func (a *App) runOutbox(p *person) {
	id := p.rec.ID
	pace := rate.NewLimiter(sendRate, sendBurst)
	pause := firstPause
	sent := map[ItemID]time.Time{} // on the session used now
	var last session
	for {
		a.mu.Lock()
		waiting := a.store.outbox(id, outboxPage)
		if len(waiting) == 0 && a.store.count(bucketReceipts, id) == 0 {
			p.flushing = false
			a.mu.Unlock()
			return
		}
		idle := len(waiting) == 0 && len(p.sessions) == 0 && !(p.present && a.store.cancelling(id))
		a.mu.Unlock()

		var s session
		err := error(transfer.ErrUnreachable)
		if !idle { // what was read is no reason to dial
			s, err = a.connect(a.ctx, id)
		}
		again := ackTime
		if err == nil {
			if s != last {
				clear(sent)
				last = s
			}
			err = a.sendWaiting(s, id, waiting, sent, pace)
			pause = firstPause
		}
		if err != nil {
			again = pause
		}
		select {
		case <-p.wake: // seen, or one more message: that says nothing about the next try
		case <-time.After(again):
			if err != nil {
				pause = min(2*pause, outboxPause)
			}
		case <-a.ctx.Done():
			return
		}
	}
}

// sendWaiting hands over what has not been sent on this session lately.
func (a *App) sendWaiting(s session, id DeviceID, waiting []*record, sent map[ItemID]time.Time, pace *rate.Limiter) error {
	for _, rec := range waiting {
		if at, ok := sent[rec.ID]; ok && time.Since(at) < ackTime {
			continue
		}
		if err := pace.Wait(a.ctx); err != nil {
			return err
		}
		if !a.handedOver(rec.ID) {
			continue
		}
		err := s.SendChat(a.ctx, transfer.Chat{ID: rec.Remote, Seq: rec.Seq, At: rec.At, Body: rec.Message.Body})
		if err != nil {
			a.notHandedOver(rec.ID)
			return err
		}
		sent[rec.ID] = time.Now()
	}
	return a.sendReceipts(s, id)
}

// handedOver marks a message as Sent just before it goes, because the confirmation
// may be quicker than we are. It returns false if it need not go any more.
func (a *App) handedOver(item ItemID) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.store.record(item)
	if rec == nil || !rec.pending() {
		return false
	}
	if rec.Message.State == Queued {
		rec.Message.State = Sent
		a.putItem(rec, false)
	}
	return true
}

func (a *App) notHandedOver(item ItemID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rec := a.store.record(item); rec != nil && rec.Message != nil && rec.Message.State == Sent {
		rec.Message.State = Queued
		a.putItem(rec, false)
	}
}

// unsent shows as queued what the lost session of p may not have carried. The
// caller holds mu.
func (a *App) unsent(p *person) {
	if len(p.sessions) > 0 {
		return
	}
	var changed []*record
	for _, rec := range a.store.outbox(p.rec.ID, maxReceipts) {
		if rec.Message.State == Sent {
			rec.Message.State = Queued
			changed = append(changed, rec)
		}
	}
	a.putItems(changed)
}

// sendReceipts tells a person what was read and cancelled here. What cannot be told now is
// told later.
func (a *App) sendReceipts(s session, id DeviceID) error {
	for {
		a.mu.Lock()
		list, err := a.store.takeReceipts(id, ackPage)
		a.mu.Unlock()
		if err != nil || len(list) == 0 {
			return err
		}
		ids := map[transfer.AckState][][16]byte{}
		for _, r := range list {
			ids[r.state] = append(ids[r.state], r.id)
		}
		for state, list := range ids {
			err = cmp.Or(err, s.SendAck(a.ctx, list, state))
		}
		if err != nil {
			a.mu.Lock()
			a.saved(a.store.addReceipts(id, list))
			a.mu.Unlock()
			return err
		}
	}
}
