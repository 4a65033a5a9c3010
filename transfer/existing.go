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
		v, err := r.session.node.readValue(handle, content, int64(chunk), f.node.size <= chunkSize)
		if err != nil {
			return nil // shorter than it was, or unreadable: what is not claimed comes
		}
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

// fill takes the existing chunks of a file that changes over into its new version, once
// the sender has said everything about it. Each is hashed on the way: what is not what it
// was any more comes over the wire.
func (k *keeper) fill(f *incomingFile) error {
	f.mu.Lock()
	todo, old := !f.over && f.filling, f.old
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
	for chunk := range f.node.chunkCount() {
		if k.isStopped() {
			return nil
		}
		if !f.in(int(chunk), existing) {
			continue
		}
		content := buf[:chunkLen(f.node.size, int64(chunk))]
		if same && k.reads(f, from, chunk, content) {
			err = k.takeOver(f, from, chunk, content)
		} else {
			err = k.lost(f, chunk)
		}
		if err != nil {
			return err
		}
	}
	// What shares its blocks with the old file was hashed before it was shared. Had that
	// file been written to in between, it would be looked at again.
	if now, err := identify(from); same && (err != nil || now != old.look) {
		k.doubt(f)
		err = k.recheckFile(f)
		if err != nil {
			return err
		}
	}
	f.mu.Lock()
	f.filling = false
	f.mu.Unlock()
	return nil
}

// reads reports whether the existing file still has the chunk that was told of, and
// reads it into content.
func (k *keeper) reads(f *incomingFile, from *os.File, chunk uint32, content []byte) bool {
	v, err := k.r.session.node.readValue(from, content, int64(chunk), f.node.size <= chunkSize)
	f.mu.Lock()
	defer f.mu.Unlock()
	return err == nil && v == f.values[chunk]
}

// takeOver puts an existing chunk into the new file: by sharing its blocks, or by copying.
func (k *keeper) takeOver(f *incomingFile, from *os.File, chunk uint32, content []byte) error {
	f.mu.Lock()
	v := f.values[chunk]
	f.mu.Unlock()
	length := int64(len(content))
	err := k.put(f, chunk, length, v, func(to *os.File) error {
		at := int64(chunk) * chunkSize
		if shareBlocks(to, from, at, length) == nil {
			return nil
		}
		return writeAt(to, content, at, false)
	})
	if err != nil {
		return k.giveUp(f, err)
	}
	k.r.resumed.Add(length) // put takes it for one that came
	return nil
}

// lost asks for an existing chunk that is not what it was.
func (k *keeper) lost(f *incomingFile, chunk uint32) error {
	f.mu.Lock()
	if f.over || f.states[chunk] != existing {
		f.mu.Unlock()
		return nil
	}
	f.states[chunk] = missing
	f.borrowed--
	f.left++
	f.mu.Unlock()
	length := int64(chunkLen(f.node.size, int64(chunk)))
	k.r.stored.Add(-length)
	k.r.resumed.Add(-length)
	return k.ask(f, chunk)
}

// doubt has everything in the new file hashed again.
func (k *keeper) doubt(f *incomingFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for chunk := range f.states {
		if !f.over && f.states[chunk] == verified {
			f.states[chunk] = claimed
			f.left++
			k.r.resumed.Add(int64(chunkLen(f.node.size, int64(chunk)))) // taken off again where it is wrong
		}
	}
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
