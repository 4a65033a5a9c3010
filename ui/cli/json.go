package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// progressEvery is the shortest time between two progress events of one transfer.
const progressEvery = 200 * time.Millisecond

// jsonPrinter writes each event as one line of JSON.
type jsonPrinter struct {
	w    io.Writer
	now  func() time.Time
	last map[string]time.Time // transfer id: when its progress was printed
}

func (j *jsonPrinter) print(e event) {
	if e, ok := e.(progressEvent); ok {
		if last, seen := j.last[e.ID]; seen && j.now().Sub(last) < progressEvery {
			return
		}
		if j.last == nil {
			j.last = map[string]time.Time{}
		}
		j.last[e.ID] = j.now()
	}
	j.w.Write(marshalEvent(e))
}

func (j *jsonPrinter) close() {}

// marshalEvent returns the line of an event with "event" as its first member.
// Control and invisible characters are escaped, so the line is as harmless on a
// terminal as text is and reads back the same.
func marshalEvent(e event) []byte {
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil { // no event has a member that can fail
		panic(err)
	}
	line := bytes.NewBufferString(`{"event":"` + e.kind() + `"`)
	members := bytes.TrimSpace(raw.Bytes())[1:]
	if members[0] != '}' {
		line.WriteByte(',')
	}
	for _, r := range string(members) {
		switch {
		case !unsafe(r):
			line.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(line, `\u%04x`, r)
		default: // as JSON wants it, in two halves
			r -= 0x10000
			fmt.Fprintf(line, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	line.WriteByte('\n')
	return line.Bytes()
}
