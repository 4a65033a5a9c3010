package computer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ruleset is what "nft -j list ruleset" prints, as far as it decides about packets
// that come in.
type ruleset struct {
	bases []nftChain            // those that see what comes in
	rules map[nftName][]nftRule // of every chain
	sets  map[nftName][]any     // elements of named sets
}

// nftName is a chain or set. They are named within a table.
type nftName struct{ family, table, name string }

func (n nftName) String() string { return n.family + " " + n.table + " " + n.name }

type nftChain struct {
	nftName
	policy string
}

type nftRule []map[string]json.RawMessage // its statements, in order

// parseRuleset reads the JSON of nft.
func parseRuleset(text string) (*ruleset, error) {
	var doc struct {
		Nftables []struct {
			Chain *struct {
				Family, Table, Name, Type, Hook, Policy string
			}
			Rule *struct {
				Family, Table, Chain string
				Expr                 nftRule
			}
			Set *struct {
				Family, Table, Name string
				Elem                []any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("read the rules of nftables: %w", err)
	}
	r := &ruleset{rules: map[nftName][]nftRule{}, sets: map[nftName][]any{}}
	for _, o := range doc.Nftables {
		switch {
		case o.Chain != nil && o.Chain.Type == "filter" && (o.Chain.Hook == "input" || o.Chain.Hook == "prerouting"):
			r.bases = append(r.bases, nftChain{nftName{o.Chain.Family, o.Chain.Table, o.Chain.Name}, o.Chain.Policy})
		case o.Rule != nil:
			name := nftName{o.Rule.Family, o.Rule.Table, o.Rule.Chain}
			r.rules[name] = append(r.rules[name], o.Rule.Expr)
		case o.Set != nil:
			r.sets[nftName{o.Set.Family, o.Set.Table, o.Set.Name}] = o.Set.Elem
		}
	}
	return r, nil
}

// judge returns what becomes of the first packet that somebody sends over IPv4 to a
// port of this host, and the chain that decides that it does not simply pass.
func (r *ruleset) judge(p nftPacket) (v Verdict, where nftName) {
	v = Open
	for _, base := range r.bases {
		if base.family != "inet" && base.family != "ip" {
			continue
		}
		w := walk{rules: r, packet: p}
		w.chain(base.nftName, true, 0)
		if !w.done {
			w.end(base.policy != "drop", true)
		}
		if one := w.verdict(); worse(v, one) != v {
			v, where = one, base.nftName
		}
	}
	return v, where
}

// walk is the way of one packet through one base chain. Rules that are not
// understood leave it open which way that is.
type walk struct {
	rules  *ruleset
	packet nftPacket

	done                bool // it ends here, surely
	accepted            bool // if done
	mayAccept, mayBlock bool // it may have ended before
	steps               int
}

const (
	maxJumps = 16     // as the kernel has it
	maxSteps = 100000 // rules that are looked at; where there are more, the rest is not understood
)

// chain follows one chain; sure says that the packet is in it at all.
func (w *walk) chain(name nftName, sure bool, depth int) {
	if depth > maxJumps {
		return
	}
	for _, rule := range w.rules.rules[name] {
		if w.steps++; w.steps > maxSteps {
			w.mayAccept, w.mayBlock = true, true
			return
		}
		here := yes
		if !sure {
			here = maybe
		}
		for _, statement := range rule {
			for kind, raw := range statement {
				if w.statement(name, kind, raw, &here, &sure, depth); w.done || here == left {
					return
				}
			}
			if here == no {
				break
			}
		}
	}
}

// statement does one statement of a rule. here is whether the packet comes to it, and
// afterwards whether it comes to the next one; sure whether it is still in the chain.
func (w *walk) statement(at nftName, kind string, raw json.RawMessage, here *truth, sure *bool, depth int) {
	leave := func() {
		switch *here {
		case yes:
			*here = left
		case maybe:
			*sure = false
		}
	}
	switch kind {
	case "match":
		*here = here.and(w.packet.match(w.rules, at, raw))
	case "accept":
		w.end(true, *here == yes)
	case "drop", "reject":
		w.end(false, *here == yes)
	case "jump", "goto":
		var to struct{ Target string }
		if json.Unmarshal(raw, &to) != nil {
			*here = here.and(maybe)
			return
		}
		w.chain(nftName{at.family, at.table, to.Target}, *here == yes, depth+1)
		if kind == "goto" {
			leave()
		}
	case "return":
		leave()
	case "vmap":
		for _, branch := range w.packet.branches(w.rules, at, raw) {
			chosen := here.and(branch.truth)
			for kind, raw := range branch.verdict {
				if w.statement(at, kind, raw, &chosen, sure, depth); chosen == left {
					*here = left
				}
			}
			if w.done || *here == left {
				return
			}
		}
	case "counter", "log", "comment", "notrack", "mangle": // decide nothing
	default: // limit, queue, xt, …: may hold or not
		*here = here.and(maybe)
	}
}

// end notes that the packet ends here.
func (w *walk) end(accepted, sure bool) {
	switch {
	case w.done:
	case sure:
		w.done, w.accepted = true, accepted
	case accepted:
		w.mayAccept = true
	default:
		w.mayBlock = true
	}
}

func (w *walk) verdict() Verdict {
	switch {
	case w.accepted && !w.mayBlock:
		return Open
	case !w.accepted && !w.mayAccept:
		return Blocked
	}
	return Maybe
}

// truth is the outcome of a comparison that may not be understood.
type truth int8

const (
	left truth = iota - 1 // the packet is not in the chain any more
	no
	maybe
	yes
)

func (a truth) and(b truth) truth { return min(a, b) }

func truly(b bool) truth {
	if b {
		return yes
	}
	return no
}

// nftJudge is [Firewall] of nftables for the ports on all interfaces: the worst of them counts.
func nftJudge(text string, ports Ports, interfaces []string) (Firewall, error) {
	r, err := parseRuleset(text)
	if err != nil {
		return Firewall{}, err
	}
	f := Firewall{Name: "nftables", On: len(r.bases) > 0, TCP: Open, UDP: Open}
	var where nftName
	for _, iface := range interfaces {
		for _, p := range []nftPacket{{iface, "tcp", ports.TCP}, {iface, "udp", ports.UDP}} {
			v, at := r.judge(p)
			if v != Open && worse(f.Worst(), v) != f.Worst() {
				where = at
			}
			if p.proto == "tcp" {
				f.TCP = worse(f.TCP, v)
			} else {
				f.UDP = worse(f.UDP, v)
			}
		}
	}
	if where != (nftName{}) {
		f.Where = where.String()
		f.Open = ports.each("sudo nft insert rule "+shellWords(where.family, where.table, where.name)+" %[1]s dport %[2]d accept", " && ")
	}
	return f, nil
}

// shellWords quotes words for a shell where they need it.
func shellWords(words ...string) string {
	quoted := slices.Clone(words)
	for i, word := range quoted {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") != "" {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
