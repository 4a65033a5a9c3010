package discovery

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// What keeps a network of Yonders from being a nuisance: rare announcements that are not in
// step, answers that are no larger than their questions (loop_test.go), and deaf ears for
// what comes from other networks.

func TestAnnouncementsAreNotInStep(t *testing.T) {
	var p schedule
	p.begin(at(0))
	var gaps []time.Duration
	var last time.Time
	for now := at(0); len(gaps) < 500; now = p.next() {
		if send, round := p.due(now, 10*time.Second); send && round >= 0 {
			if !last.IsZero() {
				gaps = append(gaps, now.Sub(last))
			}
			last = now
		}
	}
	least, most := slices.Min(gaps), slices.Max(gaps)
	if least < 9*time.Second || most > 11*time.Second {
		t.Errorf("pauses from %v to %v, want 10 s ± 10 %%", least, most)
	}
	if least > 9200*time.Millisecond || most < 10800*time.Millisecond {
		t.Errorf("500 pauses lie between %v and %v: those who started together stay together", least, most)
	}
	early := map[time.Duration]bool{}
	for range 50 {
		var p schedule
		p.begin(at(0))
		p.due(at(10), 10*time.Second)
		p.newcomer(at(15))
		early[p.next().Sub(at(15))] = true
	}
	if len(early) < 25 {
		t.Errorf("50 devices tell a newcomer at %d different moments", len(early))
	}
}

func TestMDNSIsQuickAtFirstAndThenRare(t *testing.T) {
	for step, want := range []time.Duration{250 * time.Millisecond, 750 * time.Millisecond, 2 * time.Second} {
		if got := mdnsPause(step, 1000); got != want {
			t.Errorf("pause %d is %v, want %v", step, got, want)
		}
	}
	for peers, want := range map[int]time.Duration{0: 45 * time.Second, 30: 45 * time.Second, 100: 150 * time.Second, 200: 5 * time.Minute, 10_000: 5 * time.Minute} {
		var pauses []time.Duration
		for range 500 {
			pauses = append(pauses, mdnsPause(len(mdnsPauses), peers))
		}
		least, most := slices.Min(pauses), slices.Max(pauses)
		if least < want*80/100 || most > want*120/100 || least > want*85/100 || most < want*115/100 {
			t.Errorf("%d peers: later pauses lie between %v and %v, want them all over %v ± 20 %%", peers, least, most, want)
		}
	}
}

// Where announcements are heard mDNS is calm, until they are not any more.
func TestMDNSLeavesItToAnnouncements(t *testing.T) {
	b, now := newBrowser(true, nil, nil, nil), time.Now()
	eth, wlan := link{ifi: net.Interface{Name: "eth0"}}, link{ifi: net.Interface{Name: "wlan0"}}
	b.setLinks([]link{eth, wlan})
	if b.calm(now, eth) {
		t.Error("calm before anything was heard")
	}
	b.announced(now, "eth0")
	if !b.calm(now.Add(heardTime-1), eth) || b.calm(now.Add(heardTime), eth) || b.calm(now, wlan) {
		t.Error("calm is not where announcements were heard, and as long")
	}
	b.setLinks([]link{eth, wlan})
	if b.calm(now, eth) {
		t.Error("another network under the same name is calm")
	}
}

// The more peers, the rarer: the whole network carries about as many.
func TestPeriodGrowsWithTheNetwork(t *testing.T) {
	s, err := New(testKey(1), Self{TCPPort: 4001}, announcing)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		peers int
		want  time.Duration
	}{{0, 5 * time.Second}, {60, 5 * time.Second}, {61, 5100 * time.Millisecond}, {120, 10 * time.Second}, {180, 15 * time.Second}, {1000, 15 * time.Second}} {
		clear(s.reg.entries)
		for n := range tt.peers {
			s.reg.entries[ID{byte(n), byte(n >> 8)}] = &entry{listed: true}
		}
		if got := s.period(); got != tt.want {
			t.Errorf("with %d peers one announcement every %v, want %v", tt.peers, got, tt.want)
		}
	}
}

// From another network nothing but a question is heard, and nothing but its answer is said.
func TestOtherNetworksAreNotHeard(t *testing.T) {
	near, far, linked := netip.MustParseAddr("10.0.0.9"), netip.MustParseAddr("192.168.9.9"), netip.MustParseAddr("fe80::9%eth1")
	tests := []struct {
		why    string
		kind   packetType
		from   netip.Addr
		listed bool
		says   bool // something to whoever it came from
	}{
		{"an announcement of our link", typeAnnounce, near, true, true},
		{"an answer of our link that nobody asked for", typeReply, near, true, false},
		{"a question of our link", typeQuery, near, true, true},
		{"an announcement from elsewhere", typeAnnounce, far, false, false},
		{"an answer from elsewhere that nobody asked for", typeReply, far, false, false},
		{"a goodbye from elsewhere", typeBye, far, false, false},
		{"a question from elsewhere", typeQuery, far, false, true},
		{"an announcement from a link that we are not on", typeAnnounce, linked, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lan := newFakeLAN()
				h := lan.host(1)
				s, stop := onFake(t, h, Self{TCPPort: 4001}, announcing)
				time.Sleep(10 * time.Second)
				sent := tapped(lan, h.addr)
				data := sign(t, 9, &packet{Type: tt.kind, Epoch: 1, Seq: 1, TCPPort: 4000, UDPPort: 5000, Nonce: nonce{1}, Addrs: []netip.Addr{tt.from.WithZone("")}})
				h.in <- datagram{data, netip.AddrPortFrom(tt.from, 5000), nil}
				time.Sleep(60 * time.Millisecond) // answers to newcomers are spread over 50 ms
				synctest.Wait()
				if listed := len(s.Peers()) > 0; listed != tt.listed {
					t.Errorf("listed: %v, want %v", listed, tt.listed)
				}
				said := slices.ContainsFunc(sent.take(), func(b []byte) bool { return packetType(b[5]) != typeAnnounce })
				if said != tt.says {
					t.Errorf("it says something: %v, want %v", said, tt.says)
				}
				stop()
			})
		})
	}
}
