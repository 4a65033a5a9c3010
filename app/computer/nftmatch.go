package computer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// nftPacket is the first packet of somebody who wants something from this host.
type nftPacket struct {
	iface string // where it comes in
	proto string // "tcp" or "udp"
	port  uint16 // where it goes
}

// match decides a comparison in a rule of a chain.
func (p nftPacket) match(r *ruleset, at nftName, raw json.RawMessage) truth {
	var m struct {
		Op    string
		Left  json.RawMessage
		Right any
	}
	if json.Unmarshal(raw, &m) != nil {
		return maybe
	}
	value, known := p.value(m.Left)
	if known == no {
		return no
	}
	if known == maybe {
		return maybe
	}
	is := p.equal(r, at, value, m.Right)
	switch m.Op {
	case "==", "in":
		return is
	case "!=":
		return yes - is
	}
	return maybe
}

// value returns what a packet has in a field: yes with it, no if such packets have no such
// field, which decides the rule, maybe if it is not known here.
func (p nftPacket) value(left json.RawMessage) (string, truth) {
	var f struct {
		Meta    *struct{ Key string }
		CT      *struct{ Key string }
		Payload *struct{ Protocol, Field string }
	}
	if json.Unmarshal(left, &f) != nil {
		return "", maybe
	}
	switch {
	case f.Meta != nil:
		switch f.Meta.Key {
		case "iif", "iifname":
			return p.iface, yes
		case "l4proto":
			return p.proto, yes
		case "nfproto":
			return "ipv4", yes
		case "protocol":
			return "ip", yes
		case "pkttype":
			return "host", yes
		}
	case f.CT != nil && f.CT.Key == "state":
		return "new", yes
	case f.Payload != nil:
		switch proto, field := f.Payload.Protocol, f.Payload.Field; {
		case proto == "ip6" || proto == "tcp" && p.proto != "tcp" || proto == "udp" && p.proto != "udp":
			return "", no
		case proto == "icmp" || proto == "icmpv6" || proto == "sctp" || proto == "dccp":
			return "", no
		case field == "dport":
			return fmt.Sprint(p.port), yes
		case proto == "ip" && field == "protocol":
			return p.proto, yes
		}
	}
	return "", maybe
}

// equal compares a value with the right side of a rule: a word, a number, a list, a set, a
// range, or the name of a set.
func (p nftPacket) equal(r *ruleset, at nftName, value string, right any) truth {
	switch right := right.(type) {
	case string:
		if name, ok := strings.CutPrefix(right, "@"); ok {
			elements, ok := r.sets[nftName{at.family, at.table, name}]
			if !ok {
				return maybe
			}
			return p.equal(r, at, value, elements)
		}
		if prefix, ok := strings.CutSuffix(right, "*"); ok {
			return truly(strings.HasPrefix(value, prefix))
		}
		return truly(value == right || value == "host" && right == "unicast")
	case float64:
		return truly(value == fmt.Sprint(right))
	case []any:
		found := no
		for _, one := range right {
			found = max(found, p.equal(r, at, value, one))
		}
		return found
	case map[string]any:
		if set, ok := right["set"].([]any); ok {
			return p.equal(r, at, value, set)
		}
		if ends, ok := right["range"].([]any); ok && len(ends) == 2 {
			low, ok1 := ends[0].(float64)
			high, ok2 := ends[1].(float64)
			var n float64
			if _, err := fmt.Sscan(value, &n); err == nil && ok1 && ok2 {
				return truly(low <= n && n <= high)
			}
		}
		if elem, ok := right["elem"].(map[string]any); ok {
			return p.equal(r, at, value, elem["val"])
		}
	}
	return maybe
}

// branch is one verdict of a verdict map.
type branch struct {
	truth   truth
	verdict map[string]json.RawMessage
}

// branches returns the verdicts of a map that the packet may get: the first that surely
// fits, with those before it that may.
func (p nftPacket) branches(r *ruleset, at nftName, raw json.RawMessage) (out []branch) {
	var m struct {
		Key  json.RawMessage
		Data struct{ Set [][2]json.RawMessage }
	}
	if json.Unmarshal(raw, &m) != nil { // the name of a map, or something new
		return []branch{{maybe, map[string]json.RawMessage{"accept": nil}}, {maybe, map[string]json.RawMessage{"drop": nil}}}
	}
	value, known := p.value(m.Key)
	if known == no {
		return nil
	}
	for _, pair := range m.Data.Set {
		var key any
		var b branch
		if json.Unmarshal(pair[0], &key) != nil || json.Unmarshal(pair[1], &b.verdict) != nil {
			continue
		}
		if b.truth = maybe; known == yes {
			b.truth = p.equal(r, at, value, key)
		}
		switch b.truth {
		case yes:
			return append(out, b)
		case maybe:
			out = append(out, b)
		}
	}
	return out
}
