//go:build linux

package discovery

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// The bounds are generous, because other tests may keep the machine busy; the
// figures are printed.
const (
	soon   = 5 * time.Second  // what takes milliseconds
	dead   = 20 * time.Second // noticing that somebody vanished
	mended = 15 * time.Second // finding each other again
)

// onHost starts a discovery process on a host of lan. Its key is the host's number.
func onHost(t *testing.T, lan *vlantest.LAN, host int, sources Source, name string) *child {
	t.Helper()
	return hosted(t, lan, host, childConfig{
		Key: byte(host), Self: Self{Name: name, TCPPort: uint16(4000 + host)}, Sources: sources,
	})
}

// hosted starts a discovery process that does as cfg says.
func hosted(t *testing.T, lan *vlantest.LAN, host int, cfg childConfig) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, lan.Command(host, exe), cfg)
}

// quiet waits until the announcements of a start are over, so that a newcomer
// is not found by one of them.
func quiet(t *testing.T) {
	t.Helper()
	time.Sleep(4 * time.Second) // nothing to wait for: the absence of datagrams is the point
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func TestHostsFindEachOther(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why     string
		sources Source
		opts    vlantest.Options
	}{
		{"mDNS alone", MDNS, vlantest.Options{}},
		{"announcements alone", Broadcast, vlantest.Options{}},
		{"both", Broadcast | MDNS, vlantest.Options{}},
		{"announcements without any route, as on a LAN without router", Broadcast, vlantest.Options{NoRoutes: true}},
		{"mDNS without any route", MDNS, vlantest.Options{NoRoutes: true}},
		{"announcements over IPv6 only", Broadcast, vlantest.Options{NoIPv4: true}},
		{"mDNS over IPv6 only", MDNS, vlantest.Options{NoIPv4: true}},
		{"announcements over IPv4 only", Broadcast, vlantest.Options{NoIPv6: true}},
		{"mDNS over IPv4 only", MDNS, vlantest.Options{NoIPv6: true}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel() // they mostly wait
			lan := vlantest.NewWith(t, 2, tt.opts)
			a := onHost(t, lan, 1, tt.sources, "Ann")
			quiet(t)
			b := onHost(t, lan, 2, tt.sources, "客厅的电脑 🏠")
			t.Logf("the newcomer finds the old one after %.1f ms", ms(b.await("up", a.id, soon).Sub(b.begun)))
			t.Logf("the old one finds the newcomer after %.1f ms", ms(a.await("up", b.id, soon).Sub(b.begun)))
			if l := a.last(); l.Name != "客厅的电脑 🏠" {
				t.Errorf("name %q", l.Name)
			}
			at := b.end(syscall.SIGTERM)
			t.Logf("a clean exit is noticed after %.1f ms", ms(a.await("down", b.id, soon).Sub(at)))
			if l := a.last(); l.Why != Left {
				t.Errorf("after a clean exit: %q, want %q", l.Why, Left)
			}

			b = onHost(t, lan, 2, tt.sources, "Bea")
			a.await("up", b.id, soon)
			at = b.end(syscall.SIGKILL)
			t.Logf("kill -9 is noticed after %.1f s", a.await("down", b.id, dead).Sub(at).Seconds())
			b = onHost(t, lan, 2, tt.sources, "Bea")
			t.Logf("and the next start after %.1f ms", ms(a.await("up", b.id, soon).Sub(b.begun)))
		})
	}
}

func TestBothStartTogether(t *testing.T) {
	t.Parallel()
	for _, sources := range []Source{MDNS, Broadcast} {
		t.Run(sources.String(), func(t *testing.T) {
			t.Parallel()
			lan := vlantest.New(t, 2)
			a, b := onHost(t, lan, 1, sources, "Ann"), onHost(t, lan, 2, sources, "Bea")
			t.Logf("%.1f ms and %.1f ms after their own starts",
				ms(a.await("up", b.id, soon).Sub(a.begun)), ms(b.await("up", a.id, soon).Sub(b.begun)))
		})
	}
}

func TestNetworkComesAndGoes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why       string
		cut, mend func(lan *vlantest.LAN)
		sources   Source
	}{
		{"the interface is switched off and on",
			func(lan *vlantest.LAN) { lan.IP(2, "link", "set", "eth0", "down") },
			func(lan *vlantest.LAN) { lan.IP(2, "link", "set", "eth0", "up") }, Broadcast},
		{"the cable is pulled", func(lan *vlantest.LAN) { lan.Unplug(2) }, func(lan *vlantest.LAN) { lan.Plug(2) }, Broadcast},
		{"the cable is pulled, mDNS only", func(lan *vlantest.LAN) { lan.Unplug(2) }, func(lan *vlantest.LAN) { lan.Plug(2) }, MDNS},
		{"the adapter is pulled out, another one takes its place",
			func(lan *vlantest.LAN) { lan.Disconnect(2) }, func(lan *vlantest.LAN) { lan.Connect(2) }, Broadcast},
		{"the adapter is replaced, mDNS only",
			func(lan *vlantest.LAN) { lan.Disconnect(2) }, func(lan *vlantest.LAN) { lan.Connect(2) }, MDNS},
		{"a switch dies silently", func(lan *vlantest.LAN) { lan.Partition(2) }, func(lan *vlantest.LAN) { lan.Heal(2) }, Broadcast},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel() // they mostly wait
			lan := vlantest.New(t, 2)
			a, b := onHost(t, lan, 1, tt.sources, "Ann"), onHost(t, lan, 2, tt.sources, "Bea")
			a.await("up", b.id, soon)
			b.await("up", a.id, soon)
			at := time.Now()
			tt.cut(lan)
			t.Logf("the other host notices after %.1f s", a.await("down", b.id, dead).Sub(at).Seconds())
			t.Logf("the host itself after %.1f s", b.await("down", a.id, dead).Sub(at).Seconds())
			at = time.Now()
			tt.mend(lan)
			t.Logf("found again after %.1f s", a.await("up", b.id, mended).Sub(at).Seconds())
			t.Logf("finds again after %.1f s", b.await("up", a.id, mended).Sub(at).Seconds())
		})
	}
}

func TestAddressChange(t *testing.T) {
	t.Parallel()
	lan := vlantest.NewWith(t, 2, vlantest.Options{NoIPv6: true})
	a, b := onHost(t, lan, 1, Broadcast, "Ann"), onHost(t, lan, 2, Broadcast, "Bea")
	a.await("up", b.id, soon)
	at := time.Now()
	lan.IP(2, "addr", "del", "10.77.0.2/24", "dev", "eth0") // first, or the system removes the new one with it
	lan.IP(2, "addr", "add", "10.77.0.99/24", "brd", "+", "dev", "eth0")
	for {
		seen := a.await("changed", b.id, mended)
		if slices.Contains(a.last().Addrs, "10.77.0.99:4002") {
			t.Logf("the new address is known after %.1f s", seen.Sub(at).Seconds())
			return
		}
	}
}

func TestDefaultDenyFirewall(t *testing.T) {
	t.Parallel()
	for _, walled := range []int{1, 2} {
		t.Run(map[int]string{1: "of the one who was there first", 2: "of the newcomer"}[walled], func(t *testing.T) {
			t.Parallel()
			lan := vlantest.NewWith(t, 2, vlantest.Options{NoIPv6: true})
			lan.Filter(walled, `ct state established,related accept; iifname "eth0" udp dport 21925 accept; iifname "eth0" ip protocol udp drop`)
			a := onHost(t, lan, 1, Broadcast, "Ann")
			quiet(t)
			b := onHost(t, lan, 2, Broadcast, "Bea")
			t.Logf("the newcomer finds the old one after %.1f ms", ms(b.await("up", a.id, soon).Sub(b.begun)))
			t.Logf("the old one finds the newcomer after %.1f ms", ms(a.await("up", b.id, soon).Sub(b.begun)))
			if _, gone := a.look("down", b.id, 10*time.Second); gone {
				t.Error("the firewall made a peer vanish")
			}
		})
	}
}

func TestTwoOnOneHost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why     string
		sources Source
		opts    vlantest.Options
	}{
		{"announcements", Broadcast, vlantest.Options{}},
		{"mDNS", MDNS, vlantest.Options{}},
		{"announcements, no network but loopback", Broadcast, vlantest.Options{Bare: true}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel() // they mostly wait
			lan := vlantest.NewWith(t, 1, tt.opts)
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			var c [2]*child
			for i := range c {
				c[i] = launch(t, lan.Command(1, exe), childConfig{
					Key: byte(i + 1), Self: Self{TCPPort: uint16(4001 + i)}, Sources: tt.sources})
			}
			t.Logf("the second finds the first after %.1f ms", ms(c[1].await("up", c[0].id, soon).Sub(c[1].begun)))
			t.Logf("the first finds the second after %.1f ms", ms(c[0].await("up", c[1].id, soon).Sub(c[1].begun)))
			c[1].end(syscall.SIGTERM)
			c[0].await("down", c[1].id, soon)
		})
	}
}

// Wireless networks lose group datagrams; nobody may seem to leave because of that.
func TestTwentyPercentLoss(t *testing.T) {
	t.Parallel()
	const hosts = 6
	lan := vlantest.New(t, hosts)
	var all []*child
	for i := 1; i <= hosts; i++ {
		lan.Loss(i, 20)
	}
	for i := 1; i <= hosts; i++ {
		all = append(all, onHost(t, lan, i, Broadcast, "host "+strings.Repeat("一", i)))
	}
	var took []time.Duration
	for _, a := range all {
		begun := slices.MaxFunc(all, func(x, y *child) int { return x.begun.Compare(y.begun) }).begun
		for _, b := range all {
			if a != b {
				seen := false
				for _, l := range a.log {
					seen = seen || l.Event == "up" && l.ID == b.id.String()
				}
				if !seen {
					took = append(took, a.await("up", b.id, mended).Sub(begun))
				}
			}
		}
	}
	t.Logf("all pairs known %.1f ms after the last one started", ms(slices.Max(took)))
	time.Sleep(10 * time.Second) // long enough for a wrong verdict
	for _, a := range all {
		if at, gone := a.look("down", ID{}, 100*time.Millisecond); gone {
			t.Errorf("%s lost somebody at %v: %+v", a.id.Short(), at, a.last())
		}
	}
}

// Cable and Wi-Fi of one computer are often on the same network.
func TestTwoInterfacesAreOnePeer(t *testing.T) {
	t.Parallel()
	for _, sources := range []Source{Broadcast, MDNS} {
		t.Run(sources.String(), func(t *testing.T) {
			t.Parallel()
			lan := vlantest.NewWith(t, 2, vlantest.Options{NoIPv6: true})
			if out, err := lan.Command(2, "ip", "link", "add", "link", "eth0", "name", "eth1", "type", "macvlan", "mode", "bridge").CombinedOutput(); err != nil {
				t.Skipf("this kernel makes no second interface: %v: %s", err, out)
			}
			lan.IP(2, "addr", "add", "10.77.0.102/24", "brd", "+", "dev", "eth1")
			lan.IP(2, "link", "set", "eth1", "up")
			a, b := onHost(t, lan, 1, sources, "Ann"), onHost(t, lan, 2, sources, "Bea")
			a.await("up", b.id, soon)
			for !slices.Contains(a.last().Addrs, "10.77.0.2:4002") || !slices.Contains(a.last().Addrs, "10.77.0.102:4002") {
				a.await("changed", b.id, mended)
			}
			b.await("up", a.id, soon)
			if _, again := b.look("up", ID{}, 2*time.Second); again {
				t.Errorf("b found another peer: %+v", b.last())
			}
		})
	}
}
