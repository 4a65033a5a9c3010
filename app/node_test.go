package app

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// openReal starts a profile with the real engine on loopback. Without udp nobody is
// looked for; with it, people meet at that port on loopback.
func openReal(t *testing.T, dir string, udp uint16, set func(*Options)) *ownerApp {
	t.Helper()
	o := Options{Dir: dir, Listen: true, Window: true, Folder: filepath.Join(dir, "landed"), Discovery: "none", Version: "1"}
	os.MkdirAll(o.Folder, 0o700)
	if udp != 0 {
		o.Discovery = "broadcast"
	}
	if set != nil {
		set(&o)
	}
	profile, err := openProfile(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, _, err := openStore(profile.path(databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	a, key, err := assemble(o, profile, store)
	if err != nil {
		t.Fatal(err)
	}
	a.network.listen = func(int) (net.Listener, error) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		return slowListener{ln}, err
	}
	app, err := launch(a, key, newFinder(key, udp, []string{loopbackName()}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return app
}

// slowListener takes some 60 MB/s, so that there is time to interrupt a transfer.
type slowListener struct{ net.Listener }

func (l slowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return slowConn{conn}, err
}

type slowConn struct{ net.Conn }

func (c slowConn) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return c.Conn.Read(p[:min(len(p), 64<<10)])
}

func (o *ownerApp) loopback() string { return fmt.Sprintf("127.0.0.1:%d", o.network.port) }

// meet lets a know b by its address.
func meet(t *testing.T, a, b *ownerApp) Person {
	t.Helper()
	p, err := a.Find(t.Context(), b.loopback(), time.Minute)
	if err != nil || p.ID != b.me.ID {
		t.Fatalf("Find(%s) = %+v, %v", b.loopback(), p, err)
	}
	return p
}

// tree makes a folder with a large file, an empty one and a Chinese name in it.
func tree(t *testing.T) (dir string, files map[string][]byte) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "旅行 2026")
	files = map[string][]byte{"照片/一.jpg": make([]byte, 6<<20), "empty": {}, "a.txt": []byte("hello")}
	rand.Read(files["照片/一.jpg"])
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

func checkTree(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s arrived as %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
}

func TestRealTransfer(t *testing.T) {
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	meet(t, a, b)
	dir, files := tree(t)
	id := send(t, a, b.me.ID, 0, dir)
	offer := fb.incoming()
	fb.until("the whole offer", func() bool { return fb.items[offer.ID].Transfer.Final })
	if got := fb.items[offer.ID].Transfer; got.Names[0] != "旅行 2026" || !got.Folders[0] || got.Bytes != 6<<20+5 {
		t.Errorf("offer is %+v", got)
	}
	accept(t, b, offer.ID)
	sent, got := fa.transferIs(id, Done), fb.transferIs(offer.ID, Done)
	if sent.Stored != 6<<20+5 || got.Stored != sent.Stored || sent.Files != 3 || got.Files != 3 {
		t.Errorf("sender says %d bytes in %d files, receiver %d in %d", sent.Stored, sent.Files, got.Stored, got.Files)
	}
	if len(got.Paths) != 1 {
		t.Fatalf("Paths = %q", got.Paths)
	}
	checkTree(t, got.Paths[0], files)

	again := send(t, a, b.me.ID, 0, dir)
	second := fb.incoming(offer.ID)
	b.Answer(t.Context(), second.ID, Answer{})
	if p := fa.transferIs(again, Declined).Problem; p == nil || p.Code != CodeDeclined {
		t.Errorf("declined with %+v", p)
	}
	fb.transferIs(second.ID, Declined)
	a.Retry(t.Context(), again)
	fb.transferIs(second.ID, Offered)
	a.Cancel(t.Context(), again)
	fa.transferIs(again, Cancelled)
	if p := fb.transferIs(second.ID, Cancelled).Problem; p == nil || p.Code != CodeCancelledBy {
		t.Errorf("cancelled by the sender, but the problem is %+v", p)
	}
}

func TestRealChat(t *testing.T) {
	dirB := t.TempDir()
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, dirB, 0, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	meet(t, a, b)
	first, err := a.Say(t.Context(), b.me.ID, "你好\x1b[31m, 世界")
	if err != nil {
		t.Fatal(err)
	}
	fa.messageIs(first, Delivered)
	got := fb.incoming()
	if got.Message.Body != "你好[31m, 世界" {
		t.Errorf("body = %q", got.Message.Body)
	}
	b.MarkRead(t.Context(), a.me.ID)
	fb.until("nothing unread", func() bool { p, _ := fb.person(a.me.ID); return p.Unread == 0 })
	if s := fa.items[first].Message.State; s != Delivered {
		t.Errorf("a stranger's message is %s, want only delivered", s)
	}
	back, err := b.Say(t.Context(), a.me.ID, "hi")
	if err != nil {
		t.Fatal(err)
	}
	fb.messageIs(back, Delivered)
	fa.incoming()
	a.MarkRead(t.Context(), b.me.ID)
	fb.messageIs(back, Read)

	at := b.loopback()
	b.Close() // b is away: messages wait, in order, and go out when it is back
	fa.until("b away", func() bool { p, _ := fa.person(b.me.ID); return !p.Present })
	var ids []ItemID
	for i := range 60 {
		id, err := a.Say(t.Context(), b.me.ID, fmt.Sprint("line ", i))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	fa.messageIs(ids[0], Queued)
	b = reopenAt(t, dirB, at)
	fb = followReal(t, b)
	for _, id := range ids {
		fa.messageIs(id, Delivered)
	}
	h, _ := b.History(t.Context(), a.me.ID, "", 100)
	var lines []string
	for _, i := range h.Items {
		if !i.Outgoing && strings.HasPrefix(i.Message.Body, "line ") {
			lines = append(lines, i.Message.Body)
		}
	}
	if len(lines) != 60 || !slices.IsSortedFunc(lines, func(x, y string) int { return len(x) - len(y) }) {
		t.Errorf("%d lines arrived: %q", len(lines), lines)
	}
}

// reopenAt opens a profile again, listening where it listened before.
func reopenAt(t *testing.T, dir, at string) *ownerApp {
	t.Helper()
	o := Options{Dir: dir, Listen: true, Window: true, Folder: filepath.Join(dir, "landed"), Discovery: "none"}
	profile, err := openProfile(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, _, err := openStore(profile.path(databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	a, key, err := assemble(o, profile, store)
	if err != nil {
		t.Fatal(err)
	}
	a.network.listen = func(int) (net.Listener, error) { return net.Listen("tcp", at) }
	app, err := launch(a, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { app.Close() })
	return app
}

func TestRealResume(t *testing.T) {
	dirA, dirB := t.TempDir(), t.TempDir()
	a, b := openReal(t, dirA, 0, nil), openReal(t, dirB, 0, nil)
	meet(t, a, b)
	path := filepath.Join(t.TempDir(), "large.bin")
	data := make([]byte, 48<<20)
	rand.Read(data)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	fa, fb := followReal(t, a), followReal(t, b)
	id := send(t, a, b.me.ID, time.Hour, path)
	got := fb.incoming().ID
	accept(t, b, got)
	fb.until("some bytes", func() bool { return fb.items[got].Transfer.Stored > 8<<20 })
	at := b.loopback()
	b.Close() // in the middle
	if fb.items[got].Transfer.State == Done {
		t.Fatal("the transfer was over before it could be interrupted")
	}
	fa.transferIs(id, Waiting)
	a.Close()

	b = reopenAt(t, dirB, at)
	a = openReal(t, dirA, 0, nil)
	fa, fb = followReal(t, a), followReal(t, b)
	if h, _ := b.History(t.Context(), a.me.ID, "", 10); len(h.Items) != 1 || h.Items[0].Transfer.State != Interrupted {
		t.Errorf("the receiver's history is %+v", h)
	}
	a.Retry(t.Context(), id)
	done := fa.transferIs(id, Done)
	if done.Resumed < 4<<20 || done.Stored != int64(len(data)) {
		t.Errorf("resumed %d, stored %d of %d", done.Resumed, done.Stored, len(data))
	}
	arrived := fb.transferIs(got, Done)
	if len(fb.items) != 1 || len(arrived.Paths) != 1 {
		t.Fatalf("%d items, paths %q", len(fb.items), arrived.Paths)
	}
	if have, err := os.ReadFile(arrived.Paths[0]); err != nil || !bytes.Equal(have, data) {
		t.Errorf("arrived as %d bytes, %v", len(have), err)
	}
}

func TestRealWrongKeyAtABoundAddress(t *testing.T) {
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	meet(t, a, b)
	if _, err := a.Say(t.Context(), b.me.ID, "so you are known"); err != nil {
		t.Fatal(err)
	}
	at, pinned := b.loopback(), b.me.ID
	b.Close()
	other := reopenAt(t, t.TempDir(), at)
	_, err := a.Find(t.Context(), at, 0)
	if codeOf(err) != CodeWrongPeer {
		t.Fatalf("Find(%s) with another key there = %v, want %s", at, err, CodeWrongPeer)
	}
	a.mu.Lock()
	level := a.people[pinned].rec.Level
	_, met := a.people[other.me.ID]
	a.mu.Unlock()
	if level != Known || met {
		t.Errorf("the pin is %d and the impostor known: %v; want Known, false", level, met)
	}
	p, err := a.Find(t.Context(), other.me.ID.String()+"@"+at, 0)
	if err != nil || p.ID != other.me.ID {
		t.Errorf("Find(ID@address) = %+v, %v; want the new device", p, err)
	}
	if p, err = a.Find(t.Context(), at, 0); err != nil || p.ID != other.me.ID {
		t.Errorf("after that Find(%s) = %+v, %v; want the new device", at, p, err)
	}
}

func TestRealDiscovery(t *testing.T) {
	udp := freeUDP(t)
	a := openReal(t, t.TempDir(), udp, func(o *Options) { o.Name = "Left" })
	b := openReal(t, t.TempDir(), udp, func(o *Options) { o.Name = "Right" })
	quiet := openReal(t, t.TempDir(), udp, func(o *Options) { o.Name = "Quiet"; o.Listen = false })
	fa := followReal(t, a)
	fa.sees(b.me.ID)
	p, _ := fa.person(b.me.ID)
	if p.Name != "Right" || p.AfterMS < 1 || len(p.Addresses) == 0 {
		t.Errorf("found %+v", p)
	}
	if found, err := quiet.Find(t.Context(), "right", time.Minute); err != nil || found.ID != b.me.ID {
		t.Errorf(`Find("right") = %+v, %v`, found, err)
	}
	if _, listed := fa.person(quiet.me.ID); listed {
		t.Error("a process that only sends is listed")
	}
	if err := b.Configure(t.Context(), Settings{Name: "Renamed"}); err != nil {
		t.Fatal(err)
	}
	fa.until("the new name", func() bool { p, _ := fa.person(b.me.ID); return p.Name == "Renamed" })
	b.Close()
	fa.until("b to go", func() bool { p, ok := fa.person(b.me.ID); return !ok || !p.Present })
}

// freeUDP returns a port at which nobody meets yet.
func freeUDP(t *testing.T) uint16 {
	t.Helper()
	conn, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func loopbackName() string {
	all, _ := net.Interfaces() // without any there is no loopback either
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 {
			return ifi.Name
		}
	}
	return "lo"
}

// followReal gives up sooner: its clock is not fake.
func followReal(t *testing.T, b Backend) *follower {
	f := follow(t, b)
	f.patience = time.Minute
	return f
}
