package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"yonder/app"
)

// examined is a report with one finding of each severity.
var examined = app.Report{
	Listening: "192.0.2.1:21925", Discovery: "both", TookMS: 2810,
	Links: []app.LinkFacts{
		{Name: "eth0", Addresses: []string{"192.0.2.1/24"}, Carriers: []app.CarrierFacts{{Carrier: "broadcast", Sent: 3, Own: 3}, {Carrier: "multicast4", Sent: 1000, Own: 1, Heard: 2}, {Carrier: "mdns", Sent: 4}}},
		{Name: "docker0", Addresses: []string{"172.17.0.1/16"}, Skipped: "virtual"},
	},
	Peers: []app.PeerFacts{
		{ID: anna.ID, Name: "Anna", Present: true, Heard: []string{"broadcast"}, Missed: []string{"multicast4"}, HearsUs: []string{"broadcast", "mdns"},
			Addresses: []app.AddressFact{{Addr: "192.0.2.7:21925", Source: "mdns", Near: true, Result: app.ReachSilent}}},
		{Name: "10.9.9.9:21925", Addresses: []app.AddressFact{{Addr: "10.9.9.9:21925", Source: "manual", Result: app.ReachAnswers}}},
	},
	Firewalls: []app.FirewallFact{{Name: "nftables", TCP: "blocked", UDP: "maybe", Where: "inet filter input"}},
	Findings: []app.Finding{
		{Code: app.FoundFirewall, Severity: app.SeverityProblem, Command: "sudo nft insert rule inet filter input tcp dport 21925 accept",
			Params: map[string]string{"firewall": "nftables", "where": "inet filter input", "ports": "TCP 21925"}},
		{Code: app.FoundCarrier, Severity: app.SeverityWarning, Params: map[string]string{"carriers": "multicast4,multicast6", "names": "Anna"}},
		{Code: app.FoundElsewhere, Severity: app.SeverityNote, Params: map[string]string{"name": "10.9.9.9", "address": "10.9.9.9:21925"}},
		{Code: app.FoundListening, Severity: app.SeverityOK, Params: map[string]string{"address": "192.0.2.1:21925"}},
	},
}

func TestDoctorInWords(t *testing.T) {
	f := newFake()
	f.report = examined
	s := session{fake: f}
	if code := s.run(t, "doctor", "10.9.9.9"); code != exitFailed {
		t.Errorf("exit code %d, want 1", code)
	}
	if !slices.Equal(f.examined, []string{"10.9.9.9"}) {
		t.Errorf("the addresses %q were examined", f.examined)
	}
	want := `examining the network, which takes about 5.0 s

this computer
  listens on        192.0.2.1:21925
  eth0              192.0.2.1/24
    broadcast       3 sent, all came back, 0 from others
    IPv4 multicast  1,000 sent, 1 came back, 2 from others
    mDNS            4 sent, 0 answers from others
  docker0           172.17.0.1/16  not used: of a VPN, containers or virtual machines
  nftables          TCP blocked, UDP maybe (inet filter input)

people
  Anna            192.0.2.7:21925 does not answer
                  heard by broadcast
                  not heard by IPv4 multicast
                  hears this computer by broadcast and mDNS
  10.9.9.9:21925  10.9.9.9:21925 answers, in another network

findings
  problem  the firewall nftables of this computer does not let TCP 21925 in
           (inet filter input)
           why: others cannot connect, or are not heard
           do:  let both ports in, with this command, which holds until the next
                start; put the rules into its configuration too
                sudo nft insert rule inet filter input tcp dport 21925 accept
  warning  what Anna sends by IPv4 multicast and IPv6 multicast does not arrive
           here
           why: other ways arrive, so something between drops it: a switch, an
                access point, or the firewall over there; where the others fail
                as well, nobody is found
           do:  look for filters of multicast and broadcast, IGMP snooping and
                client isolation on the router or access point
  note     10.9.9.9:21925 is in another network, and is reached
           why: announcements do not cross routers, so it is never found by
                itself
           do:  nothing; its address works: --to 10.9.9.9:21925, or add it by
                address in the window
  ok       Yonder listens on 192.0.2.1:21925

1 problem keeps people from being found or reached
`
	if got := s.out.String(); got != want {
		t.Errorf("output\n%s\nwant\n%s", got, want)
	}
}

func TestDoctorJSON(t *testing.T) {
	f := newFake()
	f.report = examined
	f.report.Findings = slices.Clone(examined.Findings)
	f.report.Peers = []app.PeerFacts{{Name: "\x1b[2J\u202e"}}
	s := session{fake: f}
	s.run(t, "doctor", "--json")
	events := s.lines(t)
	if got := kinds(events); got != "examining finding finding finding finding doctor" {
		t.Fatalf("events %q", got)
	}
	if e := events[1]; e["code"] != app.FoundFirewall || e["severity"] != "problem" || e["command"] != examined.Findings[0].Command || e["do"] == nil {
		t.Errorf("the first finding is %v", e)
	}
	if e := events[5]; e["severity"] != "problem" || e["problems"] != 1.0 || e["warnings"] != 1.0 || e["notes"] != 1.0 || e["listening"] != "192.0.2.1:21925" {
		t.Errorf("the summary is %v", e)
	}
	for line := range strings.Lines(s.out.String()) {
		if strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("a name acts upon the terminal: %q", line)
		}
		if _, err := documented([]byte(line), readManual(t)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestDoctorExitCodeAndVerdict(t *testing.T) {
	people := app.Finding{Code: app.FoundPeople, Severity: app.SeverityOK, Params: map[string]string{"count": "1", "names": "Anna"}}
	found := func(list ...app.Severity) (all []app.Finding) {
		for _, s := range list {
			all = append(all, app.Finding{Code: app.FoundVPN, Severity: s, Params: map[string]string{"interface": "wg0"}})
		}
		return append(all, people)
	}
	tests := []struct {
		findings []app.Finding
		code     int
		verdict  string
	}{
		{found(), exitOK, "nothing is wrong: people are found and reached"},
		{found(app.SeverityNote), exitOK, "nothing is wrong: people are found and reached"},
		{[]app.Finding{{Code: app.FoundNobody, Severity: app.SeverityNote}}, exitOK, "nothing is wrong here as far as can be seen, but nobody else is here"},
		{found(app.SeverityWarning), exitFailed, "1 thing does not work as it should"},
		{found(app.SeverityWarning, app.SeverityWarning), exitFailed, "2 things do not work as they should"},
		{found(app.SeverityProblem, app.SeverityProblem, app.SeverityWarning), exitFailed, "2 problems keep people from being found or reached"},
	}
	for _, tt := range tests {
		f := newFake()
		f.report.Findings = tt.findings
		s := session{fake: f}
		if code := s.run(t, "doctor"); code != tt.code {
			t.Errorf("exit code %d, want %d", code, tt.code)
		}
		if lines := strings.Split(strings.TrimSpace(s.out.String()), "\n"); lines[len(lines)-1] != tt.verdict {
			t.Errorf("verdict %q, want %q", lines[len(lines)-1], tt.verdict)
		}
	}
}

func TestEveryFindingHasSentences(t *testing.T) {
	manual := readManual(t)
	params := regexp.MustCompile(`\{[a-z]+\}`)
	for _, code := range codesIn(t, "report.go", "Found") {
		if !strings.Contains(manual, "\n| `"+code+"` |") {
			t.Errorf("%s: the manual does not describe it", code)
		}
		for _, values := range []map[string]string{nil, {
			"cause": "C", "interfaces": "I", "port": "P", "program": "G", "pid": "7", "used": "U", "firewall": "ufw", "where": "W", "ports": "PP", "interface": "I",
			"carriers": "broadcast", "names": "N", "name": "Nn", "address": "A", "heard": "yes", "minutes": "3", "count": "2", "firewalls": "F",
		}} {
			s := sentencesOf(app.Finding{Code: code, Params: values, Command: "x"})
			good := strings.HasPrefix(code, "ok-")
			if s.what == "" || s.what == code || !good && code != app.FoundNoName && s.why == "" || !good && s.do == "" || good && s.why+s.do != "" {
				t.Errorf("%s says %+v", code, s)
			}
			for _, text := range []string{s.what, s.why, s.do} {
				if values != nil && params.MatchString(text) {
					t.Errorf("%s: something is left in %q", code, text)
				}
				if strings.HasSuffix(text, ".") || values != nil && strings.Contains(text, "  ") {
					t.Errorf("%s: %q", code, text)
				}
			}
		}
	}
	if s := sentencesOf(app.Finding{Code: "from-the-future"}); s.what != "from-the-future" {
		t.Errorf("an unknown code says %+v", s)
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want []string
	}{
		{"", 5, []string{""}},
		{"a b c", 5, []string{"a b c"}},
		{"a b cd", 5, []string{"a b", "cd"}},
		{"wonderful a", 5, []string{"wonderful", "a"}},
		{"贝塔 贝塔 贝", 9, []string{"贝塔 贝塔", "贝"}},
	} {
		if got := wrap(tt.text, tt.n); !slices.Equal(got, tt.want) {
			t.Errorf("wrap(%q, %d) = %s", tt.text, tt.n, fmt.Sprintf("%q", got))
		}
	}
}
