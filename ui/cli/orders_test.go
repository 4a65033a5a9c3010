package cli

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"yonder/app"
)

// write sends one line to standard input and waits until the command has dealt with it.
func (s *session) write(line string) {
	io.WriteString(s.user, line+"\n")
	synctest.Wait()
}

func TestOrders(t *testing.T) {
	for name, args := range map[string][]string{
		"send":                     {"send", "--to", "Anna", "--json", "orders_test.go"},
		"receive from everybody":   {"receive", "--accept", "all", "--json"},
		"receive and be asked too": {"receive", "--accept", "ask", "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			out := args[0] == "send"
			s := session{typed: true, play: func(s *session) {
				s.transfer("item-0", out, incoming(app.Running))
				for _, line := range []string{
					`{"pause":"item-0"}`, `{"resume":"item-0"}`, `{"cancel":"item-0"}`, "", // an order each
					`{"pause":"zzz"}`, `{"pause":"item-0","resume":"item-0"}`, `{}`, `{"pause":1}`, `{"accept":"item-0"}`, `pause`, `{"pause":"item-0","policy":"skip"}`, `{"accept":"item-0","policy":"?"}`, // a warning each
				} {
					s.write(line)
				}
				s.orderErr = &app.Problem{Code: app.CodeInternal, Text: "no"}
				s.write(`{"pause":"item-0"}`)
				s.user.Close()
				synctest.Wait()
				done := arrived()
				s.transfer("item-0", out, done)
				s.interrupt()
			}}
			if code := s.run(t, args...); code != exitOK {
				t.Errorf("exit code %d, want 0", code)
			}
			if got, want := strings.Join(s.orders, ","), "pause item-0,resume item-0,cancel item-0,pause item-0"; got != want {
				t.Errorf("orders %q, want %q", got, want)
			}
			if got := strings.Count(kinds(s.lines(t)), "warning"); got != 9 {
				t.Errorf("%d warnings, want 9: %s", got, s.out.String())
			}
		})
	}
}

// A terminal, and whoever does not use --json, keeps standard input.
func TestOrdersAreReadOnlyWhereAskedFor(t *testing.T) {
	for _, test := range []struct {
		reason string
		tty    bool
		args   []string
	}{
		{"no JSON", false, []string{"send", "--to", "Anna", "orders_test.go"}},
		{"a terminal", true, []string{"send", "--to", "Anna", "--json", "orders_test.go"}},
	} {
		in := strings.NewReader(`{"pause":"item-0"}` + "\n")
		s := session{in: in, tty: test.tty, play: func(s *session) { s.transfer("item-0", true, arrived()) }}
		s.run(t, test.args...)
		if in.Len() == 0 {
			t.Errorf("%s: standard input was read", test.reason)
		}
	}
}

// paused is a running transfer that is paused by us and by the other side as said.
func paused(ours, theirs bool) app.Transfer {
	t := incoming(app.Running)
	t.Paused, t.PeerPaused = ours, theirs
	return t
}

func TestPausedIsTold(t *testing.T) {
	play := func(s *session) {
		s.transfer("item-0", true, incoming(app.Running))
		s.transfer("item-0", true, paused(true, false))
		s.transfer("item-0", true, paused(true, false)) // nothing new
		s.transfer("item-0", true, paused(true, true))
		s.transfer("item-0", true, paused(false, true))
		s.transfer("item-0", true, incoming(app.Running))
		s.transfer("item-0", true, paused(true, false))
		cut := paused(true, false)
		cut.State = app.Interrupted
		s.transfer("item-0", true, cut) // waits for the user all the same
		s.transfer("item-0", true, incoming(app.Waiting))
		s.transfer("item-0", true, incoming(app.Running))
		s.transfer("item-0", true, arrived())
	}
	s := session{play: play}
	if code := s.run(t, "send", "--to", "Anna", "orders_test.go", "--json"); code != exitOK {
		t.Errorf("exit code %d, want 0; output %s", code, s.out.String())
	}
	var states []string
	for _, e := range s.lines(t) {
		if e["event"] == "state" {
			by, _ := e["by"].(string)
			states = append(states, strings.TrimSpace(e["state"].(string)+" "+by))
		}
	}
	if got, want := strings.Join(states, ", "), "running, paused us, paused both, paused peer, running, paused us, waiting, running"; got != want {
		t.Errorf("states %q, want %q", got, want)
	}
	s = session{play: play}
	s.run(t, "send", "--to", "Anna", "orders_test.go")
	for _, want := range []string{"\"photo.jpg\" and 1 more paused\n", " more paused here and by Anna (AEAAAAAA)\n", " more paused by Anna (AEAAAAAA)\n"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("output %q, want %q in it", s.out.String(), want)
		}
	}
}

// FuzzOrder reads lines of another program: what is taken for an order is whole.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{
		`{"accept":"a","policy":"skip"}`, `{"decline":"a"}`, `{"pause":"a"}{"resume":"a"}`, `{"leave_out":"a","entry":4294967295}`, `{"files":"a","entry":-1}`,
		`{"same":"012345"}`, `{"differ":"","same":""}`, `{"accept":null}`, "", "null", `[]`, `{"accept":"a","zz":1}`, `{"ACCEPT":"a"}`,
	} {
		f.Add(seed)
	}
	verbs := []string{"accept", "decline", "pause", "resume", "cancel", "files", "leave_out", "same", "differ"}
	f.Fuzz(func(t *testing.T, line string) {
		o, err := parseOrder(line)
		if err != nil {
			if warning := orderNotUnderstood(line, err).Text; strings.ContainsAny(clean(warning), "\n\x1b") {
				t.Errorf("%q is refused with %q", line, warning)
			}
			return
		}
		if !slices.Contains(verbs, o.verb) || o.entry != nil && o.verb != "leave_out" && o.verb != "files" ||
			o.entry == nil && o.verb == "leave_out" || (o.policy != "" || o.always) && o.verb != "accept" || o.code != "" && o.id != "" {
			t.Errorf("%q is taken for %+v", line, o)
		}
	})
}
