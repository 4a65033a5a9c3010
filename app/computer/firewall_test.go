package computer

import (
	"strings"
	"testing"
)

var standard = Ports{21925, 21925}

func TestUFW(t *testing.T) {
	for conf, want := range map[string]bool{
		"# /etc/ufw/ufw.conf\n#\nENABLED=yes\nLOGLEVEL=low\n": true, "ENABLED=no\n": false, "": false,
		"#ENABLED=yes\n": false, `ENABLED="yes"`: true, "LOGLEVEL=yes\n": false,
	} {
		if got := ufwEnabled(conf); got != want {
			t.Errorf("ufwEnabled(%q) = %v", conf, got)
		}
	}
	const head = "Status: active\nLogging: on (low)\nDefault: deny (incoming), allow (outgoing), disabled (routed)\nNew profiles: skip\n\n" +
		"To                         Action      From\n--                         ------      ----\n"
	tests := []struct {
		why, status string
		tcp, udp    Verdict
	}{
		{"nothing is allowed", head, Blocked, Blocked},
		{"both by number", head + "21925                      ALLOW IN    Anywhere\n21925 (v6)                 ALLOW IN    Anywhere (v6)\n", Open, Open},
		{"our profile", head + "Yonder                     ALLOW IN    Anywhere\n", Open, Open},
		{"TCP only", head + "21925/tcp                  ALLOW IN    Anywhere\n", Open, Blocked},
		{"a range of UDP", head + "21000:22000/udp            ALLOW IN    Anywhere\n", Blocked, Open},
		{"from some only", head + "21925                      ALLOW IN    192.168.1.0/24\n", Maybe, Maybe},
		{"with a limit", head + "21925                      LIMIT IN    Anywhere\n", Maybe, Maybe},
		{"the first rule counts", head + "21925/tcp                  DENY IN     Anywhere\n21925                      ALLOW IN    Anywhere\n", Blocked, Open},
		{"others", head + "22/tcp                     ALLOW IN    Anywhere\n", Blocked, Blocked},
		{"out says nothing", head + "21925                      ALLOW OUT   Anywhere\n", Blocked, Blocked},
		{"everything is allowed", strings.Replace(head, "deny (incoming)", "allow (incoming)", 1), Open, Open},
		{"not root", "ERROR: You need to be root to run this script\n", Unknown, Unknown},
	}
	for _, tt := range tests {
		if tcp, udp := ufwJudge(tt.status, standard); tcp != tt.tcp || udp != tt.udp {
			t.Errorf("%s: %q, %q; want %q, %q", tt.why, tcp, udp, tt.tcp, tt.udp)
		}
	}
}

func TestFirewalld(t *testing.T) {
	list := func(lines ...string) string {
		return "public (active)\n  target: default\n  icmp-block-inversion: no\n  interfaces: eth0\n  sources: \n" + strings.Join(lines, "\n") +
			"\n  protocols: \n  forward: yes\n  masquerade: no\n  rich rules: \n"
	}
	tests := []struct {
		why, list string
		tcp, udp  Verdict
	}{
		{"the usual", list("  services: dhcpv6-client ssh", "  ports: "), Blocked, Blocked},
		{"our service", list("  services: dhcpv6-client ssh yonder", "  ports: "), Open, Open},
		{"both ports", list("  services: ssh", "  ports: 21925/tcp 21925/udp"), Open, Open},
		{"one port", list("  services: ssh", "  ports: 21925/udp"), Blocked, Open},
		{"a desktop that opens all high ports", list("  services: ssh", "  ports: 1025-65535/udp 1025-65535/tcp"), Open, Open},
		{"a trusted zone", strings.Replace(list("  services: ", "  ports: "), "target: default", "target: ACCEPT", 1), Open, Open},
		{"rich rules may say anything", list("  services: ssh", "  ports: ") + "\trule family=\"ipv4\" port port=\"21925\" protocol=\"tcp\" accept\n", Blocked, Blocked},
		{"in one line", strings.Replace(list("  services: ssh", "  ports: "), "rich rules: ", "rich rules: rule service name=x accept", 1), Maybe, Maybe},
	}
	for _, tt := range tests {
		if tcp, udp, zone := firewalldJudge(tt.list, standard); tcp != tt.tcp || udp != tt.udp || zone != "public" {
			t.Errorf("%s: %q, %q in %q; want %q, %q", tt.why, tcp, udp, zone, tt.tcp, tt.udp)
		}
	}
}

func TestIptables(t *testing.T) {
	tests := []struct {
		why, list string
		tcp, udp  Verdict
	}{
		{"nothing", "-P INPUT ACCEPT\n", Open, Open},
		{"closed", "-P INPUT DROP\n", Blocked, Blocked},
		{"closed but for the known", "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n", Blocked, Blocked},
		{"ours", "-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 21925 -j ACCEPT\n-A INPUT -p udp -m udp --dport 21000:22000 -j ACCEPT\n", Open, Open},
		{"several", "-P INPUT DROP\n-A INPUT -p tcp -m multiport --dports 22,21925 -j ACCEPT\n", Open, Blocked},
		{"refused at the end", "-P INPUT ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\n", Blocked, Blocked},
		{"another chain decides", "-P INPUT DROP\n-A INPUT -j ufw-before-input\n", Maybe, Maybe},
		{"from some", "-P INPUT DROP\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n", Maybe, Maybe},
	}
	for _, tt := range tests {
		if tcp, udp := iptablesJudge(tt.list, standard); tcp != tt.tcp || udp != tt.udp {
			t.Errorf("%s: %q, %q; want %q, %q", tt.why, tcp, udp, tt.tcp, tt.udp)
		}
	}
}

func TestWindows(t *testing.T) {
	const exe = `C:\Program Files\Yonder\yonder.exe`
	private := windowsProfile{name: "Private", on: true}
	tests := []struct {
		why      string
		rules    []string
		profile  windowsProfile
		tcp, udp Verdict
	}{
		{"off", nil, windowsProfile{name: "Private"}, Open, Open},
		{"nobody allowed it", nil, private, Blocked, Blocked},
		{"everything is let in", nil, windowsProfile{name: "Private", on: true, lets: true}, Open, Open},
		{"allowed by program", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|Profile=Private|App=c:\program files\yonder\YONDER.exe|Name=Yonder|`}, private, Open, Open},
		{"allowed, but all incoming connections are blocked", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|App=` + exe + `|`}, windowsProfile{name: "Private", on: true, strict: true}, Blocked, Blocked},
		{"for one protocol", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Private|App=` + exe + `|`}, private, Open, Blocked},
		{"in another profile", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|Profile=Domain|App=` + exe + `|`}, private, Blocked, Blocked},
		{"in all profiles", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|App=` + exe + `|`}, private, Open, Open},
		{"Cancel was pressed in the question of Windows", []string{
			`v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Private|App=` + exe + `|Name=yonder.exe|`,
			`v2.31|Action=Allow|Active=TRUE|Dir=In|Profile=Private|App=` + exe + `|`}, private, Blocked, Open},
		{"not active", []string{`v2.31|Action=Allow|Active=FALSE|Dir=In|App=` + exe + `|`}, private, Blocked, Blocked},
		{"outgoing", []string{`v2.31|Action=Allow|Active=TRUE|Dir=Out|App=` + exe + `|`}, private, Blocked, Blocked},
		{"another program", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|App=C:\other.exe|`}, private, Blocked, Blocked},
		{"by port", []string{`v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=5353|LPort=21925|`}, private, Blocked, Open},
		{"a rule about services", []string{`v2.31|Action=Block|Active=TRUE|Dir=In|Svc=xyz|`}, private, Blocked, Blocked},
	}
	for _, tt := range tests {
		if tcp, udp := windowsJudge(tt.rules, tt.profile, exe, standard); tcp != tt.tcp || udp != tt.udp {
			t.Errorf("%s: %q, %q; want %q, %q", tt.why, tcp, udp, tt.tcp, tt.udp)
		}
	}
	if got := windowsCategories("Private\r\nPublic\r\nPrivate\r\nDomainAuthenticated\r\n"); strings.Join(got, " ") != "Private Public Domain" {
		t.Errorf("profiles %q", got)
	}
}

func TestMacOS(t *testing.T) {
	tests := []struct {
		why, global, program string
		on                   bool
		want                 Verdict
	}{
		{"off", "Firewall is disabled. (State = 0)\n", "", false, Open},
		{"on, this program is not in its list", "Firewall is enabled. (State = 1)\n", "", true, Maybe},
		{"on, allowed", "Firewall is enabled. (State = 1)\n", "Incoming connection to the application is permitted\n", true, Open},
		{"on, refused", "Firewall is enabled. (State = 1)\n", "Incoming connection to the application is blocked\n", true, Blocked},
		{"everything is refused", "Firewall is blocking all non-essential incoming connections. (State = 2)\n", "", true, Blocked},
		{"not understood", "Usage:\n", "", false, Unknown},
	}
	for _, tt := range tests {
		if on, v := macosJudge(tt.global, tt.program); on != tt.on || v != tt.want {
			t.Errorf("%s: %v, %q; want %v, %q", tt.why, on, v, tt.on, tt.want)
		}
	}
}

func TestCommandsThatOpen(t *testing.T) {
	other := Ports{40001, 21925}
	for got, want := range map[string]string{
		ufwOpen(standard, true):                    "sudo ufw allow Yonder",
		ufwOpen(standard, false):                   "sudo ufw allow 21925",
		ufwOpen(other, true):                       "sudo ufw allow 40001/tcp && sudo ufw allow 21925/udp",
		firewalldOpen(standard, true):              "sudo firewall-cmd --permanent --add-service=yonder && sudo firewall-cmd --reload",
		firewalldOpen(standard, false):             "sudo firewall-cmd --permanent --add-port=21925/tcp --add-port=21925/udp && sudo firewall-cmd --reload",
		firewalldOpen(other, true):                 "sudo firewall-cmd --permanent --add-port=40001/tcp --add-port=21925/udp && sudo firewall-cmd --reload",
		iptablesOpen(standard):                     "sudo iptables -I INPUT -p tcp --dport 21925 -j ACCEPT && sudo iptables -I INPUT -p udp --dport 21925 -j ACCEPT",
		macosOpen("/Applications/It's.app/yonder"): socketFilterLine,
		windowsOpen(`C:\"& del`):                   "",
		windowsOpen(`C:\Y\yonder.exe`): `netsh advfirewall firewall delete rule name=all dir=in program="C:\Y\yonder.exe" & ` +
			`netsh advfirewall firewall add rule name="Yonder" dir=in action=allow program="C:\Y\yonder.exe" profile=private,domain`,
	} {
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

const socketFilterLine = `sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add '/Applications/It'\''s.app/yonder' --unblockapp '/Applications/It'\''s.app/yonder'`
