package cli

import (
	"strings"
	"testing"
	"time"

	"yonder/app"
)

func TestPeersTable(t *testing.T) {
	f := newFake()
	f.state.People = []app.Person{anna, {ID: app.DeviceID{3}, Name: "Remembered"}}
	s := session{fake: f, play: func(s *session) {
		time.Sleep(time.Second)
		s.emit(app.Event{Kind: app.EventPerson, Person: &berta})
	}}
	if code := s.run(t, "peers"); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	want := `NAME  ID        SYSTEM  TRUST   ADDRESS                FOUND AFTER
Anna  AEAAAAAA  -       known   192.0.2.7:21925        120 ms
贝塔  AIAAAAAA  Linux   paired  [fe80::1%eth0]:21925  45 ms
`
	want = strings.Replace(want, "ADDRESS                FOUND", "ADDRESS               FOUND", 1)
	want = strings.Replace(want, "21925        120", "21925       120", 1)
	if got := s.out.String(); got != want {
		t.Errorf("output\n%s\nwant\n%s", got, want)
	}
}

// TestPeersWarn: what the window warns about is in the table too.
func TestPeersWarn(t *testing.T) {
	f := newFake()
	changed, twin := anna, berta
	changed.Changed, twin.SameNameAs = "192.0.2.9:21925", anna.ID
	f.state.People = []app.Person{changed, twin}
	s := session{fake: f, play: func(s *session) { time.Sleep(time.Second) }}
	s.run(t, "peers")
	for _, want := range []string{"known, identity changed", "paired, other device"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("no %q in\n%s", want, s.out.String())
		}
	}
}

func TestPeersNobody(t *testing.T) {
	f := newFake()
	f.state.People = nil
	s := session{fake: f}
	if code := s.run(t, "peers", "--wait", "20ms"); code != exitOK {
		t.Errorf("exit code %d, want 0: looking worked", code)
	}
	if !strings.Contains(s.err.String(), "nobody was found") || !strings.Contains(s.err.String(), "hint: ") {
		t.Errorf("errors %q, want a hint what to do", s.err.String())
	}
}

func TestPeersWatch(t *testing.T) {
	s := session{play: func(s *session) {
		busy := berta
		busy.Unread = 3 // no news here
		s.emit(app.Event{Kind: app.EventPerson, Person: &busy})
		busy.Name = "Berta"
		s.emit(app.Event{Kind: app.EventPerson, Person: &busy})
		busy.Present = false
		s.emit(app.Event{Kind: app.EventPerson, Person: &busy})
		s.emit(app.Event{Kind: app.EventForgot, Person: &app.Person{ID: anna.ID}})
		s.interrupt()
	}}
	if code := s.run(t, "peers", "--watch"); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	want := `+ Anna  AEAAAAAA  -  known  192.0.2.7:21925  120 ms
+ 贝塔  AIAAAAAA  Linux  paired  [fe80::1%eth0]:21925  45 ms
~ Berta  AIAAAAAA  Linux  paired  [fe80::1%eth0]:21925  45 ms
- Berta  AIAAAAAA  Linux  paired  [fe80::1%eth0]:21925  45 ms
- Anna  AEAAAAAA  -  known  192.0.2.7:21925  120 ms
`
	if got := s.out.String(); got != want {
		t.Errorf("output\n%s\nwant\n%s", got, want)
	}
}

func TestPeersJSON(t *testing.T) {
	f := newFake()
	f.state.People = nil
	them := berta
	them.Changed = "192.0.2.9:21925"
	s := session{fake: f, play: func(s *session) { s.emit(app.Event{Kind: app.EventPerson, Person: &them}) }}
	s.run(t, "peers", "--json", "--watch", "--wait", "1s")
	events := s.lines(t)
	if kinds(events) != "peer" {
		t.Fatalf("events %q, want one peer", kinds(events))
	}
	for member, want := range map[string]any{"change": "found", "id": berta.ID.String(), "name": "贝塔", "after_ms": 45.0, "address": "[fe80::1%eth0]:21925", "source": "broadcast", "level": "paired", "identity_changed": "192.0.2.9:21925"} {
		if events[0][member] != want {
			t.Errorf("%s is %v, want %v", member, events[0][member], want)
		}
	}
}
