package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"yonder/discovery"
	"yonder/transfer"
)

// Options say how a front end wants to use a profile. The zero value uses the
// default profile as whoever is free: its owner, or a client of its owner.
type Options struct {
	Dir       string     // profile directory; empty: $YONDER_DATA, else the user's configuration directory
	Name      string     // overrides Settings.Name for this run
	Port      int        // overrides Settings.Port for this run; 0: as set
	Discovery string     // overrides Settings.Discovery for this run: "both", "mdns", "broadcast", "none"
	Visible   Visibility // overrides Settings.Visible for this run; with [TenMinutes] they begin now
	Folder    string     // overrides Settings.Folder for this run; absolute
	Owner     bool       // fail with [CodeRunning] instead of becoming a client
	Listen    bool       // as owner: take connections and be listed by others; without it the process only sends
	Window    bool       // as owner: this process shows a window, so Raise works and offers wait for an answer
	Accept    Accept     // as owner: which offers are taken without asking
	Policy    Policy     // overrides Settings.Policy for this run
	DownLimit int64      // overrides Settings.DownLimit for this run
	Links     bool       // as owner: symbolic links that stay inside a folder are made
	Version   string     // of the program
	Log       *slog.Logger
}

// Accept says which incoming offers are taken without asking. "" are those of people whose
// [Rule] says so. judge.go has all of it.
type Accept string

const (
	AcceptAsk    Accept = "ask"    // none, whatever rules say: each one waits for [Backend.Answer]
	AcceptPaired Accept = "paired" // those of paired people; the others are declined with [CodeNobody]
	AcceptAll    Accept = "all"    // every one that no rule declines and no limit of size holds back
)

// Open returns the backend of a profile: the owner itself, or a client of the
// process that owns it already. Errors are a [*Problem]. ctx bounds the opening
// only; [Backend.Close] ends what was opened.
func Open(ctx context.Context, o Options) (Backend, error) {
	dir, err := profileDir(o.Dir)
	if err != nil {
		return nil, newProblem(CodeNotSaved, o.Dir, cause(err))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if p := o.problem(); p != nil {
		return nil, p
	}
	for range 3 { // the owner may be ending or beginning just now
		client, err := dialOwner(ctx, dir)
		if err == nil {
			if !o.Owner {
				return client, nil
			}
			defer client.Close()
			return nil, newProblem(CodeRunning, strconv.Itoa(client.OwnerPID()), "")
		}
		o.Log.Debug("no owner", "err", err)
		a, err := openApp(o, dir)
		if !errors.Is(err, errLocked) {
			if err != nil {
				return nil, AsProblem(err)
			}
			return a, nil
		}
		if ctx.Err() != nil {
			return nil, AsProblem(ctx.Err())
		}
	}
	p := newProblem(CodeRunning, "?", "")
	p.Text = "Yonder runs already with this profile, but does not answer"
	return nil, p
}

// problem checks the options that have the form of settings.
func (o *Options) problem() *Problem {
	if o.Visible != "" && o.Visible != TenMinutes && !slices.Contains(lastingVisibilities, o.Visible) {
		return badVisibility(o.Visible)
	}
	s := Settings{Name: o.Name, Folder: o.Folder, Port: o.Port, Discovery: o.Discovery, Policy: o.Policy, DownLimit: o.DownLimit}
	return s.problem()
}

// ownerApp is an App with the door for its clients.
type ownerApp struct {
	*App
	door *owner
}

// Close implements [Backend].
func (o *ownerApp) Close() error {
	o.closed.Do(func() {
		o.door.close() // first, so that whoever starts next waits for the lock
		o.App.close()
	})
	return nil
}

// openApp makes this process the owner of the profile in dir. It fails with
// errLocked if another one is.
func openApp(o Options, dir string) (backend Backend, err error) {
	profile, err := openProfile(dir)
	if err != nil {
		return nil, err
	}
	store, aside, err := openStore(profile.path(databaseFile))
	if err != nil {
		profile.close()
		if errors.Is(err, errLocked) {
			return nil, err
		}
		return nil, newProblem(CodeNotSaved, profile.path(databaseFile), cause(err))
	}
	if aside != "" {
		profile.problems = append(profile.problems, newProblem(CodeDamaged, profile.path(databaseFile), aside))
	}
	a, key, err := assemble(o, profile, store)
	if err != nil {
		store.close()
		profile.close()
		return nil, err
	}
	return launch(a, key, newFinder(key, 0, nil))
}

// assemble reads the profile and makes an App of it that does not run yet.
func assemble(o Options, profile *profile, store *store) (*App, ed25519.PrivateKey, error) {
	o.Log, profile.log = openLog(profile.path(logFile), o.Log)
	key, made, notice, err := loadIdentity(profile.path(identityFile))
	if err != nil {
		return nil, nil, err
	}
	id := DeviceID(discovery.KeyID(key.Public().(ed25519.PublicKey)))
	if notice != nil {
		profile.problems = append(profile.problems, notice)
	}
	if before := store.meta("device"); made && before != nil && !bytes.Equal(before, id[:]) {
		p := newProblem(CodeDamaged, profile.path(identityFile), "")
		p.Text = "the identity file was missing, so this is a new device for everybody else"
		p.Hint = "if you have a backup of it, end Yonder and put it back"
		profile.problems = append(profile.problems, p)
	}
	file, settings, problems := loadSettings(profile.path(settingsName))
	parts := parts{
		options: o, profile: profile, store: store, file: file, settings: settings, id: id,
		problems: append(profile.problems, problems...),
	}
	if parts.epoch, err = store.nextEpoch(time.Now()); err != nil {
		return nil, nil, newProblem(CodeNotSaved, profile.path(databaseFile), cause(err))
	}
	secret, err := store.once("secret", func() []byte { b := make([]byte, 32); rand.Read(b); return b })
	if err == nil {
		copy(parts.secret[:], secret)
		err = store.setMeta("device", id[:])
	}
	if err == nil {
		var name []byte
		name, err = store.once("name", func() []byte { return []byte(friendlyName(id)) })
		parts.given = string(name)
	}
	if err != nil {
		return nil, nil, newProblem(CodeNotSaved, profile.path(databaseFile), cause(err))
	}
	return newApp(parts), key, nil
}

// launch starts everything: the listener, the engine, the search, the door for clients.
func launch(a *App, key ed25519.PrivateKey, look func(finderConfig) (finder, error)) (*ownerApp, error) {
	fail := func(err error) (*ownerApp, error) {
		if a.network.door != nil {
			a.network.door.Close()
		}
		a.closed.Do(a.close)
		return nil, err
	}
	identity, err := transfer.NewIdentity(key)
	if err != nil {
		return fail(err)
	}
	a.mu.Lock()
	if a.opt.Listen {
		if err := a.openDoor(); err != nil {
			a.tell(AsProblem(err))
		}
	}
	a.refreshMe()
	cfg := transfer.Config{Identity: identity, Self: a.self(), Epoch: a.epoch, Secret: a.secret, Partials: a.store, Log: a.log}
	a.mu.Unlock()
	n, err := newNode(cfg, a)
	if err != nil {
		return fail(err)
	}
	door, err := openOwner(a, a.profile.path(ownerFile), a.log)
	if err != nil {
		return fail(newProblem(CodeNotSaved, a.profile.path(ownerFile), cause(err)))
	}
	a.log.Info("started", "version", a.opt.Version, "system", a.me.System, "id", a.me.ID.Short(), "listening", a.me.Listening,
		"discovery", a.me.Discovery, "visible", a.me.Visible, "window", a.opt.Window)
	a.start(n, look)
	return &ownerApp{App: a, door: door}, nil
}
