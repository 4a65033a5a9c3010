package ui

import (
	"fmt"
	"strings"

	"yonder/app"
)

// action is something a transfer row offers to do.
type action string

const (
	actAccept  action = "accept"
	actSaveIn  action = "save-in"
	actDecline action = "decline"
	actAlways  action = "always"
	actCancel  action = "cancel"
	actPause   action = "pause"
	actResume  action = "resume"
	actFiles   action = "files"
	actAdd     action = "add"
	actRetry   action = "retry"
	actOpen    action = "open"
	actReveal  action = "reveal"
)

// card is all that a transfer row says, decided without any widget.
type card struct {
	folder   bool     // the picture is a folder
	heading  string   // only while it waits for our answer: who wants what
	title    string   // first name and how many others
	facts    string   // kind, count and size
	names    []string // what an offer contains, cleaned; more in rest
	rest     string   // "and 97 more"
	warning  string   // about the person who offers
	choose   bool     // what happens to names that exist is to be chosen
	exists   string   // that there are such names, or that the sender wishes something
	progress float64  // 0…1; negative: no bar
	amount   string   // beside the bar: how much
	speed    string   // beside the bar: how fast and how long still
	status   string   // a sentence about the state
	mood     mood
	next     string // what to do now
	skipped  []string
	actions  []action
}

// namesShown is how many names of an offer the prompt lists.
const namesShown = 5

// describe decides what the row of a transfer says.
func (w *words) describe(item app.Item, p *app.Person, system string) card {
	t := item.Transfer
	name, others := t.Short()
	c := card{progress: -1, folder: len(t.Folders) > 0 && t.Folders[0]}
	c.title = cleanName(name)
	if c.title == "" {
		c.title = w.L("transfer.preparing")
	}
	if others > 0 {
		c.title = w.N("transfer.others", int64(others), "name", c.title)
		c.folder = allTrue(t.Folders)
	}
	c.facts = w.facts(t)
	if t.Parent != "" {
		c.facts = w.L("transfer.added", "facts", c.facts)
	}
	who := w.L("person.unknown")
	if p != nil {
		who = cleanName(p.Name)
	}
	key := "out."
	if !item.Outgoing {
		key = "in."
	}
	c.status = w.L("transfer."+key+string(t.State), "name", who, "folder", cleanName(tilde(t.Folder)))
	switch t.State {
	case app.Offered:
		w.describeOffered(&c, item, p, who)
	case app.Waiting:
		c.actions = []action{actCancel}
	case app.Running:
		c.status, c.mood = w.pausedBy(t, who), accent
		c.actions = []action{actPause, actCancel}
		w.addProgress(&c, t, c.status == "")
	case app.Interrupted:
		c.mood = warning
		c.actions = []action{actCancel}
		if item.Outgoing {
			c.actions = []action{actResume, actCancel}
		}
		w.addProgress(&c, t, false)
		if t.Paused {
			c.status = w.pausedBy(t, who)
		}
	case app.Done:
		c.mood = good
		c.actions = doneActions(item, system)
	case app.Declined, app.Cancelled, app.Failed:
		w.describeEnded(&c, item)
	}
	if t.Problem != nil && t.State != app.Done && t.State != app.Running {
		if sentence, next := w.problem(t.Problem); !sameNews(t) {
			c.status, c.next = sentence, next
		}
	}
	if t.Paused && !t.State.Ended() && t.State != app.Offered {
		c.actions = []action{actResume, actCancel}
	}
	if t.State == app.Running && (t.Entries > 1 || !t.Final) {
		c.actions = append(c.actions, actFiles)
	}
	if t.State == app.Running && item.Outgoing {
		c.actions = append(c.actions, actAdd)
	}
	w.addSkipped(&c, t)
	return c
}

// pausedBy says who pauses a transfer, "" if nobody does.
func (w *words) pausedBy(t *app.Transfer, who string) string {
	switch {
	case t.Paused && t.PeerPaused:
		return w.L("transfer.paused.both", "name", who)
	case t.Paused:
		return w.L("transfer.paused")
	case t.PeerPaused:
		return w.L("transfer.paused.peer", "name", who)
	}
	return ""
}

// sameNews reports whether the sentence of the state already says what the problem would.
func sameNews(t *app.Transfer) bool {
	switch t.Problem.Code {
	case app.CodeDeclined:
		return t.State == app.Declined
	case app.CodeCancelled:
		return t.State == app.Cancelled
	case app.CodeInterrupted:
		return t.State == app.Interrupted
	}
	return false
}

// describeOffered shows an offer: theirs with everything that the choice needs,
// ours with whom it waits for.
func (w *words) describeOffered(c *card, item app.Item, p *app.Person, who string) {
	t := item.Transfer
	if item.Outgoing {
		c.actions = []action{actCancel}
		return
	}
	if t.Decided {
		return // it begins at once
	}
	c.heading = w.L("offer.heading", "name", who)
	if t.Parent != "" {
		c.heading = w.L("offer.heading.more", "name", who)
	}
	c.mood = accent
	for i, name := range t.Names {
		if len(t.Names) == 1 || i == namesShown {
			break
		}
		c.names = append(c.names, cleanName(name))
	}
	if len(c.names) > 0 {
		c.title = w.N("offer.title", int64(t.NameCount))
	}
	if more := t.NameCount - len(c.names); len(c.names) > 0 && more > 0 {
		c.rest = w.N("offer.rest", int64(more))
	}
	c.status = w.L("offer.folder.default")
	if t.Folder != "" {
		c.status = w.L("offer.folder", "folder", cleanName(tilde(t.Folder)))
	}
	switch {
	case p == nil:
	case !p.SameNameAs.IsZero():
		c.warning = w.L("offer.same-name", "name", who, "id", p.ID.Short())
	case p.Level <= app.Unknown:
		c.warning = w.L("offer.unverified", "id", p.ID.Short())
	}
	switch {
	case t.Existing > 0:
		c.exists, c.choose = w.N("offer.exists", int64(t.Existing)), true
	case t.Policy == app.Update || t.Policy == app.SkipExisting:
		c.exists, c.choose = w.L("offer.wish."+string(t.Policy), "name", who), true
	}
	c.actions = []action{actAccept, actSaveIn, actDecline}
	if mayAlways(p) {
		c.actions = append(c.actions, actAlways)
	}
}

// mayAlways reports whether the offers of a person can be accepted always: whoever uses the
// name of somebody else is to be verified first, and once may be enough.
func mayAlways(p *app.Person) bool {
	return p != nil && p.SameNameAs.IsZero() && !(p.Rule.Accept == app.RuleAlways && p.Trusted())
}

// facts writes kind, count and size: "Folder · 312 items · 1.2 GB".
func (w *words) facts(t *app.Transfer) string {
	var parts []string
	if len(t.Folders) == 1 && t.Folders[0] {
		parts = append(parts, w.L("facts.folder"))
	}
	if t.Entries > 1 || len(t.Folders) == 1 && t.Folders[0] {
		parts = append(parts, w.N("facts.items", t.Entries))
	}
	size := w.size(t.Bytes)
	if !t.Final && !t.State.Ended() {
		size = w.L("facts.growing", "size", size)
	}
	return strings.Join(append(parts, size), " · ")
}

// addProgress fills the bar and the words beside it.
func (w *words) addProgress(c *card, t *app.Transfer, running bool) {
	c.progress = 1
	if t.Bytes > 0 {
		c.progress = min(1, float64(max(t.Stored, 0))/float64(t.Bytes))
	} else if running {
		c.progress = 0
	}
	percent := fmt.Sprintf("%d%%", int(c.progress*100))
	c.amount = w.L("progress.amount", "percent", percent, "stored", w.size(t.Stored), "size", w.size(t.Bytes))
	if !running {
		return
	}
	var parts []string
	for _, part := range []string{w.rate(t.Rate), w.left(t.Left)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if t.Rate <= 0 {
		parts = parts[:0]
	}
	c.speed = strings.Join(parts, " · ")
}

// skippedShown is how many entries that did not arrive are named.
const skippedShown = 3

func (w *words) addSkipped(c *card, t *app.Transfer) {
	if t.SkipCount == 0 {
		return
	}
	c.skipped = append(c.skipped, w.N("skipped.heading", t.SkipCount))
	for i, entry := range t.Skipped {
		if i == skippedShown {
			break
		}
		sentence, _ := w.problem(&app.Problem{Code: entry.Code, Object: entry.Path, Detail: entry.Detail})
		if sentence == "" {
			sentence = cleanName(entry.Path)
		}
		c.skipped = append(c.skipped, sentence)
	}
	if more := t.SkipCount - skippedShown; more > 0 {
		c.skipped = append(c.skipped, w.N("skipped.rest", more))
	}
	if c.mood == good {
		c.mood = warning
	}
}

func allTrue(values []bool) bool {
	for _, v := range values {
		if !v {
			return false
		}
	}
	return len(values) > 0
}
