package ui

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"yonder/app"
)

// fakeBackend writes down what the window asks for and answers from its fields.
type fakeBackend struct {
	mu       sync.Mutex
	calls    []string
	history  map[app.DeviceID][]app.Item
	found    app.Person
	partials []app.Partial
	files    []app.File       // each at its entry
	report   app.Report       // of the doctor
	fail     map[string]error // by method
}

func (f *fakeBackend) note(method, format string, args ...any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, method+" "+fmt.Sprintf(format, args...))
	return f.fail[method]
}

func (f *fakeBackend) asked(method string) (calls []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if strings.HasPrefix(c, method+" ") {
			calls = append(calls, strings.TrimPrefix(c, method+" "))
		}
	}
	return calls
}

func (f *fakeBackend) Events(context.Context) <-chan app.Event { return nil }

func (f *fakeBackend) History(_ context.Context, person app.DeviceID, before app.ItemID, limit int) (app.History, error) {
	err := f.note("History", "%s %q %d", person.Short(), before, limit)
	items := f.history[person]
	end := len(items)
	for i, item := range items {
		if item.ID == before {
			end = i
		}
	}
	begin := max(0, end-limit)
	return app.History{Person: person, Items: items[begin:end], More: begin > 0}, err
}

func (f *fakeBackend) Find(_ context.Context, peer string, _ time.Duration) (app.Person, error) {
	return f.found, f.note("Find", "%s", peer)
}

func (f *fakeBackend) Send(_ context.Context, r app.SendRequest) ([]app.ItemID, error) {
	if r.Parent != "" {
		return []app.ItemID{"sent"}, f.note("Send", "%s %q added to %s", r.To[0].Short(), r.Paths, r.Parent)
	}
	return []app.ItemID{"sent"}, f.note("Send", "%s %q", r.To[0].Short(), r.Paths)
}

func (f *fakeBackend) Answer(_ context.Context, item app.ItemID, a app.Answer) error {
	if a.Always {
		return f.note("Answer", "%s %v %q always", item, a.Accept, a.Folder)
	}
	if a.Policy != "" {
		return f.note("Answer", "%s %v %q %s", item, a.Accept, a.Folder, a.Policy)
	}
	return f.note("Answer", "%s %v %q", item, a.Accept, a.Folder)
}

func (f *fakeBackend) Cancel(_ context.Context, item app.ItemID) error {
	return f.note("Cancel", "%s", item)
}
func (f *fakeBackend) Files(_ context.Context, item app.ItemID, from uint32, limit int) ([]app.File, error) {
	at := min(int(from), len(f.files))
	return f.files[at:min(len(f.files), at+limit)], f.note("Files", "%s %d %d", item, from, limit)
}
func (f *fakeBackend) LeaveOut(_ context.Context, item app.ItemID, entry uint32) error {
	f.files[entry].State = app.FileLeftOut
	return f.note("LeaveOut", "%s %d", item, entry)
}
func (f *fakeBackend) Partials(context.Context) ([]app.Partial, error) {
	return f.partials, f.note("Partials", "")
}
func (f *fakeBackend) RemovePartials(_ context.Context, ids []string) error {
	f.partials = slices.DeleteFunc(f.partials, func(p app.Partial) bool { return slices.Contains(ids, p.ID) })
	return f.note("RemovePartials", "%q", ids)
}
func (f *fakeBackend) Pause(_ context.Context, item app.ItemID) error {
	return f.note("Pause", "%s", item)
}
func (f *fakeBackend) Resume(_ context.Context, item app.ItemID) error {
	return f.note("Resume", "%s", item)
}
func (f *fakeBackend) Stop(_ context.Context, item app.ItemID) error {
	return f.note("Stop", "%s", item)
}
func (f *fakeBackend) Retry(_ context.Context, item app.ItemID) error {
	return f.note("Retry", "%s", item)
}
func (f *fakeBackend) Say(_ context.Context, to app.DeviceID, body string) (app.ItemID, error) {
	return "said", f.note("Say", "%s %q", to.Short(), body)
}
func (f *fakeBackend) MarkRead(_ context.Context, person app.DeviceID) error {
	return f.note("MarkRead", "%s", person.Short())
}
func (f *fakeBackend) Configure(_ context.Context, s app.Settings) error {
	return f.note("Configure", "%+v", s)
}
func (f *fakeBackend) KeepAddress(_ context.Context, addr string) error {
	return f.note("KeepAddress", "%s", addr)
}
func (f *fakeBackend) DropAddress(_ context.Context, addr string) error {
	return f.note("DropAddress", "%s", addr)
}
func (f *fakeBackend) SetVisible(_ context.Context, v app.Visibility) error {
	return f.note("SetVisible", "%s", v)
}
func (f *fakeBackend) Pair(_ context.Context, person app.DeviceID) error {
	return f.note("Pair", "%s", person.Short())
}
func (f *fakeBackend) AnswerPairing(_ context.Context, person app.DeviceID, code string, same bool) error {
	return f.note("AnswerPairing", "%s %s %v", person.Short(), code, same)
}
func (f *fakeBackend) CancelPairing(_ context.Context, person app.DeviceID) error {
	return f.note("CancelPairing", "%s", person.Short())
}
func (f *fakeBackend) SetTrust(_ context.Context, person app.DeviceID, level app.Level) error {
	return f.note("SetTrust", "%s %d", person.Short(), level)
}
func (f *fakeBackend) SettleChange(_ context.Context, person app.DeviceID, replaced bool) error {
	return f.note("SettleChange", "%s %v", person.Short(), replaced)
}
func (f *fakeBackend) SetRule(_ context.Context, person app.DeviceID, rule app.Rule) error {
	return f.note("SetRule", "%s %+v", person.Short(), rule)
}
func (f *fakeBackend) Refresh(context.Context) error { return f.note("Refresh", "") }
func (f *fakeBackend) Raise(_ context.Context, paths []string) error {
	return f.note("Raise", "%q", paths)
}
func (f *fakeBackend) Doctor(_ context.Context, addrs []string) (app.Report, error) {
	err := f.note("Doctor", "%v", addrs)
	return f.report, err
}
func (f *fakeBackend) Close() error { return f.note("Close", "") }

// bench is a window on Fyne's test driver with a fake behind it. What the window
// wants to run on Fyne's goroutine is queued, and [bench.settle] runs it, so that
// tests have one goroutine and no waiting.
type bench struct {
	t        *testing.T
	w        *Window
	app      fyne.App
	backend  *fakeBackend
	picked   []string // what the file dialog returns
	launched [][]string
	quits    int
	now      time.Time

	mu    sync.Mutex
	queue []func()
}

func newBench(t *testing.T, s app.State) *bench {
	b := &bench{t: t, app: test.NewApp(), backend: &fakeBackend{history: map[app.DeviceID][]app.Item{}, fail: map[string]error{}},
		now: time.Date(2026, 3, 12, 14, 30, 0, 0, time.Local)}
	b.w = New(t.Context(), Options{
		App: b.app, Backend: b.backend, System: "linux",
		Post: func(f func()) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.queue = append(b.queue, f)
		},
		Pick: func(context.Context, PickRequest) ([]string, error) { return b.picked, nil },
		Launch: func(c *exec.Cmd) error {
			b.launched = append(b.launched, c.Args)
			return nil
		},
		Now:  func() time.Time { return b.now },
		Quit: func() { b.quits++ },
	})
	t.Cleanup(func() {
		b.w.Close()
		b.w.Wait()
	})
	s.Settings.Language = orElse(s.Settings.Language, "en")
	b.w.Apply(app.Event{Kind: app.EventState, State: &s})
	b.settle()
	return b
}

// settle waits for the window's calls and runs what they queued, until all is quiet.
func (b *bench) settle() {
	for {
		b.w.Wait()
		b.mu.Lock()
		queue := b.queue
		b.queue = nil
		b.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for _, f := range queue {
			f()
		}
	}
}

func (b *bench) item(item app.Item, isNew bool) {
	b.w.Apply(app.Event{Kind: app.EventItem, Item: &item, New: isNew})
	b.settle()
}

func (b *bench) choose(id app.DeviceID) {
	b.w.choose(id)
	b.settle()
}

// row returns the visible row of an item.
func (b *bench) row(id app.ItemID) row {
	b.t.Helper()
	r := b.w.thread.list.visible[string(id)]
	if r == nil {
		b.t.Fatalf("item %s is not on the screen", id)
	}
	return r
}

// button returns the button of a transfer row that does a.
func (b *bench) button(id app.ItemID, a action) *button {
	b.t.Helper()
	r := b.row(id).(*transferRow)
	for i, have := range r.card.actions {
		if have == a {
			return r.buttons[i]
		}
	}
	b.t.Fatalf("item %s offers %v, not %q", id, r.card.actions, a)
	return nil
}

// tap presses a button the way a pointer does, then lets the window settle.
func (b *bench) tap(o fyne.Tappable) {
	test.Tap(o)
	b.settle()
}

func (b *bench) wantCalls(method string, want ...string) {
	b.t.Helper()
	got := b.backend.asked(method)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		b.t.Errorf("%s was called with %q, want %q", method, got, want)
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func id(n byte) (id app.DeviceID) {
	for i := range id {
		id[i] = n * byte(i+3)
	}
	return id
}

var (
	alice = app.Person{ID: id(7), Name: "Alice Meyer", System: "Linux", Level: app.Paired, Present: true,
		Addresses: []app.Address{{Addr: "192.168.1.24:21925", Source: "mdns"}}}
	lin  = app.Person{ID: id(23), Name: "林晓雯", System: "Windows", Level: app.Known, Present: true, Unread: 2}
	bob  = app.Person{ID: id(91), Name: "quiet-otter", System: "macOS", Level: app.Unknown, Present: true}
	zoe  = app.Person{ID: id(44), Name: "Zoë", System: "Linux", Level: app.Known, LastSeen: time.Date(2026, 3, 11, 9, 5, 0, 0, time.Local)}
	here = app.State{
		Me: app.Me{ID: id(3), Name: "brave-heron", System: "Linux", Version: "0.1.0", Listening: "[::]:21925",
			Addresses: []string{"192.168.1.7:21925", "[fe80::2%eth0]:21925"}, Dir: "/home/u/.config/yonder", PID: 4711, Visible: app.Everyone},
		Settings: app.Settings{Language: "en", Theme: "light"},
		People:   []app.Person{alice, lin, bob, zoe},
	}
)

func message(n int, out bool, state app.MessageState, body string) app.Item {
	return app.Item{ID: app.ItemID(fmt.Sprintf("m%d", n)), Person: alice.ID, Outgoing: out,
		At: time.Date(2026, 3, 12, 13, n%60, 0, 0, time.Local).Add(-time.Duration(n/60) * time.Hour), Message: &app.Message{Body: body, State: state}}
}

func transferItem(n int, out bool, t app.Transfer) app.Item {
	return app.Item{ID: app.ItemID(fmt.Sprintf("t%d", n)), Person: alice.ID, Outgoing: out,
		At: time.Date(2026, 3, 12, 14, n, 0, 0, time.Local), Transfer: &t}
}

var offer = app.Transfer{State: app.Offered, Names: []string{"Holiday pictures"}, NameCount: 1, Folders: []bool{true},
	Entries: 312, Bytes: 1_480_000_000, Final: true, Folder: "/home/u/Downloads", Left: -1}
