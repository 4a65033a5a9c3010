package cli

import (
	"strings"
	"testing"

	"yonder/app"
)

// TestEndsAreToldApart: who ended a transfer, and why, from both sides; the exit code of
// send, and state and problem in JSON.
func TestEndsAreToldApart(t *testing.T) {
	problem := func(code, text string) *app.Problem { return &app.Problem{Code: code, Text: text, Hint: "try again"} }
	for _, tt := range []struct {
		why    string
		out    bool
		state  app.TransferState
		p      *app.Problem
		stored int64
		code   int // exit code of send
		text   string
	}{
		{"they declined", true, app.Declined, problem(app.CodeDeclined, "Anna declined"), 0, exitDeclined, "error: Anna declined\n"},
		{"nobody was there", true, app.Declined, problem(app.CodeNobody, "nobody was there"), 0, exitDeclined, "error: nobody was there\n"},
		{"they cancelled", true, app.Cancelled, problem(app.CodeCancelledBy, "Anna cancelled it"), 9, exitFailed, "error: Anna cancelled it\n"},
		{"we cancelled", true, app.Cancelled, problem(app.CodeCancelled, "cancelled"), 9, exitFailed, "error: cancelled\n"},
		{"their disk is full", true, app.Failed, problem(app.CodeDiskFull, "not enough room"), 9, exitFailed, "error: not enough room\n"},
		{"it was cut", true, app.Interrupted, problem(app.CodeInterrupted, "the connection was lost"), 9, exitInterrupted, "error: interrupted: 9 B of 5.0 GiB are at Anna (AEAAAAAA)\n"},
		{"we declined", false, app.Declined, problem(app.CodeDeclined, "declined"), 0, 0, "declined \"photo.jpg\" and 1 more of Anna (AEAAAAAA)\n"},
		{"they took it back", false, app.Cancelled, problem(app.CodeCancelledBy, "Anna cancelled it"), 0, 0, "Anna (AEAAAAAA) took it back\n"},
		{"they cancelled what came in", false, app.Cancelled, problem(app.CodeCancelledBy, "Anna cancelled it"), 9, 0, "Anna (AEAAAAAA) cancelled \"photo.jpg\" and 1 more; nothing of it is kept\n"},
		{"we cancelled what came in", false, app.Cancelled, problem(app.CodeCancelled, "cancelled"), 9, 0, "cancelled \"photo.jpg\" and 1 more of Anna (AEAAAAAA); nothing of it is kept\n"},
		{"they never came back", false, app.Cancelled, problem(app.CodeExpired, "Anna did not come back"), 9, 0, "Anna did not come back\n"},
		{"our disk is full", false, app.Failed, problem(app.CodeDiskFull, "not enough room"), 9, 0, "error: not enough room\n"},
	} {
		for _, json := range []bool{false, true} {
			s := session{play: func(s *session) {
				tr := incoming(tt.state)
				tr.Problem, tr.Stored = tt.p, tt.stored
				s.transfer("item-0", tt.out, incoming(app.Running))
				s.transfer("item-0", tt.out, tr)
				s.interrupt()
			}}
			args := []string{"receive", "--accept", "all"}
			if tt.out {
				args = []string{"send", "--to", "Anna", "ends_test.go"}
			}
			if json {
				args = append(args, "--json")
			}
			if code := s.run(t, args...); tt.out && code != tt.code {
				t.Errorf("%s: exit code %d, want %d", tt.why, code, tt.code)
			}
			if !json {
				if text := s.out.String() + s.err.String(); !strings.Contains(text, tt.text) {
					t.Errorf("%s: it says %q, want %q in it", tt.why, text, tt.text)
				}
				continue
			}
			events := s.lines(t)
			done := events[len(events)-1]
			why, _ := done["problem"].(map[string]any)
			if done["event"] != "done" || done["state"] != string(tt.state) || why["code"] != tt.p.Code {
				t.Errorf("%s: the last event is %v, want %s because of %s", tt.why, done, tt.state, tt.p.Code)
			}
		}
	}
}
