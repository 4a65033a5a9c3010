package discovery

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(s float64) time.Time { return t0.Add(time.Duration(s * float64(time.Second))) }

const testPort = 21925

// saw makes a sighting of a datagram that device n sent from 10.0.0.n.
func saw(n byte, kind packetType, epoch, seq uint64, edit ...func(*sighting)) sighting {
	a := netip.AddrFrom4([4]byte{10, 0, 0, n})
	s := sighting{
		packet: &packet{Type: kind, Name: fmt.Sprintf("dev%d", n), Epoch: epoch, Seq: seq, TCPPort: 4000, UDPPort: 5000,
			Period: 5 * time.Second, Addrs: []netip.Addr{a}},
		id: testID(n), src: netip.AddrPortFrom(a, 5000), iface: "eth0", source: Broadcast,
	}
	for _, e := range edit {
		e(&s)
	}
	return s
}

func answerTo(a string) func(*sighting) {
	return func(s *sighting) {
		s.Type, s.asked, s.rtt = typeReply, netip.MustParseAddrPort(a), time.Millisecond
	}
}

func from(a string) func(*sighting) {
	return func(s *sighting) { s.src = netip.MustParseAddrPort(a) }
}

func listing(addrs ...string) func(*sighting) {
	return func(s *sighting) {
		s.Addrs = nil
		for _, a := range addrs {
			s.Addrs = append(s.Addrs, netip.MustParseAddr(a))
		}
	}
}

func named(name string) func(*sighting) { return func(s *sighting) { s.Name = name } }
func onTCP(port uint16) func(*sighting) { return func(s *sighting) { s.TCPPort = port } }

// told renders news as the tests compare them.
func told(list []news) string {
	var out []string
	for _, n := range list {
		sign := "-"
		if n.present {
			sign = "+"
		}
		out = append(out, sign+string(n.why))
	}
	return fmt.Sprint(out)
}

func TestRegistryHears(t *testing.T) {
	type step struct {
		s    sighting
		want string // news
		ask  int    // candidates
	}
	tests := []struct {
		why   string
		steps []step
		addrs []string // at the end; nil: not listed
	}{
		{"an announcement is enough", []step{{saw(2, typeAnnounce, 9, 1), "[+found]", 0}}, []string{"10.0.0.2:4000"}},
		{"its repetition says nothing new", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeAnnounce, 9, 2), "[]", 0}}, []string{"10.0.0.2:4000"}},
		{"a copy by another way teaches an address that it lists", []step{
			{saw(2, typeAnnounce, 9, 1, listing("10.0.0.2", "10.1.0.2")), "[+found]", 1},
			{saw(2, typeAnnounce, 9, 1, listing("10.1.0.2", "10.0.0.2"), from("10.1.0.2:5000")), "[+updated]", 0}},
			[]string{"10.0.0.2:4000", "10.1.0.2:4000"}},
		{"a recorded copy from elsewhere does not", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeAnnounce, 9, 1, from("10.0.0.66:5000")), "[]", 0}},
			[]string{"10.0.0.2:4000"}},
		{"a stranger from an address that it does not list is asked first", []step{
			{saw(2, typeAnnounce, 9, 1, from("10.0.0.66:5000")), "[]", 1}}, nil},
		{"and so is a peer", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeAnnounce, 9, 2, from("10.0.0.66:5000")), "[]", 1}},
			[]string{"10.0.0.2:4000"}},
		{"whose answer counts from anywhere", []step{
			{saw(2, typeReply, 9, 1, from("10.0.0.66:5000"), answerTo("10.0.0.66:5000")), "[+found]", 1}}, []string{"10.0.0.66:4000"}},
		{"an answer that was overtaken does not bring back the old name", []step{
			{saw(2, typeAnnounce, 9, 5, named("new")), "[+found]", 0}, {saw(2, typeReply, 9, 4, answerTo("10.0.0.2:5000")), "[]", 0}},
			[]string{"10.0.0.2:4000"}},
		{"a new name", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeAnnounce, 9, 2, named("other")), "[+updated]", 0}}, []string{"10.0.0.2:4000"}},
		{"a new port", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeAnnounce, 9, 2, onTCP(4001)), "[+updated]", 0}}, []string{"10.0.0.2:4001"}},
		{"a recording of what was said before", []step{
			{saw(2, typeAnnounce, 9, 2), "[+found]", 0}, {saw(2, typeAnnounce, 9, 1, named("old")), "[]", 0}}, []string{"10.0.0.2:4000"}},
		{"goodbye", []step{{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeBye, 9, 2), "[-left]", 0}}, nil},
		{"the second copy of it", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeBye, 9, 2), "[-left]", 0}, {saw(2, typeBye, 9, 2), "[]", 0}}, nil},
		{"an announcement that it overtook does not bring the peer back", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeBye, 9, 3), "[-left]", 0}, {saw(2, typeAnnounce, 9, 2), "[]", 0}}, nil},
		{"nor does a copy with the same number", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeBye, 9, 2), "[-left]", 0}, {saw(2, typeAnnounce, 9, 2), "[]", 0}}, nil},
		{"a recorded goodbye of an earlier run does nothing", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeBye, 8, 99), "[]", 0}}, []string{"10.0.0.2:4000"}},
		{"a goodbye of somebody unknown does nothing", []step{{saw(2, typeBye, 9, 2), "[]", 0}}, nil},
		{"a restart, whose addresses are new", []step{
			{saw(2, typeAnnounce, 9, 5), "[+found]", 0},
			{saw(2, typeAnnounce, 10, 1, from("10.0.0.7:5000"), listing("10.0.0.7")), "[+restarted]", 0}}, []string{"10.0.0.7:4000"}},
		{"an earlier epoch is asked", []step{
			{saw(2, typeAnnounce, 9, 5), "[+found]", 0}, {saw(2, typeAnnounce, 8, 1), "[]", 1}}, []string{"10.0.0.2:4000"}},
		{"and believed when it answers: its clock went back", []step{
			{saw(2, typeAnnounce, 9, 5), "[+found]", 0}, {saw(2, typeReply, 8, 2, answerTo("10.0.0.2:5000")), "[+restarted]", 0},
			{saw(2, typeAnnounce, 8, 3, named("n")), "[+updated]", 0}}, []string{"10.0.0.2:4000"}},
		{"without a TCP port nobody is listed", []step{{saw(2, typeAnnounce, 9, 1, onTCP(0)), "[]", 0}}, nil},
		{"until there is one", []step{
			{saw(2, typeAnnounce, 9, 1, onTCP(0)), "[]", 0}, {saw(2, typeAnnounce, 9, 2), "[+found]", 0}}, []string{"10.0.0.2:4000"}},
		{"and the other way round", []step{
			{saw(2, typeAnnounce, 9, 1), "[+found]", 0}, {saw(2, typeAnnounce, 9, 2, onTCP(0)), "[-hidden]", 0}}, nil},
		{"listed addresses are asked once there is room, useless ones never", []step{
			{saw(2, typeAnnounce, 9, 1, listing("10.0.0.2", "10.9.0.2", "127.0.0.1", "0.0.0.0", "224.0.0.1", "fe80::1", "2001:db8::2")), "[+found]", 2}},
			[]string{"10.0.0.2:4000"}},
		{"we ourselves", []step{{saw(1, typeAnnounce, 9, 1), "[]", 0}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			r := newRegistry(testID(1), testPort)
			for i, step := range tt.steps {
				out := r.heard(at(float64(i)), step.s)
				if got := told(out.news); got != step.want || len(out.ask) != step.ask {
					t.Errorf("step %d: news %s, %d to ask; want %s, %d", i, got, len(out.ask), step.want, step.ask)
				}
			}
			var addrs []string
			if e := r.entries[testID(2)]; e != nil && e.listed {
				for _, a := range e.peer.Addrs {
					addrs = append(addrs, a.AddrPort.String())
				}
			}
			if !slices.Equal(addrs, tt.addrs) {
				t.Errorf("addresses %v, want %v", addrs, tt.addrs)
			}
		})
	}
}

func TestRegistryTellsNewcomersFromOthers(t *testing.T) {
	r := newRegistry(testID(1), testPort)
	steps := []struct {
		why   string
		s     sighting
		fresh bool
	}{
		{"new", saw(2, typeAnnounce, 9, 1), true},
		{"known", saw(2, typeAnnounce, 9, 2), false},
		{"restarted", saw(2, typeAnnounce, 10, 1), true},
		{"leaves", saw(2, typeBye, 10, 2), false},
		{"is back", saw(2, typeAnnounce, 10, 3), true},
	}
	for i, step := range steps {
		if out := r.heard(at(float64(i)), step.s); out.fresh != step.fresh {
			t.Errorf("%s: fresh is %v", step.why, out.fresh)
		}
	}
}

func TestRegistryLimits(t *testing.T) {
	many := func(s *sighting, i int) {
		a := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		s.id, s.src, s.Addrs = ID{1: byte(i >> 8), 2: byte(i), 3: 1}, netip.AddrPortFrom(a, 1), []netip.Addr{a}
	}
	t.Run("strangers from everywhere", func(t *testing.T) {
		r := newRegistry(testID(1), testPort)
		r.known[testID(2)] = true
		r.heard(at(0), saw(2, typeAnnounce, 9, 1))
		r.heard(at(0), saw(3, typeAnnounce, 9, 1))
		r.report(at(0), testID(3), netip.AddrPort{}, Opened)
		evicted := 0
		for i := range 2 * maxStrangers {
			s := saw(4, typeAnnounce, 9, 1)
			many(&s, i)
			for _, n := range r.heard(at(float64(i)/1000), s).news {
				if n.why == Evicted {
					evicted++
				}
			}
		}
		if len(r.entries) != maxStrangers+2 || evicted != maxStrangers {
			t.Errorf("%d entries, %d evicted; want %d, %d", len(r.entries), evicted, maxStrangers+2, maxStrangers)
		}
		for _, n := range []byte{2, 3} {
			if e := r.entries[testID(n)]; e == nil || !e.listed {
				t.Errorf("device %d, which is known or connected, was evicted", n)
			}
		}
	})
	t.Run("strangers from one address", func(t *testing.T) {
		r := newRegistry(testID(1), testPort)
		r.heard(at(0), saw(2, typeAnnounce, 9, 1))
		for i := range 100 {
			s := saw(66, typeAnnounce, 9, 1)
			s.id = ID{1: byte(i), 2: 1}
			r.heard(at(1+float64(i)), s)
		}
		if len(r.entries) != maxPerSource+1 || r.entries[testID(2)] == nil {
			t.Errorf("%d entries, want %d and among them the one from elsewhere", len(r.entries), maxPerSource+1)
		}
	})
	t.Run("addresses of one peer", func(t *testing.T) {
		r := newRegistry(testID(1), testPort)
		for i := range 20 {
			a := fmt.Sprintf("10.0.0.%d", 100+i)
			r.heard(at(float64(i)), saw(2, typeAnnounce, 9, uint64(i+1), from(a+":5000"), listing(a)))
		}
		if n := len(r.entries[testID(2)].peer.Addrs); n != maxAddrs || r.entries[testID(2)].find(netip.MustParseAddr("10.0.0.119")) == nil {
			t.Errorf("%d addresses, want %d and among them the last one", n, maxAddrs)
		}
	})
}

func TestAddressOrder(t *testing.T) {
	addr := func(a, iface string, rtt time.Duration, failed bool) Addr {
		x := Addr{AddrPort: netip.AddrPortFrom(netip.MustParseAddr(a), 1), Iface: iface, RTT: rtt, added: t0}
		if failed {
			x.failed = t0
		}
		return x
	}
	tests := []struct {
		why           string
		first, second Addr
	}{
		{"failed comes last", addr("10.0.0.2", "", 0, false), addr("10.0.0.1", "eth0", 0, true)},
		{"our own link first", addr("10.0.0.2", "eth0", time.Second, false), addr("10.0.0.1", "", time.Millisecond, false)},
		{"link-local later", addr("2001:db8::1", "eth0", time.Second, false), addr("fe80::1%eth0", "eth0", 0, false)},
		{"quick before slow", addr("10.0.0.2", "eth0", time.Millisecond, false), addr("10.0.0.1", "eth0", 80*time.Millisecond, false)},
		{"noise does not matter", addr("10.0.0.1", "eth0", 9*time.Millisecond, false), addr("10.0.0.2", "eth0", time.Millisecond, false)},
	}
	for _, tt := range tests {
		if better(tt.first, tt.second) >= 0 || better(tt.second, tt.first) <= 0 {
			t.Errorf("%s: %v is not before %v", tt.why, tt.first, tt.second)
		}
	}
}

func TestReportedFailureMovesAddressBack(t *testing.T) {
	r := newRegistry(testID(1), testPort)
	r.heard(at(0), saw(2, typeAnnounce, 9, 1, listing("10.0.0.2", "10.1.0.2")))
	r.heard(at(0), saw(2, typeAnnounce, 9, 1, listing("10.1.0.2", "10.0.0.2"), from("10.1.0.2:5000")))
	n := r.report(at(1), testID(2), netip.MustParseAddrPort("10.0.0.2:4000"), Failed)
	if told(n) != "[+updated]" || n[0].peer.Addrs[0].Addr().String() != "10.1.0.2" {
		t.Errorf("after a failed dial: %+v", n)
	}
	r.heard(at(2), saw(2, typeAnnounce, 9, 2))
	if got := r.entries[testID(2)].peer.Addrs[0].Addr().String(); got != "10.0.0.2" {
		t.Errorf("heard again from 10.0.0.2, best is %s", got)
	}
}

func TestConnectionDoesNotBringBackWhoLeft(t *testing.T) {
	r := newRegistry(testID(1), testPort)
	r.heard(at(0), saw(2, typeAnnounce, 9, 1))
	r.heard(at(1), saw(2, typeBye, 9, 2))
	if n := r.report(at(2), testID(2), netip.MustParseAddrPort("10.0.0.2:4000"), Opened); n != nil {
		t.Errorf("a connection that is late is news: %s", told(n))
	}
	if n := r.report(at(3), testID(9), netip.AddrPort{}, Closed); n != nil || len(r.open) != 1 {
		t.Errorf("the end of a connection that was never reported: %v, %d open", n, len(r.open))
	}
}
