package cli

import (
	"io"
	"strings"
	"testing"
	"time"

	"yonder/app"
)

// compares plays the events of a pairing with Anna.
func (s *session) compares(state app.PairingState, ours bool, problem *app.Problem) {
	v := app.Pairing{Person: anna.ID, State: state, Ours: ours, Problem: problem}
	if state == app.PairingComparing || state == app.PairingConfirmed {
		v.Code, v.Until = "418305", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	}
	s.emit(app.Event{Kind: app.EventPairing, Pairing: &v})
}

func TestPair(t *testing.T) {
	differ := &app.Problem{Code: app.CodeCodesDiffer, Text: "the codes differ", Hint: "compare the ids"}
	tests := []struct {
		reason      string
		in          string
		play        func(*session)
		code        int
		orders      string
		out, errors string
	}{
		{"both confirm", "y\n", func(s *session) {
			s.compares(app.PairingConnecting, true, nil)
			s.compares(app.PairingComparing, true, nil)
			s.compares(app.PairingConfirmed, true, nil)
			s.compares(app.PairingDone, true, nil)
		}, exitOK, "pair, answer 418305 true", "the code here is   418 305\n", ""},
		{"the codes differ", "no\n", func(s *session) {
			s.compares(app.PairingComparing, true, nil)
			s.compares(app.PairingFailed, true, differ)
		}, exitFailed, "pair, answer 418305 false", "418 305", "error: the codes differ\nhint: compare the ids\n"},
		{"what is no answer is none", "\nwhat?\nY\n", func(s *session) {
			s.compares(app.PairingComparing, true, nil)
			s.compares(app.PairingDone, true, nil)
		}, exitOK, "pair, answer 418305 true", "paired with Anna", ""},
		{"nobody answers", "", func(s *session) { s.compares(app.PairingComparing, true, nil) },
			exitDeclined, "pair, cancel pairing", "418 305", "error: the code was not answered: nobody is there\nhint: start it in a terminal, or with --json and a program that answers\n"},
		{"they are away", "", func(s *session) {
			s.compares(app.PairingFailed, true, &app.Problem{Code: app.CodeUnreachable, Text: "cannot reach Anna", Hint: "look"})
		}, exitNotFound, "pair", "", "error: cannot reach Anna\nhint: look\n"},
		{"Ctrl+C", "", func(s *session) { s.interrupt() }, exitInterrupted, "pair, cancel pairing", "", "error: broken off, nothing was stored\nhint: the same command again starts over\n"},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s := session{in: strings.NewReader(test.in), play: test.play}
			if code := s.run(t, "pair", "Anna"); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := strings.ReplaceAll(strings.Join(s.orders, ", "), " "+anna.ID.Short(), ""); got != test.orders {
				t.Errorf("orders %q, want %q", got, test.orders)
			}
			if !strings.Contains(s.out.String(), test.out) || s.err.String() != test.errors {
				t.Errorf("output %q, errors %q", s.out.String(), s.err.String())
			}
		})
	}
}

// TestPairJoins: the other side has begun, so this command only answers.
func TestPairJoins(t *testing.T) {
	f := newFake()
	f.state.Pairing = &app.Pairing{Person: anna.ID, State: app.PairingComparing, Code: "418305"}
	s := session{fake: f, in: strings.NewReader("{\"differ\":\"000000\"}\n\n{\"same\":\"418305\"}\n"), play: func(s *session) { s.compares(app.PairingDone, false, nil) }}
	if code := s.run(t, "pair", "Anna", "--json"); code != exitOK {
		t.Errorf("exit code %d, errors %q", code, s.err.String())
	}
	if got := strings.Join(s.orders, ", "); got != "answer 418305 true "+anna.ID.Short() {
		t.Errorf("orders %q", got)
	}
	if events := s.lines(t); kinds(events) != "pairing warning pairing" || events[1]["code"] != app.CodeNoPairing || events[0]["answer"] != true || events[2]["state"] != "paired" {
		t.Errorf("%v", events)
	}
}

// TestReceivePairing: on a terminal the code is asked about; elsewhere another command can answer.
func TestReceivePairing(t *testing.T) {
	inbound := func(s *session) {
		s.compares(app.PairingConnecting, false, nil)
		s.compares(app.PairingComparing, false, nil)
	}
	for _, test := range []struct {
		reason string
		args   []string
		in     string
		orders string
		out    string
	}{
		{"asked", []string{"receive", "--accept", "ask"}, "n\n", "answer 418305 false", "[y/n]"},
		{"nobody is there", []string{"receive", "--accept", "ask"}, "", "cancel pairing", "[y/n]"},
		{"not asked", []string{"receive", "--accept", "all"}, "", "", "confirm it with: yonder pair " + anna.ID.Short()},
		{"a program", []string{"receive", "--accept", "all", "--json"}, `{"same":"418305"}` + "\n", "answer 418305 true", `"answer":true`},
		{"a program that asks", []string{"receive", "--accept", "ask", "--json"}, `{"same":"418305"}` + "\n", "answer 418305 true", `"answer":true`},
	} {
		t.Run(test.reason, func(t *testing.T) {
			s := session{typed: true, play: func(s *session) {
				inbound(s)
				if test.in != "" {
					io.WriteString(s.user, test.in)
				}
				s.user.Close()
				time.Sleep(time.Second)
				s.interrupt()
			}}
			s.run(t, test.args...)
			if got := strings.ReplaceAll(strings.Join(s.orders, ", "), " "+anna.ID.Short(), ""); got != test.orders {
				t.Errorf("orders %q, want %q", got, test.orders)
			}
			if !strings.Contains(s.out.String(), test.out) {
				t.Errorf("output %q, want %q in it", s.out.String(), test.out)
			}
		})
	}
}

func TestPairUsage(t *testing.T) {
	for _, args := range [][]string{{"pair"}, {"pair", "Quiet", "Heron"}} {
		var s session
		if code := s.run(t, args...); code != exitUsage || !strings.Contains(s.err.String(), "hint: ") {
			t.Errorf("%q: exit code %d, errors %q", args, code, s.err.String())
		}
	}
}
