package cli

import (
	"fmt"
	"strings"
	"time"

	"yonder/app"
)

// textPrinter tells events in words.
type textPrinter struct {
	screen *screen
	colour bool
	now    func() time.Time

	bars   bars
	told   map[string]time.Time // transfer id: when its progress was last told on something that is no terminal
	watch  bool                 // peers come and go, rather than being listed in a table
	listed []peerEvent          // for the table

	findings []findingEvent // told below the facts that they follow from
}

func (t *textPrinter) print(e event) {
	t.bars.screen = t.screen
	switch e := e.(type) {
	case listeningEvent:
		t.listening(e)
	case visibleEvent:
		t.screen.line("visible to " + t.viewers(e))
	case searchingEvent:
		t.screen.line("looking for " + clean(e.Peer))
	case peerEvent:
		t.peer(e)
	case trustEvent:
		t.trust(e)
	case offerEvent:
		t.offer(e)
	case stateEvent:
		t.state(e)
	case progressEvent:
		t.progress(e)
	case fileEvent:
		t.file(e)
	case filesEvent:
		t.screen.line(plural(int64(e.Count), "file is", "files are") + " listed")
	case doneEvent:
		t.done(e)
	case messageEvent:
		t.message(e)
	case pairingEvent:
		t.pairing(e)
	case errorEvent:
		t.problem(t.paint(red, "error:"), e.Problem)
	case warningEvent:
		t.problem(t.paint(yellow, "warning:"), e.Problem)
	case examiningEvent:
		t.screen.line("examining the network, which takes about " + formatDuration(time.Duration(e.WaitMS)*time.Millisecond))
	case findingEvent:
		t.findings = append(t.findings, e)
	case doctorEvent:
		t.doctor(e)
	case versionEvent:
		t.screen.line(fmt.Sprintf("yonder %s (%s, %s/%s)", e.Version, e.Go, e.System, e.Machine))
	}
}

func (t *textPrinter) close() {
	t.table()
	t.bars.screen = t.screen
	t.bars.clear()
}

func (t *textPrinter) listening(e listeningEvent) {
	t.screen.line("listening on " + e.Address)
	t.screen.line(fmt.Sprintf("this is %s (%s)", clean(e.Name), shortID(e.ID)))
	where := ""
	if e.Folder != "" {
		where = "; files land in " + clean(e.Folder)
	}
	switch app.Accept(e.Accept) {
	case app.AcceptAll:
		t.screen.line("accepting everything from everybody" + where)
	case app.AcceptPaired:
		t.screen.line("accepting from paired people only" + where)
	case app.AcceptAsk:
		t.screen.line("asking before anything is accepted" + where)
	default:
		t.screen.line("asking before anything is accepted, unless yonder trust says otherwise" + where)
	}
}

// viewers says who sees this computer.
func (t *textPrinter) viewers(e visibleEvent) string {
	switch app.Visibility(e.Visible) {
	case app.TenMinutes:
		return "everyone until " + e.Until.Local().Format("15:04") + ", then to " + t.viewers(visibleEvent{Visible: e.Then})
	case app.PairedOnly:
		return "paired people only"
	}
	return e.Visible
}

// problem writes what happened, whom it may concern and what to do about it.
func (t *textPrinter) problem(label string, p app.Problem) {
	t.screen.errorLine(label + " " + clean(p.Text))
	if p.Code == app.CodeAmbiguous {
		for _, id := range strings.Split(p.Detail, "\n") {
			if !strings.Contains(p.Hint, id) {
				t.screen.errorLine("  " + clean(id))
			}
		}
	}
	if p.Hint != "" {
		t.screen.errorLine("hint: " + clean(p.Hint))
	}
}

// message writes a line of chat under the name and the id of who sent it; more
// lines of the same message are indented below.
func (t *textPrinter) message(e messageEvent) {
	if e.Outgoing {
		t.messageState(e)
		return
	}
	at, layout := e.At.Local(), "15:04"
	if at.Format(time.DateOnly) != t.now().Local().Format(time.DateOnly) {
		layout = "2006-01-02 15:04"
	}
	head := at.Format(layout) + " " + t.paint(bold, clean(e.Peer.Name)) + " (" + e.Peer.Short + "): "
	for _, line := range cleanLines(e.Body) {
		t.screen.line(head + line)
		head = "      "
	}
}

// messageState tells what became of a message that did not simply arrive.
func (t *textPrinter) messageState(e messageEvent) {
	name := clean(e.Peer.Name)
	switch app.MessageState(e.State) {
	case app.Delivered, app.Read:
		t.screen.line("delivered to " + name)
	case app.Queued:
		t.screen.line("queued: not delivered to " + name + " yet; it goes out when Yonder runs here and " + name + " is there")
	case app.Refused:
		text := name + " does not take the message"
		if e.Problem != nil {
			text = e.Problem.Text
		}
		t.problem(t.paint(red, "error:"), app.Problem{Text: text, Hint: hintOf(e.Problem)})
	}
}

// shortID returns the first 8 characters of a device id.
func shortID(id string) string { return id[:min(8, len(id))] }

func hintOf(p *app.Problem) string {
	if p == nil {
		return ""
	}
	return p.Hint
}
