package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// told returns what the search of h was told last about this device.
func (f *fakeFinder) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, said := range slices.Backward(f.said) {
		if strings.HasPrefix(said, "self ") {
			return strings.TrimPrefix(said, "self ")
		}
	}
	return fmt.Sprintf("%s %d%s", f.cfg.Self.Name, f.cfg.Self.Port, map[bool]string{true: " hidden"}[f.cfg.Self.Hidden])
}

func (n *fakeNode) admits() transfer.Level {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.least
}

// follows checks that everything agrees with a visibility.
func (h *host) follows(t *testing.T, want Visibility) {
	t.Helper()
	h.mu.Lock()
	me := h.me
	h.mu.Unlock()
	if me.Visible != want || me.VisibleUntil.IsZero() == (want == TenMinutes) {
		t.Errorf("Me says %s until %v, want %s", me.Visible, me.VisibleUntil, want)
	}
	told, admits := map[Visibility]string{
		Everyone: "Quiet Heron 0", TenMinutes: "Quiet Heron 0", PairedOnly: " 0", Nobody: " 0 hidden",
	}[want], transfer.Paired
	if want == Everyone || want == TenMinutes {
		admits = transfer.Blocked
	}
	if got := h.find.told(); got != told {
		t.Errorf("%s: the search announces %q, want %q", want, got, told)
	}
	if got := h.node.admits(); got != admits {
		t.Errorf("%s: level %d may connect, want %d", want, got, admits)
	}
}

func heron(o *Options) { o.Name = "Quiet Heron" }

func TestSetVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		h := l.addAt(t, dir, heron)
		h.follows(t, Everyone)
		for _, v := range []Visibility{PairedOnly, Nobody, Everyone, Nobody} {
			if err := h.SetVisible(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			h.follows(t, v)
		}
		for _, v := range []Visibility{"", "10 m", "all"} {
			if p := AsProblem(h.SetVisible(t.Context(), v)); p == nil || p.Code != CodeBadSetting || p.Detail != "visible" {
				t.Errorf("SetVisible(%q) = %+v, want it refused", v, p)
			}
		}
		h.Close()
		h = l.addAt(t, dir, heron)
		h.follows(t, Nobody)
		s := Settings{Theme: "dark", Visible: Everyone, EveryoneUntil: time.Now().Add(time.Minute)} // a form that was opened long ago
		if err := h.Configure(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		h.follows(t, Nobody)
	})
}

// The ten minutes end by themselves, also over a restart, and what was set before counts.
func TestTenMinutes(t *testing.T) {
	tests := []struct {
		why    string
		before Visibility
		after  Visibility
	}{
		{"falls back to nobody", Nobody, Nobody},
		{"falls back to paired people", PairedOnly, PairedOnly},
		{"everyone would make them mean nothing", Everyone, PairedOnly},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, dir := newLAN(), t.TempDir()
				h := l.addAt(t, dir, heron)
				h.SetVisible(t.Context(), tt.before)
				h.SetVisible(t.Context(), TenMinutes)
				h.follows(t, TenMinutes)
				h.mu.Lock()
				me := h.me
				h.mu.Unlock()
				if me.VisibleThen != tt.after {
					t.Errorf("then it is %s, want %s", me.VisibleThen, tt.after)
				}
				time.Sleep(6 * time.Minute)
				h.Close()
				time.Sleep(time.Minute)
				h = l.addAt(t, dir, heron) // seven minutes are over
				h.follows(t, TenMinutes)
				time.Sleep(2*time.Minute + 50*time.Second)
				h.follows(t, TenMinutes)
				time.Sleep(20 * time.Second)
				h.follows(t, tt.after)

				h.SetVisible(t.Context(), TenMinutes)
				h.Close()
				time.Sleep(11 * time.Minute)
				h = l.addAt(t, dir, heron)
				h.follows(t, tt.after)
				synctest.Wait()
				h.mu.Lock()
				s := h.settings
				h.mu.Unlock()
				if !s.EveryoneUntil.IsZero() || s.Visible != tt.after {
					t.Errorf("stored are %q until %v, want %q and no end", s.Visible, s.EveryoneUntil, tt.after)
				}
			})
		})
	}
}

// A settings file may have been edited, and a clock may have been set back.
func TestTenMinutesNeverLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		content := fmt.Sprintf(`{"visible":"paired","everyone_until":%q}`, time.Now().Add(24*time.Hour).Format(time.RFC3339))
		if err := os.WriteFile(filepath.Join(dir, settingsName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		newLAN().addAt(t, dir, heron).follows(t, PairedOnly)
	})
}

func TestVisibleForThisRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		with := func(v Visibility) func(*Options) {
			return func(o *Options) { heron(o); o.Visible = v }
		}
		h := l.addAt(t, dir, with(Nobody))
		h.follows(t, Nobody)
		h.Configure(t.Context(), Settings{Theme: "dark"})
		h.follows(t, Nobody)
		h.SetVisible(t.Context(), Everyone) // though that is what was stored
		h.follows(t, Everyone)
		h.Close()
		h = l.addAt(t, dir, with(TenMinutes))
		h.follows(t, TenMinutes)
		time.Sleep(11 * time.Minute)
		h.follows(t, PairedOnly)
		h.Close()
		h = l.addAt(t, dir, heron)
		h.follows(t, Everyone)
		bad := Options{Dir: t.TempDir(), Visible: "some"}
		if _, err := Open(t.Context(), bad); err == nil || AsProblem(err).Code != CodeBadSetting {
			t.Errorf("Open with visibility %q: %v", bad.Visible, err)
		}
	})
}

// Everything about it crosses the door between processes.
func TestVisibleFromBothBackends(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		if f.state.Me.Visible != Everyone {
			t.Errorf("at first it is %q", f.state.Me.Visible)
		}
		if err := b.SetVisible(t.Context(), TenMinutes); err != nil {
			t.Fatal(err)
		}
		f.until("ten minutes", func() bool { return f.state.Me.Visible == TenMinutes })
		if left := time.Until(f.state.Me.VisibleUntil); left > showTime || left < showTime-time.Minute || f.state.Me.VisibleThen != PairedOnly {
			t.Errorf("Me = %+v", f.state.Me)
		}
		if s := f.state.Settings; s.Visible != PairedOnly || !s.EveryoneUntil.Equal(f.state.Me.VisibleUntil) {
			t.Errorf("settings are %+v", s)
		}
		if p := AsProblem(b.SetVisible(t.Context(), "x")); p == nil || p.Code != CodeBadSetting {
			t.Errorf("SetVisible(x) = %+v", p)
		}
	})
}

// Who is seen by paired people only sends to strangers as before; they cannot dial it.
func TestPairedOnlySendsToStrangers(t *testing.T) {
	l := newLAN()
	a, b := l.add(t, nil), l.add(t, nil)
	fa, fb := follow(t, a), follow(t, b)
	a.SetVisible(t.Context(), PairedOnly)
	a.see(b)
	fa.sees(b.id())
	id := send(t, a, b.id(), 0, file(t))
	offer := fb.incoming()
	accept(t, b, offer.ID)
	fa.transferIs(id, Done)
	if p, ok := fb.person(a.id()); !ok || p.Name != a.Name() {
		t.Errorf("the receiver knows the sender as %+v, want by its name, which the session told", p)
	}
	a.node.cut()
	fb.until("the end of the session", func() bool { p, _ := fb.person(a.id()); return !p.Connected })
	_, err := b.Find(t.Context(), a.node.at.String(), 0)
	if p := AsProblem(err); p == nil || p.Code != CodePrivate {
		t.Errorf("the stranger dials back: %v, want %s", err, CodePrivate)
	}
	a.mu.Lock()
	a.people[b.id()].rec.Level = Paired
	a.levels.Store(b.id(), Paired)
	a.mu.Unlock()
	if p, err := b.Find(t.Context(), a.node.at.String(), 0); err != nil || p.ID != a.id() {
		t.Errorf("somebody paired dials: %+v, %v", p, err)
	}
}

func TestTurnedAwayIsTriedAgain(t *testing.T) {
	if !transient(transfer.ErrTurnedAway) || !errors.Is(transfer.ErrTurnedAway, transfer.ErrUnreachable) {
		t.Error("who may become visible again is given up")
	}
}

// With the real engine: what a stranger on the same network learns with each choice.
func TestRealVisibility(t *testing.T) {
	udp := freeUDP(t)
	a := openReal(t, t.TempDir(), udp, func(o *Options) { o.Name, o.Visible = "Quiet Heron", PairedOnly })
	b := openReal(t, t.TempDir(), udp, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	fb.sees(a.me.ID)
	fa.sees(b.me.ID)
	if p, _ := fb.person(a.me.ID); p.Name != a.me.ID.Short() {
		t.Errorf("without a name it is called %q, want %q", p.Name, a.me.ID.Short())
	}
	if p := AsProblem(errOf(b.Find(t.Context(), a.loopback(), 0))); p == nil || p.Code != CodePrivate || strings.Contains(p.Text+p.Detail, "Heron") {
		t.Errorf("a stranger dials: %+v, want %s without a name", p, CodePrivate)
	}
	id := send(t, a, b.me.ID, 0, file(t))
	accept(t, b, fb.incoming().ID)
	fa.transferIs(id, Done)

	if err := a.SetVisible(t.Context(), Nobody); err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	sessions := slices.Clone(a.people[b.me.ID].sessions)
	a.mu.Unlock()
	for _, s := range sessions {
		s.Close()
	}
	fb.until("it to be gone", func() bool { p, _ := fb.person(a.me.ID); return !p.Present })
	fa.sees(b.me.ID)
	if err := a.SetVisible(t.Context(), Everyone); err != nil {
		t.Fatal(err)
	}
	fb.until("it to be back", func() bool { p, _ := fb.person(a.me.ID); return p.Present && p.Name == "Quiet Heron" })
	meet(t, b, a)
}

func errOf[T any](_ T, err error) error { return err }
