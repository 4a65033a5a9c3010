package transfer

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime"
)

// create makes the file in the staging tree under its own name, or a numbered one
// where the file system takes two names of the manifest for the same. f.mu is held.
func (k *keeper) create(f *incomingFile) error {
	s := k.r.staging
	dir, err := k.folder(f.node.parent)
	if err != nil {
		return err
	}
	base := localName(f.node.name, runtime.GOOS == "windows")
	wire := k.r.manifest.path(f.index)
	if old := s.earlier[wire]; old != nil && path.Dir(old.local) == cmp.Or(dir, ".") && k.take(old.local) {
		handle, err := s.tree.OpenFile(filepath.FromSlash(old.local), os.O_RDWR, 0)
		if err == nil {
			if info, statErr := handle.Stat(); statErr == nil && info.Mode().IsRegular() && handle.Truncate(min(info.Size(), f.node.size)) == nil {
				return k.created(f, handle, old.local)
			}
			handle.Close()
		}
		if !errors.Is(err, os.ErrNotExist) {
			s.tree.RemoveAll(filepath.FromSlash(old.local))
		}
	}
	for n := 0; n < 1<<16; n++ {
		local := cleanJoin(dir, numbered(base, n, false))
		handle, err := s.tree.OpenFile(filepath.FromSlash(local), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			k.take(local)
			return k.created(f, handle, local)
		}
		if !errors.Is(err, os.ErrExist) {
			return err
		}
		if k.stale(local) {
			n--
		}
	}
	return os.ErrExist
}

// take marks a local path as used in this run; false when it was already.
func (k *keeper) take(local string) bool {
	k.dirs.Lock()
	defer k.dirs.Unlock()
	if k.taken[local] {
		return false
	}
	k.taken[local] = true
	return true
}

// stale removes what an earlier run left under a name that this run needs for
// something else, and reports whether it did.
func (k *keeper) stale(local string) bool {
	s := k.r.staging
	if s.earlier == nil {
		return false
	}
	k.dirs.Lock()
	used := k.taken[local]
	k.dirs.Unlock()
	if used {
		return false
	}
	for _, old := range s.earlier {
		if old.local == local { // it may still be claimed by its own entry
			return false
		}
	}
	return s.tree.RemoveAll(filepath.FromSlash(local)) == nil
}

func (k *keeper) created(f *incomingFile, handle *os.File, local string) error {
	s := k.r.staging
	wire := k.r.manifest.path(f.index)
	id, err := s.journal.file(wire, local, f.node.size)
	if err != nil {
		handle.Close()
		return err
	}
	if old := s.earlier[wire]; old != nil && old.local == local {
		for chunk, v := range old.chunks { // the new record of the file begins a new list
			if int64(chunk) < chunks(f.node.size) {
				if err := s.journal.chunk(id, chunk, v); err != nil {
					handle.Close()
					return err
				}
			}
		}
	}
	if base := path.Base(local); base != f.node.name {
		k.r.manifest.setLocal(f.index, base)
		k.r.report(Skipped{Path: wire, Reason: SkipRenamed, Detail: base})
	}
	f.path, f.journal, f.f, f.created = local, id, handle, true
	return nil
}

// folder makes sure that the folder of an entry exists and returns its local path; -1
// is the staging tree itself.
func (k *keeper) folder(i int32) (string, error) {
	k.dirs.Lock()
	defer k.dirs.Unlock()
	return k.folderLocked(i)
}

func (k *keeper) folderLocked(i int32) (string, error) {
	if i < 0 {
		return "", nil
	}
	m := k.r.manifest
	if k.folders[i] {
		return m.localPath(uint32(i)), nil
	}
	n, _ := m.node(uint32(i))
	parent, err := k.folderLocked(n.parent)
	if err != nil {
		return "", err
	}
	base := localName(n.name, runtime.GOOS == "windows")
	for try := 0; try < 1<<16; try++ {
		name := numbered(base, try, true)
		local := cleanJoin(parent, name)
		err := k.r.staging.tree.Mkdir(filepath.FromSlash(local), 0o777)
		if errors.Is(err, os.ErrExist) && !k.taken[local] && k.r.staging.earlier != nil {
			if info, statErr := k.r.staging.tree.Lstat(filepath.FromSlash(local)); statErr == nil && info.IsDir() && !k.takenFold(local) {
				err = nil // an earlier run made it
			}
		}
		if err == nil {
			k.taken[local] = true
			if name != n.name {
				m.setLocal(uint32(i), name)
				k.r.report(Skipped{Path: m.path(uint32(i)), Reason: SkipRenamed, Detail: name})
			}
			k.folders[i] = true
			return local, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return "", err
		}
	}
	return "", os.ErrExist
}

// takenFold reports whether this run already uses the same folder under another
// spelling, on a file system that does not tell them apart. dirs is held.
func (k *keeper) takenFold(local string) bool {
	tree := k.r.staging.tree
	info, err := tree.Lstat(filepath.FromSlash(local))
	if err != nil {
		return false
	}
	dir := path.Dir(local)
	for used := range k.taken {
		if path.Dir(used) == dir && used != local {
			if other, err := tree.Lstat(filepath.FromSlash(used)); err == nil && os.SameFile(info, other) {
				return true
			}
		}
	}
	return false
}

// page makes the folders and empty files of one manifest page, and tells the sender
// what an earlier run left of the others.
func (k *keeper) page(s span) error {
	r := k.r
	resume := len(r.staging.earlier) > 0
	for i := s.first; i < s.end; i++ {
		if err := context.Cause(r.ctx); err != nil {
			return err
		}
		n, _ := r.manifest.node(i)
		if _, ok := r.wasPublished(i); ok {
			continue
		}
		if n.kind == kindFolder {
			if _, err := k.folder(int32(i)); err != nil {
				if fatal(err) {
					return classify(err)
				}
				r.report(Skipped{Path: r.manifest.path(i), Reason: SkipFailed, Detail: cause(err)})
			}
			continue
		}
		r.mu.Lock()
		r.regular++
		r.mu.Unlock()
		if n.size == 0 {
			f, err := k.file(i)
			if err != nil {
				return err
			}
			if f != nil {
				f.mu.Lock()
				f.expected = &emptyDigest
				f.mu.Unlock()
				if err := k.settle(f); err != nil {
					return err
				}
			}
			continue
		}
		if resume {
			if err := k.claim(i, n); err != nil {
				return err
			}
		}
	}
	if resume {
		return r.session.out.send(frameHave, r.stream, &have{Upto: uint64(s.end), Claims: []claim{}})
	}
	return nil
}
