//go:build !headless

package desktop

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The places in a window of 1000x680 that this test uses.
var (
	visibleLine   = image.Pt(110, 45)
	verifiedOnly  = image.Pt(150, 153)
	nobodyAtAll   = image.Pt(120, 192)
	addressField  = image.Pt(120, 652)
	settingsWheel = image.Pt(257, 34)
	leftSide      = image.Rect(0, 0, 290, 680)
)

// TestRealVisibility chooses with the pointer who sees the computer, and looks from another
// host what comes of it; and types an address at which nobody answers.
func TestRealVisibility(t *testing.T) {
	s := newStage(t, 2)
	amber := person{stage: s, host: 1, name: "Amber Otter", profile: t.TempDir(), folder: t.TempDir()}
	amber.show("light", "en")
	other := s.terminal(2, "Quiet Heron")
	amber.sees("Quiet Heron") // which owns its profile then
	other.sees("Amber Otter")
	before := s.settled(amber.window)

	s.click(amber.window, visibleLine)
	until(t, "the menu", func() bool { return !same(before, s.picture(amber.window), leftSide) })
	keep(t, "visible-menu", s.settledIn(amber.window, leftSide))
	s.click(amber.window, verifiedOnly)
	amber.stores(`"visible": "paired"`)
	keep(t, "visible-paired", s.settledIn(amber.window, leftSide))

	s.click(amber.window, visibleLine)
	s.settledIn(amber.window, leftSide)
	s.click(amber.window, nobodyAtAll)
	amber.stores(`"visible": "nobody"`)
	until(t, "the other host to list nobody", func() bool {
		out, _ := other.program(2, "peers", "--json", "--wait", "1s", "--data", other.profile).Output()
		return !strings.Contains(string(out), `"change":"found"`)
	})

	s.click(amber.window, addressField)
	s.write("10.77.0.99\n")
	until(t, "the address in the list of those that are tried", func() bool {
		picture := s.picture(amber.window)
		return !same(before, picture, image.Rect(0, 480, 290, 560))
	})
	keep(t, "typed", s.settledIn(amber.window, leftSide))
	s.click(amber.window, settingsWheel)
	keep(t, "settings", s.settled(amber.window))
}

// stores waits until the settings of somebody have a line.
func (w person) stores(line string) {
	w.t.Helper()
	until(w.t, line+" in the settings", func() bool {
		text, _ := os.ReadFile(filepath.Join(w.profile, "settings.json"))
		return strings.Contains(string(text), line)
	})
}
