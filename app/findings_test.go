package app

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"yonder/app/computer"
	"yonder/discovery"
)

// well is a computer that has no trouble, in a network with one other.
func well() *facts {
	f := &facts{mode: "both", searching: true, listening: "10.0.0.1:21925", port: 21925, wanted: 21925, outlet: "eth0"}
	eth0 := discovery.LinkStatus{Interface: discovery.Interface{Name: "eth0", Index: 2, Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}}
	for by := range eth0.By {
		eth0.By[by] = discovery.Traffic{Sent: 3, Own: 3, Heard: 3}
	}
	f.status.Links = []discovery.LinkStatus{
		{Interface: discovery.Interface{Name: "lo", Index: 1, Skip: discovery.SkipLoopback, Loopback: true}},
		eth0,
		{Interface: discovery.Interface{Name: "docker0", Index: 3, Skip: discovery.SkipVirtual, Addrs: []netip.Prefix{netip.MustParsePrefix("172.17.0.1/16")}}},
	}
	f.peers = []peerFacts{neighbour("Bea", 2)}
	return f
}

// neighbour is somebody who is heard and reached.
func neighbour(name string, n byte) peerFacts {
	addr := fmt.Sprintf("10.0.0.%d:21925", n)
	s := &discovery.PeerStatus{Listed: true, Tells: true, Hears: 7}
	s.ID = discovery.ID{n}
	s.Addrs = []discovery.Addr{{AddrPort: netip.MustParseAddrPort(addr), Iface: "eth0"}}
	s.Heard = [discovery.Carriers]int{3, 3, 3, 3}
	return peerFacts{id: DeviceID{n}, name: name, present: true, seen: s,
		addrs: []AddressFact{{Addr: addr, Source: "broadcast", Near: true, Result: ReachAnswers}}}
}

// away makes somebody known from before who is not here now.
func away(addr string, near bool, result Reach) peerFacts {
	return peerFacts{id: DeviceID{9}, name: "Cam", addrs: []AddressFact{{Addr: addr, Source: "remembered", Near: near, Result: result}}}
}

func TestConclude(t *testing.T) {
	bea := func(f *facts) *peerFacts { return &f.peers[0] }
	eth0 := func(f *facts) *discovery.LinkStatus { return &f.status.Links[1] }
	tests := []struct {
		why    string
		change func(f *facts)
		want   string // severity:code or severity:code(param=value) of all that is not ok
	}{
		{"all is well", func(*facts) {}, ""},
		{"it is hidden, and so nothing is sent", func(f *facts) {
			f.visible, bea(f).seen.Tells, bea(f).seen.Hears = Nobody, false, 0
			for by := range eth0(f).By {
				eth0(f).By[by].Sent, eth0(f).By[by].Own = 0, 0
			}
		}, "note:hidden"},
		{"and does not show its key to strangers", func(f *facts) {
			f.visible, bea(f).addrs[0].Result = Nobody, ""
		}, "note:hidden"},
		{"verified people see it", func(f *facts) { f.visible = PairedOnly }, "note:paired-only"},
		{"the other one takes only whom it has verified", func(f *facts) { bea(f).addrs[0].Result = ReachPrivate }, "note:peer-private"},
		{"one announcement got lost", func(f *facts) { bea(f).seen.Heard[0], bea(f).seen.Missed[0] = 0, 1 }, ""},
		{"some got lost", func(f *facts) { bea(f).seen.Heard[0], bea(f).seen.Missed[0] = 1, 5 }, ""},
		{"on a network that loses many", func(f *facts) {
			bea(f).seen.Heard, bea(f).seen.Missed = [4]int{0, 2, 3, 1}, [4]int{3, 1, 0, 0}
		}, ""},
		{"a peer without IPv6", func(f *facts) { bea(f).seen.Heard[2], bea(f).seen.Hears = 0, 3 }, ""},
		{"a peer that an older version cannot be asked", func(f *facts) { bea(f).seen.Tells, bea(f).seen.Hears = false, 0 }, ""},
		{"nobody", func(f *facts) { f.peers = nil }, "note:nobody"},
		{"people from another network are remembered", func(f *facts) { f.peers = append(f.peers, away("192.168.7.7:21925", false, ReachSilent)) }, ""},
		{"somebody from this network is away", func(f *facts) { f.peers = append(f.peers, away("10.0.0.9:21925", true, ReachNobody)) }, ""},
		{"their computer is on, without Yonder", func(f *facts) { f.peers = append(f.peers, away("10.0.0.9:21925", true, ReachRefused)) }, "note:peer-refused(name=Cam)"},
		{"somebody else has their address now", func(f *facts) { f.peers = append(f.peers, away("10.0.0.9:21925", true, ReachOther)) }, ""},
		{"two on this computer", func(f *facts) {
			bea(f).seen.Here, bea(f).addrs[0].Near, bea(f).seen.Heard, bea(f).seen.Missed = true, false, [4]int{}, [4]int{3, 3, 3, 0}
		}, ""},

		{"broadcast does not come from Bea", func(f *facts) { bea(f).seen.Heard[0], bea(f).seen.Missed[0] = 0, 2 }, "warning:carrier-blocked(carriers=broadcast)"},
		{"nor on a network that loses many", func(f *facts) {
			bea(f).seen.Heard, bea(f).seen.Missed = [4]int{0, 3, 4, 1}, [4]int{4, 1, 0, 0}
		}, "warning:carrier-blocked(carriers=broadcast)"},
		{"nor from Dan, who hears none either", func(f *facts) {
			f.peers = append(f.peers, neighbour("Dan", 3))
			for i := range f.peers {
				f.peers[i].seen.Heard[0], f.peers[i].seen.Missed[0], f.peers[i].seen.Hears = 0, 2, 6
			}
		}, "warning:carrier-blocked(names=Bea, Dan)"},
		{"Bea does not hear our broadcasts", func(f *facts) { bea(f).seen.Hears = 6 }, "warning:carrier-blocked-there(names=Bea)"},
		{"Bea hears nothing", func(f *facts) { bea(f).seen.Hears = 0 }, "warning:peer-deaf(name=Bea)"},
		{"Bea is not heard at all, and would announce", func(f *facts) { bea(f).seen.Heard = [4]int{} }, "warning:peer-not-heard"},
		{"Bea is only named by mDNS, and announces nothing", func(f *facts) { bea(f).seen.Heard, bea(f).seen.Tells = [4]int{3: 2}, false }, "note:peer-not-heard"},
		{"a system that does not let a host hear itself", func(f *facts) { eth0(f).By[0].Own = 0 }, ""},
		{"broadcasts do not come back", func(f *facts) {
			eth0(f).By[0].Own, eth0(f).By[0].Heard = 0, 0
		}, "warning:carrier-blocked-here(carriers=broadcast)"},
		{"that is why Bea's are not heard", func(f *facts) {
			eth0(f).By[0] = discovery.Traffic{Sent: 3}
			bea(f).seen.Heard[0], bea(f).seen.Missed[0] = 0, 3
		}, "warning:carrier-blocked-here"},
		{"nothing comes back", func(f *facts) { eth0(f).By = [4]discovery.Traffic{{Sent: 3}, {Sent: 3}, {Sent: 3}, {Sent: 3}} }, "problem:blocked-here(interface=eth0)"},
		{"nothing can be sent", func(f *facts) {
			eth0(f).By = [4]discovery.Traffic{{Err: errors.New("not permitted")}, {Err: errors.New("not permitted")}, {}, {}}
		}, "problem:send-failed(carriers=broadcast,multicast4)"},
		{"nothing comes back, and the firewall says so", func(f *facts) {
			eth0(f).By = [4]discovery.Traffic{{Sent: 3}, {Sent: 3}, {Sent: 3}, {Sent: 3}}
			f.firewalls = []computer.Firewall{{Name: "nftables", On: true, TCP: computer.Blocked, UDP: computer.Blocked}}
		}, "problem:firewall-blocks(ports=TCP 21925, UDP 21925)"},
		{"only mDNS is used", func(f *facts) { f.mode = "mdns"; eth0(f).By = [4]discovery.Traffic{}; bea(f).seen.Heard = [4]int{3: 2} }, ""},

		{"a firewall lets TCP alone in", func(f *facts) {
			f.firewalls = []computer.Firewall{{Name: "ufw", On: true, TCP: computer.Open, UDP: computer.Blocked}}
		}, "problem:firewall-blocks(ports=UDP 21925)"},
		{"a firewall cannot be read", func(f *facts) { f.firewalls = []computer.Firewall{{Name: "ufw", On: true}} }, "note:firewall-on(firewall=ufw)"},
		{"but somebody came through", func(f *facts) { f.firewalls = []computer.Firewall{{Name: "ufw", On: true}}; f.reached = true }, ""},
		{"nobody may look at the rules", func(f *facts) { f.firewalls = []computer.Firewall{{Name: "nftables"}} }, "note:firewall-unseen"},

		{"Bea does not answer", func(f *facts) { bea(f).addrs[0].Result = ReachSilent }, "problem:peer-silent(heard=yes)"},
		{"Bea cannot be resolved on the link", func(f *facts) { bea(f).addrs[0].Result = ReachNobody }, "problem:peer-silent(heard=yes)"},
		{"Bea answers at another address", func(f *facts) {
			bea(f).addrs = append([]AddressFact{{Addr: "10.0.0.7:21925", Near: true, Result: ReachSilent}}, bea(f).addrs...)
		}, ""},
		{"Bea refuses", func(f *facts) { bea(f).addrs[0].Result = ReachRefused }, "problem:peer-refused(address=10.0.0.2:21925)"},
		{"Bea is another device", func(f *facts) { bea(f).addrs[0].Result = ReachOther }, "warning:peer-wrong-key"},
		{"Bea is newer", func(f *facts) { bea(f).addrs[0].Result = ReachVersion }, "warning:peer-version"},
		{"Bea is a web server", func(f *facts) { bea(f).addrs[0].Result = ReachStrange }, "problem:peer-not-yonder"},
		{"Bea has a session, whatever the addresses say", func(f *facts) { bea(f).connected, bea(f).addrs[0].Result = true, ReachSilent }, ""},
		{"Bea is in another network", func(f *facts) { bea(f).addrs[0].Near, bea(f).seen.Addrs[0].Iface = false, "" }, "note:peer-elsewhere(name=Bea)"},
		{"and does not answer there", func(f *facts) {
			bea(f).addrs[0] = AddressFact{Addr: "10.9.0.2:21925", Result: ReachSilent}
			bea(f).seen.Addrs[0].Iface = ""
		}, "problem:peer-elsewhere-silent"},
		{"mDNS names somebody who does not answer", func(f *facts) {
			p := away("10.0.0.9:21925", true, ReachSilent)
			p.seen = &discovery.PeerStatus{Hearing: discovery.Hearing{Heard: [4]int{3: 2}}}
			f.peers = append(f.peers, p)
		}, "problem:peer-silent(name=Cam)"},
		{"somebody added by address is away", func(f *facts) {
			p := away("10.0.0.9:21925", true, ReachNobody)
			p.wanted = true
			f.peers = append(f.peers, p)
		}, "warning:peer-gone"},
		{"an address that was asked about is silent", func(f *facts) {
			p := away("10.0.0.9:21925", true, ReachSilent)
			p.wanted, p.asked = true, true
			f.peers = append(f.peers, p)
		}, "problem:peer-silent(address=10.0.0.9:21925)"},
		{"an address that is none", func(f *facts) { f.unknown = []unknownAddress{{"nowhere.invalid", "no such host"}} }, "problem:address-unknown(cause=no such host)"},

		{"no network but what is not used", func(f *facts) { f.peers = nil; eth0(f).Skip = discovery.SkipDown }, "problem:no-network(interfaces=eth0, docker0)"},
		{"the search is off", func(f *facts) { f.searching, f.mode, f.peers = false, "none", nil }, "warning:search-off"},
		{"the search fails", func(f *facts) {
			f.err = errors.New("list interfaces: no")
			f.status = discovery.Status{}
			f.peers = nil
		}, "problem:search-failed"},
		{"UDP is kept by a program", func(f *facts) {
			f.status.Err = fmt.Errorf("%w: bind", discovery.ErrPortTaken)
			f.udpTaker = computer.Process{PID: 7, Name: "dnsmasq"}
			eth0(f).By = [4]discovery.Traffic{{Sent: 3}, {Sent: 3}, {Sent: 3}, {Sent: 3}}
			bea(f).seen.Heard = [4]int{3: 2}
		}, "problem:udp-port-taken(program=dnsmasq)"},
		{"TCP is taken", func(f *facts) { f.taken, f.port = true, 40001 }, "warning:tcp-port-taken(used=40001)"},
		{"TCP is taken by our own", func(f *facts) { f.taken, f.port, f.taker = true, 40001, computer.Process{PID: 7, Name: "yonder"} }, "note:tcp-port-taken(pid=7)"},
		{"nobody listens", func(f *facts) { f.listening = "" }, "note:not-open"},
		{"the profile was copied", func(f *facts) { f.status.Err = discovery.ErrCopied }, "problem:profile-copied"},
		{"mDNS does not work", func(f *facts) { f.status.Err = fmt.Errorf("%w: port kept", discovery.ErrMDNS) }, "note:mdns-failed(cause=mDNS: port kept)"},
		{"and nothing else is used", func(f *facts) { f.status.Err, f.mode = fmt.Errorf("%w: port kept", discovery.ErrMDNS), "mdns" }, "problem:mdns-failed"},
		{"a VPN, and people", func(f *facts) { f.tunnel, f.outlet = true, "wg0" }, "note:vpn(interface=wg0)"},
		{"a VPN, and nobody", func(f *facts) { f.tunnel, f.outlet, f.peers = true, "wg0", nil }, "warning:vpn note:nobody"},
		{"a clock that is off", func(f *facts) { bea(f).skew = -3 * time.Minute }, "note:clock(minutes=3)"},
		{"a clock that is nearly right", func(f *facts) { bea(f).skew = 2 * time.Minute }, ""},
	}
	for _, tt := range tests {
		f := well()
		tt.change(f)
		all := conclude(f)
		var got []string
		for _, found := range all {
			if found.Severity != SeverityOK {
				got = append(got, describe(found, tt.want))
			}
		}
		if text := strings.Join(got, " "); text != tt.want {
			t.Errorf("%s:\n got %s\nwant %s\n%+v", tt.why, text, tt.want, all)
		}
		if len(all) == 0 {
			t.Errorf("%s: no finding at all", tt.why)
		}
	}
}

// describe writes a finding as want does: with the param that want names, if it has it.
func describe(f Finding, want string) string {
	text := fmt.Sprintf("%s:%s", f.Severity, f.Code)
	_, rest, ok := strings.Cut(want, text+"(")
	if !ok {
		return text
	}
	name, _, _ := strings.Cut(rest, "=")
	return fmt.Sprintf("%s(%s=%s)", text, name, f.Params[name])
}

func TestWorstFindingsComeFirst(t *testing.T) {
	f := well()
	f.tunnel, f.taken, f.peers[0].addrs[0].Result = true, true, ReachSilent
	r := Report{Findings: conclude(f)}
	last := SeverityProblem
	for _, found := range r.Findings {
		if found.Severity.Worse(last) {
			t.Errorf("%s comes after a %s", found.Code, last)
		}
		last = found.Severity
	}
	if r.Worst() != SeverityProblem || r.Findings[0].Code != FoundSilent {
		t.Errorf("the worst is %s, the first %s", r.Worst(), r.Findings[0].Code)
	}
}
