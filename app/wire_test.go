package app

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// script is a connection whose other end says what is in it, whatever it is told.
type script struct {
	io.Reader
	net.Conn // nil: nothing else is used
}

func (s script) Read(p []byte) (int, error)       { return s.Reader.Read(p) }
func (s script) Write(p []byte) (int, error)      { return len(p), nil }
func (s script) SetDeadline(time.Time) error      { return nil }
func (s script) SetWriteDeadline(time.Time) error { return nil }
func (s script) Close() error                     { return nil }

// FuzzDoor says anything to the owner of a profile: without the token nothing is a call.
func FuzzDoor(f *testing.F) {
	hello, _ := json.Marshal(callHello{Nonce: nonce()})
	for _, seed := range []string{
		"", "\n\n", string(hello) + "\n", string(hello) + "\n" + `{"proof":"` + nonce() + `","method":"ping"}` + "\n",
		"{}\n{}\n", "null\nnull\n", strings.Repeat("x", maxHello+1) + "\n", string(hello) + "\n" + `{"proof":1}` + "\n", `{"nonce":"` + strings.Repeat("é", 300) + `"}` + "\n{}",
	} {
		f.Add([]byte(seed))
	}
	o := &owner{token: make([]byte, 32)}
	o.token[5] = 7
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := o.greet(newLines(script{Reader: strings.NewReader(string(data))})); err == nil {
			t.Errorf("%q is the call %+v", data, c)
		}
	})
}

// FuzzCall makes any call with any parameters: it is answered, and what is answered can be written.
func FuzzCall(f *testing.F) {
	h := newLAN().add(f, nil)
	other := h.lan.add(f, nil)
	h.see(other)
	id := other.id().String()
	for _, seed := range [][2]string{
		{"ping", ""}, {"history", `{"person":"` + id + `","limit":-1}`}, {"history", `{"person":"` + id + `","item":"x","limit":1000000000}`},
		{"say", `{"person":"` + id + `","body":"hi \u0000"}`}, {"find", `{"peer":"` + id[:5] + `","wait":-1}`}, {"keep-address", `{"peer":"[::1%x]:0"}`},
		{"drop-address", `{"peer":"x"}`}, {"send", `{}`}, {"send", `{"send":{"to":["` + id + `"],"paths":["relative","/nowhere"]}}`}, {"answer", `{"item":"x","answer":{}}`},
		{"cancel", `{"item":""}`}, {"files", `{"limit":-5,"entry":4294967295}`}, {"leave-out", `{}`}, {"partials", ""}, {"remove-partials", `{"ids":["..","/",""]}`},
		{"read", `{}`}, {"pair", `{"person":"` + id + `"}`}, {"answer-pairing", `{"person":"` + id + `","code":"1","same":true}`}, {"cancel-pairing", `{}`},
		{"trust", `{"person":"` + id + `","level":4}`}, {"trust", `{"person":"` + id + `","level":99}`}, {"rule", `{"person":"` + id + `","rule":{"accept":"always","folder":"/{name}"}}`},
		{"configure", `{"settings":{"name":"x","port":-1}}`}, {"visible", `{"visible":"?"}`}, {"refresh", ""}, {"raise", `{"paths":["/x"]}`}, {"no such", "[]"},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	f.Fuzz(func(t *testing.T, method string, raw []byte) {
		var p params
		if len(raw) > 0 && json.Unmarshal(raw, &p) != nil || method == "doctor" { // which looks at this computer
			return
		}
		p.Settings.Folder = "" // one that exists here could be chosen
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		result, err := invoke(ctx, h, method, p)
		if _, bad := json.Marshal(result); bad != nil {
			t.Errorf("%s %s: %v", method, raw, bad)
		}
		if err != nil && AsProblem(err).Text == "" {
			t.Errorf("%s %s: %#v says nothing", method, raw, err)
		}
		h.App.mu.Lock()
		defer h.App.mu.Unlock()
		if level := h.people[other.id()]; level != nil && (level.rec.Level > Mine || level.rec.Level < Blocked || level.rec.Level == Paired) {
			t.Errorf("%s %s makes the level %d", method, raw, level.rec.Level)
		}
	})
}
