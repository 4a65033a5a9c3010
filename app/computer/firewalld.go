package computer

import "strings"

// firewalldServices are where firewalld finds the service that our package brings.
var firewalldServices = []string{"/usr/lib/firewalld/services/yonder.xml", "/etc/firewalld/services/yonder.xml"}

// firewalldJudge reads "firewall-cmd --list-all" of the zone that interfaces are in
// unless somebody put them into another one.
func firewalldJudge(list string, ports Ports) (tcp, udp Verdict, zone string) {
	lines := strings.Split(list, "\n")
	zone, _, _ = strings.Cut(strings.TrimSpace(lines[0]), " ")
	tcp, udp = Blocked, Blocked
	for _, line := range lines {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		for _, word := range strings.Fields(value) {
			port, proto, _ := strings.Cut(word, "/")
			switch {
			case key == "target" && word == "ACCEPT", key == "services" && word == "yonder":
				return Open, Open, zone
			case key == "ports" && proto == "tcp" && has(port, ports.TCP):
				tcp = Open
			case key == "ports" && proto == "udp" && has(port, ports.UDP):
				udp = Open
			case key == "rich rules": // they may say anything
				tcp, udp = better(tcp), better(udp)
			}
		}
	}
	return tcp, udp, zone
}

// better leaves it open whether what is blocked is.
func better(v Verdict) Verdict {
	if v == Blocked {
		return Maybe
	}
	return v
}

// firewalldOpen is the command that lets others in, now and after the next start.
func firewalldOpen(ports Ports, packaged bool) string {
	add := "--add-service=yonder"
	if !packaged || ports.TCP != ports.UDP {
		add = ports.each("--add-port=%[2]d/%[1]s", " ")
	}
	return "sudo firewall-cmd --permanent " + add + " && sudo firewall-cmd --reload"
}
