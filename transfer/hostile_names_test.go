package transfer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileNamesOnTheWire offers and lists names that would leave the destination.
func TestHostileNamesOnTheWire(t *testing.T) {
	s := newScene(t)
	names := []string{"..", ".", "", "../y", "../../y", "/etc/passwd", "a/../../y", `..\y`, `a\..\..\y`, `C:\y`, "C:y", `\\srv\s\y`, `\\?\C:\y`,
		`\??\C:\y`, "f:stream", "f::$DATA", "a\x00", "a//b", "./a", "a/", "canary/x", strings.Repeat("n", maxComponent+1)}
	for _, name := range names {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			s.t, s.bystander.t = t, t
			s.b.mu.Lock()
			before := len(s.b.offers)
			s.b.mu.Unlock()
			p := newPuppet(t, s.b)
			p.say(frameOffer, 1, offering(1, load{name, []byte("x")}))
			if got := p.ended(); got != 1 && got != 0 {
				t.Errorf("offer: BYE with code %d, want 1", got)
			}
			s.b.mu.Lock()
			if len(s.b.offers) != before {
				t.Error("the user is asked about it")
			}
			s.b.mu.Unlock()

			p = newPuppet(t, s.b)
			p.accepted(1, &offer{Conv: []byte{}, Names: []topName{{Name: "f", Folder: true}}, Count: 1, Entries: 2, Bytes: 1, Final: true})
			m := &page{Last: true, Entries: []entry{folder(0, "f"), file(1, name)}}
			newManifest().digest.Sum(m.Digest[:0])
			p.say(framePage, 1, m)
			p.say(frameData, 1, whole(1, []byte("x")))
			waitCancel(p, 14)
			p.alive()
			p.say(frameBye, 0, &status{Code: 9})
			p.ended()
			s.quiet()
			s.untouched()
			s.bystander.say(frameFiles, bystanderStream, &files{})
			s.bystander.alive()
			s.clean()
		})
	}
	s.t = t
	s.finish()
}

// TestStrangeNamesArrive stores names that are allowed and still mean something
// somewhere: all of them distinct, all inside.
func TestStrangeNamesArrive(t *testing.T) {
	s := newScene(t)
	names := []string{incomingFolder, "CON", "nul.txt", "a.", "a ", "a", "x\u202ey", "xy", "\x1b[2J", "-rf", "$(x)", "journal", "tree", "x.part", "identity.pem", "settings.json", "yonder.db", "owner.json", "desktop.ini", "é", "e\u0301", "README", "readme",
		strings.Repeat("长", 100) + ".txt", strings.Repeat("长", 100) + "s.txt"}
	list := map[string]load{}
	var tops []load
	for i, name := range names {
		list[name] = load{name, []byte(fmt.Sprintf("content %d", i))}
		tops = append(tops, list[name])
	}
	sortLoads(tops)
	p := newPuppet(t, s.b)
	p.accepted(1, offering(1, tops...))
	p.say(framePage, 1, manifestOf(tops...))
	var contents [][]byte
	for i, l := range tops {
		p.say(frameData, 1, whole(uint32(i), l.content))
		contents = append(contents, l.content)
	}
	p.say(frameFiles, 1, outcome(contents...))
	p.say(frameEnd, 1, &end{Skipped: []skipped{}})
	var m done
	if p.expect(frameDone, &m); m.Files != uint64(len(names)) || m.Failed != 0 || len(m.Published) != len(names) {
		t.Fatalf("DONE = %d files, %d failed, %d published, want %d", m.Files, m.Failed, len(m.Published), len(names))
	}
	as := map[string]bool{}
	for _, row := range m.Published {
		got, err := os.ReadFile(filepath.Join(s.dest, row.As))
		if err != nil || !bytes.Equal(got, list[row.Name].content) {
			t.Errorf("%q arrived as %q with %q, %v, want %q", row.Name, row.As, got, err, list[row.Name].content)
		}
		if as[row.As] || reserved(row.As) || len(row.As) > 255 {
			t.Errorf("%q arrived as %q", row.Name, row.As)
		}
		as[row.As] = true
	}
	if got := s.around(); got != s.canary {
		t.Errorf("outside the destination there is now\n%s", got)
	}
	s.finish()
}

func sortLoads(list []load) {
	for i := range list {
		for j := i; j > 0 && list[j].name < list[j-1].name; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
}
