package cli

import (
	"fmt"

	"yonder/app"
)

// offer tells of our own offer in one line. An offer of somebody else that waits
// for an answer is a question, with all that one must know to decide.
func (t *textPrinter) offer(e offerEvent) {
	size := volume(e.Entries, e.Bytes, e.Final)
	switch {
	case e.Outgoing:
		t.screen.line(fmt.Sprintf("offered %s (%s) to %s, waiting for the answer", what(e.Names, e.NameCount), size, peerName(e.Peer)))
		return
	case !e.Answer: // decided already, and told with what comes of it
		return
	}
	t.screen.answered(false) // it is asked again when more is known
	t.bars.clear()
	t.bars.paused = true
	verb := "send"
	if e.Parent != "" {
		verb = "add to what is being sent:"
	}
	t.screen.line(fmt.Sprintf("%s (%s, %s) wants to %s %s:", t.paint(bold, clean(e.Peer.Name)), e.Peer.Short, trust(e.Peer), verb, size))
	shown := e.Names
	if len(shown) > promptNames+1 { // never a line that says "and 1 more"
		shown = shown[:promptNames]
	}
	for i, name := range shown {
		folder := ""
		if i < len(e.Folders) && e.Folders[i] {
			folder = "/"
		}
		t.screen.line("  " + clean(name) + folder)
	}
	if hidden := e.NameCount - len(shown); hidden > 0 {
		t.screen.line("  … and " + formatCount(int64(hidden)) + " more")
	}
	if e.Existing > 0 {
		t.screen.line("  " + plural(int64(e.Existing), "of these names exists", "of these names exist") + " already; --policy says what happens then")
	}
	t.screen.ask("Accept? [y/N/always] ")
}

// promptNames is how many names a question shows at most.
const promptNames = 10

// resume lets bars be drawn again after a question.
func (t *textPrinter) resume(answered bool) {
	t.screen.answered(answered)
	t.bars.paused = false
}

// trust says in a prompt what is known about a peer.
func trust(w who) string {
	switch w.Level {
	case levelName(app.Paired):
		return "paired"
	case levelName(app.Mine):
		return "your own device"
	case levelName(app.Known):
		return "seen before, not verified"
	}
	return "not verified"
}
