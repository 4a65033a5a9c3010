package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// rules makes a rule for other at h.
func (h *host) rules(t *testing.T, other *host, rule Rule) {
	t.Helper()
	must(t, h.SetRule(t.Context(), other.id(), rule))
}

// scans lets the offers of h grow, second by second.
func (h *host) scans(bytes ...int64) {
	h.node.mu.Lock()
	defer h.node.mu.Unlock()
	h.node.scan = bytes
}

func TestSetRule(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		f.sees(other.id())
		dir := t.TempDir()
		want := Rule{Accept: RuleAlways, Folder: filepath.Join(dir, "in", "{date}"), MaxBytes: 5 << 30, Update: true}
		messy := want
		messy.Folder = filepath.Join(dir, "in") + string(filepath.Separator) + string(filepath.Separator) + "{date}"
		must(t, b.SetRule(t.Context(), other.id(), messy))
		f.until("the rule", func() bool { p, _ := f.person(other.id()); return p.Rule == want })
		if p, _ := f.person(other.id()); p.Trusted() {
			t.Error("the rule counts before codes were compared")
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("a rule made %v", entries)
		}
		if _, err := os.Create(filepath.Join(dir, "file")); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []struct {
			field string
			rule  Rule
		}{
			{"accept", Rule{Accept: "maybe"}},
			{"folder", Rule{Folder: "relative"}}, {"folder", Rule{Folder: dir + "\x00"}}, {"folder", Rule{Folder: filepath.Join(dir, "{person}")}},
			{"folder", Rule{Folder: filepath.Join(dir, "file")}}, {"folder", Rule{Folder: filepath.Join(dir, "file", "{name}")}},
			{"max_bytes", Rule{MaxBytes: -1}}, {"max_bytes", Rule{MaxBytes: 1<<50 + 1}},
			{"update", Rule{Update: true}}, {"update", Rule{Update: true, Folder: filepath.Join(dir, "{name}")}},
		} {
			err := AsProblem(b.SetRule(t.Context(), other.id(), bad.rule))
			if err == nil || err.Code != CodeBadSetting || err.Detail != bad.field || err.Hint == "" {
				t.Errorf("%+v: %+v, want %s about %s", bad.rule, err, CodeBadSetting, bad.field)
			}
		}
		if err := b.SetRule(t.Context(), DeviceID{9}, Rule{}); codeOf(err) != CodeNotFound {
			t.Errorf("for nobody: %v", err)
		}
		if p, _ := follow(t, b).person(other.id()); p.Rule != want {
			t.Errorf("what was refused changed the rule to %+v", p.Rule)
		}
		must(t, b.SetRule(t.Context(), other.id(), Rule{}))
		f.until("no rule", func() bool { p, _ := f.person(other.id()); return p.Rule == Rule{} })
	})
}

// TestRuleIsKept over a restart, for somebody who was a stranger too, and by nobody else who is called the same.
func TestRuleIsKept(t *testing.T) {
	l, dir := newLAN(), t.TempDir()
	h, other, twin := l.addAt(t, dir, nil), l.add(t, func(o *Options) { o.Name = "Anna" }), l.add(t, func(o *Options) { o.Name = "Anna" })
	h.see(other)
	follow(t, h).sees(other.id())
	h.rules(t, other, Rule{Accept: RuleNever})
	must(t, h.Close())
	h = l.addAt(t, dir, nil)
	f := follow(t, h)
	if p, ok := f.person(other.id()); !ok || p.Rule.Accept != RuleNever || p.Level != Unknown {
		t.Errorf("after a restart: %+v", p)
	}
	h.see(twin)
	f.sees(twin.id())
	if p, _ := f.person(twin.id()); p.Rule != (Rule{}) {
		t.Errorf("another device of that name begins with %+v", p.Rule)
	}
}

// TestRulesOfStrangersStay when there are so many that others are forgotten.
func TestRulesOfStrangersStay(t *testing.T) {
	h, other, _, _ := pair(t)
	h.rules(t, other, Rule{Accept: RuleNever})
	h.mu.Lock()
	for i := range maxStrangers + 10 {
		p := h.person(DeviceID{1, byte(i), byte(i >> 8)}, "x")
		p.rec.LastSeen = time.Now()
		h.remember(p)
	}
	kept := len(h.store.people())
	h.mu.Unlock()
	if kept < maxStrangers || kept > maxStrangers+1 {
		t.Errorf("%d people are stored", kept)
	}
	for _, rec := range h.store.people() {
		if rec.ID == other.id() && rec.Rule.Accept == RuleNever {
			return
		}
	}
	t.Error("the rule is forgotten")
}

// TestRuleDecides plays each ruling between two hosts.
func TestRuleDecides(t *testing.T) {
	tests := []struct {
		why      string
		level    Level
		rule     Rule
		accept   Accept
		askAbove int64
		scan     []int64
		want     TransferState // at the sender; Offered: the receiver is asked
		code     string
	}{
		{"always", Paired, Rule{Accept: RuleAlways}, "", 0, nil, Done, ""},
		{"always, and growing", Paired, Rule{Accept: RuleAlways}, "", 0, []int64{1, 2, fakeSize}, Done, ""},
		{"only a wish", Known, Rule{Accept: RuleAlways}, "", 0, nil, Offered, ""},
		{"never", Paired, Rule{Accept: RuleNever}, "", 0, nil, Declined, CodeDeclined},
		{"never, with --accept all", Known, Rule{Accept: RuleNever}, AcceptAll, 0, nil, Declined, CodeDeclined},
		{"--accept ask", Paired, Rule{Accept: RuleAlways}, AcceptAsk, 0, nil, Offered, ""},
		{"too large", Paired, Rule{Accept: RuleAlways, MaxBytes: fakeSize - 1}, "", 0, nil, Offered, ""},
		{"just not too large", Paired, Rule{Accept: RuleAlways, MaxBytes: fakeSize}, "", fakeSize, nil, Done, ""},
		{"too large for everybody", Paired, Rule{Accept: RuleAlways}, "", fakeSize - 1, nil, Offered, ""},
		{"too large, and nobody is there", Paired, Rule{}, AcceptPaired, fakeSize - 1, nil, Declined, CodeNobody},
		{"grows up to the limit", Paired, Rule{Accept: RuleAlways, MaxBytes: fakeSize}, "", 0, []int64{1, 2, fakeSize}, Done, ""},
		{"grows above it", Paired, Rule{Accept: RuleAlways, MaxBytes: fakeSize}, "", 0, []int64{1, fakeSize, fakeSize + 1, fakeSize + 2}, Offered, ""},
		{"grows above it at the very end", Paired, Rule{Accept: RuleAlways}, "", fakeSize, []int64{1, 2, fakeSize + 1}, Offered, ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLAN()
				a, b := l.add(t, nil), l.add(t, func(o *Options) { o.Accept, o.Window = test.accept, test.accept == "" })
				fa, fb := follow(t, a), follow(t, b)
				a.see(b)
				fa.sees(b.id())
				b.trusts(a.id(), test.level)
				b.rules(t, a, test.rule)
				must(t, b.Configure(t.Context(), Settings{AskAbove: test.askAbove}))
				a.scans(test.scan...)
				id := send(t, a, b.id(), 0, file(t))
				if test.want != Offered {
					done := fa.transferIs(id, test.want)
					if test.code != "" && (done.Problem == nil || done.Problem.Code != test.code) {
						t.Errorf("the sender learns %+v, want %s", done.Problem, test.code)
					}
					told := 0
					for drained := false; !drained; {
						synctest.Wait()
						select {
						case ev := <-fb.events:
							fb.apply(ev)
						default:
							drained = true
						}
					}
					for _, ev := range fb.log {
						if ev.Kind != EventItem {
							continue
						}
						told++
						if tr := ev.Item.Transfer; tr.State == Offered != tr.Decided {
							t.Errorf("%s and decided %v: the user would be asked", tr.State, tr.Decided)
						}
					}
					if never := test.rule.Accept == RuleNever; never != (told == 0) {
						t.Errorf("the receiver was told %d times", told)
					}
					return
				}
				got := fb.incoming()
				time.Sleep(time.Minute)
				synctest.Wait()
				if state := b.lookup(got.ID).Transfer; state.State != Offered || state.Decided {
					t.Fatalf("it is %s, decided %v", state.State, state.Decided)
				}
				if n := len(test.scan); n > 0 && fb.items[got.ID].Transfer.Bytes <= fakeSize && test.askAbove+test.rule.MaxBytes > 0 {
					t.Errorf("asked at %d bytes, which are not too many", fb.items[got.ID].Transfer.Bytes)
				}
				accept(t, b, got.ID)
				fa.transferIs(id, Done)
			})
		})
	}
}

// TestOfferIsWithdrawnWhileItGrows: nobody has heard of it.
func TestOfferIsWithdrawnWhileItGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, fa, fb := pair(t)
		b.trusts(a.id(), Paired)
		b.rules(t, a, Rule{Accept: RuleAlways, MaxBytes: fakeSize})
		a.scans(1, 2, 3, 4, 5, 6, 7)
		id := send(t, a, b.id(), 0, file(t))
		fa.transferIs(id, Offered)
		time.Sleep(2500 * time.Millisecond)
		must(t, a.Cancel(t.Context(), id))
		fa.transferIs(id, Cancelled)
		synctest.Wait()
		if len(fb.items) != 0 || len(b.store.open()) != 0 {
			t.Error("the receiver has an item of it")
		}
	})
}

// TestAnswerAlways: this one at once, the next ones when both have confirmed the code.
func TestAnswerAlways(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		fo.sees(h.id())
		sent := send(t, other, h.id(), 0, file(t))
		first := f.incoming()
		must(t, b.Answer(t.Context(), first.ID, Answer{Accept: true, Always: true}))
		code := f.pairingIs(PairingComparing)
		if code.Person != other.id() || !code.Ours {
			t.Errorf("compared: %+v", code)
		}
		fo.transferIs(sent, Done)
		f.until("the wish", func() bool { p, _ := f.person(other.id()); return p.Rule.Accept == RuleAlways && !p.Trusted() })

		sent = send(t, other, h.id(), 0, file(t))
		second := f.incoming(first.ID)
		if second.Transfer.State != Offered {
			t.Errorf("before the codes were compared the next one is %s", second.Transfer.State)
		}
		must(t, b.Answer(t.Context(), second.ID, Answer{}))
		fo.transferIs(sent, Declined)

		must(t, other.AnswerPairing(t.Context(), h.id(), code.Code, true), b.AnswerPairing(t.Context(), other.id(), code.Code, true))
		f.until("to be trusted", func() bool { p, _ := f.person(other.id()); return p.Trusted() })
		fo.transferIs(send(t, other, h.id(), 0, file(t)), Done)

		// Unpaired, it is a question again.
		must(t, b.SetTrust(t.Context(), other.id(), Known))
		f.until("the rule to go", func() bool { p, _ := f.person(other.id()); return p.Rule == Rule{} })
	})
}

// TestAnswerAlwaysWhileBusy: a pairing with somebody else is under way; the offer is accepted.
func TestAnswerAlwaysWhileBusy(t *testing.T) {
	l := newLAN()
	h, other, third := l.add(t, nil), l.add(t, nil), l.add(t, nil)
	h.see(third)
	other.see(h)
	f, fo := follow(t, h), follow(t, other)
	f.sees(third.id())
	fo.sees(h.id())
	must(t, h.Pair(t.Context(), third.id()))
	f.pairingIs(PairingComparing)
	sent := send(t, other, h.id(), 0, file(t))
	must(t, h.Answer(t.Context(), f.incoming().ID, Answer{Accept: true, Always: true}))
	f.problem(CodePairBusy)
	fo.transferIs(sent, Done)
}

// TestDistrust: what a rule allows goes, what it forbids stays.
func TestDistrust(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		from, to   Level
		was, want  RuleAccept
		keepUpdate bool
	}{
		{Paired, Known, RuleAlways, RuleAsk, false}, {Mine, Known, RuleAlways, RuleAsk, false}, {Paired, Blocked, RuleAlways, RuleAsk, false},
		{Known, Blocked, RuleAlways, RuleAsk, false}, {Mine, Paired, RuleAlways, RuleAlways, true}, {Paired, Mine, RuleAlways, RuleAlways, true},
		{Blocked, Known, RuleAlways, RuleAlways, true}, {Paired, Known, RuleNever, RuleNever, false}, {Known, Blocked, RuleNever, RuleNever, false},
		{Paired, Known, RuleAsk, RuleAsk, false},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			h, other, f, _ := pair(t)
			h.trusts(other.id(), test.from)
			h.rules(t, other, Rule{Accept: test.was, Folder: dir, MaxBytes: 7, Update: true})
			must(t, h.SetTrust(t.Context(), other.id(), test.to))
			want := Rule{Accept: test.want, Folder: dir, MaxBytes: 7, Update: test.keepUpdate}
			f.until("the rule", func() bool { p, _ := f.person(other.id()); return p.Rule == want && p.Level == test.to })
			if rec := h.store.people(); len(rec) != 1 || rec[0].Rule != want {
				t.Errorf("stored: %+v", rec)
			}
		})
	}
}

// TestNeverEndsWhatIsOpen: offers and codes on the screen, and lets messages through.
func TestNeverEndsWhatIsOpen(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		fo.sees(h.id())
		sent := send(t, other, h.id(), 0, file(t))
		got := f.incoming()
		must(t, other.Pair(t.Context(), h.id()))
		f.pairingIs(PairingComparing)
		must(t, b.SetRule(t.Context(), other.id(), Rule{Accept: RuleNever}))
		fo.transferIs(sent, Declined)
		f.transferIs(got.ID, Declined)
		f.pairingIs(PairingFailed)
		fo.pairingIs(PairingFailed)

		fo.pair, f.pair = nil, nil
		must(t, other.Pair(t.Context(), h.id()))
		if p := fo.pairingIs(PairingFailed); p.Problem.Code != CodeCancelledBy {
			t.Errorf("another try: %+v", p.Problem)
		}
		said, err := other.Say(t.Context(), h.id(), "and yet I write")
		must(t, err)
		fo.messageIs(said, Delivered)
		if f.pair != nil || f.state.Pairing != nil {
			t.Errorf("it came on the screen: %+v", f.pair)
		}

		must(t, b.Pair(t.Context(), other.id())) // this user may
		f.pairingIs(PairingComparing)
	})
}

// TestResumeNeedsNoRule: what was accepted goes on without a prompt, but not from somebody
// whose offers are declined now.
func TestResumeNeedsNoRule(t *testing.T) {
	for _, test := range []struct {
		rule RuleAccept
		want TransferState
	}{{RuleAsk, Done}, {RuleNever, Declined}} {
		synctest.Test(t, func(t *testing.T) {
			a, b, fa, fb := pair(t)
			id := send(t, a, b.id(), 0, file(t))
			got := fb.incoming().ID
			accept(t, b, got)
			time.Sleep(300 * time.Millisecond)
			b.node.cut()
			fa.transferIs(id, Interrupted)
			fb.transferIs(got, Interrupted)
			b.rules(t, a, Rule{Accept: test.rule, MaxBytes: 1})
			must(t, a.Retry(t.Context(), id))
			fa.transferIs(id, test.want)
		})
	}
}

// TestRuleFolder: where things land, what is made for that, and that files may be replaced
// there and nowhere else.
func TestRuleFolder(t *testing.T) {
	today := time.Now().Format(time.DateOnly)
	tests := []struct {
		why    string
		rule   func(dir string) Rule
		name   string // of the sender
		level  Level
		over   bool   // the command line names another folder
		want   string // below dir; empty: the usual folder
		policy Policy
	}{
		{"a folder", func(dir string) Rule { return Rule{Folder: dir} }, "Anna", Paired, false, ".", KeepBoth},
		{"one to be made", func(dir string) Rule { return Rule{Folder: filepath.Join(dir, "a", "b")} }, "Anna", Paired, false, "a/b", KeepBoth},
		{"placeholders", func(dir string) Rule { return Rule{Folder: filepath.Join(dir, "{name}", "{date}-{type}")} }, "Anna", Paired, false, "Anna/" + today + "-Pictures", KeepBoth},
		{"a hostile name", func(dir string) Rule { return Rule{Folder: filepath.Join(dir, "{name}")} }, "../.ssh", Paired, false, "__.ssh", KeepBoth},
		{"updates", func(dir string) Rule { return Rule{Folder: dir, Update: true} }, "Anna", Paired, false, ".", Update},
		{"no updates any more", func(dir string) Rule { return Rule{Folder: dir, Update: true} }, "Anna", Known, false, ".", KeepBoth},
		{"the command line", func(dir string) Rule { return Rule{Folder: dir, Update: true} }, "Anna", Paired, true, "", KeepBoth},
		{"none", func(string) Rule { return Rule{} }, "Anna", Paired, false, "", KeepBoth},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			l, dir, usual := newLAN(), t.TempDir(), t.TempDir()
			a := l.add(t, func(o *Options) { o.Name = test.name })
			b := l.add(t, func(o *Options) {
				o.Accept, o.Window, o.Folder = AcceptAll, false, ""
				if test.over {
					o.Folder = usual
				}
			})
			if !test.over {
				must(t, b.Configure(t.Context(), Settings{Folder: usual}))
			}
			fa, fb := follow(t, a), follow(t, b)
			a.see(b)
			fa.sees(b.id())
			b.trusts(a.id(), test.level)
			b.rules(t, a, test.rule(dir))
			if entries, _ := os.ReadDir(dir); len(entries) != 0 {
				t.Fatalf("before the accept there is %v", entries)
			}
			ids, err := a.Send(t.Context(), SendRequest{To: []DeviceID{b.id()}, Paths: []string{file(t)}, Policy: Update})
			must(t, err)
			fa.transferIs(ids[0], Done)
			want := usual
			if test.want != "" {
				want = filepath.Join(dir, filepath.FromSlash(test.want))
			}
			got := fb.transferIs(fb.incoming().ID, Done)
			if got.Folder != want || got.Policy != test.policy {
				t.Errorf("landed in %q with %q, want %q with %q", got.Folder, got.Policy, want, test.policy)
			}
			if info, err := os.Stat(want); err != nil || !info.IsDir() {
				t.Errorf("%v, %v", info, err)
			}
		})
	}
}

// TestRuleFolderOfAnOffer: the front end learns it before, nothing is made before the accept,
// and what was unmounted is not made at all.
func TestRuleFolderOfAnOffer(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		fo.sees(h.id())
		f.sees(other.id())
		disk := filepath.Join(t.TempDir(), "disk")
		must(t, os.Mkdir(disk, 0o700))
		folder := filepath.Join(disk, "in")
		must(t, b.Configure(t.Context(), Settings{Folder: t.TempDir()})) // instead of the one of the command line
		must(t, b.SetRule(t.Context(), other.id(), Rule{Folder: folder}))
		sent := send(t, other, h.id(), 0, file(t))
		offer := f.incoming()
		if offer.Transfer.Folder != folder {
			t.Errorf("the offer would land in %q", offer.Transfer.Folder)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Error("it was made before the accept")
		}
		must(t, os.Rename(disk, disk+"-away"))
		if err := b.Answer(t.Context(), offer.ID, Answer{Accept: true}); codeOf(err) != CodeNoFolder || AsProblem(err).Object != disk {
			t.Errorf("while the disk is away: %v", err)
		}
		must(t, b.SetRule(t.Context(), other.id(), Rule{Folder: folder, MaxBytes: 5})) // what does not change is not looked at
		if _, err := os.Stat(disk); err == nil {
			t.Error("the place of the disk was made")
		}
		must(t, os.Rename(disk+"-away", disk))
		must(t, b.Answer(t.Context(), offer.ID, Answer{Accept: true}))
		fo.transferIs(sent, Done)
		if got := f.transferIs(offer.ID, Done); got.Folder != folder {
			t.Errorf("landed in %q", got.Folder)
		}
		sent = send(t, other, h.id(), 0, file(t))
		second := f.incoming(offer.ID)
		elsewhere := t.TempDir()
		must(t, b.Answer(t.Context(), second.ID, Answer{Accept: true, Folder: elsewhere}))
		fo.transferIs(sent, Done)
		if got := f.transferIs(second.ID, Done); got.Folder != elsewhere {
			t.Errorf("the answer said %q and it landed in %q", elsewhere, got.Folder)
		}
	})
}

// TestTwinsHaveFoldersOfTheirOwn where the folder has the name.
func TestTwinsHaveFoldersOfTheirOwn(t *testing.T) {
	l := newLAN()
	h, one, two := l.add(t, nil), l.add(t, func(o *Options) { o.Name = "Anna" }), l.add(t, func(o *Options) { o.Name = "anna" })
	f := follow(t, h)
	dir := t.TempDir()
	must(t, h.Configure(t.Context(), Settings{Folder: dir})) // instead of the one of the command line
	folders := map[string]bool{}
	for _, other := range []*host{one, two} {
		h.see(other)
		f.sees(other.id())
		h.trusts(other.id(), Paired)
		h.rules(t, other, Rule{Folder: filepath.Join(dir, "{name}")})
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, other := range []*host{one, two} {
		folders[h.landing(h.people[other.id()], []transfer.Name{{Name: "a"}}).folder] = true
	}
	if want := filepath.Join(dir, "Anna "+one.id().Short()); len(folders) != 2 || !folders[want] {
		t.Errorf("they land in %v", folders)
	}
}

func TestAskAboveSetting(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		must(t, b.Configure(t.Context(), Settings{AskAbove: 1 << 30}))
		f.until("the settings", func() bool { return f.state.Settings.AskAbove == 1<<30 })
		if err := b.Configure(t.Context(), Settings{AskAbove: -1}); codeOf(err) != CodeBadSetting || AsProblem(err).Detail != "ask_above" {
			t.Errorf("Configure of nonsense = %v", err)
		}
	})
}
