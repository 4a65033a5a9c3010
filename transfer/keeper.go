package transfer

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// keeper puts what arrives into the staging tree: folders and empty files as the
// manifest names them, chunks and packs as they come, and behind them a second look at
// chunks that an earlier run had left or that an existing file has.
type keeper struct {
	r *receiver

	dirs sync.Mutex // held while folders are made

	again   sync.Mutex
	wake    sync.Cond
	claimed []*incomingFile // to be hashed again, or filled from an existing file
	stopped bool

	outcome  sync.Mutex // held while outcomes of files are taken
	finished bool       // none are taken any more
}

func (k *keeper) init(r *receiver) {
	k.r = r
	k.wake.L = &k.again
}

// chunkState of an incoming file.
type chunkState uint8

const (
	missing  chunkState = iota
	claimed             // the journal says it is there
	existing            // the file that is to be updated has it
	verified            // its hash was checked in this run
)

// incomingFile is one file while it arrives. Small ones that come in a pack and that
// nothing was known of before do without.
type incomingFile struct {
	index   uint32
	node    node
	path    string // local, in the staging tree; fixed once created
	journal uint32 // id in the journal

	mu       sync.Mutex
	created  bool
	fresh    bool // made in this run: what was not written reads as zeros
	f        *os.File
	refs     int
	pending  int // whole chunks that wait to be written; a newer version may be among them
	states   []chunkState
	values   []value
	left     int          // chunks neither verified nor existing
	borrowed int          // chunks that are existing
	old      *existingOne // where those are; nil: nowhere
	filling  bool         // they are being copied
	tries    map[uint32]int
	expected *value // the sender's digest
	over     bool   // complete or given up
}

// Marks of an entry that stay when nothing else of it is kept.
const (
	markFolder uint8 = 1 << iota // the folder exists in the staging tree
	markStaged                   // the file exists in the staging tree, complete
	markOver                     // the file is settled
	markGone                     // it does not arrive
)

// mark adds marks to an entry.
func (r *receiver) mark(i uint32, m uint8) {
	r.mu.Lock()
	r.marks[i] |= m
	r.mu.Unlock()
}

// marked reports whether an entry has a mark.
func (r *receiver) marked(i uint32, m uint8) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return int(i) < len(r.marks) && r.marks[i]&m != 0
}

// work carries out what a lane has to do until it closes.
func (k *keeper) work(l *lane) {
	defer l.forget()
	for {
		t, ok := l.take()
		if !ok {
			return
		}
		if err := t.run(l); err != nil {
			k.r.fail(err)
			if errors.Is(err, ErrProtocol) {
				k.r.session.bye(err)
			}
		}
	}
}

// storeChunk checks, writes and journals one chunk.
func (k *keeper) storeChunk(a *assembly) error {
	defer k.r.replenish(a.cost)
	if a.file == nil { // settled before it came
		a.put()
		return nil
	}
	err := k.storeIn(a.file, a)
	if err == nil {
		err = k.landed(a.file)
	}
	return err
}

func (k *keeper) storeIn(f *incomingFile, a *assembly) error {
	ready, err := k.ready(f)
	if err != nil || !ready {
		a.put()
		return err
	}
	raw, put, err := a.content()
	if err != nil {
		return err
	}
	defer put()
	if err := k.verify(f, a.chunk.chunk, raw, a.head.value); err != nil {
		if errors.Is(err, errNotIt) {
			return k.damaged(f, a.chunk.chunk)
		}
		return k.giveUp(f, err)
	}
	k.r.noteStored(f.index, a.chunk.chunk)
	return nil
}

var errNotIt = errors.New("chunk does not have its value")

// verify hashes a chunk and writes it. What is written where nothing is yet may turn out
// to be wrong; it then counts as missing still. Anything else is written only when it is
// known to be right.
func (k *keeper) verify(f *incomingFile, chunk uint32, raw []byte, want value) error {
	node, only := k.r.session.node, f.node.size <= chunkSize
	f.mu.Lock()
	nothing := f.states[chunk] == missing
	clean := nothing && f.fresh && f.tries[chunk] == 0
	f.mu.Unlock()
	if !nothing {
		if node.valueOf(raw, int64(chunk), only) != want {
			return errNotIt
		}
		return k.write(f, chunk, raw, want)
	}
	return k.put(f, chunk, int64(len(raw)), want, func(handle *os.File) error {
		h := newChunkHash(int64(chunk))
		for from, to := range pieces(len(raw)) {
			node.hash(h, raw[from:to])
			if err := writeAt(handle, raw[from:to], int64(chunk)*chunkSize+int64(from), clean); err != nil {
				return err
			}
		}
		if h.value(only) != want {
			return errNotIt
		}
		return nil
	})
}

// coming counts a chunk that came whole and waits for its worker. Until it has landed,
// what the sender said about the file is not held against what is on disk. It returns
// nil for a file that is settled.
func (k *keeper) coming(entry uint32) *incomingFile {
	f := k.state(entry)
	if f != nil {
		f.mu.Lock()
		f.pending++
		f.mu.Unlock()
	}
	return f
}

func (k *keeper) landed(f *incomingFile) error {
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
	return k.ask(f, chunk)
}

// ask asks for a chunk again, after what was told of it.
func (k *keeper) ask(f *incomingFile, chunk uint32) error {
	return k.r.session.out.sendLater(frameWant, k.r.stream, &want{Chunks: []chunkRange{{Entry: f.index, First: chunk, Count: 1}}})
}

// ready makes sure that a file is in the staging tree; false when it was settled.
func (k *keeper) ready(f *incomingFile) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		return false, nil
	}
	if !f.created {
		if err := k.create(f); err != nil {
			return false, k.giveUpLocked(f, err)
		}
	}
	return true, nil
}

// state returns the state of a file entry; nil when it is settled.
func (k *keeper) state(i uint32) *incomingFile {
	r := k.r
	r.mu.Lock()
	f := r.files[i]
	over := r.marks[i]&markOver != 0
	r.mu.Unlock()
	if f != nil || over {
		return f
	}
	n, ok := r.manifest.node(i)
	if !ok {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if f = r.files[i]; f != nil || r.marks[i]&markOver != 0 {
		return f
	}
	count := int(n.chunkCount())
	f = &incomingFile{index: i, node: n, states: make([]chunkState, count), values: make([]value, count), left: count}
	r.files[i] = f
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

// hopeless returns an error that concerns the whole destination and not one entry, with
// its sentinel; nil when the others can go on.
func (k *keeper) hopeless(err error) error {
	switch {
	case fatal(err):
		return classify(err)
	case errors.Is(err, os.ErrNotExist) && k.r.staging.gone():
		return fmt.Errorf("%w: %w", ErrNoFolder, err)
	}
	return nil
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
	switch row.Reason {
	case SkipRenamed, SkipExists, SkipLeftOut:
	case SkipLink:
		r.linkCount++
	default:
		r.failedCount++
	}
	if len(r.skipped) < maxReport {
		row.Detail = clip(row.Detail, maxText)
		r.skipped = append(r.skipped, row)
	}
}
