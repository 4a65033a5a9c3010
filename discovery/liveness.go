package discovery

import (
	"net/netip"
	"time"
)

// How silence is judged.
const (
	minPeriod   = 5 * time.Second  // between our announcements, in small networks
	maxPeriod   = 15 * time.Second // and in large ones
	longPeriod  = time.Minute      // the longest that a peer's own word counts for
	proveAfter  = 1200 * time.Millisecond
	dropAfter   = 2 * time.Second // after the first question of a check
	proveLimit  = time.Second     // for the proof over TCP, which delays the end by up to 0.2 s
	recheckStep = 10 * time.Millisecond
)

// askAfter are the times of a check's questions.
var askAfter = [...]time.Duration{0, 400 * time.Millisecond, 1200 * time.Millisecond}

// check is the state of an entry that was silent for too long. The zero value
// means that it is not being checked.
type check struct {
	since   time.Time // of the first question; zero: no check
	asked   int       // questions so far
	tried   bool      // the proof over TCP was begun
	proving bool      // and has not ended
}

func (c check) on() bool { return !c.since.IsZero() }

// question is a query to be sent to one address of an entry.
type question struct {
	id ID
	to netip.AddrPort
}

// due is what a tick asks for.
type due struct {
	news  []news
	ask   []question
	prove []question // to is the TCP address; the result goes to proved or unproved
}

// patience returns how long e may be silent before it is checked.
func (e *entry) patience() time.Duration {
	p := e.period
	if p <= 0 {
		p = minPeriod
	}
	p = min(max(p, time.Second), longPeriod)
	if !e.listed {
		return 3 * p
	}
	return p*13/10 + 500*time.Millisecond
}

// suspect begins a check at once.
func (r *registry) suspect(now time.Time, e *entry) {
	if !e.gone && e.listed && r.open[e.peer.ID] == 0 && !e.check.on() {
		e.check.since = now
	}
}

// tick does what the time asks for.
func (r *registry) tick(now time.Time) due {
	var d due
	for id, e := range r.entries {
		if e.gone {
			continue
		}
		if !e.check.on() && now.Sub(e.quiet) > e.patience() && r.open[id] == 0 {
			if !e.listed {
				d.news = append(d.news, e.leave(Silent)...)
				continue
			}
			r.suspect(now, e)
		}
		if e.check.on() {
			r.advance(now, e, &d)
		} else if e.expire(now.Add(-4*max(e.period, minPeriod))) && e.listed {
			d.news = append(d.news, e.news(Updated))
		}
	}
	return d
}

// advance takes the next step of a check.
func (r *registry) advance(now time.Time, e *entry, d *due) {
	age := now.Sub(e.check.since)
	if e.check.asked < len(askAfter) && age >= askAfter[e.check.asked] {
		e.check.asked++
		d.ask = append(d.ask, r.questions(e, e.check.asked == 1)...)
	}
	if r.canProve && (!r.shy || r.known[e.peer.ID]) && !e.check.tried && age >= proveAfter && len(e.peer.Addrs) > 0 {
		e.check.tried, e.check.proving = true, true
		d.prove = append(d.prove, question{e.peer.ID, e.peer.Addrs[0].AddrPort})
	}
	over := age >= dropAfter && e.check.asked == len(askAfter)
	if over && (!e.check.proving || age >= proveAfter+proveLimit+time.Second) {
		d.news = append(d.news, e.leave(Silent)...)
	}
}

// questions returns where e can be asked: each address at the port of its
// process, and at the well-known port, which firewalls let through. The first time it is
// the best of them: on a wireless network announcements are missed all the time, and most
// checks end with the answer to that one.
func (r *registry) questions(e *entry, first bool) []question {
	var q []question
	for _, a := range e.peer.Addrs {
		if a.UDP != 0 {
			q = append(q, question{e.peer.ID, netip.AddrPortFrom(a.Addr(), a.UDP)})
		}
		if a.UDP != r.port {
			q = append(q, question{e.peer.ID, netip.AddrPortFrom(a.Addr(), r.port)})
		}
	}
	if first && len(q) > 0 {
		q = q[:1]
	}
	return q
}

// unproved takes in that the proof over TCP failed.
func (r *registry) unproved(id ID) {
	if e := r.entries[id]; e != nil {
		e.check.proving = false
	}
}

// next returns when tick must be called, or zero if nothing is coming.
func (r *registry) next() time.Time {
	var next time.Time
	soonest := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for id, e := range r.entries {
		switch {
		case e.gone || r.open[id] > 0:
		case !e.check.on():
			soonest(e.quiet.Add(e.patience() + time.Millisecond))
		case e.check.asked < len(askAfter):
			soonest(e.check.since.Add(askAfter[e.check.asked]))
		case e.check.proving:
			soonest(e.check.since.Add(proveAfter + proveLimit + time.Second))
		default:
			soonest(e.check.since.Add(dropAfter))
		}
	}
	return next
}

// shift moves everything in time, because the clock jumped.
func (r *registry) shift(by time.Duration) {
	for _, e := range r.entries {
		e.quiet = e.quiet.Add(by)
		if e.check.on() {
			e.check.since = e.check.since.Add(by)
		}
		for i := range e.peer.Addrs {
			e.peer.Addrs[i].named = e.peer.Addrs[i].named.Add(by)
		}
	}
}

// recheck has everybody checked soon, one after the other, because the network
// changed or the host slept.
func (r *registry) recheck(now time.Time) {
	wait := 500 * time.Millisecond
	for _, e := range r.entries {
		if e.gone || !e.listed || e.check.on() {
			continue
		}
		if early := now.Add(wait - e.patience()); early.Before(e.quiet) {
			e.quiet = early
		}
		wait += recheckStep
	}
}
