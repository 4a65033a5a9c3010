package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"yonder/app"
)

func (p *program) pairCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pair PEER",
		Short: "Compare six digits with somebody, so that both can trust the connection",
		Long: `Compare six digits with somebody. Both screens show a code; if it is the same,
nobody sits between the two computers, and each knows the other's key for certain
from then on. Ask by voice or in person, not in a message.

PEER is a name, a device id or a unique beginning of one, or host:port. Their
window shows the code, "yonder receive" on a terminal asks, and otherwise they run
"yonder pair" too. Both have a minute. With --json the code is answered by a line
{"same":CODE} or {"differ":CODE} on standard input.`,
		Example: `  yonder pair "Quiet Heron"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef(`"yonder peers" lists who is there`, "pair with whom? PEER is missing")
			}
			if len(args) > 1 {
				return usagef("put a name of several words into quotes", "pair takes one peer, got %d arguments", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.pair(cmd.Context(), args[0]) },
	}
}

// pair runs the command from its argument to its exit code.
func (p *program) pair(ctx context.Context, peer string) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	b, events, state, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &pairingRun{program: p, backend: b, events: events, input: readLines(reading, p.in), people: neighbours{}, latest: state.Pairing}
	r.people.apply(app.Event{State: &state})
	people, err := p.find(ctx, b, []string{peer}, events, func(ev app.Event) { r.note(ev) })
	if err != nil {
		return err
	}
	r.with = people[0]
	r.people[r.with.ID] = r.with
	return r.run(ctx)
}

// pairingRun is a running pair command.
type pairingRun struct {
	*program
	backend app.Backend
	events  <-chan app.Event
	input   <-chan string // nil once it has ended
	people  neighbours
	with    app.Person
	latest  *app.Pairing // with anybody
	asked   bool         // the question is on the screen
}

// note takes an event before the pairing begins.
func (r *pairingRun) note(ev app.Event) {
	r.people.apply(ev)
	switch {
	case ev.Pairing != nil:
		r.latest = ev.Pairing
	case ev.Kind == app.EventProblem && ev.Problem != nil:
		r.printer.print(warningEvent{*ev.Problem})
	}
}

// run begins, unless the other side has, and follows it to its end.
func (r *pairingRun) run(ctx context.Context) error {
	if v := r.latest; v != nil && v.Person == r.with.ID && !v.State.Ended() {
		r.show(*v)
	} else if err := r.backend.Pair(ctx, r.with.ID); err != nil {
		return err
	}
	for {
		select {
		case ev, ok := <-r.events:
			if !ok {
				return errOwnerGone
			}
			r.note(ev)
			if v := ev.Pairing; v != nil && v.Person == r.with.ID {
				if r.show(*v); v.State.Ended() {
					return r.end(*v)
				}
			}
		case line, ok := <-r.lines():
			if err := r.line(line, ok); err != nil {
				return err
			}
		case <-ctx.Done():
			r.screen.answered(false)
			r.cancel()
			return &app.Problem{Code: app.CodeInterrupted, Text: "broken off, nothing was stored", Hint: "the same command again starts over"}
		}
	}
}

// show tells how far it has come, and asks once there is a code.
func (r *pairingRun) show(v app.Pairing) {
	if r.asked && v.State != app.PairingComparing {
		r.screen.answered(false)
		r.asked = false
	}
	answer := v.State == app.PairingComparing
	if v.State != app.PairingFailed { // how it failed is the error of the command
		r.printer.print(pairingNews(v, r.people, answer))
	}
	r.asked = answer
}

// end is what the command ends with.
func (r *pairingRun) end(v app.Pairing) error {
	if v.Problem != nil {
		return v.Problem
	}
	return nil
}

// lines returns where answers come from. What is piped in waits for the code.
func (r *pairingRun) lines() <-chan string {
	if !r.asked && !r.inTTY {
		return nil
	}
	return r.input
}

// line takes an answer.
func (r *pairingRun) line(text string, ok bool) error {
	switch {
	case !ok && r.asked:
		r.cancel()
		return &app.Problem{Code: app.CodeNobody, Object: r.with.Name, Text: "the code was not answered: nobody is there",
			Hint: "start it in a terminal, or with --json and a program that answers"}
	case !ok:
		r.input = nil
	case r.asked && r.flags.json:
		return r.order(text)
	case r.asked:
		same, understood := isSame(text)
		if !understood {
			r.screen.answered(true)
			r.printer.print(pairingNews(*r.latest, r.people, true))
			return nil
		}
		return r.answer(same)
	}
	return nil
}

// order takes the answer of a program.
func (r *pairingRun) order(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	o, err := parseOrder(text)
	switch {
	case err != nil:
		r.printer.print(warningEvent{orderNotUnderstood(text, err)})
	case o.verb != "same" && o.verb != "differ" || o.code != r.latest.Code:
		r.printer.print(warningEvent{noSuchCode(o)})
	default:
		return r.answer(o.verb == "same")
	}
	return nil
}

func (r *pairingRun) answer(same bool) error {
	r.screen.answered(true)
	r.asked = false // the end of the input says nothing any more
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	return r.backend.AnswerPairing(ctx, r.with.ID, r.latest.Code, same)
}

func (r *pairingRun) cancel() {
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	if err := r.backend.CancelPairing(ctx, r.with.ID); err != nil {
		r.printer.print(warningEvent{*app.AsProblem(err)})
	}
}

// isSame reads whether somebody sees the same code; an answer that is neither yes nor no
// is none: a slip of the finger must not count as a failure.
func isSame(text string) (same, understood bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "y", "yes":
		return true, true
	case "n", "no":
		return false, true
	}
	return false, false
}

// pairingNews is the event about a comparison of codes.
func pairingNews(v app.Pairing, people neighbours, answer bool) pairingEvent {
	return pairingEvent{Peer: people.who(v.Person), State: string(v.State), Ours: v.Ours, Code: v.Code, Until: v.Until, Answer: answer, Problem: v.Problem}
}
