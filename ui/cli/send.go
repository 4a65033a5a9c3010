package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"yonder/app"
)

// stopWait is how long transfers may take to stop in order after Ctrl+C.
const stopWait = 1500 * time.Millisecond

// sendFlags are those of the send command.
type sendFlags struct {
	to     []string
	policy string
	retry  time.Duration
	limit  int64
	links  bool
}

func (p *program) sendCommand() *cobra.Command {
	f := sendFlags{retry: 10 * time.Minute}
	cmd := &cobra.Command{
		Use:   "send --to PEER PATH...",
		Short: "Send files and folders to somebody",
		Long: `Send files and folders to one or more people near by.

PEER is a name, a device id or a unique beginning of one, or host:port; with
ID@host:port nobody else is accepted at that address. What was cut off goes on
by itself for --retry; after that, and after Ctrl+C, the same command continues
where it stopped. Symbolic links inside folders are left out and named,
unless both sides say --links. With --json the lines
{"pause":ID}, {"resume":ID} and {"cancel":ID} on standard input control it.`,
		Example: `  yonder send --to "Quiet Heron" photos/ notes.txt
  yonder send --to 192.168.1.20:21925 --retry 0 backup.tar`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.send(cmd.Context(), f, args) },
	}
	set := cmd.Flags()
	set.StringArrayVar(&f.to, "to", nil, "`PEER` to send to; may be repeated")
	choiceVar(cmd, set, &f.policy, "policy", "keep", "wish for names that exist already; the receiver decides", "keep", "update", "skip")
	set.Var(&waitValue{&f.retry}, "retry", "how long to try again by itself after a cut; 0: not at all")
	set.Var(&rateValue{&f.limit}, "limit", "send at most `RATE` bytes per second to each peer, such as 500K or 5M; 0: no limit")
	set.BoolVar(&f.links, "links", false, "send symbolic links that stay inside a folder as links; the receiver must want them too")
	return cmd
}

// send runs the command from its arguments to its exit code.
func (p *program) send(ctx context.Context, f sendFlags, args []string) error {
	switch {
	case len(f.to) == 0:
		return usagef(`"yonder peers" lists who is there`, "send to whom? --to PEER is missing")
	case len(args) == 0:
		return usagef("name files or folders", "send what? PATH is missing")
	}
	paths, err := sources(args)
	if err != nil {
		return err
	}
	o, err := p.options()
	if err != nil {
		return err
	}
	b, events, state, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	s := &sending{program: p, backend: b, events: events, follower: newFollower(p), items: map[app.ItemID]*outgoing{}}
	s.orders = p.newController(b, func(id app.ItemID) bool { return s.items[id] != nil }, func(app.ItemID) bool { return true })
	s.people.apply(app.Event{State: &state})
	people, err := p.find(ctx, b, f.to, events, s.apply)
	if err != nil {
		return err
	}
	req := app.SendRequest{Paths: paths, Policy: app.Policy(f.policy), Retry: f.retry, Limit: f.limit, Links: f.links}
	for _, person := range people {
		s.people[person.ID] = person
		req.To = append(req.To, person.ID)
	}
	return s.run(ctx, req)
}

// sending is a running send command.
type sending struct {
	*program
	*follower
	backend app.Backend
	events  <-chan app.Event
	orders  *controller
	items   map[app.ItemID]*outgoing
	early   []app.Item // changes of items that Send has not returned yet
}

// outgoing is one transfer of this command.
type outgoing struct {
	item app.Item
	over bool
	code int // once it is over
}

// run offers, follows and returns when each transfer is over.
func (s *sending) run(ctx context.Context, req app.SendRequest) error {
	ids, err := s.backend.Send(ctx, req)
	if err != nil && ctx.Err() != nil {
		return interrupted("stopped before anything was offered")
	}
	if err != nil {
		return err
	}
	for _, id := range ids {
		s.items[id] = &outgoing{}
	}
	for _, it := range s.early {
		s.item(it)
	}
	var input <-chan string
	if s.takesOrders() {
		reading, cancel := context.WithCancel(ctx)
		defer cancel()
		input = readLines(reading, s.in)
	}
	stop := ctx.Done()
	var giveUp <-chan time.Time
	for !s.over() {
		select {
		case ev, ok := <-s.events:
			if !ok {
				s.abandonAll()
				return errOwnerGone
			}
			s.apply(ev)
		case line, ok := <-input:
			if !ok {
				input = nil
				continue
			}
			s.orders.line(line)
		case <-stop:
			stop = nil
			s.screen.home()
			s.stopAll()
			timer := time.NewTimer(stopWait)
			defer timer.Stop()
			giveUp = timer.C
		case <-giveUp:
			s.abandonAll()
		}
	}
	code := exitOK
	for _, out := range s.items {
		code = worse(code, out.code)
	}
	if code != exitOK {
		return ended(code)
	}
	return nil
}

// apply takes one event of the backend.
func (s *sending) apply(ev app.Event) {
	s.people.apply(ev)
	switch {
	case ev.Kind == app.EventProblem && ev.Problem != nil:
		s.program.printer.print(warningEvent{*ev.Problem})
	case ev.Item == nil || ev.Item.Transfer == nil || !ev.Item.Outgoing:
	case len(s.items) == 0:
		s.early = append(s.early, *ev.Item)
	default:
		s.item(*ev.Item)
	}
}

// item takes a change of a transfer, if it is one of this command.
func (s *sending) item(it app.Item) {
	out := s.items[it.ID]
	if out == nil || out.over {
		return
	}
	out.item = it
	t := it.Transfer
	switch {
	case t.State.Ended():
		s.transfer(it)
		out.over, out.code = true, outcome(t)
	case t.State == app.Interrupted && t.Paused: // until it is resumed
		s.transfer(it)
	case t.State == app.Interrupted: // stopped, or given up after --retry: until then it is Waiting
		s.abandon(it)
		out.over, out.code = true, unfinished(t)
	default:
		s.transfer(it)
	}
}

// stopAll stops the transfers so that they can be resumed. That they did stop
// arrives as a change of their state.
func (s *sending) stopAll() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	for id, out := range s.items {
		if !out.over && s.backend.Stop(ctx, id) != nil {
			s.giveUp(id, out)
		}
	}
}

// abandonAll ends every transfer that did not stop by itself.
func (s *sending) abandonAll() {
	for id, out := range s.items {
		if !out.over {
			s.giveUp(id, out)
		}
	}
}

func (s *sending) giveUp(id app.ItemID, out *outgoing) {
	out.over, out.code = true, exitInterrupted
	if out.item.Transfer == nil { // it stopped before it was heard of
		s.program.printer.print(errorEvent{app.Problem{Code: app.CodeInterrupted, Object: string(id), Text: "stopped before anything moved", Hint: "the same command again starts over"}})
		return
	}
	out.code = unfinished(out.item.Transfer)
	s.abandon(out.item)
}

// unfinished is the exit code of a transfer that this command leaves unfinished:
// interrupted, or not found where nobody ever answered.
func unfinished(t *app.Transfer) int {
	if t.Problem != nil && t.Stored == 0 && exitCode(t.Problem.Code) == exitNotFound {
		return exitNotFound
	}
	return exitInterrupted
}

func (s *sending) over() bool {
	for _, out := range s.items {
		if !out.over {
			return false
		}
	}
	return true
}
