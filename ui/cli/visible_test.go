package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"yonder/app"
)

func TestVisibleFlag(t *testing.T) {
	for _, v := range []app.Visibility{"", app.Everyone, app.TenMinutes, app.PairedOnly, app.Nobody} {
		args := []string{"--visible", string(v)}
		if v == "" {
			args = nil
		}
		s := session{play: func(s *session) { s.interrupt() }}
		if code := s.run(t, append([]string{"receive"}, args...)...); code != exitOK || s.opened.Visible != v {
			t.Errorf("receive %q: exit code %d, opened with %q", args, code, s.opened.Visible)
		}
		var window app.Options
		s = session{window: func(_ context.Context, o app.Options, _ []string) error { window = o; return nil }}
		if code := s.run(t, args...); code != exitOK || window.Visible != v {
			t.Errorf("window %q: exit code %d, opened with %q", args, code, window.Visible)
		}
	}
}

func TestReceiveSaysWhoSeesIt(t *testing.T) {
	until := time.Date(2026, 3, 4, 14, 40, 0, 0, time.Local)
	for _, json := range []bool{false, true} {
		f := newFake()
		f.state.Me.Visible = app.PairedOnly
		s := session{fake: f, play: func(s *session) {
			for _, change := range []func(*app.Me){
				func(me *app.Me) { me.Name = "Loud Otter" }, // says nothing about it
				func(me *app.Me) {
					me.Visible, me.VisibleUntil, me.VisibleThen = app.TenMinutes, until, app.Nobody
				},
				func(me *app.Me) { me.Visible = app.Nobody },
				func(me *app.Me) { me.Visible = app.Everyone },
			} {
				me := f.state.Me
				change(&me)
				s.emit(app.Event{Kind: app.EventMe, Me: &me})
			}
			s.interrupt()
		}}
		args := []string{"receive"}
		if json {
			args = append(args, "--json")
		}
		s.run(t, args...)
		if json {
			if got, want := kinds(s.lines(t)), "listening visible visible visible visible"; got != want {
				t.Errorf("events %q, want %q", got, want)
			}
			continue
		}
		var lines []string
		for line := range strings.Lines(s.out.String()) {
			if strings.HasPrefix(line, "visible") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		want := "visible to paired people only\nvisible to everyone until 14:40, then to nobody\nvisible to nobody\nvisible to everyone"
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("it says\n%s\nwant\n%s", got, want)
		}
	}
}
