package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// outcomes takes what the sender says about files that it has read to the end. It runs
// in the session's reader; what it means for the disk is the lanes' work.
func (k *keeper) outcomes(m *files) error {
	k.outcome.Lock()
	defer k.outcome.Unlock()
	if k.finished {
		return nil
	}
	for _, row := range m.Done {
		f, err := k.known(row.Entry)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		f.mu.Lock()
		f.expected = &row.Digest
		f.mu.Unlock()
		k.later(row.Entry, func() error { return k.settle(f) })
	}
	for _, row := range m.Failed {
		f, err := k.known(row.Entry)
		if err != nil {
			return err
		}
		if f != nil {
			skip := Skipped{Path: k.r.manifest.path(row.Entry), Reason: row.Reason, Detail: row.Detail}
			k.later(row.Entry, func() error { k.drop(f, skip); return nil })
		}
	}
	return nil
}

// later has a lane do something for an entry.
func (k *keeper) later(entry uint32, do func() error) {
	k.r.lanes[entry%uint32(len(k.r.lanes))].put(task{run: func(*lane) error { return do() }, drop: func() {}})
}

// known returns the state of a file that the sender names; nil when it is settled.
func (k *keeper) known(i uint32) (*incomingFile, error) {
	if n, ok := k.r.manifest.node(i); !ok || n.kind != kindFile {
		return nil, fmt.Errorf("%w: outcome of entry %d, which is no file", ErrProtocol, i)
	}
	return k.state(i), nil
}

// settle finishes a file once there is nothing missing and the sender has said its
// digest. A file whose chunks do not add up to it is not published.
func (k *keeper) settle(f *incomingFile) error {
	f.mu.Lock()
	if f.over || f.left > 0 || f.pending > 0 || f.expected == nil || f.filling {
		f.mu.Unlock()
		return nil
	}
	if digest(f.values) != *f.expected {
		f.mu.Unlock()
		k.drop(f, Skipped{Path: k.r.manifest.path(f.index), Reason: SkipChanged, Detail: "content does not match its digest"})
		return nil
	}
	if k.unchanged(f) { // the file that is there is the result
		f.over = true
		k.discardLocked(f)
		f.mu.Unlock()
		k.r.complete.Add(1)
		k.r.settledOne(f.index, 0)
		return nil
	}
	if f.borrowed > 0 {
		f.filling = true
		f.mu.Unlock()
		k.look(f)
		return nil
	}
	err := k.seal(f)
	if err != nil {
		err = k.giveUpLocked(f, err)
		f.mu.Unlock()
		return err
	}
	f.over = true
	if f.refs == 0 && f.f != nil {
		err = f.f.Close()
		f.f = nil
	}
	if f.old != nil {
		k.r.replaces(f.old)
	}
	f.mu.Unlock()
	k.r.complete.Add(1)
	k.r.settledOne(f.index, markStaged)
	return err
}

// seal gives a complete file its size, mode and modification time. f.mu is held.
func (k *keeper) seal(f *incomingFile) error {
	if !f.created {
		if err := k.create(f); err != nil {
			return err
		}
	}
	rel := filepath.FromSlash(f.path)
	if f.f == nil {
		handle, err := k.r.staging.tree.OpenFile(rel, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		f.f = handle
	}
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.node.size {
		if err := f.f.Truncate(f.node.size); err != nil {
			return err
		}
	}
	if err := setMode(f.f, f.node.exec); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	quarantine(f.f)
	mtime := f.node.mtime()
	return k.r.staging.tree.Chtimes(rel, mtime, mtime)
}

// replaces notes which file of the destination a complete one is to replace.
func (r *receiver) replaces(old *existingOne) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replacing == nil {
		r.replacing = map[string]identity{}
	}
	r.replacing[old.path] = old.look
}

// settledOne counts a file that nothing more is to be done for, and adds marks to it.
func (r *receiver) settledOne(i uint32, marks uint8) {
	r.mu.Lock()
	r.marks[i] |= markOver | marks
	delete(r.files, i)
	r.settled++
	r.mu.Unlock()
	r.signal()
}

// giveUp fails one file because of our own disk. What concerns the whole destination
// ends the transfer instead.
func (k *keeper) giveUp(f *incomingFile, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return k.giveUpLocked(f, err)
}

func (k *keeper) giveUpLocked(f *incomingFile, err error) error {
	if err := k.hopeless(err); err != nil {
		return err
	}
	k.dropLocked(f, Skipped{Path: k.r.manifest.path(f.index), Reason: SkipFailed, Detail: cause(err)})
	return nil
}

// drop takes a file out of the transfer.
func (k *keeper) drop(f *incomingFile, row Skipped) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k.dropLocked(f, row)
}

func (k *keeper) dropLocked(f *incomingFile, row Skipped) {
	if f.over {
		return
	}
	f.over = true
	k.discardLocked(f)
	k.r.report(row)
	k.r.settledOne(f.index, markGone)
}

// discardLocked has what was staged of a file removed before the rest is published. f.mu
// is held.
func (k *keeper) discardLocked(f *incomingFile) {
	if f.refs == 0 && f.f != nil {
		f.f.Close()
		f.f = nil
	}
	if f.created {
		k.r.mu.Lock()
		k.r.discard = append(k.r.discard, f.path)
		k.r.mu.Unlock()
	}
}

// closeAll closes what is open when nothing more is written. What the sender still says
// about files is not looked at any more.
func (k *keeper) closeAll() {
	k.outcome.Lock()
	k.finished = true
	k.outcome.Unlock()
	k.r.mu.Lock()
	defer k.r.mu.Unlock()
	for _, f := range k.r.files {
		f.mu.Lock()
		if f.f != nil {
			f.f.Close()
			f.f = nil
		}
		f.mu.Unlock()
	}
}
