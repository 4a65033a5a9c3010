package transfer

import (
	"cmp"
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
	wire := k.r.manifest.path(f.index)
	if old := s.earlier.files[wire]; old != nil && !old.used && path.Dir(old.local) == cmp.Or(dir, ".") {
		old.used = true
		handle, err := s.tree.OpenFile(filepath.FromSlash(old.local), os.O_RDWR, 0)
		if err == nil {
			if info, statErr := handle.Stat(); statErr == nil && info.Mode().IsRegular() && handle.Truncate(min(info.Size(), f.node.size)) == nil {
				return k.created(f, handle, wire, old.local)
			}
			handle.Close()
		}
		if !errors.Is(err, os.ErrNotExist) {
			s.tree.RemoveAll(filepath.FromSlash(old.local))
		}
		old.chunks, old.single = nil, nil
	}
	base := localName(f.node.name, runtime.GOOS == "windows")
	for n := range 1 << 16 {
		local := cleanJoin(dir, numbered(base, n, false))
		handle, err := s.tree.OpenFile(filepath.FromSlash(local), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			f.fresh = true
			return k.created(f, handle, wire, local)
		}
		if !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return os.ErrExist
}

func (k *keeper) created(f *incomingFile, handle *os.File, wire, local string) error {
	s := k.r.staging
	id, err := s.journal.file(wire, local, f.node.size)
	if err != nil {
		handle.Close()
		return err
	}
	if old := s.earlier.files[wire]; old != nil && old.local == local {
		for chunk, v := range old.all() { // the new record of the file begins a new list
			if int64(chunk) < chunks(f.node.size) {
				if err := s.journal.chunk(id, chunk, v); err != nil {
					handle.Close()
					return err
				}
			}
		}
	}
	k.named(f.index, f.node.name, wire, local)
	f.path, f.journal, f.f, f.created = local, id, handle, true
	return nil
}

// named remembers and reports a name in the staging tree that is not the one on the wire.
func (k *keeper) named(i uint32, name, wire, local string) {
	if base := path.Base(local); base != name {
		k.r.manifest.setLocal(i, base)
		k.r.report(Skipped{Path: wire, Reason: SkipRenamed, Detail: base})
	}
}

// folder makes sure that the folder of an entry exists and returns its local path; -1
// is the staging tree itself.
func (k *keeper) folder(i int32) (string, error) {
	if i < 0 {
		return "", nil
	}
	if k.r.marked(uint32(i), markFolder) {
		return k.r.manifest.localPath(uint32(i)), nil
	}
	k.dirs.Lock()
	defer k.dirs.Unlock()
	return k.folderLocked(i)
}

func (k *keeper) folderLocked(i int32) (string, error) {
	if i < 0 {
		return "", nil
	}
	m, s := k.r.manifest, k.r.staging
	if k.r.marked(uint32(i), markFolder) {
		return m.localPath(uint32(i)), nil
	}
	n, ok := m.node(uint32(i))
	if !ok {
		return "", m.err()
	}
	parent, err := k.folderLocked(n.parent)
	if err != nil {
		return "", err
	}
	wire := m.path(uint32(i))
	local, again := "", false
	if old := s.earlier.folders[wire]; old != nil && !old.used && path.Dir(old.local) == cmp.Or(parent, ".") {
		old.used = true
		info, err := s.tree.Lstat(filepath.FromSlash(old.local))
		local, again = old.local, err == nil && info.IsDir()
	}
	base := localName(n.name, runtime.GOOS == "windows")
	for try := 0; !again; try++ {
		local = cleanJoin(parent, numbered(base, try, true))
		err := s.tree.Mkdir(filepath.FromSlash(local), 0o777)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrExist) || try == 1<<16 {
			return "", err
		}
	}
	if !again {
		if err := s.journal.folder(wire, local); err != nil {
			return "", err
		}
	}
	k.named(uint32(i), n.name, wire, local)
	k.r.mark(uint32(i), markFolder)
	return local, nil
}

// pages goes through the manifest as it comes, until the transfer is over.
func (k *keeper) pages() {
	r := k.r
	for {
		r.mu.Lock()
		var added span
		have := len(r.pages) > 0
		if have {
			added = r.pages[0]
		}
		r.mu.Unlock()
		if have {
			err := k.page(added)
			if err != nil {
				r.fail(err)
				return
			}
			r.mu.Lock()
			r.pages = r.pages[1:]
			r.mu.Unlock()
			r.signal()
			continue
		}
		select {
		case <-r.ctx.Done():
			return
		case <-r.paged:
		}
	}
}

// page makes the folders and empty files of one manifest page, and tells the sender
// what there is of the others, from an earlier run or in files that are to be updated.
func (k *keeper) page(s span) error {
	r := k.r
	tell := teller{k: k}
	for i := s.first; i < s.end; i++ {
		if err := r.ctx.Err(); err != nil {
			return nil
		}
		n, ok := r.manifest.node(i)
		if !ok {
			return r.manifest.err()
		}
		if n.kind == kindFile {
			r.mu.Lock()
			r.regular++
			r.mu.Unlock()
		}
		if _, ok := r.wasPublished(i); ok {
			if n.kind == kindFile {
				r.settledOne(i, 0)
				tell.unwanted(i)
			}
			continue
		}
		var err error
		switch {
		case n.kind == kindFolder:
			if _, why := k.folder(int32(i)); why != nil {
				if err = k.hopeless(why); err == nil {
					r.report(Skipped{Path: r.manifest.path(i), Reason: SkipFailed, Detail: cause(why)})
				}
			}
		case n.kind == kindLink:
			k.link(i)
		default:
			err = k.regular(&tell, i, &n)
		}
		if err != nil {
			return classify(err)
		}
	}
	if r.tells {
		return tell.upto(frontier{entry: s.end})
	}
	return nil
}

// regular takes a file of the manifest: what is there of it is told, and an empty one is
// made at once.
func (k *keeper) regular(tell *teller, i uint32, n *node) error {
	r := k.r
	if r.tells {
		if err := k.claim(tell, i, n); err != nil {
			return err
		}
		if r.policy != KeepBoth {
			if err := k.compare(tell, i, n); err != nil {
				return err
			}
		}
	}
	if n.size > 0 {
		return nil
	}
	f := k.state(i)
	if f == nil {
		return nil
	}
	if ready, err := k.ready(f); err != nil || !ready {
		return err
	}
	f.mu.Lock()
	f.expected = &emptyDigest
	f.mu.Unlock()
	return k.settle(f)
}

// link notes a symbolic link, which is made when everything else is there, so that no
// file ever arrives through one.
func (k *keeper) link(i uint32) {
	r := k.r
	if !r.takesLinks {
		r.report(Skipped{Path: r.manifest.path(i), Reason: SkipLink})
		return
	}
	r.mu.Lock()
	r.linkEntries = append(r.linkEntries, i)
	r.mu.Unlock()
}
