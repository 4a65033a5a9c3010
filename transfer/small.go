package transfer

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// storePack writes the files of a pack, each at once and whole.
func (k *keeper) storePack(l *lane, a *assembly) error {
	r := k.r
	defer r.replenish(a.cost)
	raw, put, err := a.content()
	if err != nil {
		return err
	}
	defer put()
	// One write to the journal for all of them: what is not in it comes again.
	var journal records
	var stored []uint32
	err = unpack(raw, k.packedSize, func(i uint32, v value, content []byte) error {
		n, _ := r.manifest.node(i)
		if got := r.session.node.valueOf(content, 0, true); got != v {
			f := k.state(i)
			if f == nil {
				return nil
			}
			return k.damaged(f, 0)
		}
		if k.takeFresh(i) {
			local, err := k.storeSmall(l, i, &n, content)
			if err == nil {
				wire := r.manifest.path(i)
				k.named(i, n.name, wire, local)
				journal.small(wire, local, n.size, v)
				stored = append(stored, i)
				return nil
			}
			if err := k.hopeless(err); err != nil {
				return err
			}
			r.report(Skipped{Path: r.manifest.path(i), Reason: SkipFailed, Detail: cause(err)})
			r.settledOne(i, markGone)
			return nil
		}
		f := k.state(i)
		if f == nil {
			return nil
		}
		return k.storeWhole(f, content, v)
	})
	if e := r.staging.journal.write(&journal); e != nil {
		err = cmpError(err, classify(e))
	}
	for _, i := range stored {
		n, _ := r.manifest.node(i)
		r.stored.Add(n.size)
		r.complete.Add(1)
		r.noteStored(i, 0)
		r.settledOne(i, markStaged)
	}
	return err
}

// packedSize tells which entries may be in a pack, and their length.
func (k *keeper) packedSize(i uint32) (int, bool) {
	n, ok := k.r.manifest.node(i)
	return int(n.size), ok && n.kind == kindFile && n.size > 0 && n.size <= maxPacked
}

// takeFresh settles a file of which nothing is known yet, neither from an earlier run nor
// from this one, before it is written. It returns false for any other.
func (k *keeper) takeFresh(i uint32) bool {
	r := k.r
	if len(r.staging.earlier.files) > 0 && r.staging.earlier.files[r.manifest.path(i)] != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.files[i] != nil || r.marks[i]&markOver != 0 {
		return false
	}
	r.marks[i] |= markOver
	return true
}

// storeSmall makes a whole file in the staging tree and returns its local path.
func (k *keeper) storeSmall(l *lane, i uint32, n *node, content []byte) (string, error) {
	tree := k.r.staging.tree
	dir, err := k.folder(n.parent)
	if err != nil {
		return "", err
	}
	if l.dir == nil || l.folder != n.parent {
		l.forget()
		name := "."
		if dir != "" {
			name = filepath.FromSlash(dir)
		}
		if l.dir, err = tree.Open(name); err != nil {
			l.dir = nil
			return "", err
		}
		l.folder = n.parent
	}
	base := localName(n.name, runtime.GOOS == "windows")
	for try := range 1 << 16 {
		name := numbered(base, try, false)
		err := createWhole(tree, l.dir, dir, name, content, n.exec, n.mtime())
		if err == nil {
			return cleanJoin(dir, name), nil
		}
		if !errors.Is(err, os.ErrExist) {
			return "", err
		}
	}
	return "", os.ErrExist
}

// storeWhole gives a file of one chunk that something was known of its content, and
// settles it.
func (k *keeper) storeWhole(f *incomingFile, content []byte, v value) error {
	ready, err := k.ready(f)
	if err != nil || !ready {
		return err
	}
	if err := k.write(f, 0, content, v); err != nil {
		return k.giveUp(f, err)
	}
	k.r.noteStored(f.index, 0)
	f.mu.Lock()
	f.expected = &v
	f.mu.Unlock()
	return k.settle(f)
}
