package discovery

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The multicast groups. The first lies in 224.0.0.0/24, which switches with
// snooping pass on to everybody; the second is link-local.
var (
	group4 = netip.AddrFrom4([4]byte{224, 0, 0, 199})
	group6 = netip.MustParseAddr("ff12::5959")
)

// datagram is one received datagram; data belongs to the receiver.
type datagram struct {
	data []byte
	src  netip.AddrPort // IPv4 is never mapped into IPv6
	via  *conn          // where it came in; an answer from there passes the asker's firewall
}

// sockets carries datagrams over the interfaces of this host. There are
//
//   - one socket of our own on all addresses, for what goes to one peer,
//   - two on the well-known port, IPv4 and IPv6, shared with every other Yonder
//     on this host, which hear what goes to everybody,
//   - one for each address of each link, bound to it, so that broadcasts leave by
//     that link on every system (without, Windows uses one link only).
//
// All methods but received are called by one goroutine. Each socket has a reader
// that ends when it is closed; close waits for them all.
type sockets struct {
	port  uint16
	only  []string // interfaces; empty: all that look like a network
	group bool     // join the groups, to hear announcements

	in  chan datagram
	wg  sync.WaitGroup
	end chan struct{} // closed by close

	own      *conn
	rx4, rx6 *conn
	tx       map[txKey]*conn
	joined   map[joinKey]bool
	all      []Interface
	used     []link
	errs     map[string]error // the last failure on an interface, by name
	complete bool             // everything that the links ask for is open
}

type txKey struct {
	index int
	addr  netip.Prefix
}

type joinKey struct {
	index int
	v6    bool
}

// conn is one socket.
type conn struct {
	*net.UDPConn
	link   link         // zero for sockets of all links
	prefix netip.Prefix // its own address, for those bound to one
	broken atomic.Bool  // reading fails again and again: to be opened anew
}

func newSockets(port uint16, only []string, group bool) *sockets {
	return &sockets{port: port, only: only, group: group, in: make(chan datagram, 64), end: make(chan struct{}),
		tx: map[txKey]*conn{}, joined: map[joinKey]bool{}, errs: map[string]error{}}
}

func (s *sockets) received() <-chan datagram { return s.in }
func (s *sockets) links() []link             { return s.used }

// ownPort returns the port of the socket that reaches only this process; 0: there is none.
func (s *sockets) ownPort() uint16 {
	if s.own == nil {
		return 0
	}
	return s.own.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// interfaces returns all interfaces as last looked at.
func (s *sockets) interfaces() []Interface {
	list := slices.Clone(s.all)
	for i := range list {
		list[i].Err = s.errs[list[i].Name]
	}
	return list
}

// refresh looks at the interfaces and opens and closes what that takes. It
// reports whether links came, went or changed. The error says what does not
// work; everything else does, and the next refresh tries again.
func (s *sockets) refresh() (changed bool, err error) {
	all, links, err := listInterfaces(s.only)
	if err != nil {
		return false, err
	}
	changed = !slices.EqualFunc(links, s.used, sameLink)
	s.all = all
	if !changed && s.complete && !s.anyBroken() {
		return false, nil
	}
	s.used = links
	var errs []error
	if len(links) == 0 {
		errs = append(errs, ErrNoNetwork)
	}
	errs = append(errs, s.openShared()...)
	errs = append(errs, s.openLinks()...)
	err = errors.Join(errs...)
	s.complete = err == nil
	return changed, err
}

func sameLink(a, b link) bool {
	return a.ifi.Index == b.ifi.Index && a.ifi.Name == b.ifi.Name && a.ifi.Flags == b.ifi.Flags &&
		slices.Equal(a.addrs, b.addrs)
}

func (s *sockets) anyBroken() bool {
	for _, c := range s.conns() {
		if c.broken.Load() {
			return true
		}
	}
	return false
}

func (s *sockets) conns() []*conn {
	var list []*conn
	for _, c := range []*conn{s.own, s.rx4, s.rx6} {
		if c != nil {
			list = append(list, c)
		}
	}
	for _, c := range s.tx {
		list = append(list, c)
	}
	return list
}

// maxReadErrors in a row make a socket broken.
const maxReadErrors = 10

// read passes on what c receives until c is closed or broken.
func (s *sockets) read(c *conn) {
	defer s.wg.Done()
	buf := make([]byte, maxPacket+1) // one more, so that what is too long is seen to be
	for failures := 0; failures < maxReadErrors; {
		n, src, err := c.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // one datagram was too long, the link went down, or the system killed the socket
			failures++
			select {
			case <-time.After(time.Duration(failures) * 10 * time.Millisecond):
			case <-s.end:
				return
			}
			continue
		}
		failures = 0
		if n < headerLen || n > maxPacket || [4]byte(buf) != packetMagic {
			continue
		}
		d := datagram{append([]byte(nil), buf[:n]...), netip.AddrPortFrom(src.Addr().Unmap(), src.Port()), c}
		select {
		case s.in <- d:
		case <-s.end:
			return
		}
	}
	c.broken.Store(true)
}

// builder makes the datagram that leaves from one address of one link by one
// carrier, of all those that its announcement leaves that link by.
type builder = func(l link, from netip.Addr, by Carrier, all CarrierSet) ([]byte, error)

// announce sends to everybody on every link. round is -1 for all carriers, else it
// chooses one of those that the link has. It returns what was tried.
func (s *sockets) announce(round int, build builder) (tried []departure) {
	for _, l := range s.used {
		delete(s.errs, l.ifi.Name)
		var conns [groupCarriers][]*conn
		var has CarrierSet
		for _, c := range s.tx {
			switch {
			case c.link.ifi.Index != l.ifi.Index:
			case c.prefix.Addr().Is4():
				conns[ByBroadcast] = append(conns[ByBroadcast], c)
				conns[ByMulticast4] = append(conns[ByMulticast4], c)
				has |= ByBroadcast.set() | ByMulticast4.set()
			default:
				conns[ByMulticast6] = append(conns[ByMulticast6], c)
				has |= ByMulticast6.set()
			}
		}
		for i := range groupCarriers {
			by, all := Carrier(i), has
			if round >= 0 {
				by = Carrier((round + i) % groupCarriers)
				all = by.set()
			}
			sent := s.carry(by, all, l, conns[by], build)
			tried = append(tried, sent...)
			if round >= 0 && slices.ContainsFunc(sent, func(d departure) bool { return d.err == nil }) {
				break
			}
		}
	}
	return tried
}

// carry sends on one link by one carrier.
func (s *sockets) carry(by Carrier, all CarrierSet, l link, conns []*conn, build builder) (tried []departure) {
	for _, c := range conns {
		data, err := build(l, c.prefix.Addr(), by, all)
		switch {
		case err != nil:
		case by == ByBroadcast:
			to := directedBroadcast(c.prefix)
			if err = c.write(data, netip.AddrPortFrom(to, s.port)); err != nil && to.As4() != [4]byte{255, 255, 255, 255} {
				err = c.write(data, netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), s.port))
			}
		case by == ByMulticast4:
			err = c.write(data, netip.AddrPortFrom(group4, s.port))
		case by == ByMulticast6:
			err = c.write(data, netip.AddrPortFrom(group6.WithZone(l.ifi.Name), s.port))
		}
		if err != nil {
			s.errs[l.ifi.Name] = err
		}
		tried = append(tried, departure{hop{l.ifi.Name, by}, err})
	}
	return tried
}

// send sends to one address, from the socket via or, if that is nil, our own.
func (s *sockets) send(to netip.AddrPort, data []byte, via *conn) error {
	if via == nil {
		via = s.own
	}
	if via == nil {
		return errors.New("no UDP socket")
	}
	return via.write(data, to)
}

// write sends one datagram and does not wait long for room in the socket.
func (c *conn) write(data []byte, to netip.AddrPort) error {
	_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) // fails only on a closed socket, as the write then does
	_, err := c.WriteToUDPAddrPort(data, to)
	return err
}

// close closes all sockets and waits for their readers.
func (s *sockets) close() {
	close(s.end)
	for _, c := range s.conns() {
		c.Close()
	}
	s.wg.Wait()
}
