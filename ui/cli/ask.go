package cli

import (
	"context"
	"strings"
	"time"

	"yonder/app"
)

// asker lets somebody decide about offers and codes: a person at the terminal, one
// after the other, or a program, in any order.
type asker interface {
	// offer takes a new or changed offer; news reports whether anything in it is
	// worth telling, and tell prints it, as often as it is called.
	offer(it app.Item, news bool, tell func())
	// pairing takes a comparison of codes that waits for the user; tell prints it.
	pairing(v app.Pairing, tell func())
	// settled says that an offer, or a pairing by [pairingQuestion], needs no answer any more. The next question comes
	// with next, so that what became of this one can be told before.
	settled(id app.ItemID)
	next()
	// lines is where answers come from; nil while none is wanted.
	lines() <-chan string
	// line takes one of them; ok is false at their end.
	line(text string, ok bool)
}

// newAsker starts to read answers from standard input, until ctx ends.
func (p *program) newAsker(ctx context.Context, answer func(app.ItemID, app.Answer), compare func(app.Pairing, codeAnswer), orders *controller) asker {
	lines := readLines(ctx, p.in)
	if p.flags.json {
		return &programAsker{in: lines, answer: answer, open: map[app.ItemID]bool{}, orders: orders}
	}
	return &personAsker{in: lines, answer: answer, compare: compare, typed: p.inTTY, printer: p.printer, now: p.now}
}

// personAsker asks y, N or always, one question at a time.
type personAsker struct {
	in      <-chan string
	answer  func(app.ItemID, app.Answer)
	compare func(app.Pairing, codeAnswer)
	printer printer
	typed   bool // lines are typed by a person, not piped
	closed  bool // no more lines come
	queue   []question
	asked   bool // the first of the queue is on the screen

	now   func() time.Time
	swap  bool      // that one took the place of another that nobody had answered
	since time.Time // when it came on the screen
}

// hasty is how soon after a swap nobody can have read the new question: an answer
// was meant for the old one.
const hasty = time.Second

// question is an offer or a pairing in the queue.
type question struct {
	id   app.ItemID
	tell func()
	// reply acts on a line, or on the end of lines; false: it was no answer.
	reply func(text string, ok bool) bool
}

// codeAnswer is what somebody says about a code.
type codeAnswer uint8

const (
	codeSame codeAnswer = iota
	codeDiffers
	codeNobody // is there to compare it
)

// pairingQuestion is the id of the question about a code: there is one at a time.
const pairingQuestion app.ItemID = "pairing"

func (a *personAsker) offer(it app.Item, news bool, tell func()) {
	if a.closed {
		tell()
		a.resume(false)
		a.answer(it.ID, app.Answer{Nobody: true})
		return
	}
	for i, q := range a.queue {
		if q.id == it.ID {
			if a.queue[i].tell = tell; i == 0 && news {
				a.asked = false // its totals are known now: ask again
				a.next()
			}
			return
		}
	}
	a.queue = append(a.queue, question{it.ID, tell, func(text string, ok bool) bool {
		yes, always := isYes(text)
		a.answer(it.ID, app.Answer{Accept: ok && yes, Always: ok && always, Nobody: !ok})
		return true
	}})
	a.next()
}

func (a *personAsker) pairing(v app.Pairing, tell func()) {
	if a.closed {
		tell()
		a.resume(false)
		a.compare(v, codeNobody)
		return
	}
	a.queue = append(a.queue, question{pairingQuestion, tell, func(text string, ok bool) bool {
		same, understood := isSame(text)
		switch {
		case !ok:
			a.compare(v, codeNobody)
		case understood && same:
			a.compare(v, codeSame)
		case understood:
			a.compare(v, codeDiffers)
		}
		return understood || !ok
	}})
	a.next()
}

// settled drops a question, be it on the screen or not.
func (a *personAsker) settled(id app.ItemID) {
	for i, q := range a.queue {
		if q.id == id {
			a.queue = append(a.queue[:i], a.queue[i+1:]...)
			if i == 0 {
				a.resume(false)
				a.swap = true
			}
			return
		}
	}
}

// lines listens to a person all the time, so that what is typed before a
// question is asked never answers it; a pipe waits for its question.
func (a *personAsker) lines() <-chan string {
	if a.closed || len(a.queue) == 0 && !a.typed {
		return nil
	}
	return a.in
}

func (a *personAsker) line(text string, ok bool) {
	if !ok {
		a.closed = true
	}
	if len(a.queue) == 0 {
		return
	}
	a.resume(ok)
	if ok && a.typed && a.swap && a.now().Sub(a.since) < hasty {
		a.next()
		return
	}
	if !ok {
		for _, q := range a.queue {
			q.reply("", false)
		}
		a.queue = nil
		return
	}
	a.swap = false
	if q := a.queue[0]; q.reply(text, true) {
		a.queue = a.queue[1:]
	}
	a.next()
}

// next asks the first question of the queue, unless it is on the screen already.
func (a *personAsker) next() {
	if len(a.queue) > 0 && !a.asked {
		a.asked, a.since = true, a.now()
		a.queue[0].tell()
	}
}

// resume lets the screen go on after a question.
func (a *personAsker) resume(answered bool) {
	a.asked = false
	if t, ok := unwrapPrinter(a.printer).(*textPrinter); ok {
		t.resume(answered)
	}
}

// isYes reads an answer: only y and yes accept, and always, which does so from now on too.
func isYes(text string) (yes, always bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "y", "yes":
		return true, false
	case "always":
		return true, true
	}
	return false, false
}

// programAsker tells each offer at once and takes answers by id, and other orders.
type programAsker struct {
	in     <-chan string
	answer func(app.ItemID, app.Answer)
	orders *controller
	closed bool
	open   map[app.ItemID]bool
}

func (a *programAsker) offer(it app.Item, news bool, tell func()) {
	if !news {
		return
	}
	tell()
	if a.closed {
		a.answer(it.ID, app.Answer{Nobody: true})
		return
	}
	a.open[it.ID] = true
}

func (a *programAsker) pairing(_ app.Pairing, tell func()) { tell() } // the controller takes its answer

func (a *programAsker) settled(id app.ItemID) { delete(a.open, id) }
func (a *programAsker) next()                 {}

func (a *programAsker) lines() <-chan string {
	if a.closed {
		return nil
	}
	return a.in
}

func (a *programAsker) line(text string, ok bool) {
	if !ok {
		a.closed = true
		for id := range a.open {
			a.answer(id, app.Answer{Nobody: true})
		}
		clear(a.open)
		return
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	o, err := parseOrder(text)
	switch {
	case err != nil:
		a.orders.notUnderstood(text, err)
	case a.open[o.id] && (o.verb == "accept" || o.verb == "decline"):
		delete(a.open, o.id)
		a.answer(o.id, app.Answer{Accept: o.verb == "accept", Always: o.always, Policy: o.policy})
	default:
		a.orders.obey(o)
	}
}
