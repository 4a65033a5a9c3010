package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"
)

// keeper puts what arrives into the staging tree: folders and empty files as the
// manifest names them, chunks as they come, and behind them a second look at chunks
// that an earlier run had left.
type keeper struct {
	r *receiver

	dirs    sync.Mutex
	folders map[int32]bool  // entries whose folder exists
	taken   map[string]bool // local paths used in this run

	again   sync.Mutex
	wake    sync.Cond
	claimed []*incomingFile // to be hashed again
	stopped bool

	outcome  sync.Mutex // held while outcomes of files are taken
	finished bool       // none are taken any more
}

func (k *keeper) init(r *receiver) {
	k.r, k.folders, k.taken = r, map[int32]bool{}, map[string]bool{}
	k.wake.L = &k.again
}

// chunkState of an incoming file.
type chunkState uint8

const (
	missing  chunkState = iota
	claimed             // the journal says it is there
	verified            // its hash was checked in this run
)

// incomingFile is one file while it arrives.
type incomingFile struct {
	index   uint32
	node    node
	path    string // local, in the staging tree; fixed once created
	journal uint32 // id in the journal

	mu       sync.Mutex
	created  bool
	f        *os.File
	refs     int
	pending  int // whole chunks that wait to be written; a newer version may be among them
	states   []chunkState
	values   []value
	left     int // chunks not verified
	tries    map[uint32]int
	expected *value // the sender's digest
	over     bool   // complete or given up
	failed   bool
}

// lane is the queue of one worker. All versions of a chunk use the same lane, so the
// last to arrive is the last to be written.
type lane struct {
	mu     sync.Mutex
	wake   sync.Cond
	items  []*assembly
	closed bool
}

func (l *lane) init() { l.wake.L = &l.mu }

func (l *lane) put(a *assembly) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		a.put()
		return
	}
	l.items = append(l.items, a)
	l.wake.Signal()
}

func (l *lane) take() *assembly {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.items) == 0 && !l.closed {
		l.wake.Wait()
	}
	if l.closed {
		return nil
	}
	a := l.items[0]
	l.items[0] = nil
	l.items = l.items[1:]
	return a
}

func (l *lane) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, a := range l.items {
		a.put()
	}
	l.items = nil
	l.wake.Signal()
}

// work writes chunks until the lane closes.
func (k *keeper) work(l *lane) {
	for {
		a := l.take()
		if a == nil {
			return
		}
		err := k.store(a)
		if err == nil {
			err = k.landed(a.entry)
		}
		if err != nil {
			k.r.fail(err)
		}
		k.r.replenish(a.cost)
	}
}

// store checks, writes and journals one chunk.
func (k *keeper) store(a *assembly) error {
	raw, put := a.buf, a.put
	f, err := k.file(a.entry)
	if err != nil || f == nil {
		put()
		return err
	}
	if a.head.encoding == encodingZstd {
		buf, putRaw := rawBuffer(int(a.head.raw))
		raw, err = decode(a.buf, int(a.head.raw), buf)
		put()
		if put = putRaw; err != nil {
			put()
			return err
		}
	}
	defer func() { put() }()
	v := k.r.session.node.compute(func() value { return chunkValue(raw, int64(a.chunk), f.node.size <= chunkSize) })
	if v != a.head.value {
		return k.damaged(f, a.chunk)
	}
	if err := k.write(f, a.chunk, raw, v); err != nil {
		return k.giveUp(f, err)
	}
	k.r.noteStored(a.entry, a.chunk, f, len(raw))
	return nil
}

// coming counts a chunk that came whole and waits for its worker. Until it has landed,
// what the sender said about the file is not held against what is on disk.
func (k *keeper) coming(entry uint32) {
	f := k.state(entry)
	f.mu.Lock()
	f.pending++
	f.mu.Unlock()
}

func (k *keeper) landed(entry uint32) error {
	f := k.state(entry)
	f.mu.Lock()
	f.pending--
	f.mu.Unlock()
	return k.settle(f)
}

// damaged asks for a chunk again that is not what its sender hashed, three times at
// most.
func (k *keeper) damaged(f *incomingFile, chunk uint32) error {
	f.mu.Lock()
	if f.tries == nil {
		f.tries = map[uint32]int{}
	}
	f.tries[chunk]++
	tries := f.tries[chunk]
	if !f.over && f.states[chunk] == verified { // the sender has another version than we do
		f.states[chunk] = missing
		f.left++
		k.r.stored.Add(-int64(chunkLen(f.node.size, int64(chunk))))
	}
	f.mu.Unlock()
	if tries >= maxTries {
		return k.giveUp(f, fmt.Errorf("%w at offset %d", ErrDamaged, int64(chunk)*chunkSize))
	}
	return k.r.session.out.send(frameWant, k.r.stream, &want{Chunks: []chunkRange{{Entry: f.index, First: chunk, Count: 1}}})
}

// file returns the state of an entry, created on disk; nil when it was settled.
func (k *keeper) file(i uint32) (*incomingFile, error) {
	f := k.state(i)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return nil, nil
	}
	if !f.created {
		if err := k.create(f); err != nil {
			return nil, k.giveUpLocked(f, err)
		}
	}
	return f, nil
}

// state returns the state of a file entry; a settled one keeps a marker.
func (k *keeper) state(i uint32) *incomingFile {
	r := k.r
	_, over := r.wasPublished(i)
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.files[i]
	if f == nil {
		n, _ := r.manifest.node(i)
		count := int(n.chunkCount())
		f = &incomingFile{index: i, node: n, states: make([]chunkState, count), values: make([]value, count), left: count, over: over}
		r.files[i] = f
	}
	return f
}

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
	if old := s.earlier[wire]; old != nil && path.Dir(cleanJoin(".", old.local)) == path.Dir(cleanJoin(".", cleanJoin(dir, base))) && k.take(old.local) {
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

// cause is the text of an error for the other side: of a file error the innermost,
// without where on our disk it was.
func cause(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// fatal reports errors that concern the whole destination and not one entry.
func fatal(err error) bool {
	return diskFull(err) || readOnly(err) || errors.Is(err, os.ErrClosed)
}

// noteStored counts a chunk that is on disk, and queues its acknowledgement.
func (r *receiver) noteStored(entry, chunk uint32, f *incomingFile, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ackBytes += int64(n)
	if last := len(r.acks.Chunks) - 1; last >= 0 && r.acks.Chunks[last].Entry == entry && r.acks.Chunks[last].First+r.acks.Chunks[last].Count == chunk {
		r.acks.Chunks[last].Count++
	} else {
		r.acks.Chunks = append(r.acks.Chunks, chunkRange{Entry: entry, First: chunk, Count: 1})
	}
	if len(r.acks.Chunks) >= 1000 {
		m := r.acks
		r.acks, r.ackBytes = stored{}, 0
		m.Bytes, m.Files, m.Resumed = uint64(r.stored.Load()), uint64(r.complete.Load()), uint64(r.resumed.Load())
		r.session.out.send(frameStored, r.stream, &m)
	}
}

// report notes an entry that did not arrive, or not under its own name.
func (r *receiver) report(row Skipped) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipCount++
	if row.Reason != SkipRenamed && row.Reason != SkipExists {
		r.failedCount++
	}
	if len(r.skipped) < maxReport {
		row.Detail = clip(row.Detail, maxText)
		r.skipped = append(r.skipped, row)
	}
}
