package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/app"
)

// incoming is an offer of three entries.
func incoming(state app.TransferState) app.Transfer {
	return app.Transfer{
		State: state, Names: []string{"photo.jpg", "docs"}, NameCount: 2, Folders: []bool{false, true},
		Entries: 1234, Bytes: 5 << 30, Final: true, Left: -1,
	}
}

// arrived is the same transfer at its end.
func arrived() app.Transfer {
	t := incoming(app.Done)
	t.Stored, t.Files, t.Folder = t.Bytes, 1200, "/home/x/in"
	t.Paths = []string{"/home/x/in/photo (1).jpg", "/home/x/in/docs"}
	return t
}

func TestReceivePrintsWhereItListensFirst(t *testing.T) {
	s := session{play: func(s *session) { s.interrupt() }}
	if code := s.run(t, "receive"); code != exitOK {
		t.Errorf("exit code %d, want 0; errors %q", code, s.err.String())
	}
	if !strings.HasPrefix(s.out.String(), "listening on 0.0.0.0:21925\n") {
		t.Errorf("output %q, want the listener in its first line", s.out.String())
	}
	if o := s.opened; !o.Owner || !o.Listen || o.Accept != app.AcceptPaired || o.Policy != "" {
		t.Errorf("Open(%+v): want the owner, listening, paired only, keeping what is set", o)
	}
}

func TestReceiveWaitsForTheListener(t *testing.T) {
	f := newFake()
	me := f.state.Me
	f.state.Me.Listening = ""
	s := session{fake: f, play: func(s *session) {
		if s.out.String() != "" {
			t.Errorf("output %q before there is a listener", s.out.String())
		}
		s.emit(app.Event{Kind: app.EventMe, Me: &me})
		s.emit(app.Event{Kind: app.EventMe, Me: &me}) // told once
		s.interrupt()
	}}
	s.run(t, "receive")
	if got := strings.Count(s.out.String(), "listening on"); got != 1 {
		t.Errorf("listening is told %d times, want once; output %q", got, s.out.String())
	}
}

func TestReceiveBesideAnOwner(t *testing.T) {
	f := newFake()
	f.openErr = &app.Problem{Code: app.CodeRunning, Object: "4711", Text: "Yonder runs already, as process 4711", Hint: "end it"}
	s := session{fake: f}
	if code := s.run(t, "receive"); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if !strings.Contains(s.err.String(), "error: Yonder runs already, as process 4711\nhint: end it\n") {
		t.Errorf("errors %q do not name the owner", s.err.String())
	}
}

// TestReceiveDoesNotAskWhatIsDecided: by a rule, say.
func TestReceiveDoesNotAskWhatIsDecided(t *testing.T) {
	s := session{typed: true, tty: true, play: func(s *session) {
		taken := incoming(app.Offered)
		taken.Decided = true
		s.transfer("a", false, taken)
		s.transfer("a", false, incoming(app.Running))
		s.transfer("a", false, arrived())
		s.user.Close()
	}}
	if code := s.run(t, "receive", "--once"); code != exitOK || strings.Contains(s.out.String(), "Accept?") || len(s.answers) != 0 {
		t.Errorf("exit code %d, output %q, answers %v", code, s.out.String(), s.answers)
	}
}

func TestReceiveAsksInATerminal(t *testing.T) {
	s := session{typed: true, tty: true, play: func(s *session) {
		s.transfer("a", false, incoming(app.Offered))
		if !strings.HasSuffix(s.out.String(), "Accept? [y/N/always] ") {
			t.Errorf("output %q, want it to end with the question", s.out.String())
		}
		io.WriteString(s.user, "Y\r\n")
		s.transfer("a", false, incoming(app.Running))
		s.transfer("a", false, arrived())
		s.user.Close()
	}}
	if code := s.run(t, "receive", "--once", "--policy", "skip"); code != exitOK {
		t.Errorf("exit code %d, want 0; errors %q", code, s.err.String())
	}
	if s.opened.Accept != "" {
		t.Errorf("on a terminal offers are accepted as %q, want what rules say", s.opened.Accept)
	}
	if got, want := s.answers["a"], (app.Answer{Accept: true}); got != want || s.opened.Policy != app.SkipExisting {
		t.Errorf("Answer(%+v), want %+v", got, want)
	}
	for _, want := range []string{
		"Anna (AEAAAAAA, seen before, not verified) wants to send 1,234 files and folders, 5.0 GiB:\n  photo.jpg\n  docs/\n",
		"renamed: \"photo.jpg\" is now \"/home/x/in/photo (1).jpg\"",
		"received 1,200 files (5.0 GiB) from Anna (AEAAAAAA)",
		"it is in /home/x/in\n",
	} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("output %q, want %q in it", s.out.String(), want)
		}
	}
}

// A line that comes while a question is open must not hide it.
func TestReceiveAsksAgainBelowOtherLines(t *testing.T) {
	s := session{typed: true, tty: true, play: func(s *session) {
		s.transfer("a", false, incoming(app.Offered))
		s.message("m", false, true, app.Message{Body: "hello"})
		if want := "Accept? [y/N/always] \n12:30 Anna (AEAAAAAA): hello\nAccept? [y/N/always] "; !strings.HasSuffix(s.out.String(), want) {
			t.Errorf("output %q, want it to end with %q", s.out.String(), want)
		}
		s.transfer("a", false, incoming(app.Cancelled))
		if want := "Accept? [y/N/always] \nAnna (AEAAAAAA) took it back\n"; !strings.HasSuffix(s.out.String(), want) {
			t.Errorf("output %q, want it to end with %q", s.out.String(), want)
		}
		s.interrupt()
		s.user.Close()
	}}
	s.run(t, "receive")
}

// What is typed before a question must not answer it, and an offer that is taken
// back must not leave its answer to the next one.
func TestReceiveAsksOneAfterTheOther(t *testing.T) {
	s := session{typed: true, tty: true, play: func(s *session) {
		io.WriteString(s.user, "y\n") // to nothing
		s.transfer("a", false, incoming(app.Offered))
		s.transfer("b", false, incoming(app.Offered))
		s.transfer("c", false, incoming(app.Offered))
		if got := strings.Count(s.out.String(), "Accept?"); got != 1 {
			t.Errorf("%d questions at a time, want 1", got)
		}
		s.transfer("a", false, incoming(app.Cancelled))
		if got := strings.Count(s.out.String(), "Accept?"); got != 2 {
			t.Errorf("%d questions after the first was taken back, want 2", got)
		}
		io.WriteString(s.user, "y\n") // was on its way when a vanished
		synctest.Wait()
		if len(s.answers) != 0 || strings.Count(s.out.String(), "Accept?") != 3 {
			t.Errorf("answers %+v: nobody can have read the second question yet; output %q", s.answers, s.out.String())
		}
		time.Sleep(2 * hasty)
		io.WriteString(s.user, "yes please\n") // b: anything but y and yes is no
		synctest.Wait()
		s.transfer("b", false, incoming(app.Declined))
		io.WriteString(s.user, "yes\n") // c
		synctest.Wait()
		s.transfer("c", false, incoming(app.Running))
		s.interrupt()
		s.user.Close()
	}}
	if code := s.run(t, "receive"); code != exitInterrupted {
		t.Errorf("exit code %d, want %d: a transfer was running", code, exitInterrupted)
	}
	if len(s.answers) != 2 || s.answers["b"].Accept || !s.answers["c"].Accept {
		t.Errorf("answers %+v, want b declined and c accepted", s.answers)
	}
}

func TestReceiveAnswersFromAPipe(t *testing.T) {
	s := session{in: strings.NewReader("y\nn\n"), play: func(s *session) {
		for _, id := range []app.ItemID{"a", "b", "c"} {
			s.transfer(id, false, incoming(app.Offered))
		}
		time.Sleep(time.Second)
		s.interrupt()
	}}
	s.run(t, "receive", "--accept", "ask")
	if !s.answers["a"].Accept || s.answers["b"].Accept || s.answers["b"].Nobody {
		t.Errorf("answers %+v, want a accepted and b declined", s.answers)
	}
	if got := s.answers["c"]; got.Accept || !got.Nobody {
		t.Errorf("Answer(%+v) after the end of the input, want declined for want of anybody", got)
	}
	if !strings.Contains(s.err.String(), "nobody is there to answer\nhint: start it with --accept") {
		t.Errorf("errors %q, want a hint how to accept", s.err.String())
	}
}

func TestReceiveAnswersInJSON(t *testing.T) {
	s := session{typed: true, play: func(s *session) {
		for _, id := range []app.ItemID{"a", "b"} {
			s.transfer(id, false, incoming(app.Offered))
		}
		for _, line := range []string{`{"accept":"b","policy":"update"}`, `{"accept":"b"}`, `{"accept":"zzz"}`, `{"decline":"a","accept":"a"}`, `nonsense`, ``, `{"accept":"a","x":1}`, `{"accept":"a"} {}`, `{"decline":"a"}`} {
			io.WriteString(s.user, line+"\n")
		}
		s.user.Close()
		time.Sleep(time.Second)
		s.transfer("c", false, incoming(app.Offered))
		s.interrupt()
	}}
	s.run(t, "receive", "--accept", "ask", "--json")
	if !s.answers["b"].Accept || s.answers["a"].Accept || s.answers["a"].Nobody || !s.answers["c"].Nobody {
		t.Errorf("answers %+v, want b accepted, a declined, c declined for want of anybody", s.answers)
	}
	events := s.lines(t)
	if got, want := kinds(events), "listening offer offer warning warning warning warning warning warning offer warning"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	if got := s.answers["b"].Policy; got != app.Update {
		t.Errorf("b is accepted with %q, want update", got)
	}
	if offer := events[1]; offer["id"] != "a" || offer["answer"] != true {
		t.Errorf("offer event %v", offer)
	}
	if s.err.String() != "" {
		t.Errorf("errors %q, want none beside the JSON", s.err.String())
	}
}

func TestReceiveOnce(t *testing.T) {
	tests := []struct {
		reason string
		play   func(*session)
		code   int
	}{
		{"it arrived", func(s *session) {
			s.transfer("a", false, incoming(app.Running))
			s.transfer("a", false, arrived())
		}, exitOK},
		{"it arrived so fast that nothing was seen of it", func(s *session) { s.transfer("a", false, arrived()) }, exitOK},
		{"an entry is missing", func(s *session) {
			tr := arrived()
			tr.Skipped, tr.SkipCount = []app.EntryReport{{Path: "x", Code: app.CodeCorrupt}}, 1
			tr.Failed = 1
			s.transfer("a", false, tr)
		}, exitFailed},
		{"it failed", func(s *session) {
			s.transfer("a", false, incoming(app.Running))
			s.transfer("a", false, incoming(app.Failed))
		}, exitFailed},
		{"somebody who is declined does not end it", func(s *session) {
			tr := incoming(app.Declined)
			tr.Problem = &app.Problem{Code: app.CodeNobody, Text: "nobody"}
			s.transfer("x", false, tr)
			s.transfer("a", false, arrived())
		}, exitOK},
		{"a cut does not end it", func(s *session) {
			s.transfer("a", false, incoming(app.Running))
			s.transfer("a", false, incoming(app.Interrupted))
			s.transfer("a", false, incoming(app.Running))
			s.transfer("a", false, arrived())
		}, exitOK},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s := session{play: test.play}
			if code := s.run(t, "receive", "--once", "--accept", "all"); code != test.code {
				t.Errorf("exit code %d, want %d; output %q, errors %q", code, test.code, s.out.String(), s.err.String())
			}
		})
	}
}

func TestReceivePrintsMessages(t *testing.T) {
	s := session{play: func(s *session) {
		hello := app.Message{Body: "hello\x1b[2J\n\tworld\u202e 👩\u200d🚀", State: app.Delivered}
		s.message("m1", false, true, hello)
		s.message("m1", false, false, hello) // read meanwhile: nothing new
		s.message("m2", true, true, app.Message{Body: "ours", State: app.Queued})
		s.emit(app.Event{Kind: app.EventProblem, Problem: &app.Problem{Code: app.CodePortTaken, Text: "port 21925 is in use", Hint: "choose another"}})
		s.interrupt()
	}}
	s.run(t, "receive")
	want := "12:30 Anna (AEAAAAAA): hello\\x1b[2J\n          world\\u202e 👩\u200d🚀\n"
	if !strings.HasSuffix(s.out.String(), want) {
		t.Errorf("output %q, want it to end with %q", s.out.String(), want)
	}
	if want := "warning: port 21925 is in use\nhint: choose another\n"; s.err.String() != want {
		t.Errorf("errors %q, want %q", s.err.String(), want)
	}
}

// The name of a file is chosen by the sender and must not pass for anything else.
func TestReceiveShowsHostileNames(t *testing.T) {
	f := newFake()
	f.state.People[0].Name = "Anna\u202e\x1b]0;x\a"
	s := session{fake: f, typed: true, tty: true, play: func(s *session) {
		tr := incoming(app.Offered)
		tr.Names = []string{"photo\u202egpj.exe", "\x1b[2Ja\nb", "\u200bx", "-rf"}
		tr.NameCount, tr.Folders = 30, nil
		s.transfer("a", false, tr)
		s.interrupt()
		s.user.Close()
	}}
	s.run(t, "receive")
	for _, bad := range []string{"\x1b[2J", "\u202e", "\u200b", "\a", "a\nb"} {
		if strings.Contains(s.out.String(), bad) {
			t.Errorf("%q reached the terminal", bad)
		}
	}
	for _, want := range []string{`  photo\u202egpj.exe`, `  \x1b[2Ja\x0ab`, `  \u200bx`, "  … and 26 more\n", `Anna\u202e\x1b]0;x\x07`} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("output %q, want %q in it", s.out.String(), want)
		}
	}
}

func TestReceiveChecksTheFolder(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ reason, save, text string }{
		{"a folder is not made by a slip of the finger", filepath.Join(dir, "none"), "error: there is no folder " + filepath.Join(dir, "none") + "\nhint: create it"},
		{"a file is no folder", file, "error: " + file + " is not a folder\nhint: "},
	} {
		s := session{}
		if code := s.run(t, "receive", "--save", test.save); code != exitFailed || !strings.Contains(s.err.String(), test.text) {
			t.Errorf("%s: exit code %d, errors %q; want %d, %q", test.reason, code, s.err.String(), exitFailed, test.text)
		}
		if s.opened.Listen {
			t.Errorf("%s: the backend was opened", test.reason)
		}
	}
	s := session{play: func(s *session) { s.interrupt() }}
	t.Chdir(dir)
	if s.run(t, "receive", "--save", "."); s.opened.Folder != dir {
		t.Errorf("--save . opens folder %q, want %q", s.opened.Folder, dir)
	}
}
