package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yonder/app"
)

// manual is docs/JSON.md.
const manual = "../../docs/JSON.md"

// everyEvent has each type of event once.
var everyEvent = []event{
	listeningEvent{}, visibleEvent{}, searchingEvent{}, peerEvent{}, trustEvent{}, offerEvent{}, stateEvent{}, progressEvent{}, fileEvent{}, filesEvent{},
	doneEvent{}, messageEvent{}, pairingEvent{}, examiningEvent{}, findingEvent{}, doctorEvent{}, errorEvent{}, warningEvent{}, versionEvent{},
}

// documented reads a line as the event that it says it is. No member may be
// unknown and the event must have a section in the manual.
func documented(line []byte, manual string) (event, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return nil, fmt.Errorf("no JSON object: %w", err)
	}
	var kind string
	if err := json.Unmarshal(members["event"], &kind); err != nil {
		return nil, errors.New("no member called event")
	}
	if !strings.Contains(manual, "\n### `"+kind+"`\n") {
		return nil, fmt.Errorf("event %q is not described", kind)
	}
	delete(members, "event")
	rest, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	for _, e := range everyEvent {
		if e.kind() != kind {
			continue
		}
		value := reflect.New(reflect.TypeOf(e))
		in := json.NewDecoder(bytes.NewReader(rest))
		in.DisallowUnknownFields()
		err := in.Decode(value.Interface())
		return value.Elem().Interface().(event), err
	}
	return nil, fmt.Errorf("event %q does not exist", kind)
}

// members returns the names of the JSON members of a type, and which may be left out.
func members(t reflect.Type) (names []string, optional map[string]bool) {
	optional = map[string]bool{}
	for field := range t.Fields() {
		tag, tagged := field.Tag.Lookup("json")
		switch {
		case field.Anonymous:
			inner, o := members(field.Type)
			names = append(names, inner...)
			for name := range o {
				optional[name] = true
			}
		case tagged:
			name, options, _ := strings.Cut(tag, ",")
			names = append(names, name)
			if options != "" {
				optional[name] = true
			}
		}
	}
	return names, optional
}

func readManual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section returns the part of the manual below a heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "\n### "+heading+"\n")
	if !found {
		t.Fatalf("the manual has no section %q", heading)
	}
	body, _, _ := strings.Cut(after, "\n## ")
	body, _, _ = strings.Cut(body, "\n### ")
	return body
}

var memberRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]*) \\|")

func TestManualDescribesEveryMember(t *testing.T) {
	text := readManual(t)
	types := map[string]reflect.Type{
		"*peer*": reflect.TypeFor[who](), "*address*": reflect.TypeFor[app.Address](), "*problem*": reflect.TypeFor[app.Problem](),
		"*interface*": reflect.TypeFor[app.LinkFacts](), "*carrier*": reflect.TypeFor[app.CarrierFacts](), "*neighbour*": reflect.TypeFor[app.PeerFacts](),
		"*try*": reflect.TypeFor[app.AddressFact](), "*firewall*": reflect.TypeFor[app.FirewallFact](), "*rule*": reflect.TypeFor[rule](),
	}
	for _, e := range everyEvent {
		types["`"+e.kind()+"`"] = reflect.TypeOf(e)
	}
	for heading, typ := range types {
		want, optional := members(typ)
		var got []string
		for _, row := range memberRow.FindAllStringSubmatch(section(t, text, heading), -1) {
			got = append(got, row[1])
			if says := strings.Contains(row[2], "optional"); says != optional[row[1]] {
				t.Errorf("%s: %s is described as %q, but optional is %t", heading, row[1], row[2], optional[row[1]])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has members %q, the manual describes %q", heading, want, got)
		}
	}
}

func TestManualExamplesAreExact(t *testing.T) {
	text := readManual(t)
	for _, e := range everyEvent {
		_, after, _ := strings.Cut(section(t, text, "`"+e.kind()+"`"), "```json\n")
		line, _, found := strings.Cut(after, "\n```")
		if !found {
			t.Errorf("%s has no example", e.kind())
			continue
		}
		read, err := documented([]byte(line), text)
		if err != nil {
			t.Errorf("example of %s: %v", e.kind(), err)
			continue
		}
		if got := strings.TrimSuffix(string(marshalEvent(read)), "\n"); got != line || read.kind() != e.kind() {
			t.Errorf("example of %s\n%s\nwould be printed as\n%s", e.kind(), line, got)
		}
	}
}

func TestManualDescribesEveryCode(t *testing.T) {
	text := readManual(t)
	for _, code := range append(codesIn(t, "problem.go", "Code"), codeUsage, codeNoWindow) {
		if row := fmt.Sprintf("\n| `%s` | %d | ", code, exitCode(code)); !strings.Contains(text, row) {
			t.Errorf("the manual has no row %q", row)
		}
	}
}

// codesIn returns the values of the constants of a file of package app whose names begin so.
func codesIn(t *testing.T, name, prefix string) (codes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../app/"+name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, prefix) {
			code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, code)
		}
		return true
	})
	if len(codes) < 30 {
		t.Fatalf("only %d codes were found in %s", len(codes), name)
	}
	return codes
}

func TestMarshalEvent(t *testing.T) {
	for _, test := range []struct {
		reason string
		e      event
		want   string
	}{
		{"nothing but the name", versionEvent{}, `{"event":"version","version":"","go":"","system":"","machine":""}`},
		{"what a terminal acts upon is escaped", searchingEvent{Peer: "\x1b[2J\u009b\u202e\x7f\U000e0041<&>贝😀"}, `{"event":"searching","peer":"\u001b[2J\u009b\u202e\u007f\udb40\udc41<&>贝😀","wait_ms":0}`},
	} {
		got := string(marshalEvent(test.e))
		if got != test.want+"\n" {
			t.Errorf("%s: %q, want %q", test.reason, got, test.want)
		}
	}
	in := searchingEvent{Peer: "a\U000e0041\u202e\"\\\n"}
	var back searchingEvent
	if err := json.Unmarshal(marshalEvent(in), &back); err != nil || back != in {
		t.Errorf("%q reads back as %q, %v", in.Peer, back.Peer, err)
	}
}

// Whoever adds an event has to say it in words too.
func TestBothPrintersKnowEveryEvent(t *testing.T) {
	for _, e := range everyEvent {
		var s session
		p := &program{out: &s.out, err: &s.err}
		text := &textPrinter{screen: newScreen(p), watch: true, now: time.Now}
		if _, ok := e.(progressEvent); ok {
			continue // told by bars, and in words only after a minute
		}
		if _, ok := e.(findingEvent); ok {
			continue // told below the facts, with the end of the examination
		}
		switch filled := e.(type) {
		case offerEvent:
			filled.Answer = true
			e = filled
		case stateEvent:
			filled.State = string(app.Running)
			e = filled
		case fileEvent:
			filled.Result = "failed"
			e = filled
		case pairingEvent:
			filled.State = string(app.PairingComparing)
			e = filled
		}
		text.print(e)
		if s.out.String()+s.err.String() == "" {
			t.Errorf("%s says nothing in words", e.kind())
		}
	}
}
