package transfer

import (
	"errors"
	"fmt"
	"os"
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
	k.r.noteStored(a.entry, a.chunk)
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
func (r *receiver) noteStored(entry, chunk uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := len(r.acks.Chunks) - 1; last >= 0 && r.acks.Chunks[last].Entry == entry && r.acks.Chunks[last].First+r.acks.Chunks[last].Count == chunk {
		r.acks.Chunks[last].Count++
	} else {
		r.acks.Chunks = append(r.acks.Chunks, chunkRange{Entry: entry, First: chunk, Count: 1})
	}
	if len(r.acks.Chunks) >= 1000 {
		r.acknowledgeLocked()
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
