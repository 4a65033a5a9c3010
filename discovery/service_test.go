package discovery

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// testKey returns the key whose seed is all n.
func testKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func testID(n byte) ID { return KeyID(testKey(n).Public().(ed25519.PublicKey)) }

// loopback returns the name of this host's loopback interface.
func loopback(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return ifi.Name
		}
	}
	t.Skip("no loopback interface")
	return ""
}

// freePort returns a UDP port that nothing uses.
func freePort(t *testing.T) uint16 {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return netip.MustParseAddrPort(c.LocalAddr().String()).Port()
}

// start runs a service until the test ends or stop is called.
func start(t *testing.T, key byte, self Self, cfg Config) (s *Service, stop func()) {
	t.Helper()
	s, err := New(testKey(key), self, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return s, stop
}

// settle returns once s has its sockets open.
func settle(t *testing.T, s *Service) {
	t.Helper()
	if _, err := s.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// await returns the next event of that kind about id.
func await(t *testing.T, events <-chan Event, kind EventKind, id ID) Event {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatalf("events ended before %v of %s", kind, id.Short())
			}
			if e.Kind == kind && e.Peer.ID == id {
				return e
			}
		case <-limit:
			t.Fatalf("no %v of %s", kind, id.Short())
		}
	}
}

func TestTwoServicesOnLoopback(t *testing.T) {
	defer goleak.VerifyNone(t)
	cfg := Config{Sources: Broadcast, Port: freePort(t), Interfaces: []string{loopback(t)}}
	a, stopA := start(t, 1, Self{Name: "Ann", TCPPort: 4001}, cfg)
	eventsA := a.Events(t.Context())
	b, stopB := start(t, 2, Self{Name: "小明的电脑", TCPPort: 4002}, cfg)
	eventsB := b.Events(t.Context())

	up := await(t, eventsA, Up, testID(2))
	if up.Peer.Name != "小明的电脑" || up.Why != Found {
		t.Errorf("a hears of %q (%v), want 小明的电脑 (found)", up.Peer.Name, up.Why)
	}
	if got := up.Peer.Addrs[0]; got.Port() != 4002 || !got.Addr().IsLoopback() || got.Source != Broadcast {
		t.Errorf("address %v by %v, want loopback:4002 by broadcast", got.AddrPort, got.Source)
	}
	await(t, eventsB, Up, testID(1))

	b.SetSelf(Self{Name: "Bea", TCPPort: 4003})
	for e := await(t, eventsA, Changed, testID(2)); e.Peer.Name != "Bea" || e.Peer.Addrs[0].Port() != 4003; {
		e = await(t, eventsA, Changed, testID(2))
	}
	b.SetSelf(Self{Name: "Bea"})
	if e := await(t, eventsA, Down, testID(2)); e.Why != Hidden {
		t.Errorf("after TCP port 0: %v, want hidden", e.Why)
	}
	b.SetSelf(Self{Name: "Bea", TCPPort: 4003})
	await(t, eventsA, Up, testID(2))
	stopB()
	if e := await(t, eventsA, Down, testID(2)); e.Why != Left {
		t.Errorf("after a clean exit: %v, want left", e.Why)
	}
	stopA()
	if _, open := <-eventsA; open {
		for range eventsA { // what was queued before the end
		}
	}
}

func TestPortTakenStillFinds(t *testing.T) {
	defer goleak.VerifyNone(t)
	taken, err := net.ListenPacket("udp4", "0.0.0.0:0") // does not share
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := netip.MustParseAddrPort(taken.LocalAddr().String()).Port()
	s, stop := start(t, 1, Self{TCPPort: 4001}, Config{Sources: Broadcast, Port: port, Interfaces: []string{loopback(t)}})
	defer stop()
	for e := range s.Events(t.Context()) {
		if e.Kind == Trouble && errors.Is(e.Err, ErrPortTaken) {
			break
		}
	}
	taken.Close()
	for e := range s.Events(t.Context()) { // the next look at the network mends it
		if e.Kind == Trouble && e.Err == nil {
			break
		}
	}
	_, stopB := start(t, 2, Self{TCPPort: 4002}, Config{Sources: Broadcast, Port: port, Interfaces: []string{loopback(t)}})
	defer stopB()
	await(t, s.Events(t.Context()), Up, testID(2))
}

func TestProbe(t *testing.T) {
	defer goleak.VerifyNone(t)
	quiet := Config{Port: freePort(t), Interfaces: []string{loopback(t)}}
	other := testID(9)
	bea := testID(2)
	proves := func(id ID, err error) func(context.Context, netip.AddrPort, *ID) (ID, error) {
		return func(_ context.Context, _ netip.AddrPort, want *ID) (ID, error) {
			if err == nil && want != nil && *want != id {
				return ID{}, &WrongPeerError{Want: *want, Got: id}
			}
			return id, err
		}
	}
	refused := errors.New("connection refused")
	var wrong *WrongPeerError
	tests := []struct {
		why   string
		addr  string
		want  *ID
		prove func(context.Context, netip.AddrPort, *ID) (ID, error)
		id    ID
		fails func(error) bool
	}{
		{"an address without a port finds whoever is there", "127.0.0.1", nil, nil, bea, nil},
		{"the port of its listener", "127.0.0.1:4002", &bea, nil, bea, nil},
		{"a name through the system's resolver", "localhost:4002", nil, nil, bea, nil},
		{"IPv6 works the same, or the name has no such address", "localhost", &bea, nil, bea, nil},
		{"another port is another program, and nobody proves there", "127.0.0.1:4999", nil, proves(ID{}, refused), ID{},
			func(err error) bool { return errors.Is(err, ErrNoAnswer) && errors.Is(err, refused) }},
		{"another port, where somebody proves a key", "127.0.0.1:4998", nil, proves(other, nil), other, nil},
		{"another device than wanted proves a key", "127.0.0.1:4997", &bea, proves(other, nil), ID{},
			func(err error) bool { return errors.As(err, &wrong) && wrong.Got == other }},
		{"we ourselves are nobody", "127.0.0.1:4996", nil, proves(testID(1), nil), ID{},
			func(err error) bool { return errors.Is(err, ErrNoAnswer) }},
		{"no port 0", "127.0.0.1:0", nil, nil, ID{}, func(err error) bool { return strings.Contains(err.Error(), "port") }},
		{"no host", ":4002", nil, nil, ID{}, func(err error) bool { return strings.Contains(err.Error(), "host") }},
		{"no such name", "no-such-host.invalid", nil, nil, ID{}, func(err error) bool { return strings.Contains(err.Error(), "look up") }},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			cfg := quiet
			cfg.Prove = tt.prove
			s, stop := start(t, 1, Self{}, cfg)
			defer stop()
			settle(t, s)
			b, stopB := start(t, 2, Self{Name: "Bea", TCPPort: 4002}, quiet)
			defer stopB()
			settle(t, b) // the last of those that share a port gets what goes to one
			p, err := s.Probe(t.Context(), tt.addr, tt.want)
			switch {
			case tt.fails == nil && err != nil:
				t.Errorf("Probe(%q): %v", tt.addr, err)
			case tt.fails != nil && (err == nil || !tt.fails(err)):
				t.Errorf("Probe(%q) = %s, %v", tt.addr, p.ID.Short(), err)
			case p.ID != tt.id:
				t.Errorf("Probe(%q) = %s, want %s", tt.addr, p.ID.Short(), tt.id.Short())
			}
			for _, listed := range s.Peers() { // whoever answered the question at the well-known port may be there too
				if listed.ID != bea && listed.ID != p.ID {
					t.Errorf("after Probe(%q) = %v: %s is listed", tt.addr, err, listed.ID.Short())
				}
			}
			if err == nil && !slices.ContainsFunc(s.Peers(), func(l Peer) bool { return l.ID == p.ID }) {
				t.Errorf("after Probe(%q): %s is not listed", tt.addr, p.ID.Short())
			}
		})
	}
}

func TestCachedAddressIsAsked(t *testing.T) {
	defer goleak.VerifyNone(t)
	quiet := Config{Port: freePort(t), Interfaces: []string{loopback(t)}}
	known := quiet
	known.Cache = []Known{{testID(2), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:4002")}}}
	s, stop := start(t, 1, Self{}, known)
	defer stop()
	settle(t, s)
	b, stopB := start(t, 2, Self{TCPPort: 4002}, quiet)
	defer stopB()
	settle(t, b)
	s.Refresh()
	if e := await(t, s.Events(t.Context()), Up, testID(2)); e.Peer.Addrs[0].Source != Cache {
		t.Errorf("found by %v, want cache", e.Peer.Addrs[0].Source)
	}
}

func TestNewRefusesOtherKeys(t *testing.T) {
	if _, err := New(badSigner{}, Self{}, Config{}); err == nil {
		t.Error("New took a key that is not Ed25519")
	}
}

type badSigner struct{ ed25519.PrivateKey }

func (badSigner) Public() crypto.PublicKey { return "no key" }
