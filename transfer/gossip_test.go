package transfer

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

// places parses addresses.
func places(list ...string) (all []netip.AddrPort) {
	for _, text := range list {
		all = append(all, netip.MustParseAddrPort(text))
	}
	return all
}

func TestReachable(t *testing.T) {
	for _, good := range places("192.168.1.20:21925", "10.0.0.1:1", "203.0.113.9:65535", "[2001:db8::1]:21925", "[fd00::1]:21925", "1.0.0.0:1", "223.255.255.255:1") {
		if !Reachable(good) {
			t.Errorf("Reachable(%v) = false", good)
		}
	}
	for reason, bad := range map[string]netip.AddrPort{
		"nothing":           {},
		"no port":           netip.MustParseAddrPort("192.168.1.20:0"),
		"this host":         netip.MustParseAddrPort("127.0.0.1:21925"),
		"this host, IPv6":   netip.MustParseAddrPort("[::1]:21925"),
		"unspecified":       netip.MustParseAddrPort("0.0.0.0:21925"),
		"unspecified, IPv6": netip.MustParseAddrPort("[::]:21925"),
		"this network":      netip.MustParseAddrPort("0.1.2.3:21925"),
		"a group":           netip.MustParseAddrPort("224.0.0.199:21925"),
		"the last group":    netip.MustParseAddrPort("239.255.255.255:21925"),
		"a group, IPv6":     netip.MustParseAddrPort("[ff12::5959]:21925"),
		"a link":            netip.MustParseAddrPort("169.254.1.1:21925"),
		"a link, IPv6":      netip.MustParseAddrPort("[fe80::1]:21925"),
		"a zone":            netip.MustParseAddrPort("[2001:db8::1%eth0]:21925"),
		"everybody":         netip.MustParseAddrPort("255.255.255.255:21925"),
		"reserved":          netip.MustParseAddrPort("240.0.0.1:21925"),
		"IPv4 in IPv6":      netip.MustParseAddrPort("[::ffff:127.0.0.1]:21925"),
	} {
		if Reachable(bad) {
			t.Errorf("%s: Reachable(%v) = true", reason, bad)
		}
	}
}

// TestGossipPasses between two that have each other as paired, and says only what another
// device can use.
func TestGossipPasses(t *testing.T) {
	tests := []struct {
		reason string
		a, b   Level // whom each has the other as
		offA   bool
		offB   bool
		passes bool
	}{
		{"both paired", Paired, Paired, false, false, true},
		{"own devices", Mine, Mine, false, false, true},
		{"only the sender", Paired, Known, false, false, false},
		{"only the receiver", Known, Paired, false, false, true}, // whom to tell it is for the program to say
		{"the receiver has switched it off", Paired, Paired, false, true, false},
		{"the sender takes none, which its sending does not depend on", Paired, Paired, true, false, true},
	}
	far, six := ID{7}, ID{8}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			a, b := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
			a.trust(test.a)
			b.trust(test.b)
			a.SetGossip(!test.offA)
			b.SetGossip(!test.offB)
			s := connect(t, a, b)
			if s.Peer().Gossip != test.passes {
				t.Errorf("the other takes it: %v, want %v", s.Peer().Gossip, test.passes)
			}
			err := s.SendGossip([]Contact{
				{ID: far, Addrs: places("127.0.0.1:1", "10.9.0.1:21925", "224.0.0.1:1", "[2001:db8::1]:21925", "10.9.0.2:21925", "10.9.0.3:1", "10.9.0.4:1"), Age: 90 * time.Second},
				{ID: ID{9}, Addrs: places("[fe80::1%eth0]:21925")}, // of no use to anybody else
				{ID: six, Addrs: places("192.168.7.7:7")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SendChat(t.Context(), Chat{ID: [16]byte{1}, Body: "after it"}); err != nil {
				t.Fatal(err)
			}
			b.until("what was sent after it", func() bool { return len(b.chats) == 1 })
			b.mu.Lock()
			told := b.told
			b.mu.Unlock()
			if !test.passes {
				if len(told) != 0 {
					t.Errorf("it was told %v", told)
				}
				return
			}
			want := [][]Contact{{
				{ID: far, Addrs: places("10.9.0.1:21925", "[2001:db8::1]:21925", "10.9.0.2:21925", "10.9.0.3:1"), Age: 90 * time.Second},
				{ID: six, Addrs: places("192.168.7.7:7")},
			}}
			if !reflect.DeepEqual(told, want) {
				t.Errorf("it was told\n%v, want\n%v", told, want)
			}
			if err := s.SendGossip([]Contact{{ID: far, Addrs: places("10.9.0.1:1")}}); err != nil {
				t.Fatal(err)
			}
			if err := s.SendChat(t.Context(), Chat{ID: [16]byte{2}}); err != nil {
				t.Fatal(err)
			}
			b.until("what was sent after the second", func() bool { return len(b.chats) == 2 })
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.told) != 1 {
				t.Error("a second one within 30 s was looked at")
			}
		})
	}
}

// TestHostileGossip: what breaks the form ends the session, what is not allowed at this
// level or cannot be meant is passed over.
func TestHostileGossip(t *testing.T) {
	s := newScene(t)
	row := func(n int, addrs ...[]byte) *gossip {
		g := &gossip{}
		for i := range n {
			g.People = append(g.People, contact{ID: ID{byte(i + 1)}, Addrs: addrs})
		}
		return g
	}
	good := wireAddr(netip.MustParseAddrPort("10.9.0.1:21925"))
	bad := func(text string) []byte { return wireAddr(netip.MustParseAddrPort(text)) }
	mapped := append(slices.Clone(bad("[::ffff:0:0]:1")[:12]), 127, 0, 0, 1, 0x55, 0xa5)
	const lives, protocol, blocked code = 0, 1, 3
	tests := []struct {
		reason  string
		level   Level
		flags   byte
		payload []byte
		want    code
		told    int // people
	}{
		{"as it should be", Paired, flagOptional, marshal(row(32, good)), lives, 32},
		{"without the flag it is the same frame", Paired, 0, marshal(row(1, good)), lives, 1},
		{"33 people", Paired, flagOptional, marshal(row(33, good)), protocol, 0},
		{"16,000 people", Paired, flagOptional, marshal(row(200, nil)), protocol, 0},
		{"five addresses", Paired, flagOptional, marshal(row(1, good, good, good, good, good)), protocol, 0},
		{"an address of three bytes", Paired, flagOptional, marshal(row(1, []byte{1, 2, 3})), protocol, 0},
		{"garbage", Paired, flagOptional, []byte{0xff}, protocol, 0},
		{"nobody", Paired, flagOptional, marshal(&gossip{}), lives, 0},
		{"somebody without an id", Paired, flagOptional, marshal(&gossip{People: []contact{{Addrs: [][]byte{good}}}}), lives, 0},
		{"somebody without an address", Paired, flagOptional, marshal(row(1)), lives, 0},
		{"loopback", Paired, flagOptional, marshal(row(1, bad("127.0.0.1:21925"), bad("[::1]:21925"), mapped)), lives, 0},
		{"groups", Paired, flagOptional, marshal(row(1, bad("224.0.0.1:21925"), bad("[ff02::1]:21925"), bad("255.255.255.255:21925"))), lives, 0},
		{"unspecified", Paired, flagOptional, marshal(row(1, bad("0.0.0.0:21925"), bad("[::]:21925"), bad("10.9.0.1:0"))), lives, 0},
		{"a link's own", Paired, flagOptional, marshal(row(1, bad("[fe80::1]:21925"), bad("169.254.0.1:21925"))), lives, 0},
		{"an age of 2^64 - 1", Paired, flagOptional, marshal(&gossip{People: []contact{{ID: ID{1}, Addrs: [][]byte{good}, Age: 1<<64 - 1}}}), lives, 1},
		{"from somebody known", Known, flagOptional, marshal(row(1, good)), lives, 0},
		{"from a stranger", Unknown, flagOptional, marshal(row(1, good)), lives, 0},
		{"from a stranger, garbage that is not even read", Unknown, flagOptional, []byte{0xff}, lives, 0},
		{"from a stranger, as if it were needed", Unknown, 0, marshal(row(1, good)), blocked, 0},
	}
	s.b.SetGossip(true)
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			s.t, s.bystander.t = t, t
			s.b.trust(test.level)
			defer s.b.trust(Unknown)
			s.b.mu.Lock()
			s.b.told = nil
			s.b.mu.Unlock()
			p := newPuppet(t, s.b)
			b := frame(frameGossip, 0, test.payload)
			b[1] = test.flags
			p.raw(b)
			if test.want == lives {
				p.alive()
			} else if got := p.ended(); got != test.want {
				t.Errorf("BYE with code %d, want %d", got, test.want)
			}
			s.b.mu.Lock()
			told := 0
			for _, people := range s.b.told {
				told += len(people)
				for _, c := range people {
					if c.Age < 0 {
						t.Errorf("an age of %v", c.Age)
					}
				}
			}
			s.b.mu.Unlock()
			if told != test.told {
				t.Errorf("%d people were told, want %d", told, test.told)
			}
			s.bystander.alive()
		})
	}
	s.t, s.bystander.t = t, t
	s.untouched()
	s.finish()
}

// A peer of an earlier version skips it.
func TestGossipIsOptionalOnTheWire(t *testing.T) {
	b := gossipFrame([]Contact{{ID: ID{1}, Addrs: places("10.0.0.1:1")}})
	h := parseHeader((*[headerSize]byte)(b))
	if h.flags != flagOptional || h.typ != frameGossip || int(h.length) != len(b)-headerSize {
		t.Errorf("header %+v", h)
	}
	many := make([]Contact, 100)
	for i := range many {
		many[i] = Contact{ID: ID{byte(i)}, Addrs: places("[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1", "[2001:db8::4]:1", "[2001:db8::5]:1")}
	}
	b = gossipFrame(many)
	var m gossip
	if err := unmarshal(b[headerSize:], &m); err != nil || len(m.People) != MaxContacts || len(b) > maxGossip {
		t.Errorf("100 people become %d in %d bytes, %v", len(m.People), len(b), err)
	}
}

// FuzzGossip: whatever comes, what is passed on is bounded and can be dialled, and says the
// same when it is told on.
func FuzzGossip(f *testing.F) {
	f.Add(marshal(&gossip{}))
	f.Add(gossipFrame([]Contact{{ID: ID{1}, Addrs: places("10.0.0.1:1", "[2001:db8::1]:21925"), Age: time.Minute}})[headerSize:])
	f.Add(marshal(&gossip{People: []contact{{ID: ID{2}, Addrs: [][]byte{{127, 0, 0, 1, 0, 1}}, Age: 1 << 63}}}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var m gossip
		if err := unmarshal(payload, &m); err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("unmarshal(%x) = %v", payload, err)
			}
			return
		}
		people := m.contacts()
		if len(people) > MaxContacts {
			t.Errorf("%d people", len(people))
		}
		for _, c := range people {
			if len(c.Addrs) == 0 || len(c.Addrs) > MaxContactAddrs || c.Age < 0 || c.ID.IsZero() || !all(c.Addrs, Reachable) {
				t.Errorf("%+v", c)
			}
		}
		var again gossip
		b := gossipFrame(people)
		if err := unmarshal(b[headerSize:], &again); err != nil || !reflect.DeepEqual(again.contacts(), people) {
			t.Errorf("%v comes back as %v, %v", people, again.contacts(), err)
		}
		if !bytes.Equal(gossipFrame(again.contacts()), b) {
			t.Errorf("%x is not stable", b)
		}
	})
}

func all[T any](list []T, ok func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !ok(v) })
}
