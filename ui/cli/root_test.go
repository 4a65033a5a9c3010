package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yonder/app"
)

// noWindow is the error of a build or a machine without a window.
type noWindow struct{}

func (noWindow) Error() string  { return "no display was found" }
func (noWindow) NoWindow() bool { return true }

func TestWindowGetsThePaths(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("sned", nil, 0o600); err != nil { // a file may be called anything
		t.Fatal(err)
	}
	var paths []string
	var options app.Options
	s := session{window: func(_ context.Context, o app.Options, p []string) error {
		options, paths = o, p
		return nil
	}}
	if code := s.run(t, "--name", "Otter", "sned", "."); code != exitOK {
		t.Fatalf("exit code %d, errors %q", code, s.err.String())
	}
	if want := []string{filepath.Join(dir, "sned"), dir}; !slices.Equal(paths, want) {
		t.Errorf("paths %q, want %q", paths, want)
	}
	if options.Name != "Otter" || options.Version != "1.2.3" {
		t.Errorf("options %+v", options)
	}
}

func TestWithoutWindow(t *testing.T) {
	tests := []struct {
		reason string
		err    error
		code   int
		want   string
	}{
		{"no display", noWindow{}, exitUsage, "error: no display was found\nhint: \"yonder receive\" takes files and \"yonder send --to PEER PATH...\" sends"},
		{"wrapped", errors.Join(noWindow{}), exitUsage, "yonder receive"},
		{"another failure is not about the display", &app.Problem{Code: app.CodeNotSaved, Text: "cannot write x"}, exitFailed, "error: cannot write x\n"},
		{"the window was closed", nil, exitOK, ""},
	}
	for _, test := range tests {
		s := session{window: func(context.Context, app.Options, []string) error { return test.err }}
		if code := s.run(t); code != test.code || !strings.Contains(s.err.String(), test.want) {
			t.Errorf("%s: exit code %d, errors %q; want %d, %q", test.reason, code, s.err.String(), test.code, test.want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for _, test := range []struct{ reason, word, hint string }{
		{"two letters swapped", "sned", `did you mean "yonder send"?`},
		{"one letter too many", "peerss", `did you mean "yonder peers"?`},
		{"a beginning", "rec", `did you mean "yonder receive"?`},
		{"capital letters", "SEND", `did you mean "yonder send"?`},
		{"nothing like a command", "photography", `"yonder --help" lists the commands`},
		{"surely a path", "./sned", `"yonder --help" lists the commands`},
		{"the hidden command is no suggestion", "mann", `"yonder --help" lists the commands`},
	} {
		s := session{window: func(context.Context, app.Options, []string) error {
			t.Errorf("%s: %q opened the window", test.reason, test.word)
			return nil
		}}
		if code := s.run(t, test.word); code != exitUsage {
			t.Errorf("%s: exit code %d, want %d", test.reason, code, exitUsage)
		}
		if want := "hint: " + test.hint + "\n"; !strings.HasSuffix(s.err.String(), want) {
			t.Errorf("%s: errors %q, want %q", test.reason, s.err.String(), want)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, test := range []struct{ reason, in, want string }{
		{"as it is", "[Details]\nName = \"Yonder\"\nVersion = \"0.1.0\"\n", "0.1.0"},
		{"of another section", "[Other]\nVersion = \"9\"\n[Details]\n  Version=\"0.2.0\" # new\n", "0.2.0"},
		{"none", "[Details]\nName = \"Yonder\"\n", "unknown"},
		{"empty", "", "unknown"},
	} {
		if got := VersionIn(test.in); got != test.want {
			t.Errorf("%s: %q, want %q", test.reason, got, test.want)
		}
	}
	var s session
	if code := s.run(t, "version"); code != exitOK || !strings.HasPrefix(s.out.String(), "yonder 1.2.3 (go") {
		t.Errorf("exit code %d, output %q", code, s.out.String())
	}
}

// Packages are built from what these two print.
func TestCompletionsAndManualPages(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var s session
		if code := s.run(t, "completion", shell); code != exitOK || !strings.Contains(s.out.String(), "yonder") {
			t.Errorf("completion %s: exit code %d, %d bytes", shell, code, len(s.out.String()))
		}
	}
	var s session
	s.run(t, "__complete", "send", "--policy", "")
	if !strings.Contains(s.out.String(), "keep\nupdate\nskip\n") {
		t.Errorf("completions of --policy are %q", s.out.String())
	}
	dir := filepath.Join(t.TempDir(), "new", "man1")
	s = session{}
	if code := s.run(t, "man", dir); code != exitOK {
		t.Fatalf("exit code %d, errors %q", code, s.err.String())
	}
	for _, page := range []string{"yonder.1", "yonder-send.1", "yonder-receive.1", "yonder-peers.1", "yonder-chat.1", "yonder-trust.1", "yonder-version.1"} {
		text, err := os.ReadFile(filepath.Join(dir, page))
		if err != nil || !strings.Contains(string(text), "Yonder 1.2.3") {
			t.Errorf("%s: %v, %d bytes", page, err, len(text))
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "yonder-man.1")); err == nil {
		t.Error("the hidden command has a page")
	}
}
