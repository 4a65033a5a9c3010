//go:build !headless

package desktop

import (
	"fmt"
	"image"
	"image/color"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// display is a client of the X server that the test's windows are on: it looks at
// them, clicks, types, and drops files as a file manager does.
type display struct {
	t    *testing.T
	conn *xgb.Conn
	root xproto.Window
	keys map[rune]key // what can be typed
}

type key struct {
	code  byte
	shift bool
}

func openDisplay(t *testing.T, name string) *display {
	t.Helper()
	conn, err := xgb.NewConnDisplay(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := xtest.Init(conn); err != nil {
		t.Fatal(err)
	}
	d := &display{t: t, conn: conn, root: xproto.Setup(conn).DefaultScreen(conn).Root}
	d.readKeys()
	return d
}

func (d *display) readKeys() {
	setup := xproto.Setup(d.conn)
	count := byte(setup.MaxKeycode - setup.MinKeycode + 1)
	m, err := xproto.GetKeyboardMapping(d.conn, setup.MinKeycode, count).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	d.keys = map[rune]key{}
	per := int(m.KeysymsPerKeycode)
	for i := range int(count) {
		for column := range min(2, per) {
			sym := rune(m.Keysyms[i*per+column])
			if sym == 0xff0d { // Return
				sym = '\n'
			}
			if _, have := d.keys[sym]; !have && sym != 0 {
				d.keys[sym] = key{code: byte(setup.MinKeycode) + byte(i), shift: column == 1}
			}
		}
	}
}

func (d *display) atom(name string) xproto.Atom {
	reply, err := xproto.InternAtom(d.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	return reply.Atom
}

func (d *display) property(w xproto.Window, name string) []byte {
	reply, err := xproto.GetProperty(d.conn, false, w, d.atom(name), xproto.GetPropertyTypeAny, 0, 1<<10).Reply()
	if err != nil {
		return nil
	}
	return reply.Value
}

// window waits for the window of a process that takes drops.
func (d *display) window(pid int) xproto.Window {
	d.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		tree, err := xproto.QueryTree(d.conn, d.root).Reply()
		if err != nil {
			d.t.Fatal(err)
		}
		for _, w := range tree.Children {
			owner := d.property(w, "_NET_WM_PID")
			if len(owner) == 4 && int(xgb.Get32(owner)) == pid && len(d.property(w, "XdndAware")) > 0 {
				if a, err := xproto.GetWindowAttributes(d.conn, w).Reply(); err == nil && a.MapState == xproto.MapStateViewable {
					return w
				}
			}
		}
	}
	d.t.Fatalf("process %d shows no window", pid)
	return 0
}

func (d *display) move(w xproto.Window, x, y int) {
	xproto.ConfigureWindow(d.conn, w, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(x), uint32(y)})
	d.conn.Sync()
}

// origin returns where the upper left corner of a window is on the screen.
func (d *display) origin(w xproto.Window) image.Point {
	reply, err := xproto.TranslateCoordinates(d.conn, w, d.root, 0, 0).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	return image.Pt(int(reply.DstX), int(reply.DstY))
}

// picture returns what a window shows.
func (d *display) picture(w xproto.Window) *image.RGBA {
	g, err := xproto.GetGeometry(d.conn, xproto.Drawable(w)).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(w), 0, 0, g.Width, g.Height, ^uint32(0)).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(g.Width), int(g.Height)))
	for i := 0; i+3 < len(reply.Data) && i+3 < len(img.Pix); i += 4 { // B G R x
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 255
	}
	return img
}

// click presses the left button at a place of a window.
func (d *display) click(w xproto.Window, at image.Point) {
	p := d.origin(w).Add(at)
	xproto.SetInputFocus(d.conn, xproto.InputFocusPointerRoot, w, xproto.TimeCurrentTime)
	for _, step := range []struct{ typ, detail byte }{{xproto.MotionNotify, 0}, {xproto.ButtonPress, 1}, {xproto.ButtonRelease, 1}} {
		xtest.FakeInput(d.conn, step.typ, step.detail, 0, d.root, int16(p.X), int16(p.Y), 0)
		d.conn.Sync()
		time.Sleep(60 * time.Millisecond) // a hand is no faster, and the window draws between
	}
}

// write types into the window that has the focus; '\n' is Return.
func (d *display) write(text string) {
	shift := d.shiftKey()
	for _, r := range text {
		k, ok := d.keys[r]
		if !ok {
			d.t.Fatalf("no key types %q", r)
		}
		if k.shift {
			xtest.FakeInput(d.conn, xproto.KeyPress, shift, 0, d.root, 0, 0, 0)
		}
		xtest.FakeInput(d.conn, xproto.KeyPress, k.code, 0, d.root, 0, 0, 0)
		xtest.FakeInput(d.conn, xproto.KeyRelease, k.code, 0, d.root, 0, 0, 0)
		if k.shift {
			xtest.FakeInput(d.conn, xproto.KeyRelease, shift, 0, d.root, 0, 0, 0)
		}
		d.conn.Sync()
		time.Sleep(10 * time.Millisecond)
	}
}

func (d *display) shiftKey() byte {
	m, err := xproto.GetModifierMapping(d.conn).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	return byte(m.Keycodes[0])
}

// block returns the middle of the first even area of w by h pixels inside where whose
// colour passes ok.
func block(img *image.RGBA, where image.Rectangle, w, h int, ok func(color.RGBA) bool) (image.Point, bool) {
	where = where.Intersect(img.Bounds())
	for y := where.Min.Y; y+h <= where.Max.Y; y += 2 {
		for x := where.Min.X; x+w <= where.Max.X; x += 2 {
			c := img.RGBAAt(x, y)
			if ok(c) && even(img, image.Rect(x, y, x+w, y+h), c) {
				return image.Pt(x+w/2, y+h/2), true
			}
		}
	}
	return image.Point{}, false
}

func even(img *image.RGBA, r image.Rectangle, c color.RGBA) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if img.RGBAAt(x, y) != c {
				return false
			}
		}
	}
	return true
}

// drop plays the source of a drag that ends on a window: XDND version 5, as file
// managers speak it. It returns once the window has taken the list of files.
func (d *display) drop(w xproto.Window, at image.Point, paths ...string) {
	d.t.Helper()
	var list strings.Builder
	for _, path := range paths {
		fmt.Fprintf(&list, "%s\r\n", &url.URL{Scheme: "file", Path: path})
	}
	source, err := xproto.NewWindowId(d.conn)
	if err != nil {
		d.t.Fatal(err)
	}
	screen := xproto.Setup(d.conn).DefaultScreen(d.conn)
	xproto.CreateWindow(d.conn, screen.RootDepth, source, d.root, -10, -10, 1, 1, 0, xproto.WindowClassInputOutput, screen.RootVisual, 0, nil)
	defer xproto.DestroyWindow(d.conn, source)
	uriList := d.atom("text/uri-list")
	xproto.SetSelectionOwner(d.conn, source, d.atom("XdndSelection"), xproto.TimeCurrentTime)
	tell := func(kind string, data ...uint32) {
		all := make([]uint32, 5)
		all[0] = uint32(source)
		copy(all[1:], data)
		message := xproto.ClientMessageEvent{Format: 32, Window: w, Type: d.atom(kind), Data: xproto.ClientMessageDataUnionData32New(all)}
		xproto.SendEvent(d.conn, false, w, 0, string(message.Bytes()))
	}
	const version = 5
	p := d.origin(w).Add(at)
	tell("XdndEnter", version<<24, uint32(uriList))
	tell("XdndPosition", 0, uint32(p.X)<<16|uint32(p.Y), 0, uint32(d.atom("XdndActionCopy")))
	status, finished := d.atom("XdndStatus"), d.atom("XdndFinished")
	dropped := false
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		event, err := d.conn.PollForEvent()
		if err != nil {
			d.t.Fatal(err)
		}
		switch e := event.(type) {
		case nil:
			time.Sleep(5 * time.Millisecond)
		case xproto.SelectionRequestEvent:
			xproto.ChangeProperty(d.conn, xproto.PropModeReplace, e.Requestor, e.Property, e.Target, 8, uint32(list.Len()), []byte(list.String()))
			note := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property}
			xproto.SendEvent(d.conn, false, e.Requestor, 0, string(note.Bytes()))
		case xproto.ClientMessageEvent:
			switch {
			case e.Type == status && e.Data.Data32[1]&1 == 0:
				d.t.Fatal("the window refuses the drop")
			case e.Type == status && !dropped:
				dropped = true
				tell("XdndDrop")
			case e.Type == finished:
				return
			}
		}
	}
	d.t.Fatal("the window does not finish the drop")
}

// keep writes a picture beside the test's output when $YONDER_PICTURES names a folder.
func keep(t *testing.T, name string, img image.Image) {
	if dir := os.Getenv("YONDER_PICTURES"); dir != "" {
		if err := writePNG(dir, name, img); err != nil {
			t.Error(err)
		}
	}
}
