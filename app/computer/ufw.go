package computer

import (
	"fmt"
	"regexp"
	"strings"
)

// Where ufw keeps whether it is on, and the rules that our package brings.
const (
	ufwConf    = "/etc/ufw/ufw.conf"
	ufwProfile = "/etc/ufw/applications.d/yonder"
)

// ufwEnabled reads ufw.conf.
func ufwEnabled(conf string) bool {
	for line := range strings.Lines(conf) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && strings.TrimSpace(key) == "ENABLED" {
			return strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"'`), "yes")
		}
	}
	return false
}

var ufwDefault = regexp.MustCompile(`(?m)^Default: (\w+) \(incoming\)`)

// ufwJudge reads "ufw status verbose", which only root may ask for.
func ufwJudge(status string, ports Ports) (tcp, udp Verdict) {
	standard := Unknown
	if m := ufwDefault.FindStringSubmatch(status); m != nil {
		standard = Blocked
		if m[1] == "allow" {
			standard = Open
		}
	}
	tcp, udp = standard, standard
	decided := map[string]bool{}
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) < 3 || strings.Contains(line, "(v6)") {
			continue
		}
		v := Maybe // from some addresses only, limited, or on one interface
		switch rest := strings.Join(fields[1:], " "); {
		case strings.HasPrefix(rest, "ALLOW IN Anywhere"):
			v = Open
		case strings.HasPrefix(rest, "DENY IN Anywhere"), strings.HasPrefix(rest, "REJECT IN Anywhere"):
			v = Blocked
		case !strings.Contains(rest, " IN "):
			continue
		}
		to, proto, one := strings.Cut(fields[0], "/")
		for name, port := range map[string]uint16{"tcp": ports.TCP, "udp": ports.UDP} {
			ours := to == "Anywhere" || strings.EqualFold(to, "yonder") || has(to, port)
			if !ours || one && proto != name || decided[name] {
				continue
			}
			decided[name] = v != Maybe // the first rule that fits counts
			if name == "tcp" {
				tcp = v
			} else {
				udp = v
			}
		}
	}
	return tcp, udp
}

// ufwOpen is the command that lets others in.
func ufwOpen(ports Ports, packaged bool) string {
	switch {
	case ports.TCP != ports.UDP:
		return ports.each("sudo ufw allow %[2]d/%[1]s", " && ")
	case packaged:
		return "sudo ufw allow Yonder"
	}
	return fmt.Sprintf("sudo ufw allow %d", ports.TCP)
}
