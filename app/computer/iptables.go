package computer

import "strings"

// iptablesJudge reads "iptables -S INPUT", which only root may ask for. Rules for our ports
// count, and else the policy, if there are no rules that may let them in all the same.
func iptablesJudge(list string, ports Ports) (tcp, udp Verdict) {
	verdict := func(proto string, port uint16) Verdict {
		v := Open
		doubt := false
		for line := range strings.Lines(list) {
			words := strings.Fields(line)
			if len(words) == 3 && words[0] == "-P" && words[1] == "INPUT" && words[2] == "DROP" {
				v = Blocked
			}
			if len(words) < 4 || words[0] != "-A" || words[1] != "INPUT" {
				continue
			}
			fits, target := iptablesFits(words[2:], proto, port)
			switch {
			case fits == no:
			case fits == maybe, target != "ACCEPT" && target != "DROP" && target != "REJECT":
				doubt = doubt || target != "LOG"
			case doubt:
				return Maybe
			case target == "ACCEPT":
				return Open
			default:
				return Blocked
			}
		}
		if doubt {
			return Maybe
		}
		return v
	}
	return verdict("tcp", ports.TCP), verdict("udp", ports.UDP)
}

// iptablesFits decides whether a rule is about what comes to a port, and what it does then.
func iptablesFits(words []string, proto string, port uint16) (fits truth, target string) {
	fits = yes
	for i := 0; i < len(words); i++ {
		value := ""
		if i+1 < len(words) {
			value = words[i+1]
		}
		switch words[i] {
		case "-p":
			fits = fits.and(truly(value == proto || value == "all"))
		case "--dport":
			fits = fits.and(truly(has(value, port)))
		case "--dports":
			any := false
			for _, one := range strings.Split(value, ",") {
				any = any || has(one, port)
			}
			fits = fits.and(truly(any))
		case "--ctstate", "--state":
			fits = fits.and(truly(strings.Contains(value, "NEW")))
		case "-i":
			if value == "lo" {
				fits = no
			} else {
				fits = fits.and(maybe)
			}
		case "-j", "-g":
			target = value
		case "-m", "--comment", "--reject-with": // their options decide
		default:
			fits = fits.and(maybe)
			continue
		}
		i++
	}
	return fits, target
}

// iptablesOpen is the command that lets others in until the next start.
func iptablesOpen(ports Ports) string {
	return ports.each("sudo iptables -I INPUT -p %[1]s --dport %[2]d -j ACCEPT", " && ")
}
