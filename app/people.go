package app

import (
	"reflect"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// person is what the owner knows of somebody. It is guarded by App.mu.
type person struct {
	rec      personRecord
	stored   bool      // rec is in the database
	found    []Address // by the search; nil while it does not list them
	present  bool      // the search lists them
	sessions []session // open ones, the newest last
	afterMS  int64     // when the search first found them; 0: not yet
	look     string    // sameName(rec.Name)
	shown    Person    // as last told
	listed   bool      // was told

	chats    *rate.Limiter // how fast they may write
	flushing bool          // their outbox is being sent
	wake     chan struct{} // cap 1: their outbox or their transfers should try again now
	changed  string        // where another key than theirs answered; see [Person.Changed]
	alarmed  time.Time     // when the user was last warned about that
}

// maxStrangers bounds how many people below Known are remembered for their
// conversation; maxStrangerItems how much of it.
const (
	maxStrangers     = 200
	maxStrangerItems = 100
)

func newPerson(rec personRecord) *person {
	return &person{
		rec: rec, look: sameName(rec.Name),
		chats: rate.NewLimiter(chatRate, chatBurst), wake: make(chan struct{}, 1),
	}
}

// loadPeople fills the list from the database. It runs before everything else.
func (a *App) loadPeople() {
	for _, rec := range a.store.people() {
		p := newPerson(rec)
		p.stored = true
		a.people[rec.ID] = p
		a.levels.Store(rec.ID, rec.Level)
	}
	for _, p := range a.people {
		p.shown, p.listed = a.view(p), true
	}
}

// person returns the entry for id, which it makes if there is none. The caller holds mu.
func (a *App) person(id DeviceID, name string) *person {
	p := a.people[id]
	if p == nil {
		p = newPerson(personRecord{ID: id, Name: nameOr(name, id), Level: Unknown})
		a.people[id] = p
	}
	return p
}

// rename notes what a person is called now. The caller holds mu and shows p.
func (a *App) rename(p *person, name string) {
	if name = cleanName(name); name != "" && name != p.rec.Name {
		p.rec.Name, p.look = name, sameName(name)
		a.savePerson(p)
	}
}

// remember stores a person who was so far only around. The caller holds mu.
func (a *App) remember(p *person) {
	if p.stored {
		return
	}
	p.stored = true
	a.savePerson(p)
	a.forgetStrangers(p)
}

// savePerson writes the row of a person who is stored. The caller holds mu.
func (a *App) savePerson(p *person) {
	if p.stored {
		a.saved(a.store.putPerson(&p.rec))
	}
}

// forgetStrangers removes the conversation with the stranger who was seen longest
// ago while too many are remembered; not with newest, nor with those whom the user has
// made a rule for. The caller holds mu.
func (a *App) forgetStrangers(newest *person) {
	var strangers []*person
	for _, p := range a.people {
		if p.stored && p.rec.Level == Unknown && p.rec.Rule == (Rule{}) && p != newest && !a.busy(p.rec.ID) {
			strangers = append(strangers, p)
		}
	}
	if len(strangers) < maxStrangers {
		return
	}
	oldest := slices.MinFunc(strangers, func(x, y *person) int { return x.rec.LastSeen.Compare(y.rec.LastSeen) })
	a.saved(a.store.forget(oldest.rec.ID))
	oldest.stored, oldest.rec.Unread = false, 0
	a.show(oldest)
}

// busy reports whether a transfer with a person is running. The caller holds mu.
func (a *App) busy(id DeviceID) bool {
	for _, r := range a.runs {
		if r.rec.Person == id {
			return true
		}
	}
	return false
}

// view returns p as front ends see it. The caller holds mu.
func (a *App) view(p *person) Person {
	v := Person{
		ID: p.rec.ID, Name: p.rec.Name, System: p.rec.System, Level: p.rec.Level,
		Present: p.present || len(p.sessions) > 0, Connected: len(p.sessions) > 0,
		Addresses: p.addresses(), LastSeen: p.rec.LastSeen, AfterMS: p.afterMS, Unread: p.rec.Unread,
		Rule: p.rec.Rule, Changed: p.changed,
	}
	if twin := a.twin(p); twin != nil {
		v.SameNameAs = twin.rec.ID
	}
	return v
}

// twin returns somebody known whose name looks like that of p, nil if there is
// none or if p is trusted more. The caller holds mu.
func (a *App) twin(p *person) (found *person) {
	for id, q := range a.people {
		if q == p || q.look != p.look || q.rec.Level < Known || q.rec.Level < p.rec.Level {
			continue
		}
		if found == nil || slices.Compare(id[:], found.rec.ID[:]) < 0 { // always the same of several
			found = q
		}
	}
	return found
}

// show tells what changed about p, nothing if nothing did. The caller holds mu.
func (a *App) show(p *person) {
	before := p.look
	if p.listed {
		before = sameName(p.shown.Name)
	}
	level := p.shown.Level
	a.showOne(p)
	if p.rec.Level >= Known && (before != p.look || level != p.rec.Level) {
		for _, q := range a.people { // who looks alike is marked, or not any more
			if q != p && (q.look == p.look || q.look == before) {
				a.showOne(q)
			}
		}
	}
	close(a.news)
	a.news = make(chan struct{})
	if p.rec.Level >= Paired || level >= Paired {
		a.wakeGossip()
	}
}

func (a *App) showOne(p *person) {
	if !p.stored && !p.present && len(p.sessions) == 0 {
		delete(a.people, p.rec.ID)
		a.levels.Delete(p.rec.ID)
		if p.listed {
			p.listed = false
			a.emit(Event{Kind: EventForgot, Person: &Person{ID: p.rec.ID}})
		}
		return
	}
	v := a.view(p)
	if p.listed && reflect.DeepEqual(v, p.shown) {
		return
	}
	p.shown, p.listed = v, true
	a.emit(Event{Kind: EventPerson, Person: &v})
}
