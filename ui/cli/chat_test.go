package cli

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/app"
)

func TestChatOneMessage(t *testing.T) {
	said := func(state app.MessageState, p *app.Problem) func(*session) {
		return func(s *session) {
			s.message("said-hi", true, true, app.Message{Body: "hi", State: app.Queued})
			if state != app.Queued {
				s.message("said-hi", true, false, app.Message{Body: "hi", State: state, Problem: p})
			}
		}
	}
	tests := []struct {
		reason   string
		play     func(*session)
		code     int
		out, err string
	}{
		{"it is delivered", said(app.Delivered, nil), exitOK, "delivered to Anna\n", ""},
		{"it is read at once", said(app.Read, nil), exitOK, "delivered to Anna\n", ""},
		{"it is refused", said(app.Refused, &app.Problem{Text: "Anna takes no messages", Hint: "ask"}), exitFailed, "", "error: Anna takes no messages\nhint: ask\n"},
		{"she is away", said(app.Queued, nil), exitInterrupted, "queued: not delivered to Anna yet; it goes out when", ""},
		{"it left and was never confirmed", said(app.Sent, nil), exitInterrupted, "queued: ", ""},
		{"Ctrl+C leaves it in the queue", func(s *session) { s.interrupt() }, exitInterrupted, "queued: ", ""},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s := session{play: test.play}
			if code := s.run(t, "chat", "Anna", "hi"); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.HasPrefix(s.out.String(), test.out) || test.out == "" && s.out.String() != "" {
				t.Errorf("output %q, want %q", s.out.String(), test.out)
			}
			if s.err.String() != test.err {
				t.Errorf("errors %q, want %q", s.err.String(), test.err)
			}
			if !slices.Equal(s.said, []string{"hi"}) {
				t.Errorf("said %q, want it once", s.said)
			}
		})
	}
}

func TestChatTooLong(t *testing.T) {
	f := newFake()
	f.sayErr = &app.Problem{Code: app.CodeTooLong, Text: "the message is longer than 16 KiB", Hint: "send it as a file"}
	s := session{fake: f}
	if code := s.run(t, "chat", "Anna", "x"); code != exitFailed || !strings.Contains(s.err.String(), "hint: send it as a file") {
		t.Errorf("exit code %d, errors %q", code, s.err.String())
	}
}

func TestChatNobody(t *testing.T) {
	s := session{}
	if code := s.run(t, "chat", "Zoe", "hi"); code != exitNotFound || len(s.said) != 0 {
		t.Errorf("exit code %d, said %q; want %d and nothing", code, s.said, exitNotFound)
	}
}

func TestChatTalks(t *testing.T) {
	f := newFake()
	f.history.Items = []app.Item{
		{ID: "h1", Person: anna.ID, At: time.Date(1999, 5, 6, 7, 8, 9, 0, time.Local), Message: &app.Message{Body: "earlier", State: app.Read}},
		{ID: "h2", Person: anna.ID, Outgoing: true, Message: &app.Message{Body: "yes", State: app.Read}},
		{ID: "h3", Person: anna.ID, Transfer: &app.Transfer{}},
	}
	s := session{fake: f, typed: true, tty: true, play: func(s *session) {
		io.WriteString(s.user, "one\n\n  \n")
		s.message("said-one", true, true, app.Message{Body: "one", State: app.Delivered})
		s.message("in", false, true, app.Message{Body: "hello", State: app.Delivered})
		other := app.Item{ID: "o", Person: berta.ID, Message: &app.Message{Body: "not here"}}
		s.emit(app.Event{Kind: app.EventItem, New: true, Item: &other})
		io.WriteString(s.user, "two") // and Ctrl+D
		s.user.Close()
		synctest.Wait()
		s.message("said-two", true, true, app.Message{Body: "two", State: app.Delivered})
	}}
	if code := s.run(t, "chat", "Anna"); code != exitOK {
		t.Errorf("exit code %d, want 0; errors %q", code, s.err.String())
	}
	if !slices.Equal(s.said, []string{"one", "two"}) {
		t.Errorf("said %q, want the two lines that are not empty", s.said)
	}
	for _, want := range []string{"chatting with Anna (AEAAAAAA)", "1999-05-06 07:08 Anna (AEAAAAAA): earlier\n", "you (BEAAAAAA): yes\n", "12:30 Anna (AEAAAAAA): hello\n"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("output %q, want %q in it", s.out.String(), want)
		}
	}
	if strings.Contains(s.out.String(), "not here") {
		t.Error("a message of somebody else is shown in this conversation")
	}
	if s.read != 2 {
		t.Errorf("MarkRead was called %d times, want 2: at the start and with the message", s.read)
	}
}

func TestChatJSON(t *testing.T) {
	s := session{in: strings.NewReader("hi\n"), play: func(s *session) {
		s.message("in", false, true, app.Message{Body: "a\nb", State: app.Delivered})
		s.message("said-hi", true, true, app.Message{Body: "hi", State: app.Delivered})
	}}
	if code := s.run(t, "chat", "--json", "Anna"); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	events := s.lines(t)
	if kinds(events) != "message message" || events[0]["body"] != "a\nb" || events[1]["state"] != "delivered" || events[1]["outgoing"] != true {
		t.Errorf("events %v", events)
	}
}
