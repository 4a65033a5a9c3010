package app

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
)

// TestWhichPolicyCounts: the answer's, else that of the command line, else the setting; but what is
// taken without asking replaces nothing because of a setting alone.
func TestWhichPolicyCounts(t *testing.T) {
	tests := []struct {
		why                            string
		wish, answer, override, chosen Policy
		want                           Policy
		unasked                        Policy // without asking; empty: the same
	}{
		{"nobody says anything", "", "", "", "", KeepBoth, ""},
		{"a wish decides nothing", Update, "", "", "", KeepBoth, ""},
		{"the setting", "", "", "", SkipExisting, SkipExisting, ""},
		{"an update that is set counts for what somebody looks at", Update, "", "", Update, Update, KeepBoth},
		{"the command line before the setting", "", "", Update, SkipExisting, Update, ""},
		{"the answer before all others", Update, KeepBoth, Update, SkipExisting, KeepBoth, ""},
	}
	for _, tt := range tests {
		for _, all := range []bool{false, true} { // taken without asking, where no answer says anything
			if all && tt.answer != "" {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				l := newLAN()
				a := l.add(t, nil)
				b := l.add(t, func(o *Options) {
					o.Policy = tt.override
					if all {
						o.Accept = AcceptAll
					}
				})
				fa, fb := follow(t, a), follow(t, b)
				b.mu.Lock()
				b.settings.Policy = tt.chosen
				b.mu.Unlock()
				a.see(b)
				fa.sees(b.id())
				if _, err := a.Send(t.Context(), SendRequest{To: []DeviceID{b.id()}, Paths: []string{file(t)}, Policy: tt.wish}); err != nil {
					t.Fatal(err)
				}
				got := fb.incoming()
				if !all {
					if want := policyOr(tt.wish); got.Transfer.Policy != want {
						t.Errorf("%s: offered with %q, want the wish %q", tt.why, got.Transfer.Policy, want)
					}
					if err := b.Answer(t.Context(), got.ID, Answer{Accept: true, Policy: tt.answer}); err != nil {
						t.Fatal(err)
					}
				}
				want := tt.want
				if all && tt.unasked != "" {
					want = tt.unasked
				}
				if p := fb.transferIs(got.ID, Done).Policy; p != want {
					t.Errorf("%s, without asking %v: %q, want %q", tt.why, all, p, want)
				}
			})
		}
	}
}

func TestOfferTellsWhatExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, fb := pair(t)
		b.trusts(a.id(), Known) // two offers at once
		path := file(t)
		send(t, a, b.id(), 0, path)
		first := fb.incoming()
		synctest.Wait()
		if n := b.lookup(first.ID).Transfer.Existing; n != 0 {
			t.Errorf("in an empty folder %d names exist", n)
		}
		if err := os.WriteFile(filepath.Join(b.me.Folder, filepath.Base(path)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		send(t, a, b.id(), 0, path)
		second := fb.incoming(first.ID)
		fb.until("the look into the folder", func() bool { return fb.items[second.ID].Transfer.Existing == 1 })
		accept(t, b, second.ID)
		if n := fb.transferIs(second.ID, Running).Existing; n != 0 {
			t.Errorf("running it still says that %d names exist", n)
		}
	})
}

func TestPolicySetting(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		if err := b.Configure(t.Context(), Settings{Policy: Update}); err != nil {
			t.Fatal(err)
		}
		f.until("the settings", func() bool { return f.state.Settings.Policy == Update })
		if err := b.Configure(t.Context(), Settings{Policy: "maybe"}); codeOf(err) != CodeBadSetting || AsProblem(err).Detail != "policy" {
			t.Errorf("Configure of nonsense = %v, want %s about policy", err, CodeBadSetting)
		}
	})
}
