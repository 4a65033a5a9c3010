package discovery

import (
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// Ten thousand devices in ten seconds, all with real keys: the list and the memory stay
// bounded, and the device that was dealt with before stays in it.
func TestTenThousandStrangers(t *testing.T) {
	type arrival struct {
		data []byte
		src  netip.AddrPort
	}
	const strangers = 10_000
	crowd := make([]arrival, strangers) // made before, so that only what is kept of them counts
	for n := range crowd {
		crowd[n].data, crowd[n].src = stranger(t, n, netip.AddrFrom4([4]byte{10, 0, 0, byte(n%200 + 50)}))
	}
	known := testID(2)
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		cfg := announcing
		cfg.Cache = []Known{{ID: known}}
		a, stopA := onFake(t, h, Self{TCPPort: 4001}, cfg)
		_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, announcing)
		time.Sleep(5 * time.Second)
		events := collect(t.Context(), a)
		before := heapInUse()
		for _, c := range crowd {
			h.in <- datagram{c.data, c.src, nil}
			time.Sleep(10 * time.Second / strangers)
		}
		synctest.Wait()
		grown := int64(heapInUse()) - int64(before)
		peers := a.Peers()
		t.Logf("%d of %d are listed; the heap grew by %d KiB", len(peers), strangers, grown>>10)
		if len(peers) > maxStrangers+1 || !slices.ContainsFunc(peers, func(p Peer) bool { return p.ID == known }) {
			t.Errorf("%d are listed, at most %d may be, and the known one must", len(peers), maxStrangers+1)
		}
		if grown > 32<<20 {
			t.Errorf("the heap grew by %d MiB", grown>>20)
		}
		for _, e := range events() {
			if e.Peer.ID == known && e.Kind == Down {
				t.Errorf("the known one went: %v", e.Why)
			}
		}
		stopA()
		stopB()
	})
	runtime.KeepAlive(crowd)
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A reflector sends to everybody what is for everybody, from its own address and twice, as a
// misconfigured router between two networks does. Everybody stays one peer at the address
// that is theirs, and nobody takes the echo of itself for a copy.
func TestReflector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		hosts := []*fakeHost{lan.host(1), lan.host(2)}
		mirror := netip.MustParseAddrPort("10.0.0.99:21925")
		echoes := make(chan []byte, 10_000)
		lan.tap = func(_ netip.Addr, data []byte) {
			if kind := packetType(data[5]); kind == typeAnnounce || kind == typeBye {
				echoes <- slices.Clone(data)
			}
		}
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case data := <-echoes:
					for _, h := range hosts {
						for range 2 {
							select {
							case h.in <- datagram{slices.Clone(data), mirror, nil}:
							default:
							}
						}
					}
				case <-stop:
					return
				}
			}
		}()
		var services []*Service
		var events []func() []Event
		var stops []func()
		for _, h := range hosts {
			s, stop := onFake(t, h, Self{TCPPort: 4000}, announcing)
			services, events, stops = append(services, s), append(events, collect(t.Context(), s)), append(stops, stop)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for i, s := range services {
			peers := s.Peers()
			if len(peers) != 1 || len(peers[0].Addrs) != 1 || peers[0].Addrs[0].Addr() != hosts[1-i].addr {
				t.Errorf("host %d lists %+v", i+1, peers)
			}
			for _, e := range events[i]() {
				if e.Kind != Up && e.Kind != NetworkChanged {
					t.Errorf("host %d: %v %v %v", i+1, e.Kind, e.Why, e.Err)
				}
			}
		}
		lan.mu.Lock()
		sent := 0
		for _, n := range lan.count {
			sent += n
		}
		lan.mu.Unlock()
		t.Logf("%d datagrams of two hosts in a minute", sent)
		if sent > 120 {
			t.Errorf("%d datagrams: the echoes are answered", sent)
		}
		lan.mu.Lock()
		lan.tap = nil
		lan.mu.Unlock()
		for _, stop := range stops {
			stop()
		}
		close(stop)
	})
}

// FuzzMDNS takes a packet through all that is ours behind the parser of the library: its
// questions to the zone, its texts to the candidates.
func FuzzMDNS(f *testing.F) {
	l := testLink("eth0", 3, "10.0.0.1/24", "fe80::2/64")
	z := newZone(l, func() zoneData { return zoneData{testID(2), 4002, 5000} })
	var question dns.Msg
	question.SetQuestion("_yonder._tcp.local.", dns.TypePTR)
	answer := &dns.Msg{Answer: z.Records(question.Question[0])}
	for _, m := range []*dns.Msg{&question, answer} {
		data, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0x0c, 0, 12, 0, 1})               // a name that points at itself
	f.Add([]byte{0, 0, 0x84, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0}) // counts without anything
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0, 12, 0, 3})                // another class
	f.Fuzz(func(t *testing.T, data []byte) {
		z := newZone(l, z.data) // its limit is not what this is about
		var m dns.Msg
		if m.Unpack(data) != nil {
			return
		}
		for _, q := range m.Question {
			reply := &dns.Msg{Answer: z.Records(q)}
			if _, err := reply.Pack(); err != nil {
				t.Fatalf("the answer to %v cannot be packed: %v", q, err)
			}
		}
		for _, rr := range slices.Concat(m.Answer, m.Ns, m.Extra) {
			if text, ok := rr.(*dns.TXT); ok {
				for _, c := range parseTXT(text.Txt, l) {
					if !l.has(c.addr) || c.tcp == 0 || c.want.IsZero() {
						t.Fatalf("%q gives %+v", text.Txt, c)
					}
				}
			}
		}
	})
}
