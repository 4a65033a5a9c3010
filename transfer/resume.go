package transfer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// claim tells the sender which chunks of a file an earlier run left, and has them
// hashed again behind. What the journal says is believed for the order of work only.
func (k *keeper) claim(tell *teller, i uint32, n *node) error {
	r := k.r
	if len(r.staging.earlier.files) == 0 {
		return nil
	}
	old := r.staging.earlier.files[r.manifest.path(i)]
	if old == nil || n.size == 0 {
		return nil
	}
	f := k.state(i)
	if f == nil {
		return nil
	}
	if ready, err := k.ready(f); err != nil || !ready {
		return err
	}
	if f.path != old.local {
		return nil
	}
	var list []uint32
	for chunk := range old.all() {
		if chunk < n.chunkCount() && chunkLen(old.size, int64(chunk)) == chunkLen(n.size, int64(chunk)) && (chunks(old.size) == 1) == (chunks(n.size) == 1) {
			list = append(list, chunk)
		}
	}
	slices.Sort(list)
	for _, chunk := range list {
		v, _ := old.get(chunk)
		f.mu.Lock()
		told := !f.over && f.states[chunk] == missing // the sender may not have waited for what we have
		if told {
			f.states[chunk], f.values[chunk] = claimed, v
		}
		f.mu.Unlock()
		if !told {
			continue
		}
		length := int64(chunkLen(n.size, int64(chunk)))
		r.resumed.Add(length)
		r.stored.Add(length)
		if err := tell.chunk(i, chunk, v); err != nil {
			return err
		}
	}
	tell.look = append(tell.look, f)
	k.closeUnless(f)
	return nil
}

// closeUnless closes the handle of a file that nobody uses: there may be very many that
// wait to be looked at.
func (k *keeper) closeUnless(f *incomingFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refs == 0 && f.f != nil {
		f.f.Close()
		f.f = nil
	}
}

// look has a file's claimed chunks hashed, and its existing ones copied once it is known
// that the file changes.
func (k *keeper) look(f *incomingFile) {
	k.again.Lock()
	k.claimed = append(k.claimed, f)
	k.wake.Signal()
	k.again.Unlock()
}

// recheck hashes claimed chunks and copies existing ones until stop.
func (k *keeper) recheck() {
	for {
		k.again.Lock()
		for len(k.claimed) == 0 && !k.stopped {
			k.wake.Wait()
		}
		if k.stopped {
			k.again.Unlock()
			return
		}
		f := k.claimed[0]
		k.claimed = k.claimed[1:]
		k.again.Unlock()
		err := k.recheckFile(f)
		if err == nil {
			err = k.fill(f)
		}
		if err == nil {
			err = k.settle(f)
		}
		if err != nil {
			k.r.fail(err)
		}
	}
}

func (k *keeper) stop() {
	k.again.Lock()
	k.stopped = true
	k.wake.Broadcast()
	k.again.Unlock()
}

func (k *keeper) isStopped() bool {
	k.again.Lock()
	defer k.again.Unlock()
	return k.stopped
}

// in reports whether a chunk of an unsettled file is in a state.
func (f *incomingFile) in(chunk int, s chunkState) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.over && f.states[chunk] == s
}

// recheckFile hashes what the journal claims of a file. A wrong chunk is asked for again.
func (k *keeper) recheckFile(f *incomingFile) error {
	buf, put := rawBuffer(chunkSize)
	defer put()
	for chunk := range int(f.node.chunkCount()) {
		if k.isStopped() || !f.in(chunk, claimed) {
			continue
		}
		content := buf[:chunkLen(f.node.size, int64(chunk))]
		handle, err := k.acquire(f)
		if err != nil {
			return k.giveUp(f, err)
		}
		v, err := k.r.session.node.readValue(handle, content, int64(chunk), f.node.size <= chunkSize)
		k.releaseHandle(f)
		ok := err == nil
		f.mu.Lock()
		again := false
		if !f.over && f.states[chunk] == claimed {
			if ok && v == f.values[chunk] {
				f.states[chunk] = verified
				f.left--
			} else {
				f.states[chunk] = missing
				again = true
				k.r.stored.Add(-int64(len(content)))
				k.r.resumed.Add(-int64(len(content)))
			}
		}
		f.mu.Unlock()
		if again {
			if err := k.ask(f, uint32(chunk)); err != nil {
				return err
			}
		}
	}
	return nil
}

// acquire opens the file in the staging tree, or shares the open handle.
func (k *keeper) acquire(f *incomingFile) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		handle, err := k.r.staging.tree.OpenFile(filepath.FromSlash(f.path), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		f.f = handle
	}
	f.refs++
	return f.f, nil
}

// releaseHandle gives the handle back. It stays open for the next chunk unless the file
// waits for the end of the transfer.
func (k *keeper) releaseHandle(f *incomingFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refs--; f.refs == 0 && f.f != nil && (f.over || k.r.tells) {
		f.f.Close()
		f.f = nil
	}
}

// write puts a chunk into its file and then into the journal.
func (k *keeper) write(f *incomingFile, chunk uint32, raw []byte, v value) error {
	return k.put(f, chunk, int64(len(raw)), v, func(handle *os.File) error {
		f.mu.Lock()
		clean := f.fresh && f.states[chunk] == missing && f.tries[chunk] == 0
		f.mu.Unlock()
		return writeAt(handle, raw, int64(chunk)*chunkSize, clean)
	})
}

// put has a chunk of n bytes written and journals it.
func (k *keeper) put(f *incomingFile, chunk uint32, n int64, v value, write func(*os.File) error) error {
	handle, err := k.acquire(f)
	if err != nil {
		return err
	}
	if err = write(handle); err == nil {
		err = k.r.staging.journal.chunk(f.journal, chunk, v)
	}
	if err == nil {
		f.mu.Lock()
		k.movedLocked(f, chunk, n, v)
		f.mu.Unlock()
	}
	k.releaseHandle(f)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// movedLocked notes that a chunk of n bytes came into the staging tree. f.mu is held.
func (k *keeper) movedLocked(f *incomingFile, chunk uint32, n int64, v value) {
	if f.over {
		return
	}
	switch f.states[chunk] {
	case missing:
		k.r.stored.Add(n)
		f.left--
	case claimed:
		k.r.resumed.Add(-n)
		f.left--
	case existing:
		k.r.resumed.Add(-n)
		f.borrowed--
	}
	f.states[chunk], f.values[chunk] = verified, v
}

// holeSize is how many zeros in a row, at a multiple of as many, are left out of a file
// that reads as zeros there anyway.
const holeSize = 64 << 10

// writeAt writes b at offset. clean says that the file reads as zeros there: it then gets
// holes where b has none but zeros for a while.
func writeAt(f *os.File, b []byte, offset int64, clean bool) error {
	if !clean {
		_, err := f.WriteAt(b, offset)
		return err
	}
	for at := 0; at < len(b); {
		end := at
		for end < len(b) && !allZero(b[end:min(end+holeSize, len(b))]) {
			end = min(end+holeSize, len(b))
		}
		if end > at {
			if _, err := f.WriteAt(b[at:end], offset+int64(at)); err != nil {
				return err
			}
		}
		at = end + holeSize
	}
	return nil
}
