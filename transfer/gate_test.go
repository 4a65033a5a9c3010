package transfer

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// String names a place as the printed table does.
func (p place) String() string {
	return [...]string{"the session", "a new transfer", "theirs, decided or not", "theirs, accepted", "ours, not decided", "ours, accepted", "any transfer", "any accepted transfer"}[p]
}

// describedFrame is a row of the table of frames in PROTOCOL.md.
type describedFrame struct {
	name   string
	limit  uint32
	stream string // "0", "new", "transfer"
	paired bool   // only from paired peers
}

// describedFrames reads the table; HELLO, which comes before the gate, is left out.
func describedFrames(t *testing.T) map[frameType]describedFrame {
	raw, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| ([0-9a-f]{2})(?: / ([0-9a-f]{2}))? \| ([^|]+) \| ([^|]+) \| (0|new|transfer) \| ([^|]+) \|$`)
	size := regexp.MustCompile(`^(?:(\d+) B \+ )?(\d+) (B|KiB|MiB)$`)
	found := map[frameType]describedFrame{}
	for _, m := range row.FindAllStringSubmatch(string(raw), -1) {
		s := size.FindStringSubmatch(m[4])
		if s == nil {
			t.Errorf("%s: no size %q", m[3], m[4])
			continue
		}
		extra, _ := strconv.Atoi(s[1])
		n, _ := strconv.Atoi(s[2])
		limit := uint32(extra + n*map[string]int{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}[s[3]])
		names := strings.Split(strings.TrimSuffix(m[3], ", *optional*"), " / ")
		for i, number := range []string{m[1], m[2]} {
			typ, err := strconv.ParseUint(number, 16, 8)
			if err != nil || i >= len(names) {
				continue
			}
			found[frameType(typ)] = describedFrame{names[i], limit, m[5], strings.Contains(m[6], "*paired*")}
		}
	}
	delete(found, frameHello)
	return found
}

// TestGateTable prints the gate, and compares it with what PROTOCOL.md says of each frame: no
// frame is in one of the two only.
func TestGateTable(t *testing.T) {
	described := describedFrames(t)
	var table strings.Builder
	levels := map[Level]string{Blocked: "anybody", Unknown: "not blocked", Known: "known", Paired: "paired", Mine: "mine"}
	for _, typ := range slices.Sorted(maps.Keys(gate)) {
		r := gate[typ]
		fmt.Fprintf(&table, "%02x  %-13s %8d bytes  from %-12s on %v\n", byte(typ), r.name, r.limit, levels[r.level], r.place)
		d, ok := described[typ]
		stream := map[bool]string{true: "0", false: "transfer"}[r.place == onSession]
		if r.place == onNew {
			stream = "new"
		}
		if !ok || d.name != r.name || d.limit != r.limit || d.stream != stream || d.paired != (r.level == Paired) {
			t.Errorf("frame %02x is %+v in the gate, and described as %+v", byte(typ), r, d)
		}
		delete(described, typ)
	}
	t.Logf("what may reach a handler; all else is refused\n%s", &table)
	for typ, d := range described {
		t.Errorf("frame %02x is described (%s) and not in the gate", byte(typ), d.name)
	}
}

// TestGateEverything asks the gate about every type there can be, in every place, from every
// level, at the limit of its row and one above, and lets pass exactly what a row allows.
func TestGateEverything(t *testing.T) {
	places := map[place][]place{ // where a stream is, and the rows that this satisfies
		onSession: {onSession}, onNew: {onNew}, onOffered: {onOffered, onEither},
		onAccepted: {onAccepted, onOffered, onEither, onRunning}, onSending: {onSending, onEither}, onMoving: {onMoving, onEither, onRunning},
	}
	asked := 0
	for where, rows := range places {
		for level := Blocked; level <= Mine; level++ {
			for typ := range 256 {
				r, known := gate[frameType(typ)]
				if testing.Short() && !known && typ%32 != 0 {
					continue
				}
				lengths := []uint32{0, maxPack, maxPack + 1}
				if known {
					lengths = []uint32{0, r.limit, r.limit + 1, 1<<32 - 1}
				}
				for _, length := range lengths {
					s := gateSession(t)
					s.host.level = level
					v, err := s.admit(header{typ: frameType(typ), stream: s.place(t, where), length: length})
					allowed := known && length <= r.limit && level >= r.level && slices.Contains(rows, r.place)
					if asked++; allowed != (err == nil && v == pass) {
						t.Fatalf("type %02x, on %v, level %d, %d bytes: %v, %v; allowed %v", typ, where, level, length, v, err, allowed)
					}
				}
			}
		}
	}
	t.Logf("%d questions", asked)
}
