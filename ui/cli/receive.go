package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"yonder/app"
)

// receiveFlags are those of the receive command.
type receiveFlags struct {
	accept string
	save   string
	policy string
	once   bool
	limit  int64
	links  bool
}

func (p *program) receiveCommand() *cobra.Command {
	var f receiveFlags
	cmd := &cobra.Command{
		Use:   "receive",
		Short: "Let others send to this computer, until Ctrl+C",
		Long: `Let others send to this computer, until Ctrl+C. Messages are printed too.

The first line is "listening on HOST:PORT". By default each offer is asked about
on a terminal, unless "yonder trust" says otherwise; "always" accepts it and those
of this person from now on, once you have compared a code. Elsewhere only paired
people are accepted. Offers that "yonder trust" declines are declined whatever --accept
says, and those above a size that it or the settings give are asked about or, where
nobody is asked, declined. With --json each
"offer" event is answered by a line {"accept":ID} or {"decline":ID} on standard
input, and {"pause":ID}, {"resume":ID} and {"cancel":ID} control what is running.
Nothing is written before an offer is accepted.`,
		Example: `  yonder receive --save ~/Downloads
  yonder receive --accept all --once --save .`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.receive(cmd.Context(), f) },
	}
	set := cmd.Flags()
	p.flags.registerVisible(cmd)
	choiceVar(cmd, set, &f.accept, "accept", "", "whose offers to take without asking; ask: nobody's (default on a terminal as yonder trust says, else paired)", "ask", "paired", "all")
	set.StringVar(&f.save, "save", "", "`DIR` in which files land (default: the one of the settings)")
	choiceVar(cmd, set, &f.policy, "policy", "", "what to do with names that exist already (default: as set, else keep; what is taken without asking is updated with this flag or \"yonder trust --update\" only)", "keep", "update", "skip")
	set.BoolVar(&f.once, "once", false, "end after the first transfer")
	set.Var(&rateValue{&f.limit}, "limit", "receive at most `RATE` bytes per second in all, such as 500K or 5M (default: as set)")
	set.BoolVar(&f.links, "links", false, "make symbolic links that a sender sends as such; none that leads out of its folder")
	if err := cmd.MarkFlagDirname("save"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// receive runs the command from its flags to its exit code.
func (p *program) receive(ctx context.Context, f receiveFlags) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	o.Owner, o.Listen, o.Policy, o.Accept = true, true, app.Policy(f.policy), app.Accept(f.accept)
	o.DownLimit, o.Links = f.limit, f.links
	if f.accept == "" {
		o.Accept = app.AcceptPaired
		if p.inTTY && p.outTTY {
			o.Accept = "" // rules count, and the rest is asked about
		}
	}
	if f.save != "" {
		if o.Folder, err = destination(f.save); err != nil {
			return err
		}
	}
	b, events, state, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &receiving{program: p, follower: newFollower(p), backend: b, events: events, options: o, once: f.once, running: map[app.ItemID]bool{},
		seen: visibleEvent{Visible: string(app.Everyone)}}
	r.people.apply(app.Event{State: &state})
	r.orders = p.newController(b, r.knows, func(app.ItemID) bool { return false })
	switch r.listening(state.Me, firstOf(o.Folder, state.Settings.Folder)); {
	case o.Accept == app.AcceptAsk || o.Accept == "":
		r.asker = p.newAsker(ctx, r.answer, r.compare, r.orders)
	case p.takesOrders():
		r.input = readLines(ctx, p.in)
	}
	return r.run(ctx)
}

// acceptRules is what "listening" says where [app.Options.Accept] is "".
const acceptRules = "rules"

// firstOf returns the first of two strings that is not empty.
func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// receiving is a running receive command.
type receiving struct {
	*program
	*follower
	backend app.Backend
	events  <-chan app.Event
	options app.Options
	once    bool
	asker   asker // nil: nobody is asked
	orders  *controller
	input   <-chan string       // of orders, while nobody is asked; nil: none come
	told    bool                // "listening" is printed
	seen    visibleEvent        // as last told
	folder  string              // where files land, if chosen
	running map[app.ItemID]bool // incoming transfers that were accepted and have not ended
}

// listening prints the first line as soon as there is a listener, and who sees this
// computer unless that is everyone from the start.
func (r *receiving) listening(me app.Me, folder string) {
	r.folder = folder
	if me.Listening == "" {
		return
	}
	if !r.told {
		r.told = true
		r.program.printer.print(listeningEvent{
			Address: me.Listening, Addresses: me.Addresses, ID: me.ID.String(), Name: me.Name,
			Folder: folder, Accept: firstOf(string(r.options.Accept), acceptRules), PID: me.PID,
		})
	}
	if seen := visibleTo(me); seen != r.seen {
		r.seen = seen
		r.program.printer.print(seen)
	}
}

// run follows events and answers until it is interrupted or, with --once, the
// first transfer has ended.
func (r *receiving) run(ctx context.Context) error {
	for {
		select {
		case ev, ok := <-r.events:
			if !ok {
				return errors.New("the engine stopped by itself")
			}
			if code, over := r.apply(ev); over {
				return ended(code)
			}
		case line, ok := <-r.lines():
			r.line(line, ok)
		case <-ctx.Done():
			r.screen.home()
			if len(r.running) > 0 {
				return &app.Problem{
					Code: app.CodeInterrupted,
					Text: plural(int64(len(r.running)), "transfer was", "transfers were") + " not finished",
					Hint: "start yonder receive again; the senders go on where they stopped",
				}
			}
			return nil
		}
	}
}

// lines returns where answers come from now.
func (r *receiving) lines() <-chan string {
	if r.asker == nil {
		return r.input
	}
	return r.asker.lines()
}

// line takes one of them; ok is false at their end.
func (r *receiving) line(text string, ok bool) {
	switch {
	case r.asker != nil:
		r.asker.line(text, ok)
	case ok:
		r.orders.line(text)
	default:
		r.input = nil
	}
}

// apply takes one event of the backend. It reports whether the command is over.
func (r *receiving) apply(ev app.Event) (code int, over bool) {
	r.people.apply(ev)
	switch {
	case ev.Me != nil:
		r.listening(*ev.Me, r.folder)
	case ev.Kind == app.EventProblem && ev.Problem != nil:
		r.program.printer.print(warningEvent{*ev.Problem})
	case ev.Pairing != nil:
		r.pairing(*ev.Pairing)
	case ev.Item == nil || ev.Item.Outgoing:
	case ev.Item.Message != nil && ev.New:
		r.program.printer.print(message(*ev.Item, r.people))
	case ev.Item.Transfer != nil:
		return r.incoming(*ev.Item)
	}
	return 0, false
}

// incoming takes a change of a transfer to us.
func (r *receiving) incoming(it app.Item) (code int, over bool) {
	t := it.Transfer
	accepted := r.running[it.ID]
	switch {
	case t.State == app.Running || t.State == app.Interrupted && accepted:
		r.running[it.ID] = true
	case t.State.Ended():
		delete(r.running, it.ID)
	}
	if r.asker == nil {
		r.transfer(it)
	} else if t.State == app.Offered && !t.Decided {
		r.asker.offer(it, r.news(it), func() { r.ask(it) })
	} else {
		r.asker.settled(it.ID)
		r.transfer(it)
		r.asker.next()
	}
	if r.once && t.State.Ended() && (accepted || t.State == app.Done) {
		return outcome(t), true
	}
	return 0, false
}

// pairing takes a change of a comparison of codes. One that was begun here, from another
// terminal, is asked about there.
func (r *receiving) pairing(v app.Pairing) {
	r.orders.pairing = &v
	waits := v.State == app.PairingComparing && !v.Ours
	tell := func() { r.program.printer.print(pairingNews(v, r.people, waits && (r.asker != nil || r.input != nil))) }
	switch {
	case v.Ours:
	case r.asker == nil:
		tell()
	case waits:
		r.asker.pairing(v, tell)
	default:
		r.asker.settled(pairingQuestion)
		tell()
		r.asker.next()
	}
}

// compare passes on what somebody says about a code.
func (r *receiving) compare(v app.Pairing, said codeAnswer) {
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	var err error
	if said == codeNobody {
		err = r.backend.CancelPairing(ctx, v.Person)
	} else {
		err = r.backend.AnswerPairing(ctx, v.Person, v.Code, said == codeSame)
	}
	if err != nil {
		r.program.printer.print(warningEvent{*app.AsProblem(err)})
	}
}

// answer passes the decision on an offer to the backend.
func (r *receiving) answer(id app.ItemID, a app.Answer) {
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	if err := r.backend.Answer(ctx, id, a); err != nil {
		r.program.printer.print(warningEvent{*app.AsProblem(err)})
	}
	if a.Nobody {
		r.program.printer.print(warningEvent{app.Problem{
			Code: app.CodeNobody, Object: string(id), Text: "an offer was declined: nobody is there to answer",
			Hint: "start it with --accept paired or --accept all, or in a terminal",
		}})
	}
}
