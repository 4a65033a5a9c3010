//go:build !headless

package desktop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"

	"yonder/discovery/vlantest"
	"yonder/ui/cli"
)

// TestMain lets this test binary be the program, so that the tests below open the very
// window that they were compiled with.
func TestMain(m *testing.M) {
	if addr := os.Getenv(playFlood); addr != "" {
		if err := flood(addr); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv("YONDER_TEST_PROGRAM") != "" {
		if path := os.Getenv(playPulse); path != "" {
			go func() {
				for {
					pulse(path)
				}
			}()
		}
		os.Exit(cli.Main(os.Args[1:], "0.0.0", Run))
	}
	os.Exit(m.Run())
}

// stage is a screen with the windows of two people, each on a host of its own.
type stage struct {
	t    *testing.T
	lan  *vlantest.LAN
	name string // of the display
	*display
}

func newStage(t *testing.T, hosts int) *stage {
	if testing.Short() {
		t.Skip("opens real windows")
	}
	if _, err := exec.LookPath("Xvfb"); err != nil {
		t.Skip("needs Xvfb (package xvfb)")
	}
	s := &stage{t: t, lan: vlantest.New(t, hosts)}
	s.name = startScreen(t)
	s.display = openDisplay(t, s.name)
	return s
}

// startScreen runs an X server without a screen on the next free display.
func startScreen(t *testing.T) string {
	t.Helper()
	number, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer number.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "2040x700x24", "-nolisten", "tcp", "-ac")
	cmd.ExtraFiles = []*os.File{tell}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tell.Close()
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	return ":" + strings.TrimSpace(line)
}

// program returns a command that runs Yonder on a host.
func (s *stage) program(host int, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := s.lan.Command(host, self, args...)
	cmd.Env = append(os.Environ(), "YONDER_TEST_PROGRAM=1", "DISPLAY="+s.name, "FYNE_PLATFORM=x11", "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1", "LANG=C.UTF-8", "XAUTHORITY=/dev/null")
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") == "" { // or a bus is started that nobody ends
		cmd.Env = append(cmd.Env, "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
	}
	return cmd
}

// person opens the window of somebody on a host.
func (s *stage) person(host int, name, theme string) person {
	s.t.Helper()
	w := person{stage: s, host: host, name: name, profile: s.t.TempDir(), folder: s.t.TempDir()}
	w.show(theme, "en")
	return w
}

// show opens the window with a theme and a language, and returns what closes it.
func (w *person) show(theme, language string) (end func()) {
	s := w.stage
	s.t.Helper()
	settings, err := json.Marshal(map[string]any{"name": w.name, "folder": w.folder, "theme": theme, "language": language})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.profile, "settings.json"), settings, 0o600); err != nil {
		s.t.Fatal(err)
	}
	cmd := s.program(w.host, "--data", w.profile)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("%s printed:\n%s", w.name, log.String())
		}
	})
	s.t.Cleanup(end)
	w.window = s.window(cmd.Process.Pid)
	return end
}

type person struct {
	*stage
	host            int
	name            string
	profile, folder string
	window          xproto.Window
}

// sees waits until this person's program lists somebody.
func (w person) sees(name string) {
	w.t.Helper()
	until(w.t, name+" to be found", func() bool {
		out, _ := w.program(w.host, "peers", "--json", "--wait", "1s", "--data", w.profile).Output()
		return strings.Contains(string(out), `"name":"`+name+`"`)
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited a minute for %s", what)
}

// The places in a window of 1000x680 that this test uses.
var (
	firstPerson  = image.Pt(150, 150)
	conversation = image.Rect(300, 90, 1000, 590)
	writeHere    = image.Pt(500, 633)
)

// accent passes the colour of the one button that is meant to be pressed.
func accent(c color.RGBA) bool { return int(c.B) > 180 && int(c.B)-int(c.R) > 60 }

// TestRealWindows drops a folder on a person, accepts it with a click in the other
// window, and types a message: real windows on a real X server, real XDND, two hosts.
func TestRealWindows(t *testing.T) {
	s := newStage(t, 2)
	amber := s.person(1, "Amber Otter", "dark")
	ming := s.person(2, "王小明", "light")
	s.move(ming.window, 1030, 0)
	amber.sees("王小明")
	ming.sees("Amber Otter")
	s.settled(amber.window)

	dropped := filepath.Join(t.TempDir(), "图片 #1 %20?")
	for name, content := range map[string]string{"a.txt": "hello", "深/层/空.txt": "", "b.bin": strings.Repeat("\x00\xff", 2<<20)} {
		path := filepath.Join(dropped, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.drop(amber.window, firstPerson, dropped)

	var button image.Point
	until(t, "the offer with its Accept button", func() bool {
		var found bool
		button, found = block(s.picture(ming.window), conversation, 24, 5, accent)
		return found
	})
	keep(t, "offer", s.picture(ming.window))
	if entries, err := os.ReadDir(ming.folder); err != nil || len(entries) > 0 {
		t.Fatalf("on disk before Accept was clicked: %v, %v", entries, err)
	}
	s.click(ming.window, button)
	until(t, "the folder on the other disk", func() bool {
		_, err := os.Stat(filepath.Join(ming.folder, filepath.Base(dropped)))
		return err == nil
	})
	out, err := exec.Command("diff", "-r", dropped, filepath.Join(ming.folder, filepath.Base(dropped))).CombinedOutput()
	if err != nil {
		t.Errorf("the folders differ: %v\n%s", err, out)
	}

	heard := ming.listen("Amber Otter")
	s.click(amber.window, writeHere)
	before := s.settled(ming.window)
	s.write("Hello from Amber\n")
	until(t, "the message at the other side", func() bool { return strings.Contains(heard(), "Hello from Amber") })
	until(t, "the message in the other window", func() bool { return !same(before, s.picture(ming.window), conversation) })
	s.click(ming.window, writeHere)
	before = s.settled(amber.window)
	s.write("Thanks!\n")
	until(t, "the answer in the first window", func() bool { return !same(before, s.picture(amber.window), conversation) })
	keep(t, "amber", s.settled(amber.window))
	keep(t, "ming", s.settled(ming.window))
}

// listen runs the terminal's chat beside the window and returns what it prints.
func (w person) listen(from string) func() string {
	cmd := w.program(w.host, "chat", "--json", "--data", w.profile, from)
	in, err := cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	var mu sync.Mutex
	var text strings.Builder
	cmd.Stdout = writerFunc(func(b []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return text.Write(b)
	})
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// settled waits until the conversation in a window stops changing and returns what it shows.
func (s *stage) settled(w xproto.Window) *image.RGBA { return s.settledIn(w, conversation) }

// settledIn does so for a part of the window.
func (s *stage) settledIn(w xproto.Window, where image.Rectangle) *image.RGBA {
	s.t.Helper()
	last := s.picture(w)
	until(s.t, "a window to settle", func() bool {
		time.Sleep(300 * time.Millisecond)
		now := s.picture(w)
		still := same(last, now, where)
		last = now
		return still
	})
	return last
}

func same(a, b *image.RGBA, where image.Rectangle) bool {
	return bytes.Equal(pixels(a, where), pixels(b, where))
}

func pixels(img *image.RGBA, where image.Rectangle) []byte {
	var all []byte
	where = where.Intersect(img.Bounds())
	for y := where.Min.Y; y < where.Max.Y; y++ {
		all = append(all, img.Pix[img.PixOffset(where.Min.X, y):img.PixOffset(where.Max.X, y)]...)
	}
	return all
}

func writePNG(dir, name string, img image.Image) error {
	f, err := os.Create(filepath.Join(dir, name+".png"))
	if err != nil {
		return fmt.Errorf("keep picture: %w", err)
	}
	defer f.Close()
	return png.Encode(f, img)
}
