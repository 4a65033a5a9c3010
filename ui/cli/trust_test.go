package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yonder/app"
)

// TestTrustChangesWhatWasGiven and nothing else.
func TestTrustChangesWhatWasGiven(t *testing.T) {
	was := app.Rule{Accept: app.RuleAlways, Folder: filepath.Join(t.TempDir(), "{date}"), MaxBytes: 7, Update: true}
	dir := t.TempDir()
	t.Chdir(dir)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*app.Rule)) []app.Rule {
		r := was
		change(&r)
		return []app.Rule{r}
	}
	tests := []struct {
		args   string
		level  app.Level
		orders string
		rules  []app.Rule
	}{
		{"", app.Paired, "", nil},
		{"--accept always", app.Paired, "", nil}, // as it is
		{"--accept ask", app.Paired, "rule", with(func(r *app.Rule) { r.Accept = app.RuleAsk })},
		{"--accept never --max 0", app.Known, "rule", with(func(r *app.Rule) { r.Accept, r.MaxBytes = app.RuleNever, 0 })},
		{"--folder in/{name} --update=false", app.Paired, "rule", with(func(r *app.Rule) { r.Folder, r.Update = filepath.Join(dir, "in", "{name}"), false })},
		{"--folder=", app.Paired, "rule", with(func(r *app.Rule) { r.Folder, r.Update = "", false })},
		{"--max 1.5G", app.Paired, "rule", with(func(r *app.Rule) { r.MaxBytes = 3 << 29 })},
		{"--block", app.Paired, "trust 0", nil},
		{"--block", app.Blocked, "", nil},
		{"--unblock", app.Blocked, "trust 2", nil},
		{"--unblock", app.Paired, "", nil},
		{"--unpair", app.Mine, "trust 2", nil},
		{"--unpair", app.Unknown, "", nil},
		{"--unpair --accept never", app.Paired, "trust 2, rule", with(func(r *app.Rule) { r.Accept = app.RuleNever })},
	}
	for _, test := range tests {
		f := newFake()
		them := anna
		them.Level, them.Rule = test.level, was
		f.state.People = []app.Person{them}
		s := session{fake: f}
		if code := s.run(t, append([]string{"trust", "Anna"}, strings.Fields(test.args)...)...); code != exitOK {
			t.Errorf("%q: exit code %d, errors %q", test.args, code, s.err.String())
		}
		if got := strings.ReplaceAll(strings.Join(f.orders, ", "), " "+anna.ID.Short(), ""); got != test.orders || !slices.Equal(f.rules, test.rules) {
			t.Errorf("%q: ordered %q %+v, want %q %+v", test.args, got, f.rules, test.orders, test.rules)
		}
	}
}

func TestTrustSaysWhatHolds(t *testing.T) {
	tests := []struct {
		why   string
		level app.Level
		rule  app.Rule
		want  string
	}{
		{"nothing", app.Unknown, app.Rule{}, "not verified\n  offers  you are asked\n  folder  the usual one\n"},
		{"all of it", app.Paired, app.Rule{Accept: app.RuleAlways, Folder: "/in", MaxBytes: 5 << 30, Update: true},
			"paired\n  offers  taken without asking, up to 5.0 GiB\n  folder  /in\n  updates replace what is in the folder, without asking\n"},
		{"a wish", app.Known, app.Rule{Accept: app.RuleAlways}, "seen before, not verified\n  offers  you are asked; once you have compared codes (yonder pair): taken without asking\n  folder  the usual one\n"},
		{"never", app.Mine, app.Rule{Accept: app.RuleNever}, "your own device\n  offers  declined without asking\n  folder  the usual one\n"},
		{"blocked", app.Blocked, app.Rule{Folder: "/in"}, "blocked: nothing is taken from them\n"},
	}
	for _, test := range tests {
		f := newFake()
		them := anna
		them.Level, them.Rule = test.level, test.rule
		f.state.People = []app.Person{them}
		s := session{fake: f}
		s.run(t, "trust", "Anna")
		if got, want := s.out.String(), "Anna (AEAAAAAA), "+test.want; got != want {
			t.Errorf("%s: %q, want %q", test.why, got, want)
		}
	}
}

func TestTrustRefuses(t *testing.T) {
	for _, args := range [][]string{
		{}, {"Anna", "Berta"}, {"Anna", "--block", "--unblock"}, {"Anna", "--block", "--accept", "always"}, {"Anna", "--block", "--update"},
		{"Anna", "--unpair", "--accept", "always"}, {"Anna", "--unpair", "--update"}, {"Anna", "--accept", "maybe"}, {"Anna", "--max", "-1"},
	} {
		var s session
		if code := s.run(t, append([]string{"trust"}, args...)...); code != exitUsage || !strings.Contains(s.err.String(), "\nhint: ") {
			t.Errorf("%q: exit code %d, errors %q", args, code, s.err.String())
		}
		if s.fake != nil && len(s.orders) > 0 {
			t.Errorf("%q ordered %q", args, s.orders)
		}
	}
}

func TestPeersTellRules(t *testing.T) {
	f := newFake()
	f.state.People[0].Rule = app.Rule{Accept: app.RuleAlways, MaxBytes: 9}
	s := session{fake: f}
	s.run(t, "peers", "--json", "--wait", "1s")
	events := s.lines(t)
	if len(events) != 2 || events[1]["rule"] != nil {
		t.Fatalf("events %v, want two, the second without a rule", events)
	}
	rule, _ := events[0]["rule"].(map[string]any)
	for member, want := range map[string]any{"accept": "always", "counts": false, "max_bytes": 9.0} {
		if rule[member] != want {
			t.Errorf("%s is %v, want %v", member, rule[member], want)
		}
	}
}
