package transfer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// claim tells the sender which chunks of a file an earlier run left, and has them
// hashed again behind. What the journal says is believed for the order of work only.
func (k *keeper) claim(i uint32, n node) error {
	r := k.r
	old := r.staging.earlier[r.manifest.path(i)]
	if old == nil || len(old.chunks) == 0 {
		return nil
	}
	f, err := k.file(i)
	if err != nil || f == nil {
		return err
	}
	if f.path != old.local {
		return nil
	}
	var list []uint32
	for chunk := range old.chunks {
		if chunk < n.chunkCount() && (old.size == n.size || chunkLen(old.size, int64(chunk)) == chunkLen(n.size, int64(chunk))) {
			list = append(list, chunk)
		}
	}
	slices.Sort(list)
	f.mu.Lock()
	if f.over { // the sender did not wait for what we have
		f.mu.Unlock()
		return nil
	}
	for _, chunk := range list {
		if f.states[chunk] == missing {
			f.states[chunk], f.values[chunk] = claimed, old.chunks[chunk]
			length := int64(chunkLen(n.size, int64(chunk)))
			r.resumed.Add(length)
			r.stored.Add(length)
		}
	}
	f.mu.Unlock()
	if err := k.sendClaims(i, list, old.chunks); err != nil {
		return err
	}
	k.again.Lock()
	k.claimed = append(k.claimed, f)
	k.wake.Signal()
	k.again.Unlock()
	return nil
}

// sendClaims puts runs of chunks into HAVE frames of bounded size.
func (k *keeper) sendClaims(i uint32, list []uint32, values map[uint32]value) error {
	const perFrame = 1500
	for len(list) > 0 {
		n := 1
		for n < len(list) && n < perFrame && list[n] == list[0]+uint32(n) {
			n++
		}
		c := claim{Entry: i, First: list[0]}
		for _, chunk := range list[:n] {
			v := values[chunk]
			c.Values = append(c.Values, v[:]...)
		}
		if err := k.r.session.out.send(frameHave, k.r.stream, &have{Upto: uint64(i), Claims: []claim{c}}); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// recheck hashes claimed chunks until stop. A wrong one is asked for again.
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
		if err := k.recheckFile(f); err != nil {
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

func (k *keeper) recheckFile(f *incomingFile) error {
	buf, put := rawBuffer(chunkSize)
	defer put()
	for chunk := range int(f.node.chunkCount()) {
		k.again.Lock()
		stopped := k.stopped
		k.again.Unlock()
		f.mu.Lock()
		todo := !f.over && f.states[chunk] == claimed
		f.mu.Unlock()
		if stopped || !todo {
			continue
		}
		content := buf[:chunkLen(f.node.size, int64(chunk))]
		handle, err := k.acquire(f)
		if err != nil {
			return k.giveUp(f, err)
		}
		_, err = handle.ReadAt(content, int64(chunk)*chunkSize)
		k.releaseHandle(f)
		ok := err == nil
		var v value
		if ok {
			v = k.r.session.node.compute(func() value { return chunkValue(content, int64(chunk), f.node.size <= chunkSize) })
		}
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
			m := want{Chunks: []chunkRange{{Entry: f.index, First: uint32(chunk), Count: 1}}}
			if err := k.r.session.out.send(frameWant, k.r.stream, &m); err != nil {
				return err
			}
		}
	}
	return k.settle(f)
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
	if f.refs--; f.refs == 0 && (f.over || len(k.r.staging.earlier) > 0) {
		f.f.Close()
		f.f = nil
	}
}

// write puts a chunk into its file and then into the journal.
func (k *keeper) write(f *incomingFile, chunk uint32, raw []byte, v value) error {
	handle, err := k.acquire(f)
	if err != nil {
		return err
	}
	_, err = handle.WriteAt(raw, int64(chunk)*chunkSize)
	if err == nil {
		err = k.r.staging.journal.chunk(f.journal, chunk, v)
	}
	if err == nil {
		f.mu.Lock()
		switch f.states[chunk] {
		case missing:
			k.r.stored.Add(int64(len(raw)))
			f.left--
		case claimed:
			k.r.resumed.Add(-int64(len(raw)))
			f.left--
		}
		f.states[chunk], f.values[chunk] = verified, v
		f.mu.Unlock()
	}
	k.releaseHandle(f)
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
