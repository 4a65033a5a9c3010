//go:build !headless

// Package desktop opens Yonder's window on a real display and connects it with
// the engine. It is the only package that imports Fyne's driver, which needs cgo
// and a display; package ui has the window itself.
//
// [Run] owns every goroutine: the bridge, which carries events into the window
// one by one, and the one that waits for the end. It returns after the window was
// closed and the backend ended.
package desktop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"yonder/app"
	"yonder/packaging"
	"yonder/ui"
)

// appID names the program to the desktop; FyneApp.toml has the same, as a test checks.
const appID = "app.yonder.Yonder"

// Run opens the window of a profile with paths ready to be sent, and returns when
// it is closed. If a window of this profile is open already, that one comes to the
// front and gets the paths. It must be called on the main goroutine. Errors are
// [ErrNoDisplay], which has a method NoWindow, or a [*app.Problem].
func Run(ctx context.Context, o app.Options, paths []string) error {
	preferX11()
	if err := checkDisplay(); err != nil {
		return err
	}
	paths, err := absolute(paths)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Window, o.Listen, o.Accept = true, true, app.AcceptAsk
	backend, err := app.Open(ctx, o)
	if err != nil {
		return err
	}
	events := backend.Events(ctx)
	first, ok := <-events
	if !ok {
		return errors.Join(errors.New("the engine ended before it began"), backend.Close())
	}
	if first.State != nil && first.State.Me.PID != os.Getpid() {
		raised := backend.Raise(ctx, paths)
		if problem := app.AsProblem(raised); problem == nil || problem.Code != app.CodeNoWindow {
			return errors.Join(raised, backend.Close())
		} // a terminal command owns the profile: be the window that it lacks
	}
	w := newWindow(ctx, backend, o.Version)
	return w.run(cancel, o, first, events, paths)
}

// absolute makes paths independent of where the program was started.
func absolute(paths []string) ([]string, error) {
	all := make([]string, len(paths))
	for i, path := range paths {
		full, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		all[i] = full
	}
	return all, nil
}

// window is one run of the program with a window.
type window struct {
	ctx     context.Context
	app     fyne.App
	ui      *ui.Window
	backend app.Backend   // replaced by the bridge only
	bridged chan struct{} // closed when the bridge has ended
	quit    chan struct{} // closed when the user wants to leave
}

func newWindow(ctx context.Context, backend app.Backend, version string) *window {
	icon := fyne.NewStaticResource("yonder.png", packaging.Icon)
	fyneapp.SetMetadata(fyne.AppMetadata{
		ID: appID, Name: "Yonder", Version: version, Icon: icon, Release: true,
		Migrations: map[string]bool{"fyneDo": true},
	})
	w := &window{ctx: ctx, backend: backend, bridged: make(chan struct{}), quit: make(chan struct{})}
	if dir, err := os.UserCacheDir(); err == nil {
		os.MkdirAll(dir, 0o700) // Fyne makes its folder in there and complains when there is none
	}
	w.app = fyneapp.NewWithID(appID)
	w.app.SetIcon(icon)
	w.ui = ui.New(ctx, ui.Options{App: w.app, Backend: backend, Icon: icon, Quit: w.leave})
	return w
}

// run shows the window until it is closed. Fyne's goroutine is this one; it is
// stopped only after the bridge has left it, because a function that waits for a
// stopped loop would wait for ever.
func (w *window) run(cancel context.CancelFunc, o app.Options, first app.Event, events <-chan app.Event, paths []string) error {
	w.ui.Apply(first)
	w.ui.Window().Show()
	if len(paths) > 0 {
		w.ui.Apply(app.Event{Kind: app.EventRaise, Paths: paths})
	}
	ended := make(chan struct{})
	go func() {
		defer close(w.bridged)
		w.bridge(o, events)
	}()
	go func() {
		defer close(ended)
		select {
		case <-w.quit:
			cancel()
		case <-w.ctx.Done():
		}
		<-w.bridged
		fyne.Do(w.app.Driver().Quit) // App.Quit also closes windows, and panics when a signal ended the loop first
	}()
	w.app.Run()
	w.ui.Close() // a signal or the menu of the system may have ended the loop
	cancel()
	<-w.bridged
	<-ended
	w.ui.Wait()
	return w.backend.Close()
}

// leave hides the window at once and ends the rest behind it.
func (w *window) leave() {
	select {
	case <-w.quit:
		return
	default:
	}
	w.ui.Close()
	w.ui.Window().Hide()
	close(w.quit)
}

// bridge carries events into the window, each one only after the one before was
// drawn. If the process that owns the profile ends, it opens the profile again.
func (w *window) bridge(o app.Options, events <-chan app.Event) {
	for {
		for ev := range events {
			fyne.DoAndWait(func() { w.ui.Apply(ev) })
		}
		if w.ctx.Err() != nil {
			return
		}
		w.backend.Close()
		for {
			backend, err := app.Open(w.ctx, o)
			if err == nil {
				w.backend = backend
				break
			}
			fyne.DoAndWait(func() { w.ui.Apply(app.Event{Kind: app.EventProblem, Problem: app.AsProblem(err)}) })
			select {
			case <-w.ctx.Done():
				return
			case <-time.After(reopenPause):
			}
		}
		fyne.DoAndWait(func() { w.ui.Attach(w.backend) })
		events = w.backend.Events(w.ctx)
	}
}

// reopenPause is how long the bridge waits before it opens the profile once more.
const reopenPause = 2 * time.Second
