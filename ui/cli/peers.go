package cli

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"yonder/app"
)

// peersFlags are those of the peers command.
type peersFlags struct {
	watch   bool
	wait    time.Duration
	waitSet bool
}

func (p *program) peersCommand() *cobra.Command {
	f := peersFlags{wait: 3 * time.Second}
	cmd := &cobra.Command{
		Use:   "peers",
		Short: "List who is there",
		Long: `List who is there: name, id, system, trust, address, and how long it took to find
them. The system is known after the first connection.`,
		Example: `  yonder peers
  yonder peers --watch --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.waitSet = cmd.Flags().Changed("wait")
			return p.peers(cmd.Context(), f)
		},
	}
	cmd.Flags().BoolVar(&f.watch, "watch", false, "tell who comes and goes, until Ctrl+C or for --wait if that is given")
	cmd.Flags().Var(&waitValue{&f.wait}, "wait", "how long to look")
	return cmd
}

// peers runs the command from its flags to its exit code.
func (p *program) peers(ctx context.Context, f peersFlags) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	b, events, state, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	if err := b.Refresh(ctx); err != nil {
		p.printer.print(warningEvent{*app.AsProblem(err)})
	}
	if t, ok := unwrapPrinter(p.printer).(*textPrinter); ok {
		t.watch = f.watch
	}
	l := &peerList{printer: p.printer, live: f.watch || p.flags.json, present: map[app.DeviceID]app.Person{}}
	for _, person := range state.People {
		l.person(person, false)
	}
	var end <-chan time.Time
	if !f.watch || f.waitSet {
		timer := time.NewTimer(f.wait)
		defer timer.Stop()
		end = timer.C
	}
	for {
		select {
		case ev, ok := <-events:
			if !ok {
				return errOwnerGone
			}
			l.apply(ev)
		case <-end:
			l.finish(p, f)
			return nil
		case <-ctx.Done():
			l.finish(p, f)
			return nil
		}
	}
}

// peerList follows who is present.
type peerList struct {
	printer printer
	live    bool // each change is printed when it happens
	present map[app.DeviceID]app.Person
}

func (l *peerList) apply(ev app.Event) {
	switch {
	case ev.Kind == app.EventProblem && ev.Problem != nil:
		l.printer.print(warningEvent{*ev.Problem})
	case ev.Person != nil:
		l.person(*ev.Person, ev.Kind == app.EventForgot)
	}
}

// person takes the news about one person.
func (l *peerList) person(person app.Person, forgot bool) {
	was, known := l.present[person.ID]
	switch {
	case forgot || !person.Present:
		if known {
			delete(l.present, person.ID)
			l.tell("left", was)
		}
	case !known:
		l.present[person.ID] = person
		l.tell("found", person)
	default:
		l.present[person.ID] = person
		if !reflect.DeepEqual(peerNews("changed", was), peerNews("changed", person)) {
			l.tell("changed", person)
		}
	}
}

func (l *peerList) tell(change string, person app.Person) {
	if l.live {
		l.printer.print(peerNews(change, person))
	}
}

// finish prints the table, or that there is nobody to put into it.
func (l *peerList) finish(p *program, f peersFlags) {
	if len(l.present) == 0 && !f.watch {
		l.printer.print(warningEvent{app.Problem{
			Code: app.CodeNotFound, Text: "nobody was found",
			Hint: `start Yonder, or "yonder receive", on the other computer in the same network; "yonder doctor" finds out why it is not seen; "yonder send --to HOST:PORT" needs no search`,
		}})
	}
	if l.live {
		return
	}
	people := slices.SortedFunc(maps.Values(l.present), func(a, b app.Person) int {
		return slices.Compare([]string{a.Name, a.ID.String()}, []string{b.Name, b.ID.String()})
	})
	for _, person := range people {
		l.printer.print(peerNews("found", person))
	}
}

// peerNews is the event about one person.
func peerNews(change string, person app.Person) peerEvent {
	e := peerEvent{
		Change: change, ID: person.ID.String(), Short: person.ID.Short(), Name: person.Name,
		System: person.System, Level: levelName(person.Level), Addresses: person.Addresses, AfterMS: person.AfterMS, Changed: person.Changed,
	}
	if len(person.Addresses) > 0 {
		e.Address, e.Source = person.Addresses[0].Addr, person.Addresses[0].Source
	}
	if person.Rule != (app.Rule{}) {
		e.Rule = ruleOf(person)
	}
	if !person.SameNameAs.IsZero() {
		e.SameNameAs = person.SameNameAs.String()
	}
	return e
}
