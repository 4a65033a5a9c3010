package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"yonder/app"
)

// fake is a backend that a test plays: it notes what it is asked to do, and the
// play function says what happens then. Tests run it in a synctest bubble, so
// that waiting costs nothing and nothing depends on the speed of a machine.
type fake struct {
	state  app.State
	find   func(peer string, wait time.Duration) (app.Person, error)
	events chan app.Event
	gone   chan struct{} // closed: the stream of events ends

	mu       sync.Mutex
	opened   app.Options
	sends    []app.SendRequest
	answers  map[app.ItemID]app.Answer
	stopped  []app.ItemID
	orders   []string // pause, resume and cancel, with the item
	orderErr error
	files    []app.File
	said     []string
	read     int
	history  app.History
	sendErr  error
	sayErr   error
	openErr  error
	closed   bool
	examined []string // the addresses that the doctor was asked about
	report   app.Report
	rules    []app.Rule // as set
}

var (
	anna  = app.Person{ID: app.DeviceID{1}, Name: "Anna", Level: app.Known, Present: true, Addresses: []app.Address{{Addr: "192.0.2.7:21925", Source: "mdns"}}, AfterMS: 120}
	berta = app.Person{ID: app.DeviceID{2}, Name: "贝塔", Level: app.Paired, System: "Linux", Present: true, Addresses: []app.Address{{Addr: "[fe80::1%eth0]:21925", Source: "broadcast"}}, AfterMS: 45}
)

func newFake() *fake {
	return &fake{
		state: app.State{
			Me:     app.Me{ID: app.DeviceID{9}, Name: "Quiet Heron", Listening: "0.0.0.0:21925", Addresses: []string{"192.0.2.1:21925"}, PID: 42, Visible: app.Everyone},
			People: []app.Person{anna, berta},
		},
		answers: map[app.ItemID]app.Answer{},
	}
}

func (f *fake) Events(ctx context.Context) <-chan app.Event {
	out := make(chan app.Event)
	go func() {
		defer close(out)
		next := app.Event{Kind: app.EventState, State: &f.state}
		for {
			select {
			case out <- next:
			case <-ctx.Done():
				return
			}
			select {
			case next = <-f.events:
			case <-ctx.Done():
				return
			case <-f.gone:
				return
			}
		}
	}()
	return out
}

func (f *fake) History(context.Context, app.DeviceID, app.ItemID, int) (app.History, error) {
	return f.history, nil
}

func (f *fake) Find(ctx context.Context, peer string, wait time.Duration) (app.Person, error) {
	if f.find != nil {
		return f.find(peer, wait)
	}
	for _, p := range f.state.People {
		if p.Name == peer || strings.HasPrefix(p.ID.String(), peer) {
			return p, nil
		}
	}
	select {
	case <-time.After(wait):
		return app.Person{}, &app.Problem{Code: app.CodeNotFound, Object: peer, Text: "nobody called " + peer + " is here", Hint: "see who is near"}
	case <-ctx.Done():
		return app.Person{}, ctx.Err()
	}
}

func (f *fake) Send(_ context.Context, req app.SendRequest) ([]app.ItemID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sends = append(f.sends, req)
	var ids []app.ItemID
	for i := range req.To {
		ids = append(ids, app.ItemID([]string{"item-0", "item-1", "item-2"}[i]))
	}
	return ids, f.sendErr
}

func (f *fake) Answer(_ context.Context, item app.ItemID, answer app.Answer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[item] = answer
	return nil
}

func (f *fake) Cancel(_ context.Context, item app.ItemID) error { return f.order("cancel", item) }

func (f *fake) Stop(_ context.Context, item app.ItemID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = append(f.stopped, item)
	return nil
}

func (f *fake) Files(_ context.Context, _ app.ItemID, from uint32, limit int) ([]app.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := 0
	for at < len(f.files) && f.files[at].Entry < from {
		at++
	}
	return f.files[at:min(len(f.files), at+limit)], f.orderErr
}

func (f *fake) LeaveOut(_ context.Context, item app.ItemID, entry uint32) error {
	return f.order(fmt.Sprintf("leave out %d of", entry), item)
}

func (f *fake) Partials(context.Context) ([]app.Partial, error) { return nil, nil }
func (f *fake) RemovePartials(context.Context, []string) error  { return nil }
func (f *fake) Pause(_ context.Context, item app.ItemID) error  { return f.order("pause", item) }
func (f *fake) Resume(_ context.Context, item app.ItemID) error { return f.order("resume", item) }

func (f *fake) order(verb string, item app.ItemID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, verb+" "+string(item))
	return f.orderErr
}

func (f *fake) Retry(context.Context, app.ItemID) error { return nil }

func (f *fake) Say(_ context.Context, _ app.DeviceID, body string) (app.ItemID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sayErr != nil {
		return "", f.sayErr
	}
	f.said = append(f.said, body)
	return app.ItemID("said-" + body), nil
}

func (f *fake) MarkRead(context.Context, app.DeviceID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read++
	return nil
}

func (f *fake) Configure(context.Context, app.Settings) error    { return nil }
func (f *fake) KeepAddress(context.Context, string) error        { return nil }
func (f *fake) DropAddress(context.Context, string) error        { return nil }
func (f *fake) SetVisible(context.Context, app.Visibility) error { return nil }
func (f *fake) Refresh(context.Context) error                    { return nil }
func (f *fake) Raise(context.Context, []string) error            { return nil }

func (f *fake) Pair(_ context.Context, id app.DeviceID) error {
	return f.order("pair", app.ItemID(id.Short()))
}

func (f *fake) AnswerPairing(_ context.Context, id app.DeviceID, code string, same bool) error {
	return f.order(fmt.Sprintf("answer %s %v", code, same), app.ItemID(id.Short()))
}

func (f *fake) CancelPairing(_ context.Context, id app.DeviceID) error {
	return f.order("cancel pairing", app.ItemID(id.Short()))
}

func (f *fake) SetTrust(_ context.Context, id app.DeviceID, level app.Level) error {
	return f.order(fmt.Sprintf("trust %d", level), app.ItemID(id.Short()))
}

func (f *fake) SettleChange(context.Context, app.DeviceID, bool) error { return nil }
func (f *fake) SetRule(_ context.Context, id app.DeviceID, rule app.Rule) error {
	f.mu.Lock()
	f.rules = append(f.rules, rule)
	f.mu.Unlock()
	return f.order("rule", app.ItemID(id.Short()))
}

func (f *fake) Doctor(_ context.Context, addrs []string) (app.Report, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.examined = addrs
	return f.report, nil
}

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

// emit sends one event and waits until the command has dealt with it.
func (f *fake) emit(ev app.Event) {
	f.events <- ev
	synctest.Wait()
}

// transfer emits a change of a transfer of Anna.
func (f *fake) transfer(id app.ItemID, outgoing bool, t app.Transfer) {
	f.emit(app.Event{Kind: app.EventItem, Item: &app.Item{ID: id, Person: anna.ID, Outgoing: outgoing, Transfer: &t}})
}

// message emits a change of a message of Anna's conversation, written today at 12:30.
func (f *fake) message(id app.ItemID, outgoing, isNew bool, m app.Message) {
	now := time.Now()
	at := time.Date(now.Year(), now.Month(), now.Day(), 12, 30, 0, 0, time.Local)
	f.emit(app.Event{Kind: app.EventItem, New: isNew, Item: &app.Item{ID: id, Person: anna.ID, Outgoing: outgoing, At: at, Message: &m}})
}

// session is one command line, run against a fake.
type session struct {
	*fake
	in        io.Reader
	typed     bool           // standard input is what the test writes to user
	user      *io.PipeWriter // only with typed
	tty       bool           // all three are terminals
	window    Window
	play      func(s *session) // what happens while the command runs
	interrupt context.CancelFunc
	out, err  safeBuffer
}

// run executes the command line in a bubble and returns its exit code.
func (s *session) run(t *testing.T, args ...string) (code int) {
	t.Helper()
	if s.fake == nil {
		s.fake = newFake()
	}
	if s.in == nil {
		s.in = strings.NewReader("")
	}
	synctest.Test(t, func(t *testing.T) {
		s.events, s.gone = make(chan app.Event), make(chan struct{}) // of this bubble
		if s.typed {
			s.in, s.user = io.Pipe()
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.interrupt = cancel
		defer cancel()
		p := &program{
			in: s.in, out: &s.out, err: &s.err, inTTY: s.tty, outTTY: s.tty, errTTY: s.tty,
			version: "1.2.3", window: s.window, now: time.Now,
			open: func(_ context.Context, o app.Options) (app.Backend, error) {
				s.opened = o
				if s.openErr != nil {
					return nil, s.openErr
				}
				return s.fake, nil
			},
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			code = p.run(ctx, args)
		}()
		if s.play != nil {
			synctest.Wait()
			s.play(s)
		}
		select {
		case <-done:
		case <-time.After(24 * time.Hour): // of the bubble's own time
			t.Errorf("%q does not end; output %q, errors %q", args, s.out.String(), s.err.String())
			cancel()
			<-done
		}
	})
	return code
}

// lines returns what was printed on standard output, as events; each line must
// be one.
func (s *session) lines(t *testing.T) []map[string]any {
	t.Helper()
	var events []map[string]any
	for line := range strings.Lines(s.out.String()) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("not a line of JSON: %q: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// kinds returns the "event" members of the lines.
func kinds(events []map[string]any) string {
	var names []string
	for _, e := range events {
		name, _ := e["event"].(string)
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// safeBuffer is a buffer that several goroutines use.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
