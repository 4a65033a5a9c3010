package cli

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yonder/app"
	"yonder/discovery/vlantest"
)

// nft gives a host a table of rules, beside those of [vlantest.LAN.Filter].
func (l *lan) nft(host int, rules string) {
	l.t.Helper()
	if out, err := l.net.Command(host, "nft", rules).CombinedOutput(); err != nil {
		l.t.Skipf("this kernel cannot filter so: %v: %s", err, out)
	}
}

// take keeps a port of a host until the test ends.
func (l *lan) take(host int, network string) {
	l.t.Helper()
	var err error
	l.net.Enter(host, func() {
		var closer interface{ Close() error }
		if network == "tcp" {
			closer, err = net.Listen("tcp", ":21925")
		} else {
			closer, err = net.ListenPacket("udp4", ":21925") // which does not share it
		}
		if err == nil {
			l.t.Cleanup(func() { closer.Close() })
		}
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// bothPorts drops what others send to Yonder.
const bothPorts = "meta l4proto { tcp, udp } th dport 21925 drop"

// TestLANDoctor stages what keeps people from being found, between real hosts, and wants
// the doctor of host 1 to name it. Host 2 receives.
func TestLANDoctor(t *testing.T) {
	const two = "二号 two"
	tests := []struct {
		why    string
		opts   vlantest.Options
		alone  bool // nothing runs on host 2
		owner  bool // Yonder runs on host 1 already, and is examined
		stage  func(l *lan)
		code   string            // of the finding that names the cause; "": nothing may be wrong
		params map[string]string // of it
		also   []string          // other findings that may be warnings or problems
	}{
		{why: "a healthy network", stage: func(*lan) {}},
		{why: "a healthy network, beside a running Yonder", owner: true, stage: func(*lan) {}},
		{why: "a healthy network without a router", opts: vlantest.Options{NoRoutes: true}, stage: func(*lan) {}},
		{why: "a healthy network without IPv6", opts: vlantest.Options{NoIPv6: true}, stage: func(*lan) {}},
		{why: "a healthy network without IPv4", opts: vlantest.Options{NoIPv4: true}, stage: func(*lan) {}},
		{why: "a healthy network with nobody else", alone: true, stage: func(*lan) {}},
		{why: "a firewall that lets us in", stage: func(l *lan) {
			l.net.Filter(1, "tcp dport 22 drop; iifname \"eth0\" udp dport 21925 accept; iifname \"eth0\" tcp dport 21925 accept")
		}},

		{why: "both ports blocked by nftables here", stage: func(l *lan) { l.net.Filter(1, bothPorts) },
			code: app.FoundFirewall, params: map[string]string{"firewall": "nftables", "where": "inet vlantest in", "ports": "TCP 21925, UDP 21925"}},
		{why: "both ports blocked by nftables here, beside a running Yonder", owner: true, stage: func(l *lan) { l.net.Filter(1, bothPorts) },
			code: app.FoundFirewall, params: map[string]string{"firewall": "nftables"}},
		{why: "TCP blocked by nftables here", stage: func(l *lan) { l.net.Filter(1, "tcp dport 21925 reject") },
			code: app.FoundFirewall, params: map[string]string{"ports": "TCP 21925"}},
		{why: "UDP blocked here by something that cannot be read", stage: func(l *lan) {
			l.nft(1, `table netdev other { chain in { type filter hook ingress device "eth0" priority 0; udp dport 21925 drop; }; }`)
		}, code: app.FoundDeaf, params: map[string]string{"interface": "eth0"}},

		{why: "both ports blocked on the other host", stage: func(l *lan) { l.net.Filter(2, bothPorts) },
			code: app.FoundSilent, params: map[string]string{"name": two, "heard": "yes"}, also: []string{app.FoundPeerDeaf}},
		{why: "TCP blocked on the other host", stage: func(l *lan) { l.net.Filter(2, "tcp dport 21925 drop") },
			code: app.FoundSilent, params: map[string]string{"name": two}},
		{why: "UDP blocked on the other host", stage: func(l *lan) { l.net.Filter(2, "udp dport 21925 drop") },
			code: app.FoundPeerDeaf, params: map[string]string{"name": two}},
		{why: "TCP refused on the other host", stage: func(l *lan) { l.net.Filter(2, "tcp dport 21925 reject with tcp reset") },
			code: app.FoundRefused, params: map[string]string{"name": two}},
		{why: "clients kept apart, but for what goes to everybody", stage: func(l *lan) {
			l.net.FilterSwitch("meta pkttype host drop; ether daddr & 01:00:00:00:00:00 == 0 drop")
		}, code: app.FoundSilent, params: map[string]string{"name": two, "heard": "yes"}, also: []string{app.FoundPeerDeaf}},

		{why: "multicast dropped here", stage: func(l *lan) {
			l.net.Filter(1, `ip daddr 224.0.0.199 drop; iifname "eth0" ip6 daddr ff12::5959 drop`)
		}, code: app.FoundCarrierHere, params: map[string]string{"interface": "eth0", "carriers": "multicast4,multicast6"}},
		{why: "multicast dropped between", stage: func(l *lan) { l.net.FilterSwitch("ip daddr 224.0.0.0/4 drop; ip6 daddr ff12::5959 drop") },
			code: app.FoundCarrier, params: map[string]string{"carriers": "multicast4,multicast6", "names": two}},
		{why: "multicast dropped there", stage: func(l *lan) { l.net.Filter(2, "ip daddr 224.0.0.0/4 drop") },
			code: app.FoundCarrierOut, params: map[string]string{"carriers": "multicast4", "names": two}},
		{why: "broadcast dropped here", stage: func(l *lan) { l.net.Filter(1, "ip daddr { 10.77.0.255, 255.255.255.255 } drop") },
			code: app.FoundCarrierHere, params: map[string]string{"carriers": "broadcast"}},
		{why: "broadcast dropped here, on its way out", stage: func(l *lan) {
			l.nft(1, `table inet out { chain out { type filter hook output priority 0; ip daddr { 10.77.0.255, 255.255.255.255 } drop; }; }`)
		}, code: app.FoundSend, params: map[string]string{"carriers": "broadcast"}, also: []string{app.FoundCarrierOut}},
		{why: "broadcast dropped between", stage: func(l *lan) { l.net.FilterSwitch("ip daddr { 10.77.0.255, 255.255.255.255 } drop") },
			code: app.FoundCarrier, params: map[string]string{"carriers": "broadcast", "names": two}},
		{why: "broadcast dropped between, beside a running Yonder", owner: true, stage: func(l *lan) { l.net.FilterSwitch("ip daddr { 10.77.0.255, 255.255.255.255 } drop") },
			code: app.FoundCarrier, params: map[string]string{"carriers": "broadcast", "names": two}},
		{why: "broadcast dropped there", stage: func(l *lan) { l.net.Filter(2, "ip daddr { 10.77.0.255, 255.255.255.255 } drop") },
			code: app.FoundCarrierOut, params: map[string]string{"carriers": "broadcast"}},

		{why: "no usable interface", opts: vlantest.Options{Bare: true}, alone: true, stage: func(*lan) {}, code: app.FoundNoNetwork},
		{why: "an interface without a cable", alone: true, stage: func(l *lan) { l.net.Unplug(1) },
			code: app.FoundNoNetwork, params: map[string]string{"interfaces": "eth0"}},

		{why: "the TCP port taken", stage: func(l *lan) { l.take(1, "tcp") },
			code: app.FoundTCPTaken, params: map[string]string{"port": "21925", "program": "cli.test"}},
		{why: "the TCP port taken, beside a running Yonder", owner: true, stage: func(l *lan) { l.take(1, "tcp") },
			code: app.FoundTCPTaken, params: map[string]string{"program": "cli.test"}},
		{why: "the UDP port taken", stage: func(l *lan) { l.take(1, "udp") },
			code: app.FoundUDPTaken, params: map[string]string{"port": "21925", "program": "cli.test"}, also: []string{app.FoundNotHeard}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel() // they mostly wait
			l := newLANWith(t, 2, tt.opts)
			tt.stage(l)
			if !tt.alone {
				l.startReceiver(2, t.TempDir())
			}
			if tt.owner {
				owner := l.start(1, "receive", "--accept", "all", "--save", t.TempDir())
				owner.await("listening", time.Minute, func(e lanEvent) bool { return e.Event == "listening" })
			}
			begun := time.Now()
			events, exit := l.run(1, "doctor")
			t.Logf("took %v", time.Since(begun))
			found := findings(events)
			if wrong := tt.code != ""; (exit == exitFailed) != wrong || exit != exitOK && exit != exitFailed {
				t.Errorf("exit code %d", exit)
			}
			if tt.code != "" {
				i := slices.IndexFunc(found, func(e lanEvent) bool { return e.Code == tt.code })
				if i < 0 {
					t.Fatalf("the cause is not named: %+v", found)
				}
				for name, want := range tt.params {
					if got := found[i].Params[name]; got != want {
						t.Errorf("%s of %s is %q, want %q", name, tt.code, got, want)
					}
				}
				if tt.code == app.FoundFirewall && !strings.Contains(found[i].Command, "nft insert rule inet vlantest in tcp dport 21925 accept") {
					t.Errorf("command %q", found[i].Command)
				}
			}
			for _, e := range found {
				if app.Severity(e.Severity).Worse(app.SeverityNote) && e.Code != tt.code && !slices.Contains(tt.also, e.Code) {
					t.Errorf("besides: %+v", e)
				}
			}
			if people := slices.ContainsFunc(found, func(e lanEvent) bool { return e.Code == app.FoundPeople }); tt.code == "" && people == tt.alone {
				t.Errorf("somebody is reached: %v; %+v", people, found)
			}
		})
	}
}

// findings returns the findings among events.
func findings(events []lanEvent) []lanEvent {
	return slices.DeleteFunc(slices.Clone(events), func(e lanEvent) bool { return e.Event != "finding" })
}

// TestLANDoctorCommandOpens runs the command that a finding names: then all is well.
func TestLANDoctorCommandOpens(t *testing.T) {
	waits(t)
	l := newLAN(t)
	l.net.Filter(1, bothPorts)
	l.startReceiver(2, t.TempDir())
	events, _ := l.run(1, "doctor")
	i := slices.IndexFunc(events, func(e lanEvent) bool { return e.Code == app.FoundFirewall })
	if i < 0 {
		t.Fatalf("%+v", events)
	}
	command := strings.ReplaceAll(events[i].Command, "sudo ", "") // the test is root
	if out, err := l.net.Command(1, "sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
	if events, exit := l.run(1, "doctor"); exit != exitOK {
		t.Errorf("after %q: exit code %d, %+v", command, exit, findings(events))
	}
}

// TestLANDoctorOtherSubnet has host 2 in another network, behind the router that host 3 is.
func TestLANDoctorOtherSubnet(t *testing.T) {
	waits(t)
	l := newLANWith(t, 3, vlantest.Options{NoIPv6: true})
	l.net.Behind(2, 3)
	receiver := l.startReceiver(2, t.TempDir())
	want := func(code string, wantExit int, args ...string) {
		t.Helper()
		events, exit := l.run(1, append([]string{"doctor"}, args...)...)
		found := findings(events)
		i := slices.IndexFunc(found, func(e lanEvent) bool { return e.Code == code })
		if i < 0 || exit != wantExit || !strings.HasPrefix(found[i].Params["address"], "10.78.0.2:") {
			t.Errorf("doctor %q: exit code %d, want %d and %s: %+v", args, exit, wantExit, code, found)
		}
	}
	want(app.FoundElsewhere, exitOK, "10.78.0.2")
	want(app.FoundFar, exitFailed, "10.78.0.2:1")

	file := filepath.Join(l.dir, "a file")
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, exit := l.run(1, "send", "--to", "10.78.0.2:21925", file); exit != exitOK {
		t.Fatalf("send to another network: exit code %d", exit)
	}
	want(app.FoundElsewhere, exitOK) // remembered
	l.net.Filter(2, bothPorts)
	want(app.FoundFar, exitFailed)
	l.net.Filter(2, "")
	receiver.kill()
	want(app.FoundFar, exitFailed)
}
