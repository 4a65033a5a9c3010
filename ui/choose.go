package ui

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"github.com/ncruces/zenity"
	"github.com/rymdport/portal/filechooser"

	"yonder/app"
)

// PickRequest says what a file dialog asks for.
type PickRequest struct {
	Title  string
	Folder bool   // one folder instead of any number of files
	Start  string // absolute folder to begin in; may be empty
}

// errNoDialog is returned by nativePick when the system has no dialog to offer.
var errNoDialog = errors.New("no file dialog")

// pick asks for files or a folder and calls then with at least one absolute path,
// on Fyne's goroutine; not at all when the user changes their mind. The dialogs
// of the system come first and Fyne's own last.
func (w *Window) pick(req PickRequest, then func([]string)) {
	pick := w.o.Pick
	if pick == nil {
		pick = func(ctx context.Context, req PickRequest) ([]string, error) { return nativePick(ctx, req, w.o.System) }
	}
	var paths []string
	w.callThen(func(ctx context.Context, _ app.Backend) (err error) {
		paths, err = pick(ctx, req)
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, errNoDialog):
			w.pickHere(req, then)
		case err != nil:
			w.showProblem(app.AsProblem(err))
		case len(paths) > 0:
			then(paths)
		}
	})
}

// nativePick tries the desktop portal and then zenity, which on Windows and macOS
// are the system's own dialogs. No choice is no paths and no error.
func nativePick(ctx context.Context, req PickRequest, system string) ([]string, error) {
	if system == "linux" && os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		uris, err := filechooser.OpenFile("", req.Title, &filechooser.OpenFileOptions{
			Multiple: !req.Folder, Directory: req.Folder, CurrentFolder: req.Start,
		})
		if err == nil {
			return localPaths(uris), nil
		}
	}
	options := []zenity.Option{zenity.Context(ctx), zenity.Title(req.Title)}
	if req.Start != "" {
		options = append(options, zenity.Filename(req.Start+string(filepath.Separator)))
	}
	var paths []string
	var err error
	if req.Folder {
		var path string
		path, err = zenity.SelectFile(append(options, zenity.Directory())...)
		paths = []string{path}
	} else {
		paths, err = zenity.SelectFileMultiple(options...)
	}
	switch {
	case errors.Is(err, zenity.ErrCanceled):
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, errNoDialog
	}
	return paths, nil
}

// localPaths turns file:// addresses into paths and leaves out what is not local.
func localPaths(uris []string) []string {
	var paths []string
	for _, uri := range uris {
		if u, err := url.Parse(uri); err == nil && u.Scheme == "file" && filepath.IsAbs(u.Path) {
			paths = append(paths, u.Path)
		}
	}
	return paths
}

// pickHere shows Fyne's dialog, which knows one file or one folder at a time.
func (w *Window) pickHere(req PickRequest, then func([]string)) {
	var d interface {
		SetLocation(fyne.ListableURI)
		SetTitleText(string)
		Resize(fyne.Size)
		Show()
	}
	if req.Folder {
		d = dialog.NewFolderOpen(func(u fyne.ListableURI, err error) {
			if err == nil && u != nil {
				then([]string{filepath.FromSlash(u.Path())})
			}
		}, w.win)
	} else {
		d = dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
			if err == nil && f != nil {
				path := filepath.FromSlash(f.URI().Path())
				f.Close()
				then([]string{path})
			}
		}, w.win)
	}
	if start, err := storage.ListerForURI(storage.NewFileURI(req.Start)); err == nil && req.Start != "" {
		d.SetLocation(start)
	}
	d.SetTitleText(req.Title)
	d.Resize(fyne.NewSize(leastWidth-40, leastHeight-40))
	d.Show()
}
