package app

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"yonder/discovery"
)

// answering plays what is behind a typed address.
type answering struct {
	mu    sync.Mutex
	who   DeviceID // zero: nobody answers
	times []time.Time
	wants []DeviceID
}

func (d *answering) probe(ctx context.Context, addr string, want DeviceID) (DeviceID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.times, d.wants = append(d.times, time.Now()), append(d.wants, want)
	switch {
	case d.who.IsZero():
		return DeviceID{}, fmt.Errorf("%w at %s", discovery.ErrNoAnswer, addr)
	case !want.IsZero() && want != d.who:
		return DeviceID{}, &discovery.WrongPeerError{Want: discovery.ID(want), Got: discovery.ID(d.who)}
	}
	return d.who, nil
}

func (d *answering) set(who DeviceID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.who = who
}

// take returns the seconds between since and the tries since the last call.
func (d *answering) take(since time.Time) (after []float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, at := range d.times {
		after = append(after, at.Sub(since).Seconds())
	}
	d.times = nil
	return after
}

func (h *host) behind(d *answering) {
	h.find.mu.Lock()
	defer h.find.mu.Unlock()
	h.find.probe = d.probe
}

func (h *host) typedNow() []TypedAddress {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.typedList()
}

func TestTypedAddressIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLAN().add(t, nil)
		var d answering
		h.behind(&d)
		begun := time.Now()
		if err := h.KeepAddress(t.Context(), "NAS.lan:21925"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		tries := d.take(begun)
		if tries[0] != 0 {
			t.Errorf("the first try after %v s, want at once", tries[0])
		}
		for i := 1; i < len(tries); i++ {
			pause := min(5*float64(int(1)<<min(i-1, 10)), 300)
			if got := tries[i] - tries[i-1]; got < 0.9*pause || got > 1.1*pause {
				t.Errorf("try %d after %.1f s, want %v s ± 10 %%", i, got, pause)
			}
		}
		if len(tries) < 14 {
			t.Errorf("%d tries in an hour", len(tries))
		}
		if list := h.typedNow(); len(list) != 1 || list[0].Addr != "nas.lan:21925" || list[0].Reached || list[0].Problem == nil || list[0].Problem.Code != CodeUnreachable {
			t.Errorf("it is listed as %+v", list)
		}

		begun = time.Now()
		h.find.news <- sighting{Network: true}
		time.Sleep(3 * time.Second)
		if tries := d.take(begun); len(tries) != 1 || tries[0] != 0 {
			t.Errorf("after the network changed it was tried after %v s, want at once", tries)
		}
		friend := DeviceID{7}
		d.set(friend)
		h.find.news <- sighting{Network: true}
		synctest.Wait()
		h.find.news <- sighting{ID: friend, Name: "Nas", Addresses: []Address{{Addr: "10.9.9.9:21925", Source: "manual"}}} // as the search says then
		synctest.Wait()
		d.take(begun)
		if list := h.typedNow(); !list[0].Reached || list[0].Person != friend || list[0].Problem != nil {
			t.Errorf("when somebody answers it is listed as %+v", list)
		}
		time.Sleep(time.Hour)
		if tries := d.take(begun); len(tries) != 0 {
			t.Errorf("while they are there it was tried %d times", len(tries))
		}
		begun = time.Now()
		d.set(DeviceID{})
		h.find.news <- sighting{ID: friend, Gone: true}
		time.Sleep(17 * time.Second)
		if tries := d.take(begun); len(tries) != 2 || tries[0] < 4.9 || tries[0] > 5.1 || tries[1]-tries[0] < 4.5 || tries[1]-tries[0] > 5.5 {
			t.Errorf("when they went it was tried after %v s, want after 5 and 10", tries)
		}
		if err := h.DropAddress(t.Context(), "nas.lan:21925"); err != nil {
			t.Fatal(err)
		}
		d.take(begun)
		time.Sleep(time.Hour)
		if tries := d.take(begun); len(tries) != 0 || len(h.typedNow()) != 0 {
			t.Errorf("when it was dropped it was tried %d times; listed are %v", len(tries), h.typedNow())
		}
	})
}

func TestTypedAddressesAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		h := l.addAt(t, dir, nil)
		other := l.add(t, nil)
		for _, addr := range []string{"10.1.1.1", "[fe80::1%eth0]:9", " 10.1.1.1:21925 "} { // the last is the first
			if err := h.KeepAddress(t.Context(), addr); err != nil {
				t.Fatal(err)
			}
		}
		for _, bad := range []string{"", "Bo", h.id().String() + "@10.1.1.1:1", "10.1.1.1:0", "host", ":21925", "a b:1"} {
			if p := AsProblem(h.KeepAddress(t.Context(), bad)); p == nil || p.Code != CodeBadSetting {
				t.Errorf("KeepAddress(%q) = %+v, want it refused", bad, p)
			}
		}
		h.mu.Lock()
		h.network.port = 4000
		h.refreshMe()
		h.mu.Unlock()
		for _, own := range []string{"10.0.0.1:4000", "127.0.0.1:4000", "[::1]:4000"} {
			if p := AsProblem(h.KeepAddress(t.Context(), own)); p == nil || p.Code != CodeUnreachable {
				t.Errorf("our own address %s: %+v, want it refused", own, p)
			}
		}
		if _, err := h.Find(t.Context(), other.node.at.String(), 0); err != nil { // somebody answers
			t.Fatal(err)
		}
		h.Close()

		var d answering
		h = l.addAt(t, dir, func(o *Options) { o.Discovery = "none" })
		h.behind(&d)
		var addrs []string
		for _, v := range h.typedNow() {
			addrs = append(addrs, v.Addr)
		}
		if got, want := strings.Join(addrs, " "), "10.1.1.1:21925 [fe80::1%eth0]:9 "+other.node.at.String(); got != want {
			t.Errorf("after a restart there are %q, want %q", got, want)
		}
		time.Sleep(time.Hour)
		if tries := d.take(time.Now()); len(tries) != 0 {
			t.Errorf("without a search it was tried %d times", len(tries))
		}
		d.set(other.id())
		h.mu.Lock()
		h.override.Discovery = ""
		h.applyNetwork() // looks for people now
		h.mu.Unlock()
		synctest.Wait()
		d.mu.Lock()
		wants := d.wants
		d.mu.Unlock()
		pinned := 0
		for _, want := range wants {
			if want == other.id() {
				pinned++
			}
		}
		if len(wants) != 3 || pinned != 0 {
			t.Errorf("at the start %d were tried, %d for a stranger's key only", len(wants), pinned)
		}
		h.mu.Lock()
		h.know(h.people[other.id()])
		h.mu.Unlock()
		d.set(DeviceID{99})
		h.Refresh(t.Context())
		synctest.Wait()
		for _, v := range h.typedNow() {
			if v.Addr == other.node.at.String() && (v.Problem == nil || v.Problem.Code != CodeWrongPeer || v.Person != other.id()) {
				t.Errorf("where another key answers than the pinned one: %+v", v)
			}
		}
		if err := h.DropAddress(t.Context(), other.node.at.String()); err != nil {
			t.Fatal(err)
		}
		h.mu.Lock()
		for _, place := range h.people[other.id()].rec.Addresses {
			if place.Manual {
				t.Errorf("they are still bound to %+v", place)
			}
		}
		h.mu.Unlock()
	})
}

func TestTypedAddressesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLAN().add(t, nil)
		for i := range maxTyped + 10 {
			if err := h.KeepAddress(t.Context(), fmt.Sprintf("10.2.0.%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if list := h.typedNow(); len(list) != maxTyped || list[0].Addr != "10.2.0.10:21925" {
			t.Errorf("%d are kept, the oldest is %s; want the newest %d", len(list), list[0].Addr, maxTyped)
		}
	})
}

func TestTypedAddressesFromBothBackends(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		if err := b.KeepAddress(t.Context(), "10.1.1.1:9"); err != nil {
			t.Fatal(err)
		}
		f.until("the address", func() bool { return len(f.state.Typed) == 1 && f.state.Typed[0].Problem != nil })
		if v := f.state.Typed[0]; v.Addr != "10.1.1.1:9" || v.Reached || v.Problem.Code != CodeUnreachable {
			t.Errorf("it is told as %+v", v)
		}
		if second := follow(t, b); len(second.state.Typed) != 1 {
			t.Errorf("a stream that begins later has %+v", second.state.Typed)
		}
		if err := b.DropAddress(t.Context(), "10.1.1.1:9"); err != nil {
			t.Fatal(err)
		}
		f.until("it to be gone", func() bool { return len(f.state.Typed) == 0 })
		if p := AsProblem(b.KeepAddress(t.Context(), "nobody")); p == nil || p.Code != CodeBadSetting {
			t.Errorf("KeepAddress(nobody) = %+v", p)
		}
	})
}

// Where people were last is asked at the next start, though no connection proved it there.
func TestLastPlacesAreAskedAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		h, other := l.addAt(t, dir, nil), l.add(t, nil)
		h.mu.Lock()
		h.know(h.person(other.id(), "Bo"))
		h.mu.Unlock()
		h.find.news <- sighting{ID: other.id(), Name: "Bo", Addresses: []Address{
			{Addr: "127.0.0.1:1"}, {Addr: "[fe80::1%eth0]:21925"}, {Addr: "10.9.9.1:21925"}, {Addr: "10.9.9.2:21925"}, {Addr: "10.9.9.3:21925"}}}
		synctest.Wait()
		h.find.news <- sighting{ID: other.id(), Gone: true}
		synctest.Wait()
		h.Close()
		h = l.addAt(t, dir, nil)
		if got := fmt.Sprint(h.find.cfg.Known); !strings.Contains(got, "[10.9.9.1:21925 10.9.9.2:21925]") {
			t.Errorf("the search knows %s", got)
		}
		h.mu.Lock()
		dialled := h.people[other.id()].dial()
		h.mu.Unlock()
		if len(dialled) != 0 {
			t.Errorf("what nobody proved would be dialled: %v", dialled)
		}
	})
}
