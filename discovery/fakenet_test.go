package discovery

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// fakeLAN is a network in memory for services that run in one synctest bubble.
type fakeLAN struct {
	mu    sync.Mutex // guards what follows
	hosts map[netip.Addr]*fakeHost
	lost  func(from, to netip.Addr, group bool) bool // nil: nothing is lost
	multi bool                                       // what goes by all carriers goes to the group too, not by broadcast alone
	count map[packetType]int                         // datagrams sent, one for each carrier
	tap   func(from netip.Addr, data []byte)         // sees every datagram that is sent; nil: nobody listens
}

func newFakeLAN() *fakeLAN {
	return &fakeLAN{hosts: map[netip.Addr]*fakeHost{}, count: map[packetType]int{}}
}

// fakeHost is one host's end of it. It implements network.
type fakeHost struct {
	lan     *fakeLAN
	addr    netip.Addr
	in      chan datagram
	up      bool // guarded by lan.mu
	was     bool // up at the last refresh; the service's
	refuses bool // sending fails
}

func (l *fakeLAN) host(n byte) *fakeHost {
	h := &fakeHost{lan: l, addr: netip.AddrFrom4([4]byte{10, 0, 0, n}), in: make(chan datagram, 1000), up: true}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts[h.addr] = h
	return h
}

func (h *fakeHost) setUp(up bool) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.up = up
}

func (h *fakeHost) refresh() (bool, error) {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	changed := h.was != h.up
	if h.was = h.up; !h.up {
		return changed, errors.New("no network")
	}
	return changed, nil
}

func (h *fakeHost) links() []link {
	if !h.was {
		return nil
	}
	return []link{{net.Interface{Index: 1, Name: "eth0"}, []netip.Prefix{netip.PrefixFrom(h.addr, 24)}}}
}

func (h *fakeHost) interfaces() []Interface   { return nil }
func (h *fakeHost) ownPort() uint16           { return 5000 }
func (h *fakeHost) received() <-chan datagram { return h.in }
func (h *fakeHost) close()                    {}

func (h *fakeHost) announce(round int, build builder) (tried []departure) {
	if !h.was {
		return nil
	}
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	all := ByBroadcast.set()
	if h.lan.multi && round < 0 {
		all |= ByMulticast4.set()
	}
	for by := range ByMulticast6 {
		if !all.Has(by) {
			continue
		}
		data, err := build(h.links()[0], h.addr, by, all)
		if err != nil {
			panic(err)
		}
		h.lan.note(h, data)
		for a := range h.lan.hosts {
			h.lan.deliver(h, a, data, true)
		}
		tried = append(tried, departure{hop{"eth0", by}, nil})
	}
	return tried
}

func (h *fakeHost) send(to netip.AddrPort, data []byte, _ *conn) error {
	h.lan.mu.Lock()
	defer h.lan.mu.Unlock()
	h.lan.note(h, data)
	if !h.was || h.refuses {
		return errors.New("network is unreachable")
	}
	h.lan.deliver(h, to.Addr(), data, false)
	return nil
}

// note counts a datagram. The caller holds mu.
func (l *fakeLAN) note(from *fakeHost, data []byte) {
	l.count[packetType(data[5])]++
	if l.tap != nil {
		l.tap(from.addr, data)
	}
}

func (l *fakeLAN) deliver(from *fakeHost, to netip.Addr, data []byte, group bool) {
	h := l.hosts[to]
	if h == nil || !h.up || !from.up || l.lost != nil && from != h && l.lost(from.addr, to, group) {
		return
	}
	select {
	case h.in <- datagram{append([]byte(nil), data...), netip.AddrPortFrom(from.addr, 5000), nil}:
	default: // as a socket whose buffer is full
	}
}

// sent returns how many datagrams of a type left since the last call.
func (l *fakeLAN) sent(kind packetType) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.count[kind]
	l.count[kind] = 0
	return n
}

// onFake runs a service on host n until the returned function is called.
func onFake(t *testing.T, h *fakeHost, self Self, cfg Config) (*Service, func()) {
	t.Helper()
	s, err := New(testKey(h.addr.As4()[3]), self, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.net = h
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// collect notes all events of a service with the time since now.
func collect(ctx context.Context, s *Service) func() []Event {
	var mu sync.Mutex
	var all []Event
	events := s.Events(ctx)
	go func() {
		for e := range events {
			mu.Lock()
			e.At = time.Now()
			all = append(all, e)
			mu.Unlock()
		}
	}()
	return func() []Event {
		mu.Lock()
		defer mu.Unlock()
		list := all
		all = nil
		return list
	}
}
