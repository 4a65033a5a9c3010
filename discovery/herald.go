package discovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// The groups of mDNS, and the port that what is said there must come from.
const mdnsPort = 5353

var (
	mdnsGroup4 = netip.AddrFrom4([4]byte{224, 0, 0, 251})
	mdnsGroup6 = netip.MustParseAddr("ff02::fb")
)

// herald multicasts unasked what the servers of mDNS answer, and takes it back at the
// end: the library does neither, and without that other programs see us only when they
// happen to ask, and for minutes after we left.
type herald struct {
	data func() zoneData
	send func(l link, data []byte) error // see multicast

	mu    sync.Mutex
	links []link        // guarded by mu
	again bool          // guarded by mu: to begin anew
	err   error         // guarded by mu: of the last try on each link, joined
	wake  chan struct{} // capacity 1: look at links, again and data
}

func newHerald(data func() zoneData) *herald {
	return &herald{data: data, send: multicast, wake: make(chan struct{}, 1)}
}

// look has run look at what data returns.
func (h *herald) look() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// setLinks says on which links to be.
func (h *herald) setLinks(links []link) {
	h.mu.Lock()
	h.links = links
	h.mu.Unlock()
	h.look()
}

// repeat tells everything again.
func (h *herald) repeat() {
	h.mu.Lock()
	h.again = true
	h.mu.Unlock()
	h.look()
}

// failure returns what does not work, or nil.
func (h *herald) failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// run tells until ctx ends, and then takes everything back.
func (h *herald) run(ctx context.Context) {
	plan, failed := newNotices(), map[string]error{}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			for _, p := range plan.farewell() {
				_ = h.deliver(p) // nobody is left to be told
			}
			return
		case <-timer.C:
		case <-h.wake:
		}
		h.mu.Lock()
		links, again := h.links, h.again
		h.again = false
		h.mu.Unlock()
		plan.set(time.Now(), links, h.data(), again)
		for _, p := range plan.due(time.Now()) {
			err := h.deliver(p)
			plan.sent(time.Now(), p.link.ifi.Name, err)
			failed[p.link.ifi.Name] = err
		}
		var errs []error
		for _, l := range links { // those that went cannot fail
			errs = append(errs, failed[l.ifi.Name])
		}
		maps.DeleteFunc(failed, func(name string, _ error) bool { return plan.links[name] == nil })
		h.mu.Lock()
		h.err = errors.Join(errs...)
		h.mu.Unlock()
		if at := plan.next(); !at.IsZero() {
			timer.Reset(max(0, time.Until(at)))
		}
	}
}

// deliver sends one message.
func (h *herald) deliver(p parcel) error {
	data, err := unaskedMessage(p.rr)
	if err == nil {
		err = h.send(p.link, data)
	}
	if err != nil {
		return fmt.Errorf("%w: tell %s: %w", ErrMDNS, p.link.ifi.Name, err)
	}
	return nil
}

// multicast sends to everybody on a link who speaks mDNS, once over IPv4 and once over
// IPv6. It fails if neither works.
func multicast(l link, data []byte) error {
	var errs []error
	done := map[bool]bool{}
	for _, p := range senders(l) {
		v6 := is6(p)
		if done[v6] {
			continue
		}
		done[v6] = true
		if err := multicastBy(l, v6, data); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) < len(done) {
		return nil
	}
	return errors.Join(errs...)
}

// multicastBy opens a socket for this one datagram. One that stayed open would get, in
// place of the mDNS program of this host, answers meant for that alone. For the same
// reason it has no address: other systems let only such sockets share the port.
func multicastBy(l link, v6 bool, data []byte) error {
	network, to := "udp4", netip.AddrPortFrom(mdnsGroup4, mdnsPort)
	if v6 {
		network, to = "udp6", netip.AddrPortFrom(mdnsGroup6.WithZone(l.ifi.Name), mdnsPort)
	}
	lc := net.ListenConfig{Control: shareAddress}
	pc, err := lc.ListenPacket(context.Background(), network, fmt.Sprintf(":%d", mdnsPort)) // never blocks: there is no name to resolve
	if err != nil {
		return err
	}
	defer pc.Close()
	if v6 {
		p := ipv6.NewPacketConn(pc)
		err = errors.Join(p.SetMulticastInterface(&l.ifi), p.SetMulticastHopLimit(255), p.SetMulticastLoopback(true))
	} else {
		p := ipv4.NewPacketConn(pc)
		err = errors.Join(p.SetMulticastInterface(&l.ifi), p.SetMulticastTTL(255), p.SetMulticastLoopback(true))
	}
	if err != nil {
		return err
	}
	return (&conn{UDPConn: pc.(*net.UDPConn)}).write(data, to)
}
