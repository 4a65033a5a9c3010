package cli

import (
	"strings"

	"yonder/app"
)

// doctor writes what was looked at, what was found, the worst first, and the verdict.
func (t *textPrinter) doctor(e doctorEvent) {
	t.screen.line("")
	t.section("this computer", t.computerRows(e))
	t.section("people", peopleRows(e.People))
	t.screen.line(t.paint(bold, "findings"))
	for _, f := range t.findings {
		t.finding(f)
	}
	t.findings = nil
	t.screen.line("")
	t.screen.line(t.paint(severityStyle(e.Severity), clean(e.Verdict)))
}

// section writes a heading and rows of a name and what there is to say, aligned.
func (t *textPrinter) section(title string, rows [][2]string) {
	if len(rows) == 0 {
		return
	}
	t.screen.line(t.paint(bold, title))
	wide := 0
	for _, row := range rows {
		wide = max(wide, columns(row[0]))
	}
	for _, row := range rows {
		t.screen.line(strings.TrimRight("  "+pad(row[0], wide)+"  "+row[1], " "))
	}
	t.screen.line("")
}

// computerRows are the facts about this computer.
func (t *textPrinter) computerRows(e doctorEvent) (rows [][2]string) {
	listening := "nowhere"
	if e.Listening != "" {
		listening = clean(e.Listening)
	}
	rows = append(rows, [2]string{"listens on", listening})
	for _, l := range e.Interfaces {
		rows = append(rows, [2]string{clean(l.Name), linkWords(l)})
		for _, c := range l.Carriers {
			rows = append(rows, [2]string{"  " + carrierNames(c.Carrier), carrierWords(c)})
		}
	}
	for _, f := range e.Firewalls {
		text := "TCP " + f.TCP + ", UDP " + f.UDP
		if f.Where != "" {
			text += " (" + clean(f.Where) + ")"
		}
		rows = append(rows, [2]string{clean(f.Name), text})
	}
	return rows
}

// skipWords say why an interface is not used.
var skipWords = map[string]string{
	"down": "off, or no cable", "loopback": "leads nowhere else", "point-to-point": "a tunnel", "no-group": "neither broadcast nor multicast",
	"virtual": "of a VPN, containers or virtual machines", "no-address": "no address yet", "not-chosen": "not chosen",
}

func linkWords(l app.LinkFacts) string {
	text := clean(strings.Join(l.Addresses, ", "))
	if l.Skipped != "" {
		why := skipWords[l.Skipped]
		if why == "" {
			why = clean(l.Skipped)
		}
		text = strings.TrimLeft(text+"  not used: "+why, " ")
	}
	if l.Problem != "" {
		text += "  " + clean(l.Problem)
	}
	return text
}

func carrierWords(c app.CarrierFacts) string {
	if c.Problem != "" && c.Sent == 0 {
		return clean(c.Problem)
	}
	text := formatCount(int64(c.Sent)) + " sent"
	if c.Carrier == "mdns" { // whether it hears itself depends on the system
		return text + ", " + formatCount(int64(c.Heard)) + " answers from others"
	}
	back := "all"
	if c.Own < c.Sent { // more come back where the first ones left before the doctor began to count
		back = formatCount(int64(c.Own))
	}
	return text + ", " + back + " came back, " + formatCount(int64(c.Heard)) + " from others"
}

// peopleRows are the facts about others.
func peopleRows(people []app.PeerFacts) (rows [][2]string) {
	for _, p := range people {
		name := cut(clean(p.Name), 32)
		say := func(text string) {
			rows = append(rows, [2]string{name, text})
			name = ""
		}
		answers := false
		for _, a := range p.Addresses {
			answers = answers || a.Result == app.ReachAnswers
			say(clean(a.Addr) + " " + reachWords(a))
		}
		if p.Here {
			say("on this computer")
		}
		if len(p.Heard) > 0 {
			say("heard by " + carrierNames(strings.Join(p.Heard, ",")))
		}
		if len(p.Missed) > 0 {
			say("not heard by " + carrierNames(strings.Join(p.Missed, ",")))
		}
		if len(p.HearsUs) > 0 {
			say("hears this computer by " + carrierNames(strings.Join(p.HearsUs, ",")))
		}
		if !p.Present && !answers && !p.ID.IsZero() {
			say("not here now")
		}
	}
	return rows
}

// reachWords say what came of connecting to an address.
func reachWords(a app.AddressFact) string {
	words := map[app.Reach]string{
		app.ReachAnswers: "answers", app.ReachRefused: "refuses connections", app.ReachSilent: "does not answer", app.ReachNobody: "is not there",
		app.ReachOther: "is another device", app.ReachPrivate: "takes verified people only", app.ReachVersion: "speaks another version", app.ReachStrange: "is not Yonder",
	}
	text := words[a.Result]
	if text == "" {
		text = clean(string(a.Result))
	}
	if !a.Near {
		text += ", in another network"
	}
	return text
}

// How findings are set: the columns of their labels and of a whole line.
const (
	severityWide = len("problem")
	findingWide  = 80
)

// finding writes one finding: what it is beside its label, why and what to do below.
func (t *textPrinter) finding(f findingEvent) {
	below := strings.Repeat(" ", 2+severityWide+2)
	write := func(first, text string) {
		indent := strings.Repeat(" ", columns(first))
		for i, line := range wrap(clean(text), findingWide-len(below)-len(indent)) {
			if i == 0 {
				line = first + line
			} else {
				line = indent + line
			}
			if first == "" && i == 0 { // the label stands in front
				line = "  " + t.paint(severityStyle(f.Severity), pad(f.Severity, severityWide)) + "  " + line
			} else {
				line = below + line
			}
			t.screen.line(line)
		}
	}
	write("", f.What)
	if f.Severity == string(app.SeverityOK) {
		return
	}
	if f.Why != "" {
		write("why: ", f.Why)
	}
	if f.Do != "" {
		write("do:  ", f.Do)
	}
	if f.Command != "" { // in one line, to be copied
		t.screen.line(below + "     " + t.paint(bold, clean(f.Command)))
	}
}

// wrap breaks text at spaces into lines of at most n columns, where it has any.
func wrap(text string, n int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && columns(line)+1+columns(word) > n {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// severityStyle is how a severity is painted.
func severityStyle(severity string) string {
	switch app.Severity(severity) {
	case app.SeverityProblem:
		return red
	case app.SeverityWarning:
		return yellow
	case app.SeverityOK:
		return green
	}
	return bold
}
