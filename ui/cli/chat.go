package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"yonder/app"
)

// How long a message may take to be confirmed before it counts as queued: by
// somebody who is there, and by somebody who was not to be found.
const (
	deliveryWait = 10 * time.Second
	absentWait   = 2 * time.Second
)

// earlier is how many lines of the conversation an interactive chat begins with.
const earlier = 10

func (p *program) chatCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "chat PEER [MESSAGE]",
		Short: "Send a message, or talk",
		Long: `Send one message and wait until it is delivered or, without MESSAGE, talk: each
line typed is sent, what comes in is printed, Ctrl+D ends.

PEER is a name, a device id or a unique beginning of one, or host:port. A message
to somebody who is away is kept and goes out later; the exit code is 5 then.`,
		Example: `  yonder chat "Quiet Heron" "on my way"
  echo "the build is done" | yonder chat "Quiet Heron"`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef(`"yonder peers" lists who is there`, "chat with whom? PEER is missing")
			case len(args) > 2:
				return usagef("put the message into quotes", "chat takes one peer and one message, got %d arguments", len(args))
			case len(args) == 2 && strings.TrimSpace(args[1]) == "":
				return usagef("leave MESSAGE out to talk", "the message is empty")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.chat(cmd.Context(), args) },
	}
}

// chat runs the command from its arguments to its exit code.
func (p *program) chat(ctx context.Context, args []string) error {
	o, err := p.options()
	if err != nil {
		return err
	}
	b, events, state, done, err := p.connect(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	c := &chatting{program: p, backend: b, events: events, people: neighbours{}, me: state.Me, sent: map[app.ItemID]app.Item{}}
	c.people.apply(app.Event{State: &state})
	people, err := p.find(ctx, b, args[:1], events, c.apply)
	if err != nil {
		return err
	}
	c.with = people[0]
	c.people[c.with.ID] = c.with
	if len(args) == 2 {
		c.oneMessage = true
		if err := c.say(ctx, args[1]); err != nil {
			return err
		}
		return c.settle(ctx)
	}
	return c.talk(ctx)
}

// chatting is a running chat command.
type chatting struct {
	*program
	backend    app.Backend
	events     <-chan app.Event
	people     neighbours
	me         app.Me
	with       app.Person
	oneMessage bool
	sent       map[app.ItemID]app.Item // our messages whose end is not known yet
	code       int
}

// talk sends each line and prints what comes in, until the input ends.
func (c *chatting) talk(ctx context.Context) error {
	if c.inTTY && !c.flags.json {
		c.begin(ctx)
	}
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := readLines(reading, c.in)
	for {
		select {
		case ev, ok := <-c.events:
			if !ok {
				return errOwnerGone
			}
			c.apply(ev)
		case line, ok := <-lines:
			if !ok {
				return c.settle(ctx)
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			if err := c.say(ctx, line); err != nil {
				c.code = worse(c.code, exitCode(app.AsProblem(err).Code))
				c.printer.print(errorEvent{*app.AsProblem(err)})
			}
		case <-ctx.Done():
			return c.settle(ctx)
		}
	}
}

// begin shows the last lines of the conversation.
func (c *chatting) begin(ctx context.Context) {
	c.screen.line("chatting with " + peerName(whoIs(c.with)) + ", " + trust(whoIs(c.with)) + "; Ctrl+D ends")
	history, err := c.backend.History(ctx, c.with.ID, "", earlier)
	if err != nil {
		c.printer.print(warningEvent{*app.AsProblem(err)})
		return
	}
	for _, it := range history.Items {
		if it.Message == nil {
			continue
		}
		e := message(it, c.people)
		if it.Outgoing { // shown like the others, under our own name
			e.Outgoing, e.Peer = false, who{Name: "you", Short: c.me.ID.Short()}
		}
		c.printer.print(e)
	}
	c.read(ctx)
}

// read says that the conversation is on the screen.
func (c *chatting) read(ctx context.Context) {
	if err := c.backend.MarkRead(ctx, c.with.ID); err != nil {
		c.printer.print(warningEvent{*app.AsProblem(err)})
	}
}

// say hands one message to the backend.
func (c *chatting) say(ctx context.Context, body string) error {
	id, err := c.backend.Say(ctx, c.with.ID, body)
	if err != nil {
		return err
	}
	if _, known := c.sent[id]; !known {
		c.sent[id] = app.Item{ID: id, Person: c.with.ID, Outgoing: true, At: c.now(), Message: &app.Message{Body: body, State: app.Queued}}
	}
	return nil
}

// apply takes one event of the backend.
func (c *chatting) apply(ev app.Event) {
	c.people.apply(ev)
	switch {
	case ev.Kind == app.EventProblem && ev.Problem != nil:
		c.printer.print(warningEvent{*ev.Problem})
	case ev.Pairing != nil:
		if !ev.Pairing.Ours && ev.Pairing.State != app.PairingConnecting {
			c.printer.print(pairingNews(*ev.Pairing, c.people, false))
		}
	case ev.Item == nil || ev.Item.Message == nil || ev.Item.Person != c.with.ID || c.with.ID.IsZero():
	case !ev.Item.Outgoing && ev.New && !c.oneMessage:
		c.printer.print(message(*ev.Item, c.people))
		c.read(context.Background())
	case ev.Item.Outgoing:
		c.state(*ev.Item)
	}
}

// state takes a change of a message of ours.
func (c *chatting) state(it app.Item) {
	was, ours := c.sent[it.ID]
	if !ours {
		return
	}
	c.sent[it.ID] = it
	if was.Message.State == it.Message.State {
		return
	}
	switch it.Message.State {
	case app.Delivered, app.Read:
		delete(c.sent, it.ID)
		if c.oneMessage || c.flags.json {
			c.printer.print(message(it, c.people))
		}
	case app.Refused:
		delete(c.sent, it.ID)
		c.code = worse(c.code, exitFailed)
		c.printer.print(message(it, c.people))
	}
}

// settle waits a while until every message of ours is delivered or refused, and returns what the command ends with. What is still
// on its way is kept by the backend.
func (c *chatting) settle(ctx context.Context) error {
	wait := absentWait
	if c.people[c.with.ID].Present {
		wait = deliveryWait
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for len(c.sent) > 0 {
		select {
		case ev, ok := <-c.events:
			if !ok {
				return errOwnerGone
			}
			c.apply(ev)
			continue
		case <-timer.C:
		case <-ctx.Done():
		}
		break
	}
	for _, it := range c.sent {
		it.Message.State = app.Queued
		c.code = worse(c.code, exitInterrupted)
		c.printer.print(message(it, c.people))
	}
	if c.code != exitOK {
		return ended(c.code)
	}
	return nil
}

// message is the event about a line of chat.
func message(it app.Item, people neighbours) messageEvent {
	m := it.Message
	return messageEvent{
		ID: string(it.ID), Outgoing: it.Outgoing, Peer: people.who(it.Person), At: it.At,
		Body: m.Body, State: string(m.State), Problem: m.Problem,
	}
}
