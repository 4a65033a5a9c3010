//go:build !headless

package desktop

import (
	"image"
	"image/color"
	"os"
	"testing"
)

// Where things are in a window of 1000x680.
var (
	people     = image.Rect(0, 110, 285, 590)
	checkAgain = image.Pt(930, 28)
)

// alarm passes the colour of problems, light and dark.
func alarm(c color.RGBA) bool {
	return int(c.R) > 150 && int(c.R)-int(c.G) > 90 && int(c.R)-int(c.B) > 90
}

// TestRealDoctor closes the firewall of a host, has the window find out why nobody is
// there, opens the firewall, and checks again.
func TestRealDoctor(t *testing.T) {
	looks := []struct{ language, theme string }{{"en", "light"}}
	if os.Getenv("YONDER_PICTURES") != "" {
		looks = append(looks, []struct{ language, theme string }{{"en", "dark"}, {"zh-Hans", "light"}, {"zh-Hans", "dark"}}...)
	}
	for _, look := range looks {
		t.Run(look.language+"-"+look.theme, func(t *testing.T) {
			s := newStage(t, 1)
			s.lan.Filter(1, "meta l4proto { tcp, udp } th dport 21925 drop")
			me := person{stage: s, host: 1, name: "Amber Otter", profile: t.TempDir(), folder: t.TempDir()}
			me.show(look.theme, look.language)
			var findOutWhy image.Point
			until(t, "the button that leads to the doctor", func() (there bool) {
				findOutWhy, there = block(s.picture(me.window), people, 24, 5, accent)
				return there
			})
			s.click(me.window, findOutWhy)
			found := func() bool {
				_, ill := block(s.picture(me.window), conversation, 8, 2, alarm)
				return ill
			}
			until(t, "the problem to be shown", found)
			keep(t, "doctor-"+look.language+"-"+look.theme, s.settled(me.window))
			s.lan.Filter(1, "")
			s.click(me.window, checkAgain)
			until(t, "the problem to be gone", func() bool { return !found() })
			keep(t, "doctor-well-"+look.language+"-"+look.theme, s.settled(me.window))
		})
	}
}
