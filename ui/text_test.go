package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"yonder/app"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	en, zh := catalogues()[english], catalogues()[chinese]
	for key := range en {
		if _, ok := zh[key]; !ok {
			t.Errorf("%q is missing in zh-Hans.json", key)
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("%q is missing in en.json", key)
		}
	}
}

func TestLanguagesHaveTheSamePlaceholders(t *testing.T) {
	en, zh := catalogues()[english], catalogues()[chinese]
	for key, phrase := range en {
		want := placeholder.FindAllString(phrase.Other, -1)
		got := placeholder.FindAllString(zh[key].Other, -1)
		slices.Sort(want)
		slices.Sort(got)
		if strings.HasPrefix(key, "day.date") {
			continue // a date may leave out a part
		}
		if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
			t.Errorf("%q has %v in Chinese and %v in English", key, got, want)
		}
	}
}

// keysInCode finds the first argument of every call of L and N in the package: a
// literal is a key, a literal plus something is the beginning of a family of keys.
func keysInCode(t *testing.T) (keys, families map[string]string) {
	t.Helper()
	keys, families = map[string]string{}, map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source files: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, _ := strconv.Unquote(lit.Value)
				if _, ok := catalogues()[english][text]; ok {
					keys[text] = file
				}
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || sel.Sel.Name != "L" && sel.Sel.Name != "N" {
				return true
			}
			switch arg := call.Args[0].(type) {
			case *ast.BasicLit:
				key, _ := strconv.Unquote(arg.Value)
				keys[key] = file
			case *ast.BinaryExpr:
				for left := ast.Expr(arg); ; {
					if b, ok := left.(*ast.BinaryExpr); ok {
						left = b.X
						continue
					}
					if lit, ok := left.(*ast.BasicLit); ok {
						family, _ := strconv.Unquote(lit.Value)
						families[family] = file
					}
					break
				}
			}
			return true
		})
	}
	return keys, families
}

func TestEveryKeyInCodeExists(t *testing.T) {
	keys, families := keysInCode(t)
	if len(keys) < 80 {
		t.Fatalf("found only %d keys in the code", len(keys))
	}
	en := catalogues()[english]
	for key, file := range keys {
		if _, ok := en[key]; !ok {
			t.Errorf("%s uses %q, which no language has", file, key)
		}
	}
	for family, file := range families {
		found := false
		for key := range en {
			found = found || strings.HasPrefix(key, family)
		}
		if !found {
			t.Errorf("%s uses keys that begin with %q, which no language has", file, family)
		}
	}
}

func TestNoSentenceIsForgotten(t *testing.T) {
	keys, families := keysInCode(t)
	families["problem."], families["people.tried."], families["settings."] = "problem.go", "people.go", "settings.go"
	families["finding."] = "doctorwords.go"
	for key := range catalogues()[english] {
		used := keys[key] != ""
		for family := range families {
			used = used || strings.HasPrefix(key, family)
		}
		if !used {
			t.Errorf("%q is translated but never used", key)
		}
	}
}

// TestFamiliesAreComplete names the keys that code puts together.
func TestFamiliesAreComplete(t *testing.T) {
	var keys []string
	for _, state := range []app.TransferState{app.Waiting, app.Offered, app.Running, app.Interrupted, app.Done, app.Declined, app.Cancelled, app.Failed} {
		keys = append(keys, "transfer.in."+string(state), "transfer.out."+string(state))
	}
	for _, state := range []app.TransferState{app.Declined, app.Cancelled, app.Failed} {
		keys = append(keys, "transfer.out."+string(state)+".next")
	}
	for _, state := range []app.MessageState{app.Queued, app.Sent, app.Delivered, app.Read, app.Refused} {
		keys = append(keys, "message."+string(state))
	}
	for _, a := range []action{actAccept, actSaveIn, actDecline, actCancel, actPause, actAdd, actFiles, actResume, actRetry, actOpen, actReveal} {
		keys = append(keys, "action."+string(a))
	}
	for i := range 7 {
		keys = append(keys, "weekday."+strconv.Itoa(i))
	}
	for i := range 12 {
		keys = append(keys, "month."+strconv.Itoa(i+1))
	}
	for name, choices := range map[string][]string{"language": languageChoices, "theme": themeChoices, "send": sendKeyChoices, "discovery": discoveryChoices, "visible": visibleChoices, "gossip": gossipChoices} {
		for _, c := range choices {
			keys = append(keys, "settings."+name+"."+orElse(c, "system"))
		}
	}
	for _, v := range visibleChoices {
		keys = append(keys, "visible."+v)
	}
	for _, state := range []app.FileState{app.FileWaiting, app.FileComplete, app.FileLeftOut} {
		keys = append(keys, "files.state."+string(state))
	}
	for _, policy := range policyChoices {
		keys = append(keys, "settings.policy."+string(policy))
		if policy != app.KeepBoth {
			keys = append(keys, "offer.wish."+string(policy))
		}
	}
	for _, field := range []string{"name", "folder", "policy", "language", "theme", "port", "up_limit", "down_limit", "discovery", "visible"} {
		keys = append(keys, "settings."+field, "settings."+field+".invalid")
	}
	for _, key := range keys {
		if _, ok := catalogues()[english][key]; !ok {
			t.Errorf("%q is missing", key)
		}
	}
}

// codesIn reads the codes where the engine declares them: the constants of a file whose
// names begin with prefix.
func codesIn(t *testing.T, name, prefix string) (codes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../app/"+name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, prefix) {
			code, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			codes = append(codes, code)
		}
		return true
	})
	if len(codes) < 30 {
		t.Fatalf("found only %d codes", len(codes))
	}
	return codes
}

func TestEveryProblemHasASentenceAndANextStep(t *testing.T) {
	for _, code := range codesIn(t, "problem.go", "Code") {
		for language, phrases := range catalogues() {
			for _, key := range []string{"problem." + code, "problem." + code + ".next"} {
				if phrases[key].Other == "" {
					t.Errorf("%s has no %q", language, key)
				}
			}
		}
	}
}

func TestEveryFindingHasSentences(t *testing.T) {
	for _, code := range codesIn(t, "report.go", "Found") {
		for language, phrases := range catalogues() {
			for _, part := range []string{"", ".why", ".next"} {
				has, good := phrases["finding."+code+part].Other != "", strings.HasPrefix(code, "ok-")
				if has == good && part != "" || part == "" && !has {
					t.Errorf("%s: %q is there: %v", language, "finding."+code+part, has)
				}
			}
		}
	}
	for _, key := range []string{"answers", "refused", "silent", "unreachable", "wrong-key", "private", "version", "failed"} {
		if !speak("en").has("doctor.reach." + key) {
			t.Errorf("doctor.reach.%s is missing", key)
		}
	}
}

func TestFindingText(t *testing.T) {
	en, zh := speak("en"), speak("zh-Hans")
	tests := []struct {
		why     string
		words   *words
		finding app.Finding
		what    string
		reason  string
		next    string
	}{
		{"params", en, app.Finding{Code: app.FoundSilent, Params: map[string]string{"name": "Ann", "address": "10.0.0.2:21925", "heard": "yes"}},
			"Ann (10.0.0.2:21925) does not answer.", "It is heard, but", "Let Yonder in over there"},
		{"a variant that the param is missing for", en, app.Finding{Code: app.FoundSilent, Params: map[string]string{"name": "10.0.0.2", "address": "10.0.0.2:21925"}},
			"10.0.0.2:21925 does not answer.", "It is off,", "Let Yonder in over there"},
		{"the value of a param", en, app.Finding{Code: app.FoundFirewall, Command: "x", Params: map[string]string{"firewall": "nftables", "where": "inet filter input", "ports": "TCP 21925"}},
			"The firewall of this computer (nftables, inet filter input) does not let TCP 21925 in.", "Others cannot", "Let Yonder in with this command in a terminal. It holds"},
		{"no command", en, app.Finding{Code: app.FoundFirewall, Params: map[string]string{"firewall": "windows", "ports": "TCP 21925"}},
			"The firewall of this computer (windows) does not let TCP 21925 in.", "Others cannot", "Let Yonder in, in the settings"},
		{"a list of carriers", zh, app.Finding{Code: app.FoundCarrier, Params: map[string]string{"carriers": "broadcast,multicast4,multicast6", "names": "小明, 小红"}},
			"收不到 小明、小红 发出的广播、组播（IPv4）、组播（IPv6）。", "其他方式", "请在路由器"},
		{"remote text cannot act", en, app.Finding{Code: app.FoundPeerDeaf, Params: map[string]string{"name": "a\u202eb{port}", "port": "21925"}},
			`a\u202eb{port} does not hear what this computer announces.`, "It answers", "Let TCP"},
		{"a code of a newer engine", en, app.Finding{Code: "from-the-future"}, "from-the-future", "", ""},
	}
	for _, tt := range tests {
		what, why, next := tt.words.finding(tt.finding)
		if what != tt.what || !strings.HasPrefix(why, tt.reason) || !strings.HasPrefix(next, tt.next) {
			t.Errorf("%s: %q, %q, %q", tt.why, what, why, next)
		}
	}
}

func TestProblemText(t *testing.T) {
	en := speak("en")
	tests := []struct {
		why      string
		problem  *app.Problem
		sentence string
	}{
		{"nothing to say", nil, ""},
		{"object and cause", &app.Problem{Code: app.CodeDiskFull, Object: "/data", Detail: "need 5 GiB, have 1 GiB"}, "There is not enough room in /data (need 5 GiB, have 1 GiB)."},
		{"no cause, no empty brackets", &app.Problem{Code: app.CodeDiskFull, Object: "/data"}, "There is not enough room in /data."},
		{"lines become a list", &app.Problem{Code: app.CodeAmbiguous, Object: "Ann", Detail: "A\nB"}, "More than one device is called Ann (A, B)."},
		{"remote text cannot act", &app.Problem{Code: app.CodeNoPath, Object: "a\u202eb\n"}, `a\u202eb\u000a is not there any more.`},
		{"remote text is no template", &app.Problem{Code: app.CodeNoPath, Object: "{detail}{{.}}"}, "{detail}{{.}} is not there any more."},
		{"a code of a newer engine", &app.Problem{Code: "from-the-future", Text: "plain words", Hint: "do this"}, "plain words"},
		{"what has no code says its text", &app.Problem{Code: app.CodeInternal, Text: "boom"}, "Something unexpected went wrong (boom)."},
	}
	for _, tt := range tests {
		if got, _ := en.problem(tt.problem); got != tt.sentence {
			t.Errorf("%s: problem(%+v) = %q, want %q", tt.why, tt.problem, got, tt.sentence)
		}
	}
}

// TestVersionText: the next step names the side that must be updated, where that is known.
func TestVersionText(t *testing.T) {
	for detail, want := range map[string]string{"": "Update Yonder on both computers.", "here": "Theirs is newer. Update Yonder on this computer.", "there": "Theirs is older. Update Yonder on that computer."} {
		what, next := speak("en").problem(&app.Problem{Code: app.CodeVersion, Object: "10.0.0.9", Detail: detail})
		if what != "10.0.0.9 runs a version of Yonder that does not fit this one." || next != want {
			t.Errorf("%q: %q, %q", detail, what, next)
		}
	}
}

func TestFill(t *testing.T) {
	en := speak("en")
	if got, want := en.N("facts.items", 1), "1 item"; got != want {
		t.Errorf("one item reads %q, want %q", got, want)
	}
	if got, want := en.N("facts.items", 0), "0 items"; got != want {
		t.Errorf("no items read %q, want %q", got, want)
	}
	if got, want := en.L("person.seen", "when", "{when}{name}"), "last seen {when}{name}"; got != want {
		t.Errorf("a value with braces reads %q, want %q", got, want)
	}
	if got := en.L("no.such.key"); got != "no.such.key" {
		t.Errorf("an unknown key reads %q", got)
	}
}

func TestSpeakFollowsTheSystem(t *testing.T) {
	tests := []struct{ setting, system, want string }{
		{"", "zh_CN.UTF-8", chinese},
		{"", "zh_TW.UTF-8", chinese}, // the Chinese that there is
		{"", "de_DE.UTF-8", english},
		{"en", "zh_CN.UTF-8", english},
		{"zh-Hans", "en_US.UTF-8", chinese},
		{"xx", "zh_CN.UTF-8", english}, // a setting of a newer version
	}
	for _, tt := range tests {
		for _, name := range []string{"LC_ALL", "LANG", "LANGUAGE", "LC_MESSAGES"} {
			t.Setenv(name, tt.system)
		}
		if os.PathSeparator == '\\' && tt.setting == "" {
			continue // Windows does not ask the environment
		}
		if got := speak(tt.setting).language; got != tt.want {
			t.Errorf("speak(%q) on %s = %s, want %s", tt.setting, tt.system, got, tt.want)
		}
	}
}
