package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"yonder/transfer"
)

// Send implements [Backend]. It looks at each path once, so that what is missing is
// named at once.
func (a *App) Send(ctx context.Context, req SendRequest) ([]ItemID, error) {
	names, folders, err := inspect(req.Paths)
	if err != nil {
		return nil, err
	}
	if len(req.To) == 0 {
		return nil, newProblem(CodeNotFound, "", "")
	}
	if badRate(req.Limit) {
		return nil, problemf(CodeBadSetting, FormatRate(req.Limit), "the limit is out of range: %v", errRate)
	}
	var batch wireID
	if len(req.To) > 1 {
		rand.Read(batch[:])
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ending {
		return nil, AsProblem(errClosing)
	}
	for _, id := range req.To {
		if a.people[id] == nil || id == a.me.ID {
			return nil, newProblem(CodeNotFound, id.String(), "")
		}
	}
	if req.Parent != "" {
		parent := a.lookup(req.Parent)
		if parent == nil || parent.Transfer == nil || !parent.Outgoing || len(req.To) != 1 || parent.Person != req.To[0] {
			return nil, noItem(req.Parent)
		}
	}
	var ids []ItemID
	for _, id := range req.To {
		a.know(a.people[id])
		if old := a.cut(id, &req); old != nil {
			old = old.clone()
			old.Retry, old.Limit, old.Window = max(0, req.Retry), req.Limit, a.opt.Window
			a.restart(old)
			ids = append(ids, old.ID)
			continue
		}
		item := NewItemID()
		rec := &record{
			Item: Item{
				ID: item, Person: id, Outgoing: true, At: time.Now(),
				Transfer: &Transfer{
					State: Waiting, Names: names[:min(len(names), 100)], Folders: folders[:min(len(names), 100)], NameCount: len(names),
					Policy: policyOr(req.Policy), Sources: slices.Clone(req.Paths), Left: -1, Parent: req.Parent,
				},
			},
			Remote: remoteOf(item), Batch: batch, Retry: max(0, req.Retry), Wish: req.Policy, Limit: req.Limit, Links: req.Links, Window: a.opt.Window,
		}
		rec.newWire()
		a.putItem(rec, true)
		a.begin(rec)
		ids = append(ids, item)
	}
	return ids, nil
}

// cut returns an earlier transfer of the same selection to the same person that the end
// of the program cut: sending it again goes on with it. The caller holds mu.
func (a *App) cut(person DeviceID, req *SendRequest) *record {
	if len(req.To) > 1 || req.Parent != "" {
		return nil
	}
	for _, rec := range a.store.open() {
		t := rec.Transfer
		if rec.Person == person && rec.Outgoing && rec.Cut && t != nil && t.State == Interrupted && a.runs[rec.ID] == nil &&
			slices.Equal(t.Sources, req.Paths) && rec.Wish == req.Policy && rec.Links == req.Links && t.Parent == "" {
			return rec
		}
	}
	return nil
}

// inspect checks that paths can be sent and returns what they are called.
func inspect(paths []string) (names []string, folders []bool, err error) {
	if len(paths) == 0 {
		return nil, nil, problemOf(transfer.ErrNothing, "")
	}
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			return nil, nil, newProblem(CodeNoPath, path, "not an absolute path")
		}
		info, err := os.Lstat(path)
		switch {
		case errors.Is(notFolder(err), fs.ErrNotExist):
			return nil, nil, newProblem(CodeNoPath, path, "")
		case err != nil:
			return nil, nil, newProblem(CodeUnreadable, path, cause(err))
		case info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe|fs.ModeSocket|fs.ModeIrregular) != 0:
			return nil, nil, newProblem(CodeSpecial, path, "")
		}
		if info.Mode().IsRegular() || info.IsDir() {
			f, err := os.Open(path)
			if err != nil {
				return nil, nil, newProblem(CodeUnreadable, path, cause(err))
			}
			f.Close()
		}
		names, folders = append(names, cleanPath(filepath.Base(path))), append(folders, info.IsDir())
	}
	return names, folders, nil
}

func policyOr(p Policy) Policy {
	if p == "" {
		return KeepBoth
	}
	return p
}

var policies = map[Policy]transfer.Policy{KeepBoth: transfer.KeepBoth, Update: transfer.Update, SkipExisting: transfer.SkipExisting}

// remoteOf returns the id on the wire of one of our own items.
func remoteOf(id ItemID) (w wireID) {
	hex.Decode(w[:], []byte(id)) // ours are always 32 digits
	return w
}
