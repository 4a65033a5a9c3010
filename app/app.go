package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"yonder/transfer"
)

// App is the owner of a profile: it holds its key, database, sockets and sessions.
// It implements [Backend]; [Open] makes it.
//
// All state is guarded by mu. Nothing is called under mu that waits for the network
// or for another goroutine; the database may be written under it.
type App struct {
	log     *slog.Logger
	opt     Options
	profile *profile
	store   *store
	node    node
	secret  [32]byte
	epoch   uint64
	begun   time.Time // of the search for people
	levels  sync.Map  // DeviceID → Level, for the gate of the node, which must not wait for mu

	ctx    context.Context // of everything that runs; its cause is errClosing after Close
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup // every goroutine that ctx ends
	closed sync.Once

	spawning sync.Mutex // held while a goroutine is added to wg, and while ctx ends

	mu         sync.Mutex
	ending     bool // Close was called: nothing new starts
	me         Me
	file       *settingsFile
	settings   Settings      // as stored
	place      chosenPlace   // their folder
	override   Options       // fields of Options that still override settings
	shownUntil time.Time     // end of the ten minutes that Options.Visible asked for
	shown      chan struct{} // cap 1: the visibility changed
	given      string        // name if nobody chose one
	people     map[DeviceID]*person
	news       chan struct{} // closed and replaced when people change
	runs       map[ItemID]*run
	lastTurn   uint64
	lined      chan struct{} // closed and replaced when a run has left the line
	ticking    bool          // the progress loop runs
	boxes      map[*mailbox]struct{}
	early      []*Problem // told to the first stream
	limits     strangerLimits
	unsaved    bool // the user was told that the database cannot be written

	versionTold time.Time // when the user was last told of a program of another version

	typed      []*typed       // addresses, in the order in which they were typed
	typedShown []TypedAddress // as last told
	typedWake  chan struct{}  // cap 1: look at typed

	gossips    map[session]*gossiping // of the sessions whose other side takes gossip
	gossipWake chan struct{}          // cap 1: something about people changed

	comparing *comparing // codes; nil: none are

	network network // listener and search; see network.go
}

var errClosing = errors.New("this program is ending")

// parts is what [App] is made of. Open makes the real ones.
type parts struct {
	options  Options
	profile  *profile
	store    *store
	file     *settingsFile
	settings Settings
	id       DeviceID
	secret   [32]byte
	epoch    uint64
	given    string
	problems []*Problem
}

// newApp puts the state together. Nothing runs before start.
func newApp(p parts) *App {
	a := &App{
		log: p.options.Log, opt: p.options, profile: p.profile, store: p.store, secret: p.secret, epoch: p.epoch,
		file: p.file, settings: p.settings, override: p.options, given: p.given,
		people: map[DeviceID]*person{}, news: make(chan struct{}), runs: map[ItemID]*run{}, lined: make(chan struct{}),
		boxes: map[*mailbox]struct{}{}, early: p.problems, shown: make(chan struct{}, 1), typedWake: make(chan struct{}, 1),
		gossips: map[session]*gossiping{}, gossipWake: make(chan struct{}, 1),
		shownUntil: showingUntil(),
	}
	a.ctx, a.cancel = context.WithCancelCause(context.Background())
	a.me = Me{ID: p.id, System: systemName(), Version: p.options.Version, Dir: p.profile.dir, PID: os.Getpid()}
	a.me.Name, a.me.Folder, a.me.Discovery = a.name(), a.folder(), a.searchMode()
	a.me.setVisible(a.visibility())
	a.place = a.store.place()
	a.loadPeople()
	a.loadTyped()
	a.loadTransfers()
	return a
}

// start begins everything that runs by itself. n is the engine; look makes the
// search for people and may be nil. It is called once.
func (a *App) start(n node, look func(finderConfig) (finder, error)) {
	a.node, a.network.look = n, look
	a.begun = time.Now()
	a.mu.Lock()
	n.SetSelf(a.self())
	a.admit()
	n.SetGossip(!a.settings.NoGossip)
	a.applyRates()
	a.spawn(a.runNode)
	a.startFinder()
	waiting := a.store.outboxPeople()
	for _, id := range waiting {
		a.flush(id)
	}
	a.mu.Unlock()
	a.spawn(a.watchAddresses)
	a.spawn(a.watchVisible)
	a.spawn(a.watchTyped)
	a.spawn(a.watchGossip)
	a.spawn(a.tidy)
	a.mu.Lock()
	a.goOnAll()
	a.mu.Unlock()
}

// spawn runs f in a goroutine that Close waits for; after Close it does nothing.
// f must end soon after a.ctx does.
func (a *App) spawn(f func()) bool {
	a.spawning.Lock()
	defer a.spawning.Unlock()
	if a.ctx.Err() != nil {
		return false
	}
	a.wg.Go(f)
	return true
}

// Raise implements [Backend].
func (a *App) Raise(ctx context.Context, paths []string) error {
	if !a.opt.Window {
		return newProblem(CodeNoWindow, "", "")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.emit(Event{Kind: EventRaise, Paths: slices.Clone(paths)})
	return nil
}

// self is what the node tells about this device. The caller holds mu.
func (a *App) self() transfer.Self {
	return transfer.Self{Name: a.me.Name, System: a.me.System, Version: a.me.Version, Port: a.network.port}
}

// systemName is the name of this operating system as people write it.
func systemName() string {
	names := map[string]string{"linux": "Linux", "windows": "Windows", "darwin": "macOS", "freebsd": "FreeBSD", "openbsd": "OpenBSD", "netbsd": "NetBSD"}
	if name, ok := names[runtime.GOOS]; ok {
		return name
	}
	return runtime.GOOS
}
