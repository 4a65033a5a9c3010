package cli

import (
	"fmt"
	"strings"
	"time"

	"yonder/app"
)

// toldEvery is how often progress is told where no bar can be drawn.
const toldEvery = time.Minute

// peerName is how a peer is called in a line: the name it gave itself, beside
// the id that nobody can take.
func peerName(w who) string { return clean(w.Name) + " (" + w.Short + ")" }

// atLeast says that a total may rise.
func atLeast(final bool) string {
	if final {
		return ""
	}
	return "at least "
}

// what sums a selection up: `"photo.jpg"`, `"a" and 2 more`.
func what(names []string, count int) string {
	if len(names) == 0 {
		return plural(int64(count), "item", "items")
	}
	text := `"` + clean(names[0]) + `"`
	if others := max(count, len(names)) - 1; others > 0 {
		text += " and " + formatCount(int64(others)) + " more"
	}
	return text
}

// volume is the size of a selection; the number of entries is left out for one file.
func volume(entries, bytes int64, final bool) string {
	text := app.FormatBytes(bytes)
	if entries > 1 {
		text = plural(entries, "file or folder", "files and folders") + ", " + text
	}
	return atLeast(final) + text
}

func (t *textPrinter) state(e stateEvent) {
	name := peerName(e.Peer)
	switch app.TransferState(e.State) {
	case statePaused:
		t.bars.remove(e.ID)
		t.screen.line(what(e.Names, e.NameCount) + " paused" + pausers(e.By, name))
	case app.Waiting:
		t.bars.remove(e.ID)
		switch {
		case e.Problem != nil && e.Problem.Code == app.CodeUnreachable:
			t.screen.line(name + " cannot be reached now; waiting until that changes, Ctrl+C stops")
			return
		case e.Problem != nil:
			t.screen.line(clean(e.Problem.Text) + "; trying again")
			return
		}
		t.screen.line("connecting to " + name)
	case app.Running:
		verb := "receiving %s from %s"
		if e.Outgoing {
			verb = "sending %s to %s"
		}
		text := fmt.Sprintf(verb, what(e.Names, e.NameCount), name)
		if e.Resumed > 0 {
			text += ", " + app.FormatBytes(e.Resumed) + " of it are there already"
		}
		t.screen.line(text)
	case app.Interrupted:
		t.bars.remove(e.ID)
		text := "the connection to " + name + " was lost"
		if e.Problem != nil {
			text = clean(e.Problem.Text)
		}
		t.screen.line(text + "; it goes on when " + clean(e.Peer.Name) + " is back")
	}
}

// pausers says who pauses, unless it is only the user of this side.
func pausers(by, name string) string {
	switch by {
	case "peer":
		return " by " + name
	case "both":
		return " here and by " + name
	}
	return ""
}

// progress moves the bar, or writes a line now and then where there is none.
func (t *textPrinter) progress(e progressEvent) {
	if t.screen.outTTY {
		t.bars.show(e)
		return
	}
	if t.told == nil {
		t.told = map[string]time.Time{}
	}
	last, seen := t.told[e.ID]
	if !seen || t.now().Sub(last) < toldEvery {
		if !seen {
			t.told[e.ID] = t.now()
		}
		return
	}
	t.told[e.ID] = t.now()
	parts := []string{peerName(e.Peer) + ": " + app.FormatBytes(e.Stored) + " of " + atLeast(e.Final) + app.FormatBytes(e.Bytes)}
	if rate := formatRate(float64(e.Rate)); rate != "" {
		parts = append(parts, rate)
	}
	if left := leftOf(&e); left != "" {
		parts = append(parts, left)
	}
	t.screen.line(strings.Join(parts, ", "))
}

// leftOf returns "12 s left", or "" where that is not known.
func leftOf(e *progressEvent) string {
	if e.LeftMS < 0 || !e.Final {
		return ""
	}
	left := time.Duration(e.LeftMS) * time.Millisecond
	if left < 10*time.Second {
		return fmt.Sprintf("%.0f s left", left.Seconds())
	}
	return formatDuration(left) + " left"
}

// file tells of entries that are not where one would look for them. That a file
// arrived is told with the end of the transfer.
func (t *textPrinter) file(e fileEvent) {
	t.bars.remove(e.ID)
	name := `"` + clean(e.Name) + `"`
	switch e.Result {
	case "renamed":
		as := e.Detail
		if e.Path != "" {
			as = e.Path
		}
		t.screen.line("renamed: " + name + ` is now "` + clean(as) + `"`)
	case "skipped":
		t.screen.line("left out: " + name + ": " + reason(e.Code, e.Detail))
	case "failed":
		t.screen.errorLine(t.paint(red, "error:") + " " + name + " did not arrive: " + reason(e.Code, e.Detail))
	}
}

// reason is a problem code of one entry in words.
func reason(code, detail string) string {
	text := map[string]string{
		app.CodeLink:       "symbolic links are not followed",
		app.CodeLeftOut:    "a user took it out of the transfer",
		app.CodeExists:     "it exists there already",
		app.CodeSpecial:    "it is a device, a pipe or a socket",
		app.CodeUnreadable: "it cannot be read",
		app.CodeNoPath:     "it is not there any more",
		app.CodeBadName:    "no system may get such a name",
		app.CodeChanged:    "it changed while it was sent",
		app.CodeCorrupt:    "what arrived was damaged three times",
		app.CodeDiskFull:   "the disk is full",
		app.CodeReadOnly:   "the folder cannot be written to",
	}[code]
	switch {
	case text == "" && detail == "":
		return clean(code)
	case text == "":
		return clean(detail)
	case detail == "":
		return text
	}
	return text + " (" + clean(detail) + ")"
}

// done sums a transfer up.
func (t *textPrinter) done(e doneEvent) {
	t.bars.remove(e.ID)
	name := peerName(e.Peer)
	switch app.TransferState(e.State) {
	case app.Done:
		t.doneWell(e, name)
	case app.Interrupted:
		if e.Problem != nil && exitCode(e.Problem.Code) == exitNotFound {
			t.doneBadly(e, name)
			return
		}
		if e.Stored == 0 && e.Bytes == 0 {
			t.problem(t.paint(red, "error:"), app.Problem{Text: "interrupted: nothing is at " + name + " yet", Hint: "the same command again tries again"})
			return
		}
		text := "interrupted: " + app.FormatBytes(e.Stored) + " of " + atLeast(e.Final) + app.FormatBytes(e.Bytes) + " are at " + name
		t.problem(t.paint(red, "error:"), app.Problem{Text: text, Hint: "the same command again goes on from there"})
	default:
		t.doneBadly(e, name)
	}
}

// doneBadly writes the end of a transfer that did not come through. What the
// user of this side or the other one decided about an incoming one is no error.
func (t *textPrinter) doneBadly(e doneEvent, name string) {
	p := app.Problem{Text: name + ": " + e.State}
	if e.Problem != nil {
		p = *e.Problem
	}
	switch {
	case e.Outgoing || app.TransferState(e.State) == app.Failed:
		t.problem(t.paint(red, "error:"), p)
	case app.TransferState(e.State) == app.Declined && p.Code == app.CodeNobody:
		t.screen.line("declined " + what(e.Names, e.NameCount) + " of " + name + ": only paired people are accepted here")
	case app.TransferState(e.State) == app.Declined:
		t.screen.line("declined " + what(e.Names, e.NameCount) + " of " + name)
	case p.Code == app.CodeCancelled:
		t.screen.line("cancelled " + what(e.Names, e.NameCount) + " of " + name + "; nothing of it is kept")
	case p.Code == app.CodeExpired:
		t.screen.line(clean(p.Text))
	case e.Stored > 0:
		t.screen.line(name + " cancelled " + what(e.Names, e.NameCount) + "; nothing of it is kept")
	default:
		t.screen.line(name + " took it back")
	}
}

func (t *textPrinter) doneWell(e doneEvent, name string) {
	text := "received " + plural(e.Files, "file", "files") + " (" + app.FormatBytes(e.Bytes) + ") from " + name
	if e.Outgoing {
		text = "sent " + plural(e.Files, "file", "files") + " (" + app.FormatBytes(e.Bytes) + ") to " + name
	}
	if e.ElapsedMS > 0 {
		text += " in " + formatDuration(time.Duration(e.ElapsedMS)*time.Millisecond)
	}
	if rate := formatRate(float64(e.Rate)); rate != "" {
		text += ", " + rate
	}
	if e.Resumed > 0 {
		text += "; " + app.FormatBytes(e.Resumed) + " were there already"
	}
	t.screen.line(text)
	if !e.Outgoing && e.Folder != "" {
		t.screen.line("it is in " + clean(e.Folder))
	}
	if e.more > 0 {
		t.screen.errorLine(plural(e.more, "more entry is", "more entries are") + " not named here")
	}
	if e.Failed > 0 {
		t.problem(t.paint(red, "error:"), app.Problem{Text: plural(e.Failed, "entry", "entries") + " did not arrive", Hint: "see what is named above, and send that again"})
	}
}
