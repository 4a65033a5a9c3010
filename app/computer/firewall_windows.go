package computer

import (
	"context"
	"os"
	"strings"

	"golang.org/x/sys/windows/registry"
)

const windowsPolicy = `SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy`

// windowsKeys are the registry's names of the profiles.
var windowsKeys = map[string]string{"Private": "StandardProfile", "Public": "PublicProfile", "Domain": "DomainProfile"}

// firewalls reads the registry, which has no language, unlike netsh.
func firewalls(ctx context.Context, ports Ports, _ []string) (all []Firewall) {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	rules := windowsRules()
	for _, name := range windowsProfiles(ctx) {
		p, ok := readWindowsProfile(name)
		if !ok || !p.on {
			continue
		}
		f := Firewall{Name: "windows", On: true, Where: strings.ToLower(name), Open: windowsOpen(exe)}
		f.TCP, f.UDP = windowsJudge(rules, p, exe, ports)
		all = append(all, f)
	}
	return all
}

// windowsProfiles returns the profiles of the networks that this computer is in: those of
// private ones if that cannot be found out.
func windowsProfiles(ctx context.Context) []string {
	out, err := run(ctx, "powershell", "-NoProfile", "-NonInteractive", "-Command", "(Get-NetConnectionProfile).NetworkCategory")
	if err != nil {
		return []string{"Private"}
	}
	return windowsCategories(out)
}

func readWindowsProfile(name string) (windowsProfile, bool) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, windowsPolicy+`\`+windowsKeys[name], registry.QUERY_VALUE)
	if err != nil {
		return windowsProfile{}, false
	}
	defer key.Close()
	on, _, err := key.GetIntegerValue("EnableFirewall")
	if err != nil {
		return windowsProfile{}, false
	}
	p := windowsProfile{name: name, on: on != 0}
	if action, _, err := key.GetIntegerValue("DefaultInboundAction"); err == nil {
		p.lets = action == 0
	}
	if no, _, err := key.GetIntegerValue("DoNotAllowExceptions"); err == nil {
		p.strict = no != 0
	}
	return p, true
}

// windowsRules returns all rules that the user or an installer made.
func windowsRules() (rules []string) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, windowsPolicy+`\FirewallRules`, registry.QUERY_VALUE)
	if err != nil {
		return nil
	}
	defer key.Close()
	names, err := key.ReadValueNames(-1)
	if err != nil {
		return nil
	}
	for _, name := range names {
		if rule, _, err := key.GetStringValue(name); err == nil {
			rules = append(rules, rule)
		}
	}
	return rules
}
