//go:build !headless

package desktop

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestPictures takes the screenshots of docs/ from real windows with a real transfer.
// It runs when $YONDER_PICTURES names the folder for them (make screenshots).
func TestPictures(t *testing.T) {
	if os.Getenv("YONDER_PICTURES") == "" {
		t.Skip("YONDER_PICTURES does not name a folder for the screenshots")
	}
	for _, p := range pictures {
		t.Run(p.language+"-"+p.theme, func(t *testing.T) {
			s := newStage(t, 3) // for each, so that nobody has met before
			s.terminal(2, "王小明")
			heron := s.terminal(3, "Quiet Heron")
			// A slow link, so that there is something to see.
			if out, err := s.lan.Command(1, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", "60mbit", "burst", "64kb", "latency", "100ms").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			me := person{stage: s, host: 1, name: "Amber Otter", profile: t.TempDir(), folder: t.TempDir()}
			me.show(p.theme, p.language)
			me.sees("王小明")
			me.sees("Quiet Heron")
			heron.say(me.name, p.asks)
			s.click(me.window, firstPerson)
			me.say("Quiet Heron", p.answers)
			s.drop(me.window, firstPerson, photos(t, p.folder))
			time.Sleep(4 * time.Second)
			keep(t, "window-"+p.language+"-"+p.theme, s.picture(me.window))
		})
	}
}

var pictures = []struct{ language, theme, asks, answers, folder string }{
	{"en", "light", "Hi! Could you send me the photos from Saturday?", "Of course, here they come", "Photos from Saturday"},
	{"en", "dark", "Hi! Could you send me the photos from Saturday?", "Of course, here they come", "Photos from Saturday"},
	{"zh-Hans", "light", "周六的照片能发我一份吗？", "好的，马上发给你", "周六的照片"},
	{"zh-Hans", "dark", "周六的照片能发我一份吗？", "好的，马上发给你", "周六的照片"},
}

// photos makes a folder with a name of its own to send.
func photos(t *testing.T, name string) string {
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 24 {
		content := make([]byte, 2<<20)
		rand.Read(content)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("IMG_%04d.jpg", 1200+i)), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// terminal runs `yonder receive` for somebody on a host.
func (s *stage) terminal(host int, name string) person {
	s.t.Helper()
	w := person{stage: s, host: host, name: name, profile: s.t.TempDir(), folder: s.t.TempDir()}
	cmd := s.program(host, "receive", "--data", w.profile, "--name", name, "--accept", "all", "--save", w.folder)
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return w
}

// say sends one message.
func (w person) say(to, text string) {
	w.t.Helper()
	var err error
	var out []byte
	until(w.t, "a message to be taken", func() bool {
		out, err = w.program(w.host, "chat", "--data", w.profile, to, text).CombinedOutput()
		return err == nil
	})
	if err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
}
