package cli

import (
	"strings"

	"yonder/app"
)

// trust says what holds for one person.
func (t *textPrinter) trust(e trustEvent) {
	level := trust(e.Peer)
	if e.Peer.Level == levelName(app.Blocked) {
		level = "blocked: nothing is taken from them"
	}
	t.screen.line(t.paint(bold, clean(e.Peer.Name)) + " (" + e.Peer.Short + "), " + level)
	if e.Peer.Level == levelName(app.Blocked) {
		return
	}
	r := e.Rule
	offers := "you are asked"
	switch {
	case r.Accept == string(app.RuleNever):
		offers = "declined without asking"
	case r.Accept == string(app.RuleAlways):
		offers = "taken without asking"
		if r.MaxBytes > 0 {
			offers += ", up to " + app.FormatBytes(r.MaxBytes)
		}
		if !r.Counts {
			offers = "you are asked; once you have compared codes (yonder pair): " + offers
		}
	case r.MaxBytes > 0:
		offers += ", by yonder receive --accept too above " + app.FormatBytes(r.MaxBytes)
	}
	folder := "the usual one"
	if r.Folder != "" {
		folder = clean(r.Folder)
	}
	t.screen.line("  offers  " + offers)
	t.screen.line("  folder  " + folder)
	if r.Update {
		updates := "replace what is in the folder, without asking"
		if !r.Counts {
			updates = "not without asking; once you have compared codes: " + updates
		}
		t.screen.line("  updates " + strings.TrimSpace(updates))
	}
}
