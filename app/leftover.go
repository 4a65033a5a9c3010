package app

import (
	"context"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"yonder/transfer"
)

const (
	keepPartial = 7 * 24 * time.Hour // since its sender was here last
	tidyEvery   = 24 * time.Hour
	maxCounted  = 100_000 // files of a partial that are looked at
)

// partialID names a partial to front ends.
func partialID(p transfer.Partial) string {
	return hex.EncodeToString(join(p.Peer[:], p.Key[:]))
}

// Partials implements [Backend].
func (a *App) Partials(ctx context.Context) ([]Partial, error) {
	a.mu.Lock()
	left := a.leftovers()
	list := make([]Partial, 0, len(left))
	for _, p := range left {
		names := make([]string, len(p.Names))
		for i, name := range p.Names {
			names[i] = cleanPath(name)
		}
		list = append(list, Partial{
			ID: partialID(p), Person: DeviceID(p.Peer), From: a.nameOf(DeviceID(p.Peer)),
			Names: names, NameCount: int(p.Count), Folder: p.Folder, At: p.Created,
		})
	}
	a.mu.Unlock()
	for i, p := range left { // on a disk that may be slow
		list[i].Bytes = bytesBelow(ctx, filepath.Join(p.Staging, "tree"))
	}
	return list, ctx.Err()
}

// leftovers returns the partials that nobody works on, oldest first. The caller holds mu.
func (a *App) leftovers() []transfer.Partial {
	left := slices.DeleteFunc(a.store.partials(), a.working)
	slices.SortFunc(left, func(x, y transfer.Partial) int { return x.Created.Compare(y.Created) })
	return left
}

// working reports whether a transfer runs that may be the one of p: rather once too
// often. The caller holds mu.
func (a *App) working(p transfer.Partial) bool {
	for _, r := range a.runs {
		if r.in != nil && r.rec.Person == DeviceID(p.Peer) && (continues(p, r.rec.Transfer) || r.rec.Transfer.Folder == "") {
			return true
		}
	}
	return false
}

// bytesBelow adds up what the files below dir take, up to maxCounted of them.
func bytesBelow(ctx context.Context, dir string) (sum int64) {
	count := 0
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if count++; ctx.Err() != nil || count > maxCounted {
			return fs.SkipAll
		}
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			sum += min(info.Size(), allocated(info))
		}
		return nil
	})
	return sum
}

// RemovePartials implements [Backend].
func (a *App) RemovePartials(ctx context.Context, ids []string) error {
	a.mu.Lock()
	var gone []transfer.Partial
	for _, p := range a.leftovers() {
		if slices.Contains(ids, partialID(p)) {
			a.forgetPartial(p, newProblem(CodeCancelled, "", ""))
			gone = append(gone, p)
		}
	}
	a.mu.Unlock()
	return a.removeFiles(gone)
}

// forgetPartial removes what is remembered of p, and says why in its conversation.
// The caller holds mu and removes the files.
func (a *App) forgetPartial(p transfer.Partial, why *Problem) {
	a.saved(a.store.RemovePartial(p.Peer, p.Key))
	for _, rec := range a.store.open() {
		t := rec.Transfer
		if rec.Person == DeviceID(p.Peer) && !rec.Outgoing && t.State == Interrupted && a.runs[rec.ID] == nil && continues(p, t) {
			rec = rec.clone()
			rec.Transfer.State, rec.Transfer.Problem = Cancelled, why
			unpause(rec.Transfer)
			a.putItem(rec, false)
			if why.Code == CodeCancelled {
				a.tellCancelled(rec)
			}
			return
		}
	}
}

// removeFiles deletes what had arrived of partials, and returns the first failure.
func (a *App) removeFiles(partials []transfer.Partial) (first error) {
	for _, p := range partials {
		if err := p.Remove(); err != nil {
			a.log.Warn("remove partial", "staging", filepath.Base(p.Staging), "err", err)
			if first == nil {
				first = newProblem(CodeReadOnly, p.Staging, cause(err))
			}
		}
	}
	return first
}

// tidy removes what an earlier run had no time for, and old partials now and once a day.
func (a *App) tidy() {
	for _, f := range a.store.leftovers() {
		if err := f.Remove(); err != nil {
			a.log.Warn("remove staging folder", "staging", filepath.Base(f.Staging), "err", err)
		}
	}
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	for {
		a.removeOld(time.Now())
		select {
		case <-ticker.C:
		case <-a.ctx.Done():
			return
		}
	}
}

// removeOld removes the partials whose sender was not here for keepPartial. Those on a
// disk that is not attached stay until it is.
func (a *App) removeOld(now time.Time) {
	a.mu.Lock()
	old := slices.DeleteFunc(a.leftovers(), func(p transfer.Partial) bool { return now.Sub(p.Created) < keepPartial })
	a.mu.Unlock()
	old = slices.DeleteFunc(old, func(p transfer.Partial) bool {
		_, err := os.Stat(p.Folder)
		return err != nil
	})
	a.mu.Lock()
	old = slices.DeleteFunc(old, func(p transfer.Partial) bool {
		now, ok := a.store.FindPartial(p.Peer, p.Key)
		return !ok || !now.Created.Equal(p.Created) || a.working(p) // it came to life meanwhile
	})
	for _, p := range old {
		a.forgetPartial(p, newProblem(CodeExpired, a.nameOf(DeviceID(p.Peer)), ""))
	}
	a.mu.Unlock()
	a.removeFiles(old)
}
