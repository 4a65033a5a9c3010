package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// backends runs a test with the owner itself and with a client of it: a front end
// must not be able to tell them apart.
func backends(t *testing.T, test func(t *testing.T, b Backend, h, other *host)) {
	for _, kind := range []string{"owner", "client"} {
		t.Run(kind, func(t *testing.T) {
			l := newLAN()
			h, other := l.add(t, nil), l.add(t, nil)
			h.node.speed, other.node.speed = 100<<20, 100<<20
			b := Backend(h)
			if kind == "client" {
				b = clientOf(t, h)
			}
			h.see(other)
			other.see(h)
			test(t, b, h, other)
		})
	}
}

// clientOf opens the door of h and goes through it.
func clientOf(t *testing.T, h *host) *Client {
	t.Helper()
	path := filepath.Join(h.profile.dir, ownerFile)
	door, err := openOwner(h.App, path, h.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(door.close)
	c, err := dialOwner(t.Context(), filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestBackendStream(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		if f.state.Me.ID != h.id() || f.state.Me.PID != os.Getpid() || f.state.Me.Folder != h.opt.Folder {
			t.Errorf("Me = %+v", f.state.Me)
		}
		f.sees(other.id())
		second := follow(t, b) // begins with what is there now
		if p, ok := second.person(other.id()); !ok || !p.Present || p.Name != other.Name() || p.AfterMS < 1 || p.Addresses[0].Source != "broadcast" {
			t.Errorf("a second stream begins with %+v", p)
		}
		ctx, cancel := context.WithCancel(t.Context())
		events := b.Events(ctx)
		cancel()
		for range events { // closed when its context ends
		}
		h.find.news <- sighting{ID: other.id(), Gone: true}
		f.until("other to go", func() bool { _, there := f.person(other.id()); return !there })
	})
}

func TestBackendSend(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		path := file(t)
		id := send(t, b, other.id(), 0, path)
		offer := fo.incoming()
		accept(t, other, offer.ID)
		if done := f.transferIs(id, Done); done.Stored != fakeSize || done.Sources[0] != path {
			t.Errorf("done as %+v", done)
		}
		_, err := b.Send(t.Context(), SendRequest{To: []DeviceID{other.id()}, Paths: []string{path + "-missing"}})
		if p := AsProblem(err); p == nil || p.Code != CodeNoPath || p.Object != path+"-missing" || p.Hint == "" {
			t.Errorf("Send of a missing path = %#v", err)
		}
		if err := b.Retry(t.Context(), "nonsense"); err == nil {
			t.Error("Retry of nothing = nil, want an error")
		}
	})
}

func TestBackendReceive(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		fo.sees(h.id())
		sent := send(t, other, h.id(), 0, file(t))
		offer := f.incoming()
		if err := b.Answer(t.Context(), offer.ID, Answer{Accept: true, Folder: filepath.Join(t.TempDir(), "no")}); codeOf(err) != CodeNoFolder {
			t.Errorf("Answer into a missing folder = %v, want %s", err, CodeNoFolder)
		}
		folder := t.TempDir()
		if err := b.Answer(t.Context(), offer.ID, Answer{Accept: true, Folder: folder, Policy: SkipExisting}); err != nil {
			t.Fatal(err)
		}
		if got := f.transferIs(offer.ID, Done); got.Folder != folder || got.Policy != SkipExisting {
			t.Errorf("landed in %q with %q, want %q with skip", got.Folder, got.Policy, folder)
		}
		fo.transferIs(sent, Done)

		sent = send(t, other, h.id(), 0, file(t))
		second := f.incoming(offer.ID)
		if err := b.Answer(t.Context(), second.ID, Answer{Nobody: true}); err != nil {
			t.Fatal(err)
		}
		if p := fo.transferIs(sent, Declined).Problem; p.Code != CodeNobody {
			t.Errorf("declined with %+v, want %s", p, CodeNobody)
		}
	})
}

func TestBackendStopRetryCancel(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		id := send(t, b, other.id(), time.Hour, file(t))
		f.transferIs(id, Offered)
		got := fo.incoming()
		for range 3 {
			if err := b.Stop(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		f.transferIs(id, Interrupted)
		fo.transferIs(got.ID, Interrupted)
		if err := b.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		f.transferIs(id, Offered)
		fo.transferIs(got.ID, Offered)
		for range 3 {
			if err := b.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		f.transferIs(id, Cancelled)
		if p := fo.transferIs(got.ID, Cancelled).Problem; p.Code != CodeCancelledBy {
			t.Errorf("cancelled with %+v, want %s", p, CodeCancelledBy)
		}
	})
}

func TestBackendChat(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		id, err := b.Say(t.Context(), other.id(), "hello")
		if err != nil {
			t.Fatal(err)
		}
		f.messageIs(id, Delivered)
		if got := fo.incoming().Message.Body; got != "hello" {
			t.Errorf("arrived as %q", got)
		}
		other.Say(t.Context(), h.id(), "hi")
		f.incoming()
		f.until("one unread", func() bool { p, _ := f.person(other.id()); return p.Unread == 1 })
		if err := b.MarkRead(t.Context(), other.id()); err != nil {
			t.Fatal(err)
		}
		f.until("none unread", func() bool { p, _ := f.person(other.id()); return p.Unread == 0 })

		for _, tt := range []struct{ why, body, code string }{
			{"16 KiB", strings.Repeat("x", maxBody), ""},
			{"one byte more", strings.Repeat("x", maxBody+1), CodeTooLong},
			{"grows when it is made valid", strings.Repeat("é\xff", maxBody/4), CodeTooLong},
			{"nothing but control characters", "\x00\x1b", CodeInternal},
		} {
			if _, err := b.Say(t.Context(), other.id(), tt.body); codeOf(err) != tt.code {
				t.Errorf("%s: Say = %v, want code %q", tt.why, err, tt.code)
			}
		}
		if _, err := b.Say(t.Context(), DeviceID{9}, "x"); codeOf(err) != CodeNotFound {
			t.Errorf("Say to nobody = %v, want %s", err, CodeNotFound)
		}
	})
}

func TestBackendHistory(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		f.sees(other.id())
		other.node.setDown(true)
		var ids []ItemID
		for i := range 25 {
			id, err := b.Say(t.Context(), other.id(), fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		var seen []ItemID
		before := ItemID("")
		for pages := 0; ; pages++ {
			page, err := b.History(t.Context(), other.id(), before, 10)
			if err != nil || page.Person != other.id() || page.Items == nil {
				t.Fatalf("History = %+v, %v", page, err)
			}
			var got []ItemID
			for _, i := range page.Items {
				got = append(got, i.ID)
			}
			seen = append(got, seen...)
			if want := pages < 2; page.More != want {
				t.Errorf("page %d says more: %v", pages, page.More)
			}
			if !page.More {
				break
			}
			before = page.Items[0].ID
		}
		if !slices.Equal(seen, ids) {
			t.Errorf("pages give %v, want %v", seen, ids)
		}
		if page, err := b.History(t.Context(), DeviceID{9}, "", 10); err != nil || len(page.Items) != 0 {
			t.Errorf("History of a stranger = %+v, %v", page, err)
		}
		if err := b.Cancel(t.Context(), ids[3]); err != nil {
			t.Fatal(err)
		}
		f.messageIs(ids[3], Refused)
		other.node.setDown(false)
		h.find.news <- sighting{ID: other.id(), Gone: true}
		h.see(other)
		f.messageIs(ids[24], Delivered)
		other.node.mu.Lock()
		defer other.node.mu.Unlock()
		if slices.Contains(other.node.said, "3") {
			t.Error("a message that was taken back went out")
		}
	})
}

func TestBackendFindAndRaise(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		if p, err := b.Find(t.Context(), other.Name(), time.Minute); err != nil || p.ID != other.id() {
			t.Errorf("Find by name = %+v, %v", p, err)
		}
		if _, err := b.Find(t.Context(), "nobody", 0); codeOf(err) != CodeNotFound {
			t.Errorf("Find of nobody = %v, want %s", err, CodeNotFound)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := b.Find(ctx, "nobody", time.Hour); err == nil {
			t.Error("Find outlived its context")
		}
		f := follow(t, b)
		if err := b.Raise(t.Context(), []string{"/x", "/照片"}); err != nil {
			t.Fatal(err)
		}
		f.until("raise", func() bool { return f.log[len(f.log)-1].Kind == EventRaise })
		if got := f.log[len(f.log)-1].Paths; !slices.Equal(got, []string{"/x", "/照片"}) {
			t.Errorf("raised with %q", got)
		}
		h.opt.Window = false
		if err := b.Raise(t.Context(), nil); codeOf(err) != CodeNoWindow {
			t.Errorf("Raise without a window = %v, want %s", err, CodeNoWindow)
		}
		if err := b.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		h.find.mu.Lock()
		defer h.find.mu.Unlock()
		if !slices.Contains(h.find.said, "refresh") {
			t.Error("Refresh did not reach the search")
		}
	})
}

func TestBackendConfigure(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		folder := t.TempDir()
		good := Settings{Name: "赵 Otter", Folder: folder, Language: "zh-Hans", Theme: "dark", CtrlEnter: true}
		if err := b.Configure(t.Context(), good); err != nil {
			t.Fatal(err)
		}
		f.until("settings and name", func() bool {
			return f.state.Settings == good && f.state.Me.Name == "赵 Otter" && f.state.Me.Folder == folder
		})
		for _, tt := range []struct {
			why   string
			s     Settings
			field string
		}{
			{"control characters", Settings{Name: "a\nb"}, "name"},
			{"nothing visible", Settings{Name: "\u200b"}, "name"},
			{"33 runes", Settings{Name: strings.Repeat("赵", 33)}, "name"},
			{"10 KB", Settings{Name: strings.Repeat("x", 10<<10)}, "name"},
			{"a missing folder", Settings{Folder: filepath.Join(folder, "no")}, "folder"},
			{"a relative folder", Settings{Folder: "x"}, "folder"},
			{"a language that is not there", Settings{Language: "tlh"}, "language"},
			{"a theme that is not there", Settings{Theme: "pink"}, "theme"},
			{"a port above 65535", Settings{Port: 65536}, "port"},
			{"a negative port", Settings{Port: -1}, "port"},
			{"no such discovery", Settings{Discovery: "smoke"}, "discovery"},
		} {
			p := AsProblem(b.Configure(t.Context(), tt.s))
			if p == nil || p.Code != CodeBadSetting || p.Detail != tt.field || p.Hint == "" {
				t.Errorf("%s: Configure = %+v, want %s naming %q", tt.why, p, CodeBadSetting, tt.field)
			}
		}
		if s := follow(t, b).state; s.Settings != good || s.Me.Name != "赵 Otter" {
			t.Errorf("after refused ones the settings are %+v", s.Settings)
		}
	})
}

func TestClientAfterTheOwner(t *testing.T) {
	h := newLAN().add(t, nil)
	path := filepath.Join(h.profile.dir, ownerFile)
	door, err := openOwner(h.App, path, h.log)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dialOwner(t.Context(), filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	events := c.Events(t.Context())
	<-events
	stale, _ := os.ReadFile(path)
	door.close()
	for range events { // closed when the owner ends
	}
	if err := c.Refresh(t.Context()); codeOf(err) != CodeInternal {
		t.Errorf("call after the end of the owner = %v, want %s", err, CodeInternal)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("owner.json is still there: %v", err)
	}
	os.WriteFile(path, stale, 0o600) // as after kill -9
	if _, err := dialOwner(t.Context(), filepath.Dir(path)); err == nil {
		t.Error("a stale owner.json was taken for an owner")
	}
	c.Close()
	if _, ok := <-c.Events(t.Context()); ok {
		t.Error("events after Close")
	}
}

func TestDoorRefusesOthers(t *testing.T) {
	h := newLAN().add(t, nil)
	c := clientOf(t, h)
	tests := []struct {
		why  string
		line func(hello callHello) string
	}{
		{"no proof", func(callHello) string { return `{"method":"refresh"}` }},
		{"the proof of the owner sent back", func(h callHello) string {
			return fmt.Sprintf(`{"proof":%q,"method":"refresh"}`, h.Proof)
		}},
		{"a proof with another token", func(h callHello) string {
			return fmt.Sprintf(`{"proof":%q,"method":"refresh"}`, proof(make([]byte, 32), "client", "n", h.Nonce))
		}},
		{"a line without end", func(callHello) string { return strings.Repeat("x", 17<<20) }},
		{"garbage", func(callHello) string { return "\x00\x01" }},
	}
	for _, tt := range tests {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", c.at.Port))
		if err != nil {
			t.Fatal(err)
		}
		l := newLines(conn)
		var hello callHello
		l.write(callHello{Nonce: "n"})
		if err := l.read(&hello, maxHello); err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(tt.line(hello) + "\n"))
		var r reply
		if err := l.read(&r, maxResult); err == nil {
			t.Errorf("%s: answered with %+v", tt.why, r)
		}
		conn.Close()
	}
	h.find.mu.Lock()
	defer h.find.mu.Unlock()
	if slices.Contains(h.find.said, "refresh") {
		t.Error("a call without the token was carried out")
	}
	if info, err := os.Stat(filepath.Join(h.profile.dir, ownerFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("owner.json is %v, %v; want 0600", info.Mode(), err)
	}
}

func TestClientRefusesAnImpostor(t *testing.T) { // who took the port after the owner was killed
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	heard := make(chan call, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		l := newLines(conn)
		var hello callHello
		l.read(&hello, maxHello)
		l.write(callHello{Nonce: "n", Proof: proof(make([]byte, 32), "owner", hello.Nonce, "n")})
		var c call
		if l.read(&c, maxCall) == nil {
			heard <- c
		}
		close(heard)
	}()
	path := filepath.Join(t.TempDir(), ownerFile)
	data, _ := json.Marshal(ownerRecord{Port: int(portOf(ln)), PID: 1, Token: nonce()})
	os.WriteFile(path, data, 0o600)
	if _, err := dialOwner(t.Context(), filepath.Dir(path)); err == nil {
		t.Error("the impostor was believed")
	}
	if c, told := <-heard; told {
		t.Errorf("the impostor was told %+v", c)
	}
}
