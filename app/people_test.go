package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"yonder/discovery"
	"yonder/transfer"
)

// crowd is an App that sees people with these names and levels.
type crowd struct {
	name    string
	level   Level
	present bool
}

func (c crowd) id(n byte) DeviceID { return DeviceID{n, byte(len(c.name)), 7} }

func gather(t *testing.T, people []crowd) *host {
	h := newLAN().add(t, nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, c := range people {
		p := h.person(c.id(byte(i)), c.name)
		p.rec.Level, p.present, p.stored = c.level, c.present, !c.present
		h.show(p)
	}
	return h
}

func TestFindName(t *testing.T) {
	here := func(name string, level Level) crowd { return crowd{name, level, true} }
	idOf := func(people []crowd, n int) string { return people[n].id(byte(n)).String() }
	two := []crowd{here("Bo", Unknown), here("Al", Known)}
	twins := []crowd{here("Bo", Paired), here("Bo", Unknown)}
	for _, tt := range []struct {
		why    string
		people []crowd
		ask    string
		want   int // index in people; -1: nobody; -2: several
	}{
		{"exactly", two, "Bo", 0},
		{"in another case", two, "bO", 0},
		{"with spaces around", two, " Bo ", 0},
		{"composed otherwise", []crowd{here("Zoé", Unknown)}, "Zoe\u0301", 0},
		{"in Chinese", []crowd{here("小王", Unknown), here("小汪", Unknown)}, "小王", 0},
		{"a part of a name is not enough", two, "B", -1},
		{"nobody", two, "Cy", -1},
		{"nothing", two, "", -1},
		{"two of one name", []crowd{here("Bo", Unknown), here("Bo", Unknown)}, "Bo", -2},
		{"paired and unpaired: never the wrong one", twins, "Bo", -2},
		{"the paired one away: never the other one", []crowd{{"Bo", Paired, false}, here("Bo", Unknown)}, "Bo", -2},
		{"the id decides", twins, idOf(twins, 1), 1},
		{"a beginning of the id decides", twins, idOf(twins, 1)[:6], 1},
		{"three characters are too few", two, idOf(two, 0)[:3], -1},
		{"written exactly comes first", []crowd{here("bo", Known), here("Bo", Known)}, "bo", 0},
		{"but not before somebody who is trusted more", []crowd{here("bo", Unknown), here("Bo", Paired)}, "bo", -2},
		{"a name that is the beginning of another's id", []crowd{here("Bo", Paired), here(idOf(two, 0)[:8], Unknown)}, idOf(two, 0)[:8], -2},
		{"known and away: found when the wait is over", []crowd{{"Bo", Known, false}}, "Bo", 0},
		{"a full id of nobody", two, DeviceID{99}.String(), -1},
	} {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := gather(t, tt.people)
				got, err := h.Find(t.Context(), tt.ask, 3*time.Second)
				switch {
				case tt.want >= 0:
					if want := tt.people[tt.want].id(byte(tt.want)); err != nil || got.ID != want {
						t.Errorf("Find(%q) = %s, %v; want %s", tt.ask, got.ID.Short(), err, want.Short())
					}
				case tt.want == -1:
					if codeOf(err) != CodeNotFound {
						t.Errorf("Find(%q) = %s, %v; want %s", tt.ask, got.ID.Short(), err, CodeNotFound)
					}
				default:
					p := AsProblem(err)
					if p == nil || p.Code != CodeAmbiguous || strings.Count(p.Detail, "\n") != 1 {
						t.Errorf("Find(%q) = %s, %+v; want %s with both ids", tt.ask, got.ID.Short(), p, CodeAmbiguous)
					}
				}
			})
		})
	}
}

func TestFindWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		a, b, late := l.add(t, nil), l.add(t, nil), l.add(t, nil)
		begun := time.Now()
		go func() {
			time.Sleep(100 * time.Millisecond)
			a.see(b)
			time.Sleep(2 * time.Second)
			a.see(late)
		}()
		if _, err := a.Find(t.Context(), b.Name(), 10*time.Second); err != nil || time.Since(begun) != settle {
			t.Errorf("found after %v, %v; want %v, in which a second one may turn up", time.Since(begun), err, settle)
		}
		if _, err := a.Find(t.Context(), late.Name(), 10*time.Second); err != nil || time.Since(begun) != 2100*time.Millisecond {
			t.Errorf("the late one was found after %v, %v", time.Since(begun), err)
		}
		if p, _ := a.Find(t.Context(), late.Name(), 0); p.AfterMS != 2100 {
			t.Errorf("AfterMS = %d, want 2100", p.AfterMS)
		}
		begun = time.Now()
		if _, err := a.Find(t.Context(), "nobody", 3*time.Second); codeOf(err) != CodeNotFound || time.Since(begun) != 3*time.Second {
			t.Errorf("nobody after %v, %v", time.Since(begun), err)
		}
	})
}

func TestFindAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		a, b := l.add(t, nil), l.add(t, nil)
		f := follow(t, a)
		at := b.node.at.String()
		p, err := a.Find(t.Context(), at, 0)
		if err != nil || p.ID != b.id() || p.Name != b.Name() {
			t.Fatalf("Find(%s) = %+v, %v", at, p, err)
		}
		if bare, err := a.Find(t.Context(), b.node.at.Addr().String(), 0); err != nil || bare.ID != b.id() {
			t.Errorf("Find without a port = %+v, %v", bare, err)
		}
		f.sees(b.id())
		b.node.cut() // nobody announces it, but it was typed: it stays
		f.until("b to be away", func() bool { p, ok := f.person(b.id()); return ok && !p.Present })
		id, _ := a.Say(t.Context(), b.id(), "still reachable")
		f.messageIs(id, Delivered)

		begun := time.Now()
		if _, err := a.Find(t.Context(), "10.9.9.9:1", 3*time.Second); codeOf(err) != CodeUnreachable || time.Since(begun) > 3*time.Second {
			t.Errorf("nobody there: %v after %v", err, time.Since(begun))
		}
		if _, err := a.Find(t.Context(), a.node.at.String(), 0); codeOf(err) != CodeUnreachable {
			t.Errorf("ourselves: %v", err)
		}
		b.node.setDown(true)
		go func() { time.Sleep(2 * time.Second); b.node.setDown(false) }()
		if _, err := a.Find(t.Context(), at, 5*time.Second); err != nil {
			t.Errorf("somebody who starts meanwhile: %v", err)
		}
	})
}

func TestIsAddress(t *testing.T) {
	for s, want := range map[string]bool{
		"10.0.0.1:21925": true, "10.0.0.1": true, "[fe80::1%eth0]:21925": true, "fe80::1": true, "[::1]": true, "nas.lan:80": true,
		"Amber Otter": false, "nas.lan": false, "x:y": false, "a b:80": false, ":80": false, "x:0": false, "x:65536": false, "": false,
	} {
		if got := isAddress(s); got != want {
			t.Errorf("isAddress(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestSameNameIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := gather(t, []crowd{{"Bo", Unknown, true}, {"bо", Unknown, true}, {"Al", Known, true}}) // the second with a Cyrillic о
		f := follow(t, h)
		first, second := crowd{name: "Bo"}.id(0), crowd{name: "bо"}.id(1)
		for _, id := range []DeviceID{first, second} {
			if p, _ := f.person(id); !p.SameNameAs.IsZero() {
				t.Errorf("%s is marked before anybody of that name is known", p.Name)
			}
		}
		h.mu.Lock()
		h.know(h.people[first])
		h.mu.Unlock()
		f.until("the mark", func() bool { p, _ := f.person(second); return p.SameNameAs == first })
		if p, _ := f.person(first); !p.SameNameAs.IsZero() {
			t.Error("the known one is marked")
		}
		h.find.news <- sighting{ID: second, Name: "Honest"}
		f.until("no mark", func() bool { p, _ := f.person(second); return p.SameNameAs.IsZero() && p.Name == "Honest" })
	})
}

func TestStrangersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN()
		a, b := l.add(t, nil), l.add(t, nil)
		f := follow(t, a)
		a.find.news <- sighting{ID: b.id(), Name: "A\u202eB\n" + strings.Repeat("x", 99)}
		f.sees(b.id())
		if p, _ := f.person(b.id()); p.Name != "AB "+strings.Repeat("x", 29) || p.Level != Unknown {
			t.Errorf("shown as %+v", p)
		}
		a.find.news <- sighting{ID: b.id(), Gone: true}
		f.until("b to be forgotten", func() bool { _, ok := f.person(b.id()); return !ok })
		a.see(b)
		f.sees(b.id())
		id, _ := a.Say(t.Context(), b.id(), "now I know you")
		f.messageIs(id, Delivered)
		b.node.cut()
		a.find.news <- sighting{ID: b.id(), Gone: true}
		f.until("b to be away and listed", func() bool { p, ok := f.person(b.id()); return ok && !p.Present && p.Level == Known })
		a.find.mu.Lock()
		defer a.find.mu.Unlock()
		want := []string{fmt.Sprint("report ", discovery.Opened), fmt.Sprint("report ", discovery.Closed), "know"}
		for _, w := range want {
			if !slices.Contains(a.find.said, w) {
				t.Errorf("the search was told %q, want %q among it", a.find.said, w)
			}
		}
	})
}

func TestStrangersAreBounded(t *testing.T) {
	h := newLAN().add(t, nil)
	for n := range maxStrangers + 20 {
		peer := transfer.Peer{ID: transfer.ID{byte(n), byte(n >> 8), 1}, Self: transfer.Self{Name: fmt.Sprint("s", n)}}
		if err := h.chat(peer, transfer.Chat{ID: [16]byte{1}, Body: "hi", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.store.people()); n > maxStrangers {
		t.Errorf("%d strangers are remembered, want at most %d", n, maxStrangers)
	}
	peer := transfer.Peer{ID: transfer.ID{1, 2, 3}}
	h.mu.Lock()
	h.person(DeviceID(peer.ID), "talker").chats = rate.NewLimiter(rate.Inf, 0)
	h.mu.Unlock()
	for n := range maxStrangerItems + 30 {
		if err := h.chat(peer, transfer.Chat{ID: [16]byte{byte(n), 9}, Body: fmt.Sprint(n), At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	page, _ := h.History(t.Context(), DeviceID(peer.ID), "", 1000)
	if n := len(page.Items); n != maxStrangerItems || page.Items[n-1].Message.Body != fmt.Sprint(maxStrangerItems+29) {
		t.Errorf("%d items of a stranger are kept, want the last %d", n, maxStrangerItems)
	}
}
