package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// existingOne is a file of the destination that is to be updated: chunks that the new
// version has at the same place are taken from it. It is never written to.
type existingOne struct {
	path string   // local, below the destination
	look identity // as it was when it was hashed
}

// errNotThere: there is no regular file to compare with.
var errNotThere = errors.New("no file to compare with")

// compare looks for an existing file of the entry's name. Where what exists is to stay,
// the file is not wanted; where it is to be updated, the values of its chunks are told.
// Its content decides, never its time or size.
func (k *keeper) compare(tell *teller, i uint32, n *node) error {
	r := k.r
	name := k.existingName(i, n)
	info, err := r.staging.dest.Lstat(filepath.FromSlash(name))
	if err != nil || !info.Mode().IsRegular() {
		return nil // publish sees to it
	}
	if r.policy == SkipExisting {
		f := k.state(i)
		if f == nil {
			return nil
		}
		k.drop(f, Skipped{Path: r.manifest.path(i), Reason: SkipExists})
		tell.unwanted(i)
		return nil
	}
	handle, look, err := k.openExisting(name)
	if err != nil {
		return nil
	}
	defer handle.Close()
	f := k.state(i)
	if f == nil {
		return nil
	}
	f.mu.Lock()
	f.old = &existingOne{path: name, look: look}
	f.mu.Unlock()
	return k.hashExisting(tell, f, handle, look.size)
}

// existingName returns the path below the destination that a file would get.
func (k *keeper) existingName(i uint32, n *node) string {
	name := localName(n.name, runtime.GOOS == "windows")
	if n.parent < 0 {
		return name
	}
	return k.r.manifest.localPath(uint32(n.parent)) + "/" + name
}

func (k *keeper) openExisting(name string) (*os.File, identity, error) {
	handle, err := k.r.staging.dest.OpenFile(filepath.FromSlash(name), readFlags, 0)
	if err != nil {
		return nil, identity{}, err
	}
	info, err := handle.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotThere
	}
	var look identity
	if err == nil {
		look, err = identify(handle)
	}
	if err != nil {
		handle.Close()
		return nil, identity{}, err
	}
	return handle, look, nil
}

// hashExisting tells the values of the chunks that an existing file of size bytes shares
// with the new one as far as their places go.
func (k *keeper) hashExisting(tell *teller, f *incomingFile, handle *os.File, size int64) error {
	r := k.r
	buf, put := rawBuffer(chunkSize)
	defer put()
	for chunk := range min(f.node.chunkCount(), uint32(min(chunks(size), 1<<32-1))) {
		if r.ctx.Err() != nil {
			return nil
		}
		length := chunkLen(f.node.size, int64(chunk))
		if chunkLen(size, int64(chunk)) != length || !f.in(int(chunk), missing) {
			continue
		}
		content := buf[:length]
		if n, _ := handle.ReadAt(content, int64(chunk)*chunkSize); n < length {
			return nil // shorter than it was, or unreadable: what is not claimed comes
		}
		v := r.session.node.compute(func() value { return chunkValue(content, int64(chunk), f.node.size <= chunkSize) })
		f.mu.Lock()
		told := !f.over && f.states[chunk] == missing
		if told {
			f.states[chunk], f.values[chunk] = existing, v
			f.left--
			f.borrowed++
		}
		f.mu.Unlock()
		if !told {
			continue
		}
		r.resumed.Add(int64(length))
		r.stored.Add(int64(length))
		if err := tell.chunk(f.index, chunk, v); err != nil {
			return err
		}
		if chunk%64 == 63 { // the sender looks at these meanwhile
			if err := tell.upto(frontier{f.index, chunk + 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill copies the existing chunks of a file that changes into its new version, once the
// sender has said everything about it. Each is hashed on the way: what is not what it
// was any more comes over the wire.
func (k *keeper) fill(f *incomingFile) error {
	f.mu.Lock()
	todo := !f.over && f.filling
	old := f.old
	f.mu.Unlock()
	if !todo {
		return nil
	}
	if ready, err := k.ready(f); err != nil || !ready {
		return err
	}
	from, look, err := k.openExisting(old.path)
	if err == nil {
		defer from.Close()
	}
	same := err == nil && look == old.look
	buf, put := rawBuffer(chunkSize)
	defer put()
	for chunk := range int(f.node.chunkCount()) {
		if k.isStopped() || !f.in(chunk, existing) {
			continue
		}
		content := buf[:chunkLen(f.node.size, int64(chunk))]
		ok := same
		if ok {
			n, _ := from.ReadAt(content, int64(chunk)*chunkSize)
			ok = n == len(content)
		}
		var v value
		if ok {
			v = k.r.session.node.compute(func() value { return chunkValue(content, int64(chunk), f.node.size <= chunkSize) })
			f.mu.Lock()
			ok = v == f.values[chunk]
			f.mu.Unlock()
		}
		if ok {
			if err := k.write(f, uint32(chunk), content, v); err != nil {
				return k.giveUp(f, err)
			}
			k.r.resumed.Add(int64(len(content))) // write takes it for one that came
			continue
		}
		f.mu.Lock()
		again := !f.over && f.states[chunk] == existing
		if again {
			f.states[chunk] = missing
			f.borrowed--
			f.left++
			k.r.stored.Add(-int64(len(content)))
			k.r.resumed.Add(-int64(len(content)))
		}
		f.mu.Unlock()
		if again {
			if err := k.ask(f, uint32(chunk)); err != nil {
				return err
			}
		}
	}
	f.mu.Lock()
	f.filling = false
	f.mu.Unlock()
	return nil
}

// unchanged reports whether the existing file of a complete update is the same byte for
// byte and still the one that was hashed. f.mu is held.
func (k *keeper) unchanged(f *incomingFile) bool {
	if f.old == nil || f.old.look.size != f.node.size || f.borrowed != len(f.states) {
		return false
	}
	handle, look, err := k.openExisting(f.old.path)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return false
	}
	handle.Close()
	return look == f.old.look
}
