package app

import (
	"context"
	"slices"
	"time"

	"yonder/transfer"
)

// Visibility says who finds this device on the network and who may connect to it. What it
// sends itself works with each of them.
type Visibility string

const (
	// Everyone finds it, with its name.
	Everyone Visibility = "everyone"
	// TenMinutes is Everyone for so long; see [Settings.EveryoneUntil].
	TenMinutes Visibility = "10m"
	// PairedOnly announces it without its name, and closes connections of others before
	// anything is said.
	PairedOnly Visibility = "paired"
	// Nobody is told of it and no question is answered. Connections are as with PairedOnly.
	Nobody Visibility = "nobody"
)

const (
	showTime  = 10 * time.Minute // of TenMinutes
	showCheck = 5 * time.Second  // at most between two looks at the clock, which may jump
)

// visibility is what counts now.
type visibility struct {
	now   Visibility
	until time.Time  // of TenMinutes
	then  Visibility // after TenMinutes
}

// visibility returns it. The caller holds mu, here and below.
func (a *App) visibility() visibility {
	then, until := a.settings.Visible, a.settings.EveryoneUntil
	switch a.override.Visible {
	case "":
	case TenMinutes:
		then, until = afterShowing(then), a.shownUntil
	default:
		then, until = a.override.Visible, time.Time{}
	}
	if then == "" {
		then = Everyone
	}
	if showing(until) {
		return visibility{now: TenMinutes, until: until, then: then}
	}
	return visibility{now: then}
}

// showingUntil is when ten minutes that begin now are over, in the form in which it comes
// back from a file.
func showingUntil() time.Time { return time.Now().Add(showTime).Truncate(time.Second).UTC() }

// showing reports whether the ten minutes that end at until run. A clock that was set back
// ends them: they never last longer.
func showing(until time.Time) bool {
	left := time.Until(until)
	return left > 0 && left <= showTime
}

// afterShowing is what follows the ten minutes: what was set before. Everyone would make
// them mean nothing, so that becomes PairedOnly.
func afterShowing(before Visibility) Visibility {
	if before == "" || before == Everyone {
		return PairedOnly
	}
	return before
}

// lastingVisibilities are those that can be stored.
var lastingVisibilities = []Visibility{"", Everyone, PairedOnly, Nobody}

// SetVisible implements [Backend].
func (a *App) SetVisible(ctx context.Context, v Visibility) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.settings
	switch {
	case v == TenMinutes:
		s.Visible = afterShowing(s.Visible)
		s.EveryoneUntil = showingUntil()
	case v != "" && slices.Contains(lastingVisibilities, v):
		s.Visible, s.EveryoneUntil = v, time.Time{}
	default:
		return badVisibility(v)
	}
	a.override.Visible = ""
	a.keepSettings(s)
	a.showSelf()
	return nil
}

func badVisibility(v Visibility) *Problem {
	p := newProblem(CodeBadSetting, cut(string(v), 60, 240), "visible")
	p.Hint = `choose "everyone", "10m", "paired" or "nobody"`
	return p
}

// keepSettings stores and tells settings that differ from those before.
func (a *App) keepSettings(s Settings) {
	if s == a.settings {
		return
	}
	a.settings = s
	a.emit(Event{Kind: EventSettings, Settings: &s})
	if err := a.file.save(s); err != nil {
		a.tell(newProblem(CodeNotSaved, a.file.path, cause(err)))
	}
}

// showSelf tells everybody the visibility that counts now, and has the end of the ten
// minutes awaited.
func (a *App) showSelf() {
	a.refreshMe()
	select {
	case a.shown <- struct{}{}:
	default:
	}
}

// admit tells the node from which level on others may connect. There must be a node.
func (a *App) admit() {
	least := transfer.Paired
	if v := a.visibility().now; v == Everyone || v == TenMinutes {
		least = transfer.Blocked
	}
	a.node.AdmitFrom(least)
}

// announcement is what the search tells about this device.
func (a *App) announcement() announcement {
	said := announcement{Name: a.me.Name, Port: a.network.port}
	switch a.visibility().now {
	case PairedOnly:
		said.Name = ""
	case Nobody:
		said.Name, said.Hidden = "", true
	}
	return said
}

// watchVisible ends the ten minutes when they are over, until Close.
func (a *App) watchVisible() {
	for {
		a.mu.Lock()
		if until := a.settings.EveryoneUntil; !until.IsZero() && !showing(until) {
			s := a.settings
			s.EveryoneUntil = time.Time{}
			a.keepSettings(s)
		}
		a.refreshMe()
		v := a.visibility()
		a.mu.Unlock()
		var over <-chan time.Time
		if v.now == TenMinutes {
			over = time.After(min(showCheck, max(time.Until(v.until), time.Millisecond)))
		}
		select {
		case <-over:
		case <-a.shown:
		case <-a.ctx.Done():
			return
		}
	}
}
