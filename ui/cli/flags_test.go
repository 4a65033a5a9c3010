package cli

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yonder/app"
)

func TestFlagsBecomeOptions(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	s := session{}
	code := s.run(t, "--data", "profile", "peers", "--name", " Loud Otter ", "--port=4000", "--discovery", "mdns", "--wait", "0")
	if code != exitOK {
		t.Fatalf("exit code %d, errors %q", code, s.err.String())
	}
	o := s.opened
	if o.Dir != filepath.Join(dir, "profile") || o.Name != "Loud Otter" || o.Port != 4000 || o.Discovery != "mdns" || o.Version != "1.2.3" {
		t.Errorf("options %+v", o)
	}
	if o.Log == nil || o.Log.Enabled(context.Background(), slog.LevelError) {
		t.Error("without --log-level there is a log")
	}
	s = session{}
	s.run(t, "peers", "--no-discovery", "--log-level", "info", "--wait", "0s")
	if o := s.opened; o.Discovery != "none" || o.Dir != "" || o.Port != 0 {
		t.Errorf("options %+v, want no discovery and the rest as set", o)
	}
	s.opened.Log.Info("hello", "name", "a\x1b[2J\nb")
	s.opened.Log.Debug("too fine")
	if got := s.err.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `name="a\x1b[2J\nb"`) {
		t.Errorf("log %q, want one line with the name quoted", got)
	}
}

func TestBadCommandLines(t *testing.T) {
	file := photo(t)
	tests := []struct {
		args string
		text string // of the error
	}{
		{"peers --port 0", `--port "0": want a number from 1 to 65535`},
		{"peers --port 65536", `--port "65536": want a number from 1 to 65535`},
		{"peers --port abc", `--port "abc": want a number`},
		{"peers --port -1", `--port "-1": want a number`},
		{"peers --discovery none", `--discovery "none": want both, mdns or broadcast`},
		{"peers --discovery mdns --no-discovery", "--discovery and --no-discovery contradict each other"},
		{"receive --visible hidden", `--visible "hidden": want everyone, 10m, paired or nobody`},
		{"peers --visible nobody", "unknown flag: --visible"},
		{"peers --log-level loud", `--log-level "loud": want off, error, warn, info or debug`},
		{"peers --wait soon", `--wait "soon": want 0 or a duration`},
		{"peers --wait -3s", `--wait "-3s": want 0 or a duration`},
		{"peers --name", "flag needs an argument: --name"},
		{"peers --name=", `--name "": want at least one character`},
		{"peers --name " + strings.Repeat("x", 33), "want at most 32 characters"},
		{"peers --name a\x1bb", "no control characters"},
		{"peers --colour", "unknown flag: --colour"},
		{"peers now", `peers takes no argument, got "now"`},
		{"send " + file, "--to PEER is missing"},
		{"send --to Anna", "PATH is missing"},
		{"send --policy replace --to Anna " + file, `--policy "replace": want keep, update or skip`},
		{"send --retry forever --to Anna " + file, `--retry "forever": want`},
		{"receive here", "receive takes no argument"},
		{"receive --accept everyone", `--accept "everyone": want ask, paired or all`},
		{"chat", "PEER is missing"},
		{"chat Anna hello there", "got 3 arguments"},
		{"version 2", "version takes no argument"},
		{"sned --to Anna", `"sned" is neither a command nor a file or folder`},
	}
	for _, test := range tests {
		s := session{}
		if code := s.run(t, strings.Fields(test.args)...); code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", test.args, code, exitUsage)
		}
		if got := s.err.String(); !strings.HasPrefix(got, "error: ") || !strings.Contains(got, test.text) {
			t.Errorf("%q: errors %q, want %q in them", test.args, got, test.text)
		}
		if s.out.String() != "" {
			t.Errorf("%q: output %q beside the error", test.args, s.out.String())
		}
		s = session{}
		s.run(t, append(strings.Fields(test.args), "--json")...)
		if test.args == "peers --name" {
			continue // takes --json for the name
		}
		if events := s.lines(t); kinds(events) != "error" || events[0]["code"] != "usage" || s.err.String() != "" {
			t.Errorf("%q --json: output %q, errors %q; want one error event", test.args, s.out.String(), s.err.String())
		}
	}
}

func TestWaitValue(t *testing.T) {
	for _, test := range []struct {
		in   string
		want time.Duration
	}{{"0", 0}, {"0s", 0}, {"10m", 10 * time.Minute}, {"1h30m", 90 * time.Minute}, {"250ms", 250 * time.Millisecond}} {
		got := time.Minute
		if err := (&waitValue{&got}).Set(test.in); err != nil || got != test.want {
			t.Errorf("Set(%q) = %v, %v, want %v", test.in, got, err, test.want)
		}
		back := time.Minute
		if shown := (&waitValue{&got}).String(); (&waitValue{&back}).Set(shown) != nil || back != test.want {
			t.Errorf("%q is shown as %q, which reads as %v", test.in, shown, back)
		}
	}
}

func TestQuiet(t *testing.T) {
	for _, json := range []bool{false, true} {
		s := session{play: func(s *session) {
			s.transfer("item-0", true, running(app.Offered))
			s.transfer("item-0", true, running(app.Running))
			s.transfer("item-0", true, running(app.Running))
			s.transfer("item-0", true, finished())
		}}
		args := []string{"send", "--quiet", "--to", "Anna", photo(t)}
		if json {
			args = append(args, "--json")
		}
		if code := s.run(t, args...); code != exitOK || s.out.String() != "" || s.err.String() != "" {
			t.Errorf("%q: exit code %d, output %q, errors %q; want silence", args, code, s.out.String(), s.err.String())
		}
	}
	s := session{play: func(s *session) {
		s.message("m", false, true, app.Message{Body: "hello"})
		s.interrupt()
	}}
	s.run(t, "receive", "--quiet")
	if !strings.HasPrefix(s.out.String(), "listening on ") || !strings.Contains(s.out.String(), "hello") {
		t.Errorf("output %q, want the listener and what came in", s.out.String())
	}
}

func TestLimit(t *testing.T) {
	s := session{play: func(s *session) { s.transfer("item-0", true, arrived()) }}
	if code := s.run(t, "send", "--to", "Anna", "--limit", "1.5M", "flags_test.go"); code != exitOK || s.sends[0].Limit != 3<<19 {
		t.Errorf("exit code %d, asked for %+v, want a limit of 1.5 MiB/s", code, s.sends)
	}
	s = session{play: func(s *session) { s.interrupt() }}
	if code := s.run(t, "receive", "--limit", "500K"); code != exitOK || s.opened.DownLimit != 500<<10 {
		t.Errorf("exit code %d, opened with a limit of %d, want 500 KiB/s", code, s.opened.DownLimit)
	}
	for _, args := range [][]string{{"send", "--to", "Anna", "flags_test.go"}, {"receive"}} {
		for _, bad := range []string{"5X", "-1", "100", "fast"} {
			s := session{}
			if code := s.run(t, append(args, "--limit="+bad)...); code != exitUsage || !strings.Contains(s.err.String(), "\nhint: ") {
				t.Errorf("%s --limit=%s: exit code %d, errors %q; want %d with a hint", args[0], bad, code, s.err.String(), exitUsage)
			}
		}
	}
}

func TestLinks(t *testing.T) {
	s := session{play: func(s *session) { s.transfer("item-0", true, arrived()) }}
	if s.run(t, "send", "--to", "Anna", "--links", "flags_test.go"); len(s.sends) != 1 || !s.sends[0].Links {
		t.Errorf("asked for %+v, want links", s.sends)
	}
	s = session{play: func(s *session) { s.interrupt() }}
	if s.run(t, "receive", "--links"); !s.opened.Links {
		t.Error("opened without links")
	}
}
