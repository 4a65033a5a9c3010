// Package ui draws Yonder's window with Fyne: people on the left, the
// conversation with the chosen one on the right.
//
// Start with [New] and [Window.Apply]. The window is a function of what the
// backend tells: events come in through Apply, and nothing else changes what is
// shown. Orders go out through the named handlers in calls.go, each of which asks
// the [app.Backend] on a goroutine that the window owns and waits for in
// [Window.Wait]; what comes of an order returns as an event, and an error becomes
// a problem line. Everything else runs on Fyne's goroutine.
//
// Where to look: people.go is the left side, thread.go the right one with
// message.go, transfer.go and offer.go for its rows, settings.go, doctor.go and details.go the
// panels that take its place; rows.go is the scrolling column that all of them use. What a
// row says is decided in card.go, without any widget. Every sentence is in
// translations/ and is looked up by text.go; every remote name passes clean.go.
//
// The package opens no socket and reads no file of the user, except to see whether
// a pasted path exists. It does not import fyne.io/fyne/v2/app, so it compiles and
// tests without cgo and without a display; ui/desktop does the rest.
package ui

import (
	"context"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// Size of a new window and the smallest one that everything fits in, in Fyne's pixels.
const (
	startWidth, startHeight = 1000, 680
	leastWidth, leastHeight = 720, 480
)

// Options are what a window needs. Only App and Backend must be set.
type Options struct {
	App     fyne.App
	Backend app.Backend
	Icon    fyne.Resource

	Post   func(func())                                         // runs a function on Fyne's goroutine, later; nil: [fyne.Do]
	Pick   func(context.Context, PickRequest) ([]string, error) // asks for files; nil: the system's dialogs. May block
	Launch func(*exec.Cmd) error                                // starts a program; nil: really
	Now    func() time.Time                                     // nil: [time.Now]
	System string                                               // as [runtime.GOOS]; empty: this one
	Quit   func()                                               // the user closed the window; nil: App.Quit
}

// Window is the one window of Yonder. Its methods belong on Fyne's goroutine,
// except [Window.Wait].
type Window struct {
	o       Options
	win     fyne.Window
	backend app.Backend
	words   *words

	ctx    context.Context
	cancel context.CancelFunc
	calls  sync.WaitGroup // every goroutine that the window started

	me       app.Me
	settings app.Settings
	people   map[app.DeviceID]*app.Person
	order    []app.DeviceID // as shown
	typed    []app.TypedAddress
	talks    map[app.DeviceID]*conversation
	moving   map[app.ItemID]bool // transfers that would be cut by closing
	asked    map[app.ItemID]bool // orders given whose outcome is not here yet

	chosen    app.DeviceID // the open conversation; zero: none
	pending   []string     // paths that wait for a person to be chosen
	problem   *app.Problem // shown above the conversation
	hint      string       // a friendly line in the same place
	drafts    map[app.DeviceID]string
	policies  map[app.ItemID]app.Policy // chosen for offers that are not answered
	ready     bool                      // the first state arrived
	focused   bool                      // the window has the user's attention
	closed    atomic.Bool               // also read by what Fyne runs late, elsewhere
	drawn     fyne.ThemeVariant
	inPanel   bool // the settings or the doctor are open in place of the conversation
	inDoctor  bool // the doctor is
	inDetails bool // the details of a person are
	side      *sidebar
	thread    *thread
	panel     *settingsPanel
	doctor    *doctorPanel
	details   *detailsPanel
	banner    *banner
	right     *fyne.Container
	asking    *widget.PopUp // the question before quitting
	files     *filesDialog  // of a running transfer; nil: not open

	pairing   *app.Pairing // of codes: under way, or as it ended; nil: none is shown
	comparing bool         // an order about it was given

	examined     examination
	fromSettings bool // the doctor was opened from there
}

// New creates the window without showing it. It ends its work when ctx ends or
// [Window.Close] is called.
func New(ctx context.Context, o Options) *Window {
	if o.Post == nil {
		o.Post = fyne.Do
	}
	if o.Launch == nil {
		o.Launch = start
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.System == "" {
		o.System = runtime.GOOS
	}
	if o.Quit == nil {
		o.Quit = o.App.Quit
	}
	w := &Window{
		o: o, backend: o.Backend, words: speak(""),
		people: map[app.DeviceID]*app.Person{}, talks: map[app.DeviceID]*conversation{},
		moving: map[app.ItemID]bool{}, asked: map[app.ItemID]bool{}, drafts: map[app.DeviceID]string{},
		policies: map[app.ItemID]app.Policy{},
		focused:  true,
	}
	w.ctx, w.cancel = context.WithCancel(ctx)
	o.App.Settings().SetTheme(look{})
	w.win = o.App.NewWindow("Yonder")
	if o.Icon != nil {
		w.win.SetIcon(o.Icon)
	}
	w.win.SetMaster()
	w.win.SetPadded(false)
	w.win.SetCloseIntercept(w.onClose)
	w.win.SetOnDropped(w.onDropped)
	w.addShortcuts()
	o.App.Settings().AddListener(func(fyne.Settings) { o.Post(w.onSystemLook) })
	o.App.Lifecycle().SetOnEnteredForeground(w.onFocus)
	o.App.Lifecycle().SetOnExitedForeground(w.onBlur)
	w.build()
	w.win.Resize(fyne.NewSize(startWidth, startHeight))
	return w
}

// Show puts the window on the screen and in front.
func (w *Window) Show() {
	w.win.Show()
	w.win.RequestFocus()
}

// Window returns Fyne's window.
func (w *Window) Window() fyne.Window { return w.win }

// Moving returns how many transfers closing now would interrupt.
func (w *Window) Moving() int { return len(w.moving) }

// Attach continues with another backend, whose first event must be a state: the
// process that owned the profile ended and this one took over.
func (w *Window) Attach(b app.Backend) { w.backend = b }

// Close makes the window deaf: events are ignored and running calls are told to
// end. It does not close the backend.
func (w *Window) Close() {
	w.closed.Store(true)
	w.cancel()
}

// Wait returns when every goroutine that the window started has ended. It may be
// called from any goroutine but Fyne's.
func (w *Window) Wait() { w.calls.Wait() }

// build makes all widgets anew from what is known, after a change of language too.
func (w *Window) build() {
	w.drawn = w.o.App.Settings().ThemeVariant()
	if w.thread != nil {
		w.thread.keepDraft()
		w.doctor.busy.Stop() // or its animation goes on unseen
		w.thread.pairing.stop()
	}
	w.side = newSidebar(w)
	w.thread = newThread(w)
	w.panel = newSettingsPanel(w)
	w.doctor = newDoctorPanel(w)
	w.details = newDetailsPanel(w)
	w.banner = newBanner(w)
	w.right = container.New(under{}, w.banner, w.thread.content, w.panel.content, w.doctor.content, w.details.content)
	w.win.SetContent(newHalves(w.side.content, w.right))
	w.refreshPeople()
	w.refreshTyped()
	w.refreshThread()
	switch {
	case w.inDoctor:
		w.showDoctor()
	case w.inDetails:
		w.openDetails()
	default:
		w.showPanel(w.inPanel)
	}
	w.refreshBanner()
}

// onSystemLook redraws everything when the system turned light or dark.
func (w *Window) onSystemLook() {
	if !w.closed.Load() && w.o.App.Settings().ThemeVariant() != w.drawn {
		w.build()
	}
}

// onFocus and onBlur follow whether the user looks at the window.
func (w *Window) onFocus() {
	w.focused = true
	w.markRead()
}

func (w *Window) onBlur() { w.focused = false }
