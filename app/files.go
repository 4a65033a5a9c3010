package app

import (
	"context"

	"yonder/transfer"
)

// MaxFiles is how many files [Backend.Files] lists at once.
const MaxFiles = 1000

var fileStates = map[transfer.FileState]FileState{
	transfer.FileWaiting: FileWaiting, transfer.FileComplete: FileComplete, transfer.FileLeftOut: FileLeftOut,
}

// Files implements [Backend].
func (a *App) Files(ctx context.Context, item ItemID, from uint32, limit int) ([]File, error) {
	engine, err := a.engine(item)
	if engine == nil {
		return []File{}, err
	}
	files := engine.Files(from, min(max(limit, 1), MaxFiles))
	list := make([]File, 0, len(files))
	for _, f := range files {
		list = append(list, File{Entry: f.Entry, Path: cleanPath(f.Path), Size: f.Size, State: fileStates[f.State]})
	}
	return list, nil
}

// LeaveOut implements [Backend].
func (a *App) LeaveOut(ctx context.Context, item ItemID, entry uint32) error {
	engine, err := a.engine(item)
	if engine != nil {
		engine.LeaveOut(entry)
	}
	return err
}

// engine returns what moves a transfer now, nil if nothing does.
func (a *App) engine(item ItemID) (moving, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rec := a.lookup(item)
	if rec == nil || rec.Transfer == nil {
		return nil, noItem(item)
	}
	if r := a.runs[item]; r != nil && r.progress != nil {
		return r.engine, nil
	}
	return nil, nil
}
