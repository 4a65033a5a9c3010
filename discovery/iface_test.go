package discovery

import (
	"net"
	"net/netip"
	"reflect"
	"testing"
)

func TestJudge(t *testing.T) {
	const lan = net.FlagUp | net.FlagRunning | net.FlagBroadcast | net.FlagMulticast
	some := []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}
	tests := []struct {
		why   string
		name  string
		flags net.Flags
		addrs []netip.Prefix
		only  []string
		want  Skip
	}{
		{"a network card", "eth0", lan, some, nil, ""},
		{"Wi-Fi on Windows", "WLAN", lan, some, nil, ""},
		{"ZeroTier is a LAN", "ztabc123", lan, some, nil, ""},
		{"switched off", "eth0", lan &^ net.FlagUp, some, nil, SkipDown},
		{"no cable", "eth0", lan &^ net.FlagRunning, some, nil, SkipDown},
		{"no address yet", "eth0", lan, nil, nil, SkipNoAddress},
		{"loopback", "lo", net.FlagUp | net.FlagRunning | net.FlagLoopback, some, nil, SkipLoopback},
		{"a tunnel", "ppp0", lan | net.FlagPointToPoint, some, nil, SkipPointToPoint},
		{"no group", "x0", net.FlagUp | net.FlagRunning, some, nil, SkipNoGroup},
		{"multicast is enough", "x0", net.FlagUp | net.FlagRunning | net.FlagMulticast, some, nil, ""},
		{"Docker", "docker0", lan, some, nil, SkipVirtual},
		{"a container's network", "br-0123456789ab", lan, some, nil, SkipVirtual},
		{"but a bridge that the user made", "br0", lan, some, nil, ""},
		{"Hyper-V, whose name has capitals", "vEthernet (Default Switch)", lan, some, nil, SkipVirtual},
		{"AirDrop's own", "awdl0", lan, some, nil, SkipVirtual},
		{"chosen by the user although virtual", "docker0", lan, some, []string{"docker0"}, ""},
		{"not chosen", "eth0", lan, some, []string{"docker0"}, SkipNotChosen},
		{"chosen but off", "docker0", lan &^ net.FlagUp, some, []string{"docker0"}, SkipDown},
	}
	for _, tt := range tests {
		if got := judge(net.Interface{Name: tt.name, Flags: tt.flags}, tt.addrs, tt.only); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestDirectedBroadcast(t *testing.T) {
	for network, want := range map[string]string{
		"192.168.1.20/24": "192.168.1.255", "10.1.2.3/8": "10.255.255.255", "172.16.5.4/20": "172.16.15.255",
		"10.0.0.1/30": "10.0.0.3", "10.0.0.1/31": "255.255.255.255", "10.0.0.1/32": "255.255.255.255", "127.0.0.1/8": "127.255.255.255",
	} {
		if got := directedBroadcast(netip.MustParsePrefix(network)); got.String() != want {
			t.Errorf("of %s: %v, want %s", network, got, want)
		}
	}
}

func TestOwnAddrs(t *testing.T) {
	links := []link{
		testLink("lo", 1, "127.0.0.1/8"),
		testLink("eth0", 2, "10.0.0.2/24", "10.0.0.3/24", "fe80::2/64"),
		testLink("wlan0", 3, "192.168.1.2/24", "fe80::3/64", "2001:db8::3/64"),
	}
	links[0].ifi.Flags |= net.FlagLoopback
	tests := []struct {
		why, link, first string
		want             []string
	}{
		{"the sending link and address first, then what is routed", "eth0", "10.0.0.3",
			[]string{"10.0.0.3", "10.0.0.2", "fe80::2", "192.168.1.2", "2001:db8::3"}},
		{"off our links, no link-local", "", "", []string{"10.0.0.2", "10.0.0.3", "192.168.1.2", "2001:db8::3"}},
		{"on loopback its own", "lo", "127.0.0.1", []string{"127.0.0.1", "10.0.0.2", "10.0.0.3", "192.168.1.2", "2001:db8::3"}},
	}
	for _, tt := range tests {
		var first netip.Addr
		if tt.first != "" {
			first = netip.MustParseAddr(tt.first)
		}
		var got []string
		for _, a := range ownAddrs(links, tt.link, first) {
			got = append(got, a.String())
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.why, got, tt.want)
		}
	}
	for range 20 {
		links[1].addrs = append(links[1].addrs, netip.MustParsePrefix("10.0.0.9/24"))
	}
	if n := len(ownAddrs(links, "eth0", netip.Addr{})); n != maxListed {
		t.Errorf("%d addresses are listed, want %d", n, maxListed)
	}
}

func TestLinkOf(t *testing.T) {
	links := []link{testLink("eth0", 2, "10.0.0.2/24", "fe80::2/64"), testLink("wlan0", 3, "192.168.1.2/24", "fe80::3/64")}
	for a, want := range map[string]string{
		"10.0.0.77": "eth0", "192.168.1.1": "wlan0", "fe80::77%eth0": "eth0", "fe80::77%3": "wlan0",
		"fe80::77": "", "8.8.8.8": "", "fe80::77%tun0": "", "127.0.0.1": "",
	} {
		if l, _ := linkOf(links, netip.MustParseAddr(a)); l.ifi.Name != want {
			t.Errorf("linkOf(%s) = %q, want %q", a, l.ifi.Name, want)
		}
	}
}

func TestListInterfacesOfThisHost(t *testing.T) {
	lo := loopback(t)
	list, links, err := listInterfaces([]string{lo})
	if err != nil || len(links) != 1 || links[0].ifi.Name != lo {
		t.Fatalf("listInterfaces(%q): %v, %v", lo, links, err)
	}
	for _, i := range list {
		if (i.Name == lo) != (i.Skip == "") {
			t.Errorf("%s: %q", i.Name, i.Skip)
		}
	}
}
