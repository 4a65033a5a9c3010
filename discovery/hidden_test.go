package discovery

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net"
	"net/netip"
	"os"
	"os/user"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// wire keeps what one host sent.
type wire struct {
	lan  *fakeLAN
	sent [][]byte // guarded by lan.mu
}

func tapped(lan *fakeLAN, from netip.Addr) *wire {
	w := &wire{lan: lan}
	lan.mu.Lock()
	defer lan.mu.Unlock()
	lan.tap = func(a netip.Addr, data []byte) {
		if a == from {
			w.sent = append(w.sent, slices.Clone(data))
		}
	}
	return w
}

// take returns what was sent since the last call.
func (w *wire) take() [][]byte {
	w.lan.mu.Lock()
	defer w.lan.mu.Unlock()
	all := w.sent
	w.sent = nil
	return all
}

func key(n byte) []byte { return testKey(n).Public().(ed25519.PublicKey) }

// Who is hidden finds everybody, by announcements and by asking, and nobody learns more
// of it than that some device without ports asks.
func TestHiddenFindsAndIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h2 := lan.host(2)
		sent := tapped(lan, h2.addr)
		a, stopA := onFake(t, lan.host(1), Self{Name: "Ann", TCPPort: 4001}, announcing)
		b, stopB := onFake(t, h2, Self{Name: "Bea", TCPPort: 4002, Hidden: true}, announcing)
		quiet, stopC := onFake(t, lan.host(3), Self{Name: "Cem", TCPPort: 4003}, Config{}) // never says anything unasked
		time.Sleep(20 * time.Second)
		if _, err := b.Probe(t.Context(), "10.0.0.3:4003", nil); err != nil {
			t.Errorf("Probe of one who says nothing unasked: %v", err)
		}
		if _, err := a.Probe(t.Context(), "10.0.0.2:4002", nil); err == nil {
			t.Error("it answers a question")
		}
		if _, err := b.Examine(t.Context()); err != nil {
			t.Errorf("Examine: %v", err)
		}
		time.Sleep(10 * time.Minute) // its checks of silence go on
		synctest.Wait()
		if n := len(b.Peers()); n != 2 {
			t.Errorf("the hidden one lists %d peers, want 2", n)
		}
		for who, s := range map[string]*Service{"Ann": a, "Cem": quiet} {
			for _, p := range s.Peers() {
				if p.ID != testID(1) && p.ID != testID(3) {
					t.Errorf("%s lists %s (%q)", who, p.ID.Short(), p.Name)
				}
			}
		}
		stopB()
		packets := sent.take()
		if checks := 10 * 60 / 7; len(packets) < checks {
			t.Errorf("it sent %d datagrams, want one for each of %d checks at least", len(packets), checks)
		}
		for _, data := range packets {
			p, err := parsePacket(data)
			if err != nil || p.Type != typeQuery || p.Name != "" || p.TCPPort != 0 || p.UDPPort != 0 {
				t.Fatalf("it sent %+v, %v; want only questions without name and ports", p, err)
			}
			if bytes.Contains(data, key(2)) || bytes.Contains(data, []byte("Bea")) {
				t.Fatalf("what it sent tells who it is: %x", data)
			}
		}
		stopA()
		stopC()
	})
}

func TestHidingAndShowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h2 := lan.host(2)
		sent := tapped(lan, h2.addr)
		a, stopA := onFake(t, lan.host(1), Self{Name: "Ann", TCPPort: 4001}, announcing)
		self := Self{Name: "Bea", TCPPort: 4002}
		b, stopB := onFake(t, h2, self, announcing)
		time.Sleep(20 * time.Second)
		events := collect(t.Context(), a)
		synctest.Wait()
		events()
		sent.take()

		hidden := self
		hidden.Hidden = true
		b.SetSelf(hidden)
		synctest.Wait()
		if list := events(); len(list) != 1 || list[0].Kind != Down || list[0].Why != Left {
			t.Errorf("when it hides the other hears %+v, want that it left", list)
		}
		if d := b.zone.Load().(zoneData); d.tcp != 0 {
			t.Errorf("mDNS still answers with port %d", d.tcp)
		}
		byes := 0
		for _, data := range sent.take() {
			if packetType(data[5]) == typeBye {
				byes++
			}
		}
		if byes != 2 {
			t.Errorf("%d goodbyes, want 2", byes)
		}
		time.Sleep(time.Minute)
		a.Refresh() // a burst, as if it had just come
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for _, e := range events() {
			t.Errorf("while it hides the other hears %v %v", e.Kind, e.Why)
		}
		if n := len(b.Peers()); n != 1 {
			t.Errorf("it lists %d peers, want 1", n)
		}

		b.SetSelf(self)
		synctest.Wait()
		if list := events(); len(list) != 1 || list[0].Kind != Up || list[0].Peer.Name != "Bea" {
			t.Errorf("when it shows itself the other hears %+v", list)
		}
		b.SetSelf(Self{TCPPort: 4002})
		synctest.Wait()
		if list := events(); len(list) != 1 || list[0].Kind != Changed || list[0].Peer.Name != "" {
			t.Errorf("when its name is for some only the other hears %+v", list)
		}
		sent.take()
		if _, err := a.Probe(t.Context(), "10.0.0.2", nil); err != nil {
			t.Errorf("a question to one without name: %v", err)
		}
		stopB()
		for _, data := range sent.take() {
			if p, err := parsePacket(data); err != nil || p.Name != "" {
				t.Errorf("it still says %q, %v", p.Name, err)
			}
		}
		stopA()
	})
}

// Each network gets a disguise of its own.
func TestDisguiseChangesWithTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(2)
		sent := tapped(lan, h.addr)
		b, stop := onFake(t, h, Self{TCPPort: 4002, Hidden: true}, announcing)
		asks := func() map[[32]byte]bool {
			keys := map[[32]byte]bool{}
			_, _ = b.Probe(t.Context(), "10.0.0.9", nil) // nobody is there
			for _, data := range sent.take() {
				p, err := parsePacket(data)
				if err != nil {
					t.Fatal(err)
				}
				keys[p.Key] = true
			}
			return keys
		}
		first := asks()
		h.setUp(false)
		time.Sleep(3 * time.Second)
		h.setUp(true)
		time.Sleep(3 * time.Second)
		second := asks()
		if len(first) != 1 || len(second) != 1 {
			t.Fatalf("%d and %d keys asked, want 1 each", len(first), len(second))
		}
		for k := range second {
			if first[k] {
				t.Error("the same key asked in both networks")
			}
		}
		stop()
	})
}

// A proof shows our key, so while we hide it is not for anybody who names an address.
func TestHiddenProvesOnlyToKnown(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			lan := newFakeLAN()
			var friend, stranger, manual atomic.Int32
			cfg := announcing
			cfg.Cache = []Known{{testID(7), []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:4007")}}}
			cfg.Prove = func(_ context.Context, at netip.AddrPort, _ *ID) (ID, error) {
				switch at.Addr().As4()[3] {
				case 7:
					friend.Add(1)
				case 8:
					stranger.Add(1)
				case 9:
					manual.Add(1)
				}
				return ID{}, ErrNoAnswer
			}
			s, stop := onFake(t, lan.host(1), Self{TCPPort: 4001, Hidden: hidden}, cfg)
			s.order(func() { // what mDNS may have found
				s.consider(s.cfg.Now(), []candidate{{addr: netip.MustParseAddr("10.0.0.8"), tcp: 4008, source: MDNS, want: testID(8)}})
			})
			_, _ = s.Probe(t.Context(), "10.0.0.9:4009", nil)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if friend.Load() == 0 || manual.Load() == 0 {
				t.Errorf("hidden %v: %d proofs to a friend and %d to what a person typed, want some", hidden, friend.Load(), manual.Load())
			}
			if (stranger.Load() == 0) != hidden {
				t.Errorf("hidden %v: %d proofs to a stranger", hidden, stranger.Load())
			}
			stop()
		})
	}
}

// TestAnnouncedBytes looks at all that a device says unasked and when it is asked, in our own
// datagrams and in mDNS: the fields are those that SECURITY.md lists, and neither this
// computer's name, nor its user, system or hardware is in them.
func TestAnnouncedBytes(t *testing.T) {
	forbidden := []string{runtime.GOOS, runtime.GOARCH, runtime.Version()}
	if name, err := os.Hostname(); err == nil && len(name) > 3 {
		forbidden = append(forbidden, name)
	}
	if u, err := user.Current(); err == nil && len(u.Username) > 3 {
		forbidden = append(forbidden, u.Username, u.HomeDir)
	}
	interfaces, _ := net.Interfaces()
	for _, i := range interfaces {
		if len(i.HardwareAddr) > 0 && !bytes.Equal(i.HardwareAddr, make([]byte, len(i.HardwareAddr))) {
			forbidden = append(forbidden, string(i.HardwareAddr), i.HardwareAddr.String())
		}
	}
	check := func(what string, data []byte) {
		t.Helper()
		for _, text := range forbidden {
			if bytes.Contains(bytes.ToLower(data), bytes.ToLower([]byte(text))) {
				t.Errorf("%s tells %q: %q", what, text, data)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h2 := lan.host(2)
		sent := tapped(lan, h2.addr)
		a, stopA := onFake(t, lan.host(1), Self{Name: "A", TCPPort: 4001}, announcing)
		b, stopB := onFake(t, h2, Self{Name: "B", TCPPort: 4002}, announcing)
		time.Sleep(time.Minute)
		if _, err := a.Probe(t.Context(), "10.0.0.2", nil); err != nil {
			t.Error(err)
		}
		if _, err := b.Probe(t.Context(), "10.0.0.1", nil); err != nil {
			t.Error(err)
		}
		zone := newZone(testLink("eth0", 3, "10.0.0.2/24"), func() zoneData { return b.zone.Load().(zoneData) })
		stopB()
		stopA()
		kinds := map[packetType]bool{}
		for _, data := range sent.take() {
			p, err := parsePacket(data)
			if err != nil {
				t.Fatal(err)
			}
			kinds[p.Type] = true
			check("a datagram", data)
			if again := sign(t, 2, p); !bytes.Equal(again, data) {
				t.Errorf("%x has more than what is known of it: %x", data, again)
			}
		}
		for _, kind := range []packetType{typeAnnounce, typeQuery, typeReply, typeBye} {
			if !kinds[kind] {
				t.Errorf("no datagram of type %d was sent", kind)
			}
		}
		for _, rr := range zone.Records(dns.Question{Name: "_yonder._tcp.local.", Qtype: dns.TypeANY, Qclass: dns.ClassINET}) {
			check("mDNS", []byte(rr.String()))
			if txt, ok := rr.(*dns.TXT); ok {
				for _, text := range txt.Txt {
					if key, _, _ := strings.Cut(text, "="); !slices.Contains([]string{"v", "id", "p", "u", "a"}, key) {
						t.Errorf("mDNS tells %q", text)
					}
				}
			}
			if strings.Contains(rr.String(), `"B"`) {
				t.Errorf("mDNS tells the name: %s", rr)
			}
		}
	})
}
