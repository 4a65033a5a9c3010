package ui

import (
	"maps"
	"slices"
	"strings"

	"yonder/app"
)

// finding tells a finding in the language of the window: what it is, why it matters,
// and what can be done. A key may have variants for findings that have a param, or
// one value of it: "finding.CODE.why~used", "finding.CODE.next~firewall=windows". A code
// of a newer engine is told as it is.
func (w *words) finding(f app.Finding) (what, why, next string) {
	key := "finding." + f.Code
	if !w.has(key) {
		return f.Code, "", ""
	}
	params := map[string]string{}
	for name, value := range f.Params {
		params[name] = shorten(cleanName(value), 160)
	}
	if f.Command == "" {
		params["command"] = "no"
	}
	pairs := []any{"who", w.who(params), "carriers", w.carriers(strings.Split(params["carriers"], ","))}
	for name, value := range params {
		if slices.Contains(listParams, name) {
			value = strings.ReplaceAll(value, ", ", w.L("list.comma"))
		}
		if name != "carriers" {
			pairs = append(pairs, name, value)
		}
	}
	say := func(key string) string {
		if !w.has(key) {
			return ""
		}
		return w.L(w.variant(key, params), pairs...)
	}
	return say(key), say(key + ".why"), say(key + ".next")
}

// listParams are those that may name several things.
var listParams = []string{"names", "interfaces", "firewalls", "ports"}

// variant returns the key of the sentence that fits the params best.
func (w *words) variant(key string, params map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, variant := range []string{key + "~" + name + "=" + params[name], key + "~" + name} {
			if params[name] != "" && w.has(variant) {
				return variant
			}
		}
	}
	return key
}

// who names somebody with the address, or the address alone where nothing else is known.
func (w *words) who(params map[string]string) string {
	name, address := params["name"], params["address"]
	if strings.Contains(address, name) {
		return address
	}
	return w.L("finding.who", "name", name, "address", address)
}

// carriers writes a list of carriers in words.
func (w *words) carriers(list []string) string {
	var out []string
	for _, c := range list {
		if w.has("carrier." + c) {
			c = w.L("carrier." + c)
		}
		out = append(out, cleanName(c))
	}
	if last := len(out) - 1; last > 0 {
		return strings.Join(out[:last], w.L("list.comma")) + w.L("list.and") + out[last]
	}
	return strings.Join(out, "")
}

// verdict is the whole report in one sentence.
func (w *words) verdict(r *app.Report) string {
	count := map[app.Severity]int64{}
	alone := true
	for _, f := range r.Findings {
		count[f.Severity]++
		alone = alone && f.Code != app.FoundPeople
	}
	switch {
	case count[app.SeverityProblem] > 0:
		return w.N("doctor.verdict.problem", count[app.SeverityProblem])
	case count[app.SeverityWarning] > 0:
		return w.N("doctor.verdict.warning", count[app.SeverityWarning])
	case alone:
		return w.L("doctor.verdict.alone")
	}
	return w.L("doctor.verdict.ok")
}

// fact is a heading with lines below it.
type fact struct {
	title string
	lines []string
}

// examined tells what was looked at: this computer first, then each person.
func (w *words) examined(r *app.Report) []fact {
	here := fact{title: w.L("doctor.computer")}
	if r.Listening != "" {
		here.lines = append(here.lines, w.L("doctor.listening", "address", r.Listening))
	} else {
		here.lines = append(here.lines, w.L("doctor.listening.none"))
	}
	for _, l := range r.Links {
		here.lines = append(here.lines, w.linkFact(l))
		for _, c := range l.Carriers {
			key := "doctor.carrier"
			if c.Carrier == "mdns" {
				key = "doctor.carrier.mdns"
			}
			here.lines = append(here.lines, "    "+w.L(key, "carrier", w.carriers([]string{c.Carrier}), "sent", c.Sent, "own", min(c.Own, c.Sent), "heard", c.Heard))
		}
	}
	for _, f := range r.Firewalls {
		here.lines = append(here.lines, w.L("doctor.firewall", "firewall", cleanName(f.Name), "tcp", w.firewallVerdict(f.TCP), "udp", w.firewallVerdict(f.UDP)))
	}
	all := []fact{here}
	for _, p := range r.Peers {
		all = append(all, w.peerFact(p))
	}
	return all
}

func (w *words) firewallVerdict(v string) string {
	if w.has("doctor.firewall." + v) {
		return w.L("doctor.firewall." + v)
	}
	return cleanName(v)
}

func (w *words) linkFact(l app.LinkFacts) string {
	if l.Skipped == "" {
		return w.L("doctor.link", "name", cleanName(l.Name), "addresses", cleanName(strings.Join(l.Addresses, w.L("list.comma"))))
	}
	why := cleanName(l.Skipped)
	if w.has("doctor.skip." + l.Skipped) {
		why = w.L("doctor.skip." + l.Skipped)
	}
	return w.L("doctor.link.skipped", "name", cleanName(l.Name), "why", why)
}

// peerFact tells how somebody is reached and heard.
func (w *words) peerFact(p app.PeerFacts) fact {
	f := fact{title: cleanName(p.Name)}
	say := func(key string, carriers []string) {
		if len(carriers) > 0 {
			f.lines = append(f.lines, w.L(key, "carriers", w.carriers(carriers)))
		}
	}
	answers := false
	for _, a := range p.Addresses {
		answers = answers || a.Result == app.ReachAnswers
		key, result := "doctor.reach", cleanName(string(a.Result))
		if !a.Near {
			key = "doctor.reach.far"
		}
		if w.has("doctor.reach." + string(a.Result)) {
			result = w.L("doctor.reach." + string(a.Result))
		}
		f.lines = append(f.lines, w.L(key, "address", a.Addr, "result", result))
	}
	if p.Here {
		f.lines = append(f.lines, w.L("doctor.same"))
	}
	say("doctor.heard", p.Heard)
	say("doctor.missed", p.Missed)
	say("doctor.hears", p.HearsUs)
	if !p.Present && !answers && !p.ID.IsZero() {
		f.lines = append(f.lines, w.L("doctor.away"))
	}
	return f
}
