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
	verb string // "accept", "decline", "pause", "resume", "cancel", "files", "leave_out", "same" or "differ"
	id   app.ItemID

	code   string     // of same and differ, which have no id
	policy app.Policy // beside accept; empty: as set
	always bool       // beside accept: those of this person from now on too
	entry  *uint32    // beside files and leave_out
}

// parseOrder reads an object with exactly one of the verbs, whose value is the id of
// a transfer or the code of a pairing, and what belongs to it.
func parseOrder(line string) (o order, err error) {
	var verbs struct {
		Accept, Decline, Pause, Resume, Cancel, Files *app.ItemID
		LeaveOut                                      *app.ItemID `json:"leave_out"`
		Same, Differ                                  *string
		Entry                                         *uint32
		Policy                                        app.Policy
		Always                                        bool
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
	for verb, code := range map[string]*string{"same": verbs.Same, "differ": verbs.Differ} {
		switch {
		case code == nil:
		case o.verb != "":
			return o, errors.New("want one order in a line")
		default:
			o = order{verb: verb, code: *code}
		}
	}
	o.policy, o.always, o.entry = verbs.Policy, verbs.Always, verbs.Entry
	switch {
	case o.verb == "":
		return o, errors.New("there is no order in it")
	case o.entry == nil && o.verb == "leave_out":
		return o, errors.New("entry is missing")
	case o.entry != nil && o.verb != "leave_out" && o.verb != "files":
		return o, errors.New("entry goes with files and leave_out only")
	case o.policy != "" && o.verb != "accept":
		return o, errors.New("policy goes with accept only")
	case o.always && o.verb != "accept":
		return o, errors.New("always goes with accept only")
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
	pairing  *app.Pairing // as last told; nil: none
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

func (c *controller) notUnderstood(text string, err error) { c.warn(orderNotUnderstood(text, err)) }

func orderNotUnderstood(text string, err error) app.Problem {
	return app.Problem{Code: codeUsage, Text: fmt.Sprintf("order %.200q: %v", text, err), Hint: `write one object in each line, such as {"pause":"ID"}`}
}

// noSuchCode is the warning about an answer to a code that is not being compared.
func noSuchCode(o order) app.Problem {
	return app.Problem{Code: app.CodeNoPairing, Object: o.code, Text: fmt.Sprintf("%s %.80q: no such code is being compared", o.verb, o.code), Hint: "the code is that of the last pairing event, and it is answered once"}
}

// obey hands an order to the backend. What comes of it arrives as events.
func (c *controller) obey(o order) {
	if o.verb == "same" || o.verb == "differ" {
		c.compare(o)
		return
	}
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

// compare passes on whether the code is the same elsewhere.
func (c *controller) compare(o order) {
	if c.pairing == nil || c.pairing.State != app.PairingComparing || c.pairing.Code != o.code {
		c.warn(noSuchCode(o))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), orderTime)
	defer cancel()
	if err := c.backend.AnswerPairing(ctx, c.pairing.Person, o.code, o.verb == "same"); err != nil {
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
