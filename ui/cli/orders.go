package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"yonder/app"
)

// orderTime bounds how long the backend may take to note an order.
const orderTime = 10 * time.Second

// order is one line that a program writes to standard input of send or receive with
// --json: what to do with which transfer.
type order struct {
	verb string // "accept", "decline", "pause", "resume", "cancel", "files" or "leave_out"
	id   app.ItemID

	policy app.Policy // beside accept; empty: as set
	entry  *uint32    // beside files and leave_out
}

// parseOrder reads an object with exactly one of the verbs, whose value is the id of
// a transfer, and what belongs to it.
func parseOrder(line string) (o order, err error) {
	var verbs struct {
		Accept, Decline, Pause, Resume, Cancel, Files *app.ItemID
		LeaveOut                                      *app.ItemID `json:"leave_out"`
		Entry                                         *uint32
		Policy                                        app.Policy
	}
	in := json.NewDecoder(bytes.NewReader([]byte(line)))
	in.DisallowUnknownFields()
	if err := in.Decode(&verbs); err != nil {
		return o, err
	}
	if _, err := in.Token(); err != io.EOF {
		return o, errors.New("something follows the object")
	}
	for verb, id := range map[string]*app.ItemID{
		"accept": verbs.Accept, "decline": verbs.Decline, "pause": verbs.Pause, "resume": verbs.Resume, "cancel": verbs.Cancel,
		"files": verbs.Files, "leave_out": verbs.LeaveOut,
	} {
		switch {
		case id == nil:
		case o.verb != "":
			return o, errors.New("want one order in a line")
		default:
			o = order{verb: verb, id: *id}
		}
	}
	o.policy, o.entry = verbs.Policy, verbs.Entry
	switch {
	case o.verb == "":
		return o, errors.New("there is no order in it")
	case o.entry == nil && o.verb == "leave_out":
		return o, errors.New("entry is missing")
	case o.entry != nil && o.verb != "leave_out" && o.verb != "files":
		return o, errors.New("entry goes with files and leave_out only")
	case o.policy != "" && o.verb != "accept":
		return o, errors.New("policy goes with accept only")
	case !slices.Contains([]app.Policy{"", app.KeepBoth, app.Update, app.SkipExisting}, o.policy):
		return o, errors.New("policy is keep, update or skip")
	}
	return o, nil
}

// controller carries out the orders about transfers that a command knows.
type controller struct {
	backend  app.Backend
	known    func(app.ItemID) bool
	outgoing func(app.ItemID) bool
	printer  printer
}

func (c *controller) warn(problem app.Problem) { c.printer.print(warningEvent{problem}) }

// newController returns one for the transfers that known names.
func (p *program) newController(b app.Backend, known, outgoing func(app.ItemID) bool) *controller {
	return &controller{backend: b, known: known, outgoing: outgoing, printer: p.printer}
}

// takesOrders reports whether a program may write orders to standard input. A terminal
// is left alone: a command in the background would be stopped for reading it.
func (p *program) takesOrders() bool { return p.flags.json && !p.inTTY }

// line takes one line that is no answer to an offer.
func (c *controller) line(text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	o, err := parseOrder(text)
	if err != nil {
		c.notUnderstood(text, err)
		return
	}
	c.obey(o)
}

func (c *controller) notUnderstood(text string, err error) {
	c.warn(app.Problem{Code: codeUsage, Text: fmt.Sprintf("order %.200q: %v", text, err), Hint: `write one object in each line, such as {"pause":"ID"}`})
}

// obey hands an order to the backend. What comes of it arrives as events.
func (c *controller) obey(o order) {
	if !c.known(o.id) {
		c.warn(app.Problem{Code: codeUsage, Object: string(o.id), Text: fmt.Sprintf("%s %.80q: there is no such transfer here", o.verb, o.id), Hint: "the id is that of an offer, state or progress event"})
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	var err error
	switch o.verb {
	case "pause":
		err = c.backend.Pause(ctx, o.id)
	case "resume":
		err = c.backend.Resume(ctx, o.id)
	case "cancel":
		err = c.backend.Cancel(ctx, o.id)
	case "leave_out":
		err = c.backend.LeaveOut(ctx, o.id, *o.entry)
	case "files":
		err = c.files(ctx, o)
	default:
		c.warn(app.Problem{Code: codeUsage, Object: string(o.id), Text: fmt.Sprintf("%s %.80q: no offer with this id waits", o.verb, o.id), Hint: "the id is that of an offer event, and each is answered once"})
	}
	if err != nil {
		c.warn(*app.AsProblem(err))
	}
}

// files lists single files, one event for each.
func (c *controller) files(ctx context.Context, o order) error {
	from := uint32(0)
	if o.entry != nil {
		from = *o.entry
	}
	list, err := c.backend.Files(ctx, o.id, from, app.MaxFiles)
	if err != nil {
		return err
	}
	for _, f := range list {
		c.printer.print(fileEvent{ID: string(o.id), Outgoing: c.outgoing(o.id), Name: f.Path, Result: string(f.State), Entry: &f.Entry, Size: &f.Size})
	}
	end := filesEvent{ID: string(o.id), Count: len(list)}
	if len(list) == app.MaxFiles {
		next := list[len(list)-1].Entry + 1
		end.Next = &next
	}
	c.printer.print(end)
	return nil
}
