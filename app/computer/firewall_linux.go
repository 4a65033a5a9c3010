package computer

import (
	"context"
	"os"
	"slices"
	"strings"
)

// firewalls asks ufw, firewalld, nftables and iptables, which may all be on at once:
// the first two make rules of the others.
func firewalls(ctx context.Context, ports Ports, interfaces []string) (all []Firewall) {
	if conf, err := os.ReadFile(ufwConf); err == nil && ufwEnabled(string(conf)) {
		f := Firewall{Name: "ufw", On: true, Open: ufwOpen(ports, exists(ufwProfile))}
		if status, err := run(ctx, "ufw", "status", "verbose"); err == nil {
			f.TCP, f.UDP = ufwJudge(status, ports)
		}
		all = append(all, f)
	}
	if state, err := run(ctx, "firewall-cmd", "--state"); err == nil && strings.TrimSpace(state) == "running" {
		f := Firewall{Name: "firewalld", On: true, Open: firewalldOpen(ports, slices.ContainsFunc(firewalldServices, exists))}
		if list, err := run(ctx, "firewall-cmd", "--list-all"); err == nil {
			f.TCP, f.UDP, f.Where = firewalldJudge(list, ports)
		}
		all = append(all, f)
	}
	managed := len(all) > 0
	rules, err := run(ctx, "nft", "-j", "list", "ruleset")
	switch f, wrong := nftJudge(rules, ports, interfaces); {
	case err == nil && wrong == nil && f.On:
		// What ufw and firewalld decide is known from them; their rules are hard to read.
		if !managed || f.Worst() == Blocked {
			all = append(all, f)
		}
		return all
	case err != nil && !managed && os.Geteuid() != 0:
		if _, err := find("nft"); err == nil {
			return append(all, Firewall{Name: "nftables"})
		}
	}
	if list, err := run(ctx, "iptables", "-S", "INPUT"); err == nil && !managed {
		tcp, udp := iptablesJudge(list, ports)
		f := Firewall{Name: "iptables", On: strings.Contains(list, "\n") && worse(tcp, udp) != Open, TCP: tcp, UDP: udp, Where: "INPUT", Open: iptablesOpen(ports)}
		if f.On {
			all = append(all, f)
		}
	}
	return all
}
