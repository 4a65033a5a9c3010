package discovery

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var announcing = Config{Sources: Broadcast}

func TestAnnouncementsOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		_, stop := onFake(t, lan.host(1), Self{TCPPort: 4001}, announcing)
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		if n := lan.sent(typeAnnounce); n != 4 {
			t.Errorf("%d announcements in the first 3.5 s, want the burst of 4", n)
		}
		time.Sleep(10 * time.Minute)
		if n := lan.sent(typeAnnounce); n < 600*10/55-2 || n > 600*10/45+2 {
			t.Errorf("%d announcements in 10 min, want one every 4.5 to 5.5 s", n)
		}
		stop()
		if n := lan.sent(typeBye); n != 2 {
			t.Errorf("%d goodbyes, want 2", n)
		}
	})
}

// A loop that is always due would keep a core busy, whatever the sources.
func TestIdleLoopSleeps(t *testing.T) {
	for _, sources := range []Source{0, Broadcast} {
		synctest.Test(t, func(t *testing.T) {
			turns := 0
			cfg := Config{Sources: sources, Now: func() time.Time { turns++; return time.Now() }}
			lan := newFakeLAN()
			_, stop := onFake(t, lan.host(1), Self{TCPPort: 4001}, cfg)
			time.Sleep(time.Minute)
			synctest.Wait()
			if turns > 300 {
				t.Errorf("%v: the clock was read %d times in an idle minute", sources, turns)
			}
			stop()
		})
	}
}

func TestWithoutBroadcastNobodyIsToldUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		a, stopA := onFake(t, lan.host(1), Self{TCPPort: 4001}, Config{})
		_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, announcing)
		time.Sleep(time.Minute)
		if len(a.Peers()) != 0 {
			t.Error("announcements were heard without the source that they belong to")
		}
		if _, err := a.Probe(t.Context(), "10.0.0.2:4002", nil); err != nil {
			t.Errorf("Probe: %v", err)
		}
		stopA()
		synctest.Wait() // b has taken in the goodbye
		stopB()
		if n := lan.sent(typeBye); n != 1*2+2 {
			t.Errorf("%d goodbyes, want 2 to everybody by b and 2 to b by a", n)
		}
	})
}

func TestPeerWithoutAnnouncementsIsKeptByQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		a, stopA := onFake(t, lan.host(1), Self{TCPPort: 4001}, Config{})
		_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, Config{})
		if _, err := a.Probe(t.Context(), "10.0.0.2", nil); err != nil {
			t.Fatal(err)
		}
		events := collect(t.Context(), a)
		time.Sleep(10 * time.Minute)
		for _, e := range events()[1:] {
			t.Errorf("%v %v", e.Kind, e.Why)
		}
		stopB()
		synctest.Wait()
		if list := events(); len(list) != 1 || list[0].Kind != Down || list[0].Why != Left {
			t.Errorf("after its end: %+v", list)
		}
		stopA()
	})
}

// Thirty hosts, a fifth of what goes to everybody is lost: found quickly, and
// nobody seems to leave.
func TestThirtyHostsWithLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hosts = 30
		lan := newFakeLAN()
		lan.multi = true // with one carrier all that a pair says at the start is lost once in a thousand runs
		dice := rand.New(rand.NewPCG(1, 2))
		lan.lost = func(_, _ netip.Addr, group bool) bool { return group && dice.IntN(100) < 20 }
		var events []func() []Event
		var stops []func()
		for n := range hosts {
			s, stop := onFake(t, lan.host(byte(n+1)), Self{TCPPort: 4000}, announcing)
			stops = append(stops, stop)
			events = append(events, collect(t.Context(), s))
		}
		begun := time.Now()
		time.Sleep(45 * time.Second)
		synctest.Wait()
		var last time.Duration
		for n, list := range events {
			up := 0
			for _, e := range list() {
				switch e.Kind {
				case Up:
					up++
					last = max(last, e.At.Sub(begun))
				case Down:
					t.Errorf("host %d lost %s after %v: %v", n+1, e.Peer.ID.Short(), e.At.Sub(begun), e.Why)
				}
			}
			if up != hosts-1 {
				t.Errorf("host %d found %d of %d", n+1, up, hosts-1)
			}
		}
		t.Logf("the last of %d pairs after %v", hosts*(hosts-1), last)
		if last > 3500*time.Millisecond {
			t.Errorf("the last pair after %v, want at most 3.5 s", last)
		}
		for _, stop := range stops {
			stop()
		}
	})
}

func TestVanishedPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h2 := lan.host(2)
		a, stopA := onFake(t, lan.host(1), Self{TCPPort: 4001}, announcing)
		_, stopB := onFake(t, h2, Self{TCPPort: 4002}, announcing)
		time.Sleep(30 * time.Second)
		events := collect(t.Context(), a)
		h2.setUp(false)
		cut := time.Now()
		time.Sleep(9500 * time.Millisecond)
		synctest.Wait()
		list := events()
		if len(list) != 2 || list[1].Kind != Down || list[1].Why != Silent {
			t.Fatalf("9.5 s after the cut: %+v", list)
		}
		t.Logf("gone after %v", list[1].At.Sub(cut))
		h2.setUp(true)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if list := events(); len(list) != 1 || list[0].Kind != Up {
			t.Errorf("3 s after it was plugged in again: %+v", list)
		}
		stopA()
		stopB()
	})
}

func TestProofSavesSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		cfg := announcing
		var proofs atomic.Int32
		cfg.Prove = func(_ context.Context, at netip.AddrPort, want *ID) (ID, error) {
			if proofs.Add(1); at.String() != "10.0.0.2:4002" || want == nil || *want != testID(2) {
				t.Errorf("Prove(%v, %v)", at, want)
			}
			return testID(2), nil
		}
		a, stopA := onFake(t, lan.host(1), Self{TCPPort: 4001}, cfg)
		_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, announcing)
		time.Sleep(10 * time.Second)
		lan.mu.Lock()
		lan.lost = func(_, _ netip.Addr, _ bool) bool { return true } // a firewall against all UDP
		lan.mu.Unlock()
		time.Sleep(10 * time.Minute)
		if p := a.Peers(); len(p) != 1 || !p[0].Verified || proofs.Load() < 50 {
			t.Errorf("after 10 min without datagrams: %+v, %d proofs", p, proofs.Load())
		}
		stopA()
		stopB()
	})
}

func TestSleepingHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		var asleep atomic.Int64
		cfg := announcing
		cfg.Now = func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) }
		a, stopA := onFake(t, lan.host(1), Self{TCPPort: 4001}, cfg)
		_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, announcing)
		h3 := lan.host(3)
		_, stopC := onFake(t, h3, Self{TCPPort: 4003}, announcing)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		events := collect(t.Context(), a)
		time.Sleep(time.Second)
		events()
		h3.setUp(false) // c went away meanwhile
		asleep.Store(int64(time.Hour))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for _, e := range events() {
			if e.Peer.ID != testID(3) || e.Kind != Down {
				t.Errorf("5 s after waking: %v of %s", e.Kind, e.Peer.ID.Short())
			}
		}
		if p := a.Peers(); len(p) != 1 || p[0].ID != testID(2) {
			t.Errorf("5 s after waking there are %d peers, want only the one that stayed", len(p))
		}
		stopA()
		stopB()
		stopC()
	})
}

// Nothing that strangers send may cost much, fill memory or push out a peer.
func TestFlood(t *testing.T) {
	known := testID(2)
	tests := []struct {
		why   string
		forge func(n int) ([]byte, netip.AddrPort)
		most  int // peers listed afterwards
	}{
		{"forged signatures", func(n int) ([]byte, netip.AddrPort) {
			p := examplePacket()
			p.Seq, p.Epoch = uint64(n), 1<<60
			data := sign(t, 2, p)
			data[len(data)-1] ^= 1
			return data, netip.MustParseAddrPort("10.0.0.2:5000")
		}, 1},
		{"forged goodbyes", func(n int) ([]byte, netip.AddrPort) {
			data := sign(t, 2, &packet{Type: typeBye, Epoch: 1 << 60, Seq: uint64(n)})
			data[len(data)-1] ^= 1
			return data, netip.MustParseAddrPort("10.0.0.2:5000")
		}, 1},
		{"new devices, all real, from one address", func(n int) ([]byte, netip.AddrPort) {
			return stranger(t, n, netip.MustParseAddr("10.0.0.66"))
		}, 1 + maxPerSource},
		{"new devices, all real, from everywhere", func(n int) ([]byte, netip.AddrPort) {
			return stranger(t, n, netip.AddrFrom4([4]byte{10, 0, 0, byte(n%200 + 50)}))
		}, 1 + maxStrangers},
		{"announcements from another network", func(n int) ([]byte, netip.AddrPort) {
			return stranger(t, n, netip.AddrFrom4([4]byte{192, 168, byte(n >> 8), byte(n)}))
		}, 1},
		{"garbage", func(n int) ([]byte, netip.AddrPort) {
			data := sign(t, 2, examplePacket())
			return data[:n%len(data)], netip.MustParseAddrPort("10.0.0.66:1")
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lan := newFakeLAN()
				h := lan.host(1)
				cfg := announcing
				cfg.Cache = []Known{{ID: known}}
				a, stopA := onFake(t, h, Self{TCPPort: 4001}, cfg)
				_, stopB := onFake(t, lan.host(2), Self{TCPPort: 4002}, announcing)
				time.Sleep(5 * time.Second)
				events := collect(t.Context(), a)
				for n := range 3000 { // 300 a second, for longer than a peer may be silent
					data, src := tt.forge(n + 1)
					h.in <- datagram{data, src, nil}
					time.Sleep(time.Second / 300)
				}
				synctest.Wait()
				for _, e := range events() {
					if e.Peer.ID == known && e.Kind == Down {
						t.Errorf("the peer went down: %v", e.Why)
					}
				}
				if n := len(a.Peers()); n > tt.most {
					t.Errorf("%d peers, want at most %d", n, tt.most)
				}
				stopA()
				stopB()
			})
		})
	}
}

// stranger returns an announcement of device n, rightly signed and sent from a.
func stranger(t *testing.T, n int, a netip.Addr) ([]byte, netip.AddrPort) {
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, uint64(n)+1000)
	key := ed25519.NewKeyFromSeed(seed)
	p := &packet{Type: typeAnnounce, Epoch: 1, Seq: 1, TCPPort: 4000, UDPPort: 5000, Addrs: []netip.Addr{a}}
	copy(p.Key[:], key.Public().(ed25519.PublicKey))
	data, err := p.encode(key)
	if err != nil {
		t.Fatal(err)
	}
	return data, netip.AddrPortFrom(a, 5000)
}

func TestCopiedProfileIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		a, stop := onFake(t, h, Self{TCPPort: 4001}, announcing)
		events := collect(t.Context(), a)
		p := examplePacket()
		p.Addrs = nil
		h.in <- datagram{sign(t, 1, p), netip.MustParseAddrPort("10.0.0.1:5000"), nil} // from our own address
		time.Sleep(time.Second)
		for _, e := range events() {
			if e.Kind == Trouble {
				t.Errorf("our own datagram is trouble: %v", e.Err)
			}
		}
		h.in <- datagram{sign(t, 1, p), netip.MustParseAddrPort("10.0.0.9:5000"), nil}
		time.Sleep(time.Second)
		if list := events(); len(list) != 1 || list[0].Kind != Trouble || list[0].Err == nil {
			t.Errorf("a datagram of ours from another host: %+v", list)
		}
		stop()
	})
}

// No answer may be longer than its question, or others could be flooded by us.
func TestAnswerIsNotLongerThanQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		_, stop := onFake(t, h, Self{TCPPort: 4001, Name: "小明的电脑"}, Config{})
		synctest.Wait()
		asker := lan.host(2)
		data := sign(t, 2, &packet{Type: typeQuery, Epoch: 1, Seq: 1, Nonce: nonce{1}, Addrs: []netip.Addr{asker.addr}})
		src := netip.AddrPortFrom(asker.addr, 5000)
		h.in <- datagram{data, src, nil}
		synctest.Wait()
		select {
		case d := <-asker.in:
			if p, err := parsePacket(d.data); err != nil || p.Echo != (nonce{1}) || len(d.data) > len(data) {
				t.Errorf("answer of %d bytes to a question of %d: %+v, %v", len(d.data), len(data), p, err)
			}
		default:
			t.Error("no answer")
		}
		short := unpadded(t, 2, &packet{Type: typeQuery, Epoch: 1, Seq: 2, Nonce: nonce{2}, Addrs: []netip.Addr{asker.addr}})
		h.in <- datagram{short, src, nil}
		synctest.Wait()
		select {
		case d := <-asker.in:
			t.Errorf("answer of %d bytes to a question of %d", len(d.data), len(short))
		default:
		}
		stop()
	})
}

// Only a neighbour may have us announce, and learns how we hear it.
func TestExaminedByNeighboursOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		_, stop := onFake(t, h, Self{TCPPort: 4001}, announcing)
		asker := lan.host(2)
		time.Sleep(10 * time.Second)
		question := func(seq uint64, src netip.Addr) *packet {
			p := &packet{Type: typeQuery, Epoch: 1, Seq: seq, Nonce: nonce{byte(seq)}, Examine: true, Addrs: []netip.Addr{src}}
			lan.sent(typeAnnounce)
			for len(asker.in) > 0 {
				<-asker.in
			}
			h.in <- datagram{sign(t, 2, p), netip.AddrPortFrom(src, 5000), nil}
			synctest.Wait()
			for len(asker.in) > 0 {
				if d := <-asker.in; packetType(d.data[5]) == typeReply {
					p, err := parsePacket(d.data)
					if err != nil {
						t.Fatal(err)
					}
					return p
				}
			}
			return nil
		}
		heard := &packet{Type: typeAnnounce, Epoch: 1, Seq: 1, Way: ByBroadcast.set(), Ways: 3, Addrs: []netip.Addr{asker.addr}}
		h.in <- datagram{sign(t, 2, heard), netip.AddrPortFrom(asker.addr, 5000), nil}
		time.Sleep(2 * time.Second)
		if r := question(2, asker.addr); r == nil || !r.Tells || r.Hears != ByBroadcast.set() {
			t.Errorf("the neighbour is answered %+v, want that it was heard by broadcast", r)
		}
		if n := lan.sent(typeAnnounce); n != 1 {
			t.Errorf("%d announcements at once for a neighbour, want 1", n)
		}
		time.Sleep(time.Minute)
		question(3, netip.MustParseAddr("192.168.7.7"))
		if n := lan.sent(typeAnnounce); n != 0 {
			t.Errorf("somebody from elsewhere caused %d announcements", n)
		}
		stop()
	})
}

// Whoever forges addresses must not make us send questions to others at will.
func TestDoubtfulDatagramsCauseFewQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		_, stop := onFake(t, h, Self{TCPPort: 4001}, announcing)
		time.Sleep(5 * time.Second)
		lan.sent(typeQuery)
		for n := range 100 {
			data, _ := stranger(t, n, netip.MustParseAddr("10.0.0.66"))
			h.in <- datagram{data, netip.AddrPortFrom(netip.MustParseAddr("10.0.0.99"), uint16(1000+n)), nil}
			time.Sleep(90 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := lan.sent(typeQuery); n == 0 || n > 4 {
			t.Errorf("100 datagrams that claim to come from one address caused %d questions to it, want 1 to 4", n)
		}
		stop()
	})
}

// unpadded encodes a question as somebody would who wants to misuse it.
func unpadded(t *testing.T, key byte, p *packet) []byte {
	t.Helper()
	copy(p.Key[:], testKey(key).Public().(ed25519.PublicKey))
	p.Type = typeBye // which is not padded
	data, err := p.encode(testKey(key))
	if err != nil {
		t.Fatal(err)
	}
	p.Type = typeQuery
	signed := data[:len(data)-ed25519.SignatureSize]
	signed[5] = byte(typeQuery)
	return append(signed, ed25519.Sign(testKey(key), append([]byte(signContext), signed...))...)
}

// What a trusted peer says is asked, also off our links, and only the wanted device counts.
func TestSuggest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		a, stopA := onFake(t, h, Self{TCPPort: 4001}, announcing)
		far := lan.host(2)
		far.addr = netip.MustParseAddr("192.168.9.2") // in another network
		lan.mu.Lock()
		delete(lan.hosts, netip.MustParseAddr("10.0.0.2"))
		lan.hosts[far.addr] = far
		lan.lost = func(_, _ netip.Addr, group bool) bool { return group } // as a router does
		lan.mu.Unlock()
		b, err := New(testKey(2), Self{Name: "Bea", TCPPort: 4002}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		b.net = far
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- b.Run(ctx) }()
		time.Sleep(5 * time.Second)
		at := netip.MustParseAddrPort("192.168.9.2:4002")

		a.Suggest(testID(7), []netip.AddrPort{at}) // somebody else answers there
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if list := a.Peers(); len(list) != 0 {
			t.Errorf("somebody else answered there, and listed are %+v", list)
		}
		time.Sleep(30 * time.Second)
		lan.sent(typeQuery)
		five := []netip.AddrPort{}
		for n := range 5 {
			five = append(five, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, 77, byte(n + 1)}), 4000))
		}
		a.Suggest(testID(8), five)
		a.Suggest(testID(8), []netip.AddrPort{netip.MustParseAddrPort("10.0.0.255:4000"), netip.MustParseAddrPort("224.0.0.1:4000"), netip.MustParseAddrPort("0.0.0.0:4000")})
		a.Suggest(testID(1), []netip.AddrPort{at}) // we ourselves
		time.Sleep(300 * time.Millisecond)
		if n := lan.sent(typeQuery); n != maxSuggested {
			t.Errorf("%d questions for five places and some that are none, want %d", n, maxSuggested)
		}
		a.Suggest(testID(2), []netip.AddrPort{at})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		list := a.Peers()
		if len(list) != 1 || list[0].ID != testID(2) || list[0].Addrs[0].Source != Gossip || list[0].Addrs[0].AddrPort != at {
			t.Errorf("listed are %+v", list)
		}
		time.Sleep(10 * time.Minute)
		if n := len(a.Peers()); n != 1 {
			t.Errorf("ten minutes later %d are listed", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		stopA()
	})
}

// A question from another network is answered, never with more bytes than it has, and makes
// only those known who were dealt with before.
func TestQuestionsFromOtherNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := newFakeLAN()
		h := lan.host(1)
		sent := tapped(lan, h.addr)
		cfg := announcing
		cfg.Cache = []Known{{ID: testID(3)}}
		a, stop := onFake(t, h, Self{Name: "小明的电脑", TCPPort: 4001}, cfg)
		time.Sleep(5 * time.Second)
		for key := byte(2); key <= 3; key++ {
			far := netip.AddrFrom4([4]byte{192, 168, 9, key})
			for seq := range uint64(3) {
				sent.take()
				data := sign(t, key, &packet{Type: typeQuery, Epoch: 1, Seq: seq + 1, TCPPort: 4000, UDPPort: 5000, Nonce: nonce{key, byte(seq)}, Addrs: []netip.Addr{far}})
				h.in <- datagram{data, netip.AddrPortFrom(far, 5000), nil}
				synctest.Wait()
				answers := 0
				for _, answer := range sent.take() {
					p, err := parsePacket(answer)
					if err == nil && p.Type == typeReply && p.Echo == (nonce{key, byte(seq)}) && len(answer) <= len(data) {
						answers++
					} else if err != nil || p.Type != typeAnnounce {
						t.Errorf("it sends %+v, %v of %d bytes", p, err, len(answer))
					}
				}
				if answers != 1 {
					t.Errorf("question %d of device %d got %d answers", seq, key, answers)
				}
			}
		}
		list := a.Peers()
		if len(list) != 1 || list[0].ID != testID(3) {
			t.Errorf("listed are %+v, want only the one that was known", list)
		}
		stop()
	})
}
