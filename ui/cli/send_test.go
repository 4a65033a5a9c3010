package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/app"
)

// photo makes a file to send and returns its path.
func photo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// running is a transfer half-way.
func running(state app.TransferState) app.Transfer {
	return app.Transfer{
		State: state, Names: []string{"photo.jpg"}, NameCount: 1, Folders: []bool{false}, Entries: 1,
		Bytes: 3 << 20, Final: true, Stored: 1 << 20, Rate: 1 << 20, Left: 2 * time.Second,
	}
}

func finished() app.Transfer {
	t := running(app.Done)
	t.Stored, t.Files = t.Bytes, 1
	return t
}

func TestSendTellsWhatHappens(t *testing.T) {
	s := session{play: func(s *session) {
		s.transfer("item-0", true, app.Transfer{State: app.Waiting})
		s.transfer("item-0", true, running(app.Offered))
		s.transfer("item-0", true, running(app.Running))
		time.Sleep(2 * time.Second)
		s.transfer("item-0", true, running(app.Running))
		s.transfer("item-0", true, finished())
	}}
	path := photo(t)
	if code := s.run(t, "send", "--to", "Anna", path); code != exitOK {
		t.Errorf("exit code %d, want 0; errors %q", code, s.err.String())
	}
	want := `offered "photo.jpg" (3.0 MiB) to Anna (AEAAAAAA), waiting for the answer
sending "photo.jpg" to Anna (AEAAAAAA)
sent 1 file (3.0 MiB) to Anna (AEAAAAAA) in 2.0 s, 1.5 MiB/s
`
	if got := s.out.String(); got != want {
		t.Errorf("output\n%s\nwant\n%s", got, want)
	}
	if s.err.String() != "" {
		t.Errorf("errors %q, want none", s.err.String())
	}
	wantReq := app.SendRequest{To: []app.DeviceID{anna.ID}, Paths: []string{path}, Policy: app.KeepBoth, Retry: 10 * time.Minute}
	if len(s.sends) != 1 || !reflect.DeepEqual(s.sends[0], wantReq) {
		t.Errorf("Send(%+v), want %+v", s.sends, wantReq)
	}
	if s.opened.Owner || s.opened.Listen {
		t.Errorf("Open(%+v): sending needs neither the profile for itself nor a listener", s.opened)
	}
	if !s.closed {
		t.Error("the backend was not closed")
	}
}

func TestSendExitCodes(t *testing.T) {
	problem := func(code, text string) *app.Problem { return &app.Problem{Code: code, Text: text, Hint: "a hint"} }
	end := func(state app.TransferState, p *app.Problem) func(*session) {
		return func(s *session) {
			tr := running(state)
			tr.Problem = p
			s.transfer("item-0", true, running(app.Running))
			s.transfer("item-0", true, tr)
		}
	}
	with := func(change func(*app.Transfer)) func(*session) {
		return func(s *session) {
			tr := finished()
			change(&tr)
			s.transfer("item-0", true, tr)
		}
	}
	tests := []struct {
		reason string
		play   func(*session)
		args   []string
		code   int
		err    string // part of standard error
	}{
		{"the receiver said no", end(app.Declined, problem(app.CodeDeclined, "Anna declined")), nil, exitDeclined, "error: Anna declined\nhint: a hint\n"},
		{"nobody sat there", end(app.Declined, problem(app.CodeNobody, "nobody was there")), nil, exitDeclined, "error: nobody was there"},
		{"no room", end(app.Failed, problem(app.CodeDiskFull, "no room left")), nil, exitFailed, "error: no room left"},
		{"never reached", end(app.Failed, problem(app.CodeUnreachable, "cannot reach Anna")), nil, exitNotFound, "error: cannot reach Anna"},
		{"cancelled there", end(app.Cancelled, problem(app.CodeCancelledBy, "Anna cancelled it")), nil, exitFailed, "error: Anna cancelled it"},
		{"a failure without a reason still says something", end(app.Failed, nil), nil, exitFailed, "error: Anna (AEAAAAAA): failed"},
		{"a cut that is not mended within --retry", end(app.Interrupted, problem(app.CodeInterrupted, "lost")), []string{"--retry", "0"}, exitInterrupted, "interrupted: 1.0 MiB of 3.0 MiB are at Anna (AEAAAAAA)\nhint: the same command again"},
		{"links alone are no failure", with(func(tr *app.Transfer) {
			tr.Skipped, tr.SkipCount, tr.Links = []app.EntryReport{{Path: "a/l", Code: app.CodeLink}}, 1, 1
		}), nil, exitOK, ""},
		{"renamed entries are no failure", with(func(tr *app.Transfer) {
			tr.Skipped, tr.SkipCount = []app.EntryReport{{Path: "CON", Code: app.CodeRenamed, Detail: "CON_"}}, 1
		}), nil, exitOK, ""},
		{"what exists already and is to stay is no failure", with(func(tr *app.Transfer) {
			tr.Skipped, tr.SkipCount = []app.EntryReport{{Path: "a", Code: app.CodeExists}}, 1
		}), nil, exitOK, ""},
		{"one unreadable entry is one", with(func(tr *app.Transfer) {
			tr.Skipped = []app.EntryReport{{Path: "a/l", Code: app.CodeLink}, {Path: "a/secret", Code: app.CodeUnreadable}}
			tr.SkipCount, tr.Links, tr.Failed = 2, 1, 1
		}), nil, exitFailed, "error: \"a/secret\" did not arrive: it cannot be read\n"},
		{"entries beyond the named ones count", with(func(tr *app.Transfer) { tr.SkipCount, tr.Links, tr.Failed = 7, 2, 5 }), nil, exitFailed, "error: 5 entries did not arrive"},
		{"the engine refuses the order", nil, nil, exitFailed, ""},
		{"the running Yonder that did the work ends", func(s *session) {
			s.transfer("item-0", true, running(app.Running))
			close(s.gone)
		}, nil, exitInterrupted, "interrupted: 1.0 MiB of 3.0 MiB"},
		{"Ctrl+C stops in order", func(s *session) {
			s.transfer("item-0", true, running(app.Running))
			s.interrupt()
			synctest.Wait()
			if len(s.stopped) == 1 {
				s.transfer("item-0", true, running(app.Interrupted))
			}
		}, nil, exitInterrupted, "hint: the same command again goes on from there"},
		{"Ctrl+C ends even if the engine does not stop", func(s *session) {
			s.transfer("item-0", true, running(app.Running))
			s.interrupt()
		}, nil, exitInterrupted, "interrupted: 1.0 MiB of 3.0 MiB"},
		{"Ctrl+C before anything is known", func(s *session) { s.interrupt() }, nil, exitInterrupted, "stopped before anything moved"},
		{"Ctrl+C after the last byte is no interruption", func(s *session) {
			s.transfer("item-0", true, running(app.Running))
			s.interrupt()
			s.transfer("item-0", true, finished())
		}, nil, exitOK, ""},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s := session{fake: newFake(), play: test.play}
			if test.play == nil {
				s.sendErr = &app.Problem{Code: app.CodeBusy, Text: "busy"}
			}
			args := append([]string{"send", "--to", "Anna", photo(t)}, test.args...)
			if code := s.run(t, args...); code != test.code {
				t.Errorf("exit code %d, want %d; output %q, errors %q", code, test.code, s.out.String(), s.err.String())
			}
			if !strings.Contains(s.err.String(), test.err) {
				t.Errorf("errors %q, want %q in them", s.err.String(), test.err)
			}
			if test.code == exitOK && s.err.String() != "" {
				t.Errorf("errors %q after success", s.err.String())
			}
		})
	}
}

// Three megabytes: one was there from an earlier command, one moved before the
// connection was lost, one after that.
func TestSendGoesOnByItself(t *testing.T) {
	run := func(resumed, stored int64) app.Transfer {
		tr := running(app.Running)
		tr.Resumed, tr.Stored = resumed<<20, stored<<20
		return tr
	}
	s := session{play: func(s *session) {
		s.transfer("item-0", true, run(0, 0))
		s.transfer("item-0", true, run(1, 1))
		s.transfer("item-0", true, run(1, 2))
		lost := run(1, 2)
		lost.State, lost.Problem = app.Waiting, &app.Problem{Code: app.CodeInterrupted, Text: "the connection with Anna was lost"}
		s.transfer("item-0", true, lost)
		time.Sleep(4 * time.Second)
		s.transfer("item-0", true, run(2, 2))
		end := run(2, 3)
		end.State, end.Files = app.Done, 1
		s.transfer("item-0", true, end)
	}}
	if code := s.run(t, "send", "--to", "Anna", photo(t)); code != exitOK {
		t.Errorf("exit code %d, want 0; errors %q", code, s.err.String())
	}
	want := `sending "photo.jpg" to Anna (AEAAAAAA)
the connection with Anna was lost; trying again
sending "photo.jpg" to Anna (AEAAAAAA), 2.0 MiB of it are there already
sent 1 file (3.0 MiB) to Anna (AEAAAAAA) in 4.0 s, 512 KiB/s; 1.0 MiB were there already
`
	if got := s.out.String(); got != want {
		t.Errorf("output\n%s\nwant\n%s", got, want)
	}
}

func TestSendToSeveral(t *testing.T) {
	f := newFake()
	s := session{fake: f, play: func(s *session) {
		s.transfer("item-0", true, finished())
		tr := running(app.Declined)
		s.emit(app.Event{Kind: app.EventItem, Item: &app.Item{ID: "item-1", Person: berta.ID, Outgoing: true, Transfer: &tr}})
	}}
	code := s.run(t, "send", "--to", "Anna", "--to", "贝塔", "--to", anna.ID.Short(), photo(t))
	if code != exitDeclined {
		t.Errorf("exit code %d, want %d: one of the two declined", code, exitDeclined)
	}
	if got, want := len(f.sends[0].To), 2; got != want {
		t.Errorf("sent to %d people, want %d: Anna was named twice", got, want)
	}
}

func TestSendFindsNobody(t *testing.T) {
	s := session{}
	code := s.run(t, "send", "--to", "Zoe", "--to", "Yan", photo(t))
	if code != exitNotFound {
		t.Errorf("exit code %d, want %d", code, exitNotFound)
	}
	if want := "looking for Zoe\nlooking for Yan\n"; s.out.String() != want {
		t.Errorf("output %q, want %q", s.out.String(), want)
	}
	for _, want := range []string{"error: nobody called Zoe is here\n", "error: nobody called Yan is here\n"} {
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("errors %q, want %q in them", s.err.String(), want)
		}
	}
	if len(s.sends) != 0 {
		t.Errorf("Send(%v) though nobody was found", s.sends)
	}
}

func TestSendAmbiguous(t *testing.T) {
	f := newFake()
	ids := anna.ID.String() + "\n" + berta.ID.String()
	f.find = func(string, time.Duration) (app.Person, error) {
		return app.Person{}, &app.Problem{Code: app.CodeAmbiguous, Object: "Anna", Detail: ids, Text: "several devices are called Anna"}
	}
	s := session{fake: f}
	if code := s.run(t, "send", "--to", "Anna", photo(t)); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	for _, id := range strings.Split(ids, "\n") {
		if !strings.Contains(s.err.String(), id) {
			t.Errorf("errors %q do not name %s", s.err.String(), id)
		}
	}
}

func TestSendInterruptedWhileSearching(t *testing.T) {
	s := session{play: func(s *session) { s.interrupt() }}
	if code := s.run(t, "send", "--to", "Zoe", photo(t)); code != exitInterrupted {
		t.Errorf("exit code %d, want %d; errors %q", code, exitInterrupted, s.err.String())
	}
}

func TestSendDrawsBars(t *testing.T) {
	s := session{tty: true, play: func(s *session) {
		for i := range 5 {
			tr := running(app.Running)
			tr.Stored = int64(i) << 19
			s.transfer("item-0", true, tr)
			time.Sleep(time.Second)
		}
		s.transfer("item-0", true, finished())
	}}
	if code := s.run(t, "send", "--to", "Anna", photo(t)); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	for _, want := range []string{"Anna", "50 % [===", "1.5 MiB of 3.0 MiB, 1.0 MiB/s, 2 s left", "sent 1 file"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("output %q, want %q in it", s.out.String(), want)
		}
	}
	last := s.out.String()[strings.LastIndex(s.out.String(), "\x1b"):]
	if strings.Contains(last, "[=") {
		t.Errorf("a bar is left behind: %q", last)
	}
}

// What was carried over every connection counts, whatever was seen of the states between.
func TestSendCountsEveryConnection(t *testing.T) {
	at := func(state app.TransferState, stored, wire int64) app.Transfer {
		tr := running(state)
		tr.Stored, tr.Wire = stored<<20, wire
		return tr
	}
	lost := at(app.Waiting, 1, 1500)
	lost.Problem = &app.Problem{Code: app.CodeInterrupted, Text: "the connection with Anna was lost"}
	for name, between := range map[string][]app.Transfer{
		"nothing seen":          nil,
		"the loss seen":         {lost},
		"the loss and an offer": {lost, at(app.Offered, 0, 0)},
		"all of it":             {lost, at(app.Offered, 0, 0), at(app.Running, 1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			s := session{play: func(s *session) {
				s.transfer("item-0", true, at(app.Running, 0, 0))
				s.transfer("item-0", true, at(app.Running, 1, 1500))
				for _, tr := range between {
					s.transfer("item-0", true, tr)
				}
				s.transfer("item-0", true, at(app.Running, 2, 700))
				end := finished()
				end.Wire = 1000
				s.transfer("item-0", true, end)
			}}
			if code := s.run(t, "send", "--json", "--to", "Anna", photo(t)); code != exitOK {
				t.Errorf("exit code %d, want 0; errors %q", code, s.err.String())
			}
			events := s.lines(t)
			if done := events[len(events)-1]; done["wire"] != float64(2500) {
				t.Errorf("wire = %v, want 1500 + 1000", done["wire"])
			}
		})
	}
}

func TestSendJSON(t *testing.T) {
	s := session{play: func(s *session) {
		s.transfer("item-0", true, running(app.Offered))
		s.transfer("item-0", true, running(app.Running))
		for range 10 { // within one second
			s.transfer("item-0", true, running(app.Running))
			time.Sleep(100 * time.Millisecond)
		}
		tr := finished()
		tr.Skipped, tr.SkipCount, tr.Links = []app.EntryReport{{Path: "a/\u202egpj.exe", Code: app.CodeLink}}, 1, 1
		s.transfer("item-0", true, tr)
	}}
	if code := s.run(t, "send", "--json", "--to", "Anna", photo(t)); code != exitOK {
		t.Errorf("exit code %d, want 0", code)
	}
	events := s.lines(t)
	if got, want := kinds(events), "offer state progress progress progress progress progress file done"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	if strings.Contains(s.out.String(), "\u202e") {
		t.Error("an invisible character reached the terminal")
	}
	if got := events[7]["name"]; got != "a/\u202egpj.exe" {
		t.Errorf("name %q does not read back", got)
	}
	if done := events[8]; done["ok"] != true || done["state"] != "done" || done["bytes"] != float64(3<<20) {
		t.Errorf("done event %v", done)
	}
}
