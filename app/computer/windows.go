package computer

import (
	"fmt"
	"slices"
	"strings"
)

// windowsProfile is one of the three profiles of Windows Defender Firewall.
type windowsProfile struct {
	name   string // as in rules: "Private", "Public", "Domain"
	on     bool
	lets   bool // lets in what no rule is about
	strict bool // and no rules count: "block all incoming connections"
}

// windowsJudge reads the rules as they are in the registry, such as
// "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Private|App=C:\yonder.exe|".
// exe is this program. A rule that blocks wins over all that allow.
func windowsJudge(rules []string, p windowsProfile, exe string, ports Ports) (tcp, udp Verdict) {
	if !p.on {
		return Open, Open
	}
	if p.strict {
		return Blocked, Blocked
	}
	standard := Blocked
	if p.lets {
		standard = Open
	}
	verdict := func(proto string, port uint16) Verdict {
		v := standard
		for _, rule := range rules {
			switch action := windowsFits(rule, p.name, exe, proto, port); {
			case action == "Block":
				return Blocked
			case action == "Allow":
				v = Open
			}
		}
		return v
	}
	return verdict("6", ports.TCP), verdict("17", ports.UDP)
}

// windowsFits returns what a rule does with what comes to us, "" if it is not about that.
func windowsFits(rule, profile, exe, proto string, port uint16) (action string) {
	fields := map[string][]string{}
	for _, field := range strings.Split(rule, "|") {
		if key, value, ok := strings.Cut(field, "="); ok {
			fields[key] = append(fields[key], value)
		}
	}
	one := func(key string) string {
		if len(fields[key]) == 0 {
			return ""
		}
		return fields[key][0]
	}
	local := func(text string) bool { // "21925", "1-9", or a word such as RPC
		return has(text, port)
	}
	ports := append(fields["LPort"], fields["LPort2_10"]...)
	app := one("App")
	switch {
	case one("Active") != "TRUE", one("Dir") != "In":
	case one("Protocol") != "" && one("Protocol") != proto:
	case len(fields["Profile"]) > 0 && !slices.Contains(fields["Profile"], profile):
	case app != "" && !strings.EqualFold(app, exe):
	case app == "" && len(ports) == 0: // about everything: services and packages, which we are not
	case len(ports) > 0 && !slices.ContainsFunc(ports, local):
	case len(fields["RA4"])+len(fields["RA6"]) > 0 && !slices.Contains(fields["RA4"], "LocalSubnet"): // from some addresses only
	default:
		return one("Action")
	}
	return ""
}

// windowsCategories reads the categories of the networks that this computer is in.
func windowsCategories(out string) (profiles []string) {
	for _, word := range strings.Fields(out) {
		name := map[string]string{"Private": "Private", "Public": "Public", "DomainAuthenticated": "Domain"}[word]
		if name != "" && !slices.Contains(profiles, name) {
			profiles = append(profiles, name)
		}
	}
	return profiles
}

// windowsOpen is the command, for a console of an administrator, that lets others in.
func windowsOpen(exe string) string {
	if strings.ContainsAny(exe, "\"%") {
		return ""
	}
	return fmt.Sprintf(`netsh advfirewall firewall delete rule name=all dir=in program="%[1]s" & `+
		`netsh advfirewall firewall add rule name="Yonder" dir=in action=allow program="%[1]s" profile=private,domain`, exe)
}
