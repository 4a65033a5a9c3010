package ui

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"

	"yonder/app"
)

// zone is a part of the window that takes drops.
type zone struct {
	at   fyne.Position // absolute
	size fyne.Size
}

func (z zone) holds(pos fyne.Position) bool {
	return pos.X >= z.at.X && pos.Y >= z.at.Y && pos.X < z.at.X+z.size.Width && pos.Y < z.at.Y+z.size.Height
}

// dropTarget decides who is meant by a drop at pos: the person under it, else the
// chosen one. Some systems report no position (0,0), which means the chosen one
// too. person tells who is at a height of the list; zero for nobody.
func dropTarget(pos fyne.Position, list zone, person func(y float32) app.DeviceID, chosen app.DeviceID) app.DeviceID {
	if pos.IsZero() || !list.holds(pos) {
		return chosen
	}
	if id := person(pos.Y - list.at.Y); !id.IsZero() {
		return id
	}
	return chosen
}

// onDropped is called by Fyne with what was dropped on the window. It looks at
// nothing on the disk; the backend does, and names what it cannot read.
func (w *Window) onDropped(pos fyne.Position, uris []fyne.URI) {
	var paths []string
	for _, u := range uris {
		if u.Scheme() == "file" && u.Path() != "" {
			paths = append(paths, filepath.FromSlash(u.Path()))
		}
	}
	if len(paths) == 0 {
		w.showHint(w.words.L("drop.nothing"))
		return
	}
	target := dropTarget(pos, w.side.zone(), w.side.personAt, w.chosen)
	if w.people[target] == nil {
		w.offerPaths(paths)
		return
	}
	w.choose(target)
	w.send(target, paths)
}

// offerPaths keeps paths until a person is chosen: those of the command line, of a
// second start, and of drops on nobody.
func (w *Window) offerPaths(paths []string) {
	if len(paths) == 0 {
		return
	}
	w.pending = append(w.pending, paths...)
	w.refreshBanner()
}

// sendPending sends the kept paths to the open conversation.
func (w *Window) sendPending() {
	paths := w.pending
	if w.chosen.IsZero() || len(paths) == 0 {
		return
	}
	w.dropPending()
	w.send(w.chosen, paths)
}

func (w *Window) dropPending() {
	w.pending = nil
	w.refreshBanner()
}

// pastePaths keeps pasted paths for sending if every one of them exists, and hands
// the text to the entry field otherwise.
func (w *Window) pastePaths(paths []string, insert func()) {
	found := false
	w.callThen(func(context.Context, app.Backend) error {
		found = exist(paths)
		return nil
	}, func(error) {
		if found {
			w.offerPaths(paths)
		} else {
			insert()
		}
	})
}
