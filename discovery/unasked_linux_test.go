package discovery

import (
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"yonder/discovery/vlantest"
)

// overheard is a packet to the group of mDNS.
type overheard struct {
	at    time.Time
	v6    bool
	hops  int // that it had left
	port  int // that it came from
	msg   dns.Msg
	wrong error
}

// overhear passes on what the group hears in a host, until the test ends.
func overhear(t *testing.T, lan *vlantest.LAN, host int) <-chan overheard {
	t.Helper()
	var c4, c6 *net.UDPConn
	var err error
	lan.Enter(host, func() {
		var ifi *net.Interface
		if ifi, err = net.InterfaceByName("eth0"); err != nil {
			return
		}
		if c4, err = net.ListenMulticastUDP("udp4", ifi, net.UDPAddrFromAddrPort(netip.AddrPortFrom(mdnsGroup4, mdnsPort))); err != nil {
			return
		}
		c6, err = net.ListenMulticastUDP("udp6", ifi, net.UDPAddrFromAddrPort(netip.AddrPortFrom(mdnsGroup6, mdnsPort)))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c4.Close(); c6.Close() })
	p4, p6 := ipv4.NewPacketConn(c4), ipv6.NewPacketConn(c6)
	if err := p4.SetControlMessage(ipv4.FlagTTL, true); err != nil {
		t.Fatal(err)
	}
	if err := p6.SetControlMessage(ipv6.FlagHopLimit, true); err != nil {
		t.Fatal(err)
	}
	out := make(chan overheard, 1000)
	listen := func(v6 bool, read func([]byte) (n, hops int, from net.Addr, err error)) {
		buf := make([]byte, 9000)
		for { // ends when the test closes the socket
			n, hops, from, err := read(buf)
			if err != nil {
				return
			}
			o := overheard{at: time.Now(), v6: v6, hops: hops, port: from.(*net.UDPAddr).Port}
			o.wrong = o.msg.Unpack(buf[:n])
			out <- o
		}
	}
	go listen(false, func(b []byte) (int, int, net.Addr, error) {
		n, m, from, err := p4.ReadFrom(b)
		if err != nil {
			return 0, 0, nil, err
		}
		return n, m.TTL, from, nil
	})
	go listen(true, func(b []byte) (int, int, net.Addr, error) {
		n, m, from, err := p6.ReadFrom(b)
		if err != nil {
			return 0, 0, nil, err
		}
		return n, m.HopLimit, from, nil
	})
	return out
}

// TestUnaskedOnTheWire counts what a Yonder on host 2 multicasts: two packets over each
// family at its start and one at its end, or none if it is hidden.
func TestUnaskedOnTheWire(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why        string
		self       Self
		told, byes int // over each family
	}{
		{"seen", Self{TCPPort: 4002}, 2, 1},
		{"hidden", Self{TCPPort: 4002, Hidden: true}, 0, 0},
		{"takes no connections", Self{}, 0, 0},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel() // they mostly wait
			lan := vlantest.New(t, 2)
			heard := overhear(t, lan, 1)
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			c := launch(t, lan.Command(2, exe), childConfig{Key: 2, Self: tt.self, Sources: MDNS})
			quiet(t)
			c.end(syscall.SIGTERM) // returns when the process has ended
			told, byes, asked := map[bool]int{}, map[bool]int{}, 0
			last := time.After(time.Second)
			for open := true; open; {
				var o overheard
				select {
				case o = <-heard:
				case <-last:
					open = false
					continue
				}
				switch {
				case o.wrong != nil:
					t.Errorf("a packet that cannot be read: %v", o.wrong)
				case !o.msg.Response:
					asked++
				case o.hops != 255 || o.port != mdnsPort:
					t.Errorf("TTL %d, port %d: want 255 and 5353", o.hops, o.port)
				case o.msg.Answer[0].Header().Ttl == 0:
					byes[o.v6]++
				default:
					told[o.v6]++
				}
			}
			if asked == 0 {
				t.Error("no question was heard, so silence says nothing")
			}
			for _, v6 := range []bool{false, true} {
				// An address that came late begins anew.
				if told[v6] < tt.told || told[v6] > 2*tt.told || byes[v6] != tt.byes {
					t.Errorf("IPv6 %v: told %d times and goodbye %d times, want %d (at most twice as many) and %d", v6, told[v6], byes[v6], tt.told, tt.byes)
				}
			}
		})
	}
}
