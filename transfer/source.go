package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// sourceFile is one file while its chunks are read. It is opened when the first of
// them is, and looked at again after the last: what changed in between is read once
// more, and given up when it changes again.
type sourceFile struct {
	index  uint32
	node   node
	claims map[uint32]value // what the receiver believes to hold; nil: nothing

	mu     sync.Mutex
	f      *os.File
	refs   int
	first  os.FileInfo // as it was before the first read
	values []value
	known  []bool // values that are valid, and with the receiver
	seen   []bool // chunks hashed in this pass
	left   int    // chunks to be hashed before the file is judged
	passes int
	failed bool
}

// job is one chunk to be read, hashed and, unless the receiver has it, sent.
type job struct {
	file  *sourceFile
	chunk uint32
	again bool // the receiver asked for it: send it whatever it holds
}

// plan hands out the chunks of a transfer: wanted ones first, then those that the
// receiver does not claim in the order of the manifest, and last those that it claims.
// So a resumed transfer begins with what is missing.
type plan struct {
	sender *sender

	mu      sync.Mutex
	wake    sync.Cond
	urgent  []job
	file    *sourceFile // under the cursor
	chunk   uint32
	next    uint32 // entry behind the cursor
	paged   uint32 // entries whose manifest page is queued
	upto    uint32 // entries whose claims are known
	claims  map[uint32]map[uint32]value
	later   []job // claimed chunks
	busy    int   // jobs handed out
	open    map[uint32]*sourceFile
	all     bool // every page is queued
	ended   bool // END is queued
	stopped bool
}

func newPlan(s *sender, wait bool) *plan {
	p := &plan{sender: s, claims: map[uint32]map[uint32]value{}, open: map[uint32]*sourceFile{}}
	if !wait {
		p.upto = 1<<32 - 1
	}
	p.wake.L = &p.mu
	return p
}

func (p *plan) stop() {
	p.mu.Lock()
	p.stopped = true
	p.wake.Broadcast()
	p.mu.Unlock()
}

// pages says that the manifest is queued up to entry n.
func (p *plan) pages(n int, last bool) {
	p.mu.Lock()
	p.paged, p.all = uint32(n), last
	p.wake.Broadcast()
	p.mu.Unlock()
}

// have takes a HAVE page.
func (p *plan) have(m *have) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.Upto < uint64(p.upto) || m.Upto > uint64(p.paged) {
		return fmt.Errorf("%w: HAVE up to entry %d of %d", ErrProtocol, m.Upto, p.paged)
	}
	for _, c := range m.Claims {
		n, ok := p.sender.scan.manifest.node(c.Entry)
		count := len(c.Values) / 32
		if !ok || n.kind != kindFile || c.Entry < p.upto || uint64(c.Entry) >= m.Upto+1 || uint64(c.First)+uint64(count) > uint64(n.chunkCount()) {
			return fmt.Errorf("%w: HAVE of entry %d, chunks %d+%d", ErrProtocol, c.Entry, c.First, count)
		}
		values := p.claims[c.Entry]
		if values == nil {
			values = map[uint32]value{}
			p.claims[c.Entry] = values
		}
		for i := range count {
			values[c.First+uint32(i)] = value(c.Values[32*i:])
		}
	}
	p.upto = uint32(m.Upto)
	p.wake.Broadcast()
	return nil
}

// want takes a request for chunks that did not arrive whole.
func (p *plan) want(m *want) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range m.Chunks {
		n, ok := p.sender.scan.manifest.node(r.Entry)
		if !ok || n.kind != kindFile || r.Count == 0 || r.Count > 1024 || uint64(r.First)+uint64(r.Count) > uint64(n.chunkCount()) || r.Entry >= p.paged {
			return fmt.Errorf("%w: WANT of entry %d, chunks %d+%d", ErrProtocol, r.Entry, r.First, r.Count)
		}
		if len(p.urgent)+int(r.Count) > 1<<16 {
			return fmt.Errorf("%w: too many chunks wanted", ErrProtocol)
		}
		file := p.fileLocked(r.Entry, n)
		for i := range r.Count {
			p.urgent = append(p.urgent, job{file: file, chunk: r.First + i, again: true})
		}
	}
	p.wake.Broadcast()
	return nil
}

// fileLocked returns the state of a file, a new one when it was finished before.
func (p *plan) fileLocked(i uint32, n node) *sourceFile {
	file := p.open[i]
	if file == nil {
		count := n.chunkCount()
		file = &sourceFile{index: i, node: n, claims: p.claims[i], values: make([]value, count), known: make([]bool, count),
			seen: make([]bool, count), left: int(count)}
		delete(p.claims, i)
		p.open[i] = file
	}
	return file
}

// take waits for the next job. ok is false when the transfer is over.
func (p *plan) take() (j job, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped {
		if j, ok := p.nextLocked(); ok {
			p.busy++
			return j, true
		}
		if p.doneLocked() && !p.ended {
			p.ended = true
			p.sender.finish()
		}
		p.wake.Wait()
	}
	return job{}, false
}

func (p *plan) doneLocked() bool {
	return p.all && p.next >= p.paged && p.file == nil && p.busy == 0 && len(p.later) == 0 && len(p.urgent) == 0
}

func (p *plan) nextLocked() (job, bool) {
	if len(p.urgent) > 0 {
		j := p.urgent[0]
		p.urgent = p.urgent[1:]
		return j, true
	}
	for {
		if p.file == nil && !p.advanceLocked() {
			break
		}
		for p.file != nil {
			j := job{file: p.file, chunk: p.chunk}
			if p.chunk++; p.chunk >= j.file.node.chunkCount() {
				p.file = nil
			}
			if _, claimed := j.file.claims[j.chunk]; !claimed {
				return j, true
			}
			p.later = append(p.later, j)
		}
	}
	if p.all && p.next >= p.paged && len(p.later) > 0 {
		j := p.later[0]
		p.later = p.later[1:]
		return j, true
	}
	return job{}, false
}

// advanceLocked moves the cursor to the next file with content.
func (p *plan) advanceLocked() bool {
	for p.next < min(p.paged, p.upto) {
		i := p.next
		p.next++
		if n, _ := p.sender.scan.manifest.node(i); n.kind == kindFile && n.size > 0 {
			p.file, p.chunk = p.fileLocked(i, n), 0
			return true
		}
	}
	return false
}

// finished gives a job back. Jobs of a file that must be read again follow.
func (p *plan) finished(j job, again []job) {
	p.mu.Lock()
	p.busy--
	p.urgent = append(p.urgent, again...)
	j.file.mu.Lock()
	over := j.file.left == 0 && j.file.refs == 0 || j.file.failed
	j.file.mu.Unlock()
	if over && p.open[j.file.index] == j.file && p.file != j.file {
		delete(p.open, j.file.index)
	}
	p.wake.Broadcast()
	p.mu.Unlock()
}

// closeAll closes the files that are still open once every worker has ended.
func (p *plan) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, file := range p.open {
		if file.f != nil {
			file.f.Close()
			file.f = nil
		}
	}
}

// acquire opens the file, or shares the open handle.
func (f *sourceFile) acquire(s *scan) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed {
		return nil, errGivenUp
	}
	if f.f == nil {
		handle, info, err := s.open(f.index, f.node)
		if err != nil {
			return nil, err
		}
		if f.first == nil {
			f.first = info
		}
		f.f = handle
	}
	f.refs++
	return f.f, nil
}

// release gives the handle back; the last one closes it unless more is to be read soon.
func (f *sourceFile) release(keep bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refs--; f.refs == 0 && (!keep || f.failed || f.left == 0) {
		f.f.Close()
		f.f = nil
	}
}

var (
	errGivenUp = errors.New("file given up")
	errChanged = errors.New("changed while it was sent")
)

// work carries out jobs until the transfer is over.
func (s *sender) work(ctx context.Context, p *plan) {
	for {
		j, ok := p.take()
		if !ok {
			return
		}
		again, err := s.carry(ctx, j)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errGivenUp) {
			s.giveUp(j.file, err)
		}
		p.finished(j, again)
	}
}

// giveUp fails one file; the others go on.
func (s *sender) giveUp(f *sourceFile, err error) {
	f.mu.Lock()
	first := !f.failed
	f.failed = true
	f.mu.Unlock()
	if !first {
		return
	}
	why := reasonOf(err)
	if errors.Is(err, errChanged) {
		why = SkipChanged
	}
	s.queue.fileFailed(f.index, why, cause(err))
}

// carry reads and hashes one chunk and queues it unless the receiver has it. After the
// last chunk of a file it judges the file; the jobs that it returns read it again.
func (s *sender) carry(ctx context.Context, j job) (again []job, err error) {
	f := j.file
	handle, err := f.acquire(s.scan)
	if err != nil {
		return nil, err
	}
	keep := true
	defer func() { f.release(keep) }()
	length := chunkLen(f.node.size, int64(j.chunk))
	buf, release, err := s.buffers.get(ctx, length)
	if err != nil {
		return nil, err
	}
	if n, err := handle.ReadAt(buf, int64(j.chunk)*chunkSize); n < length {
		release()
		if err == nil || n > 0 || isEOF(err) {
			return nil, fmt.Errorf("%w: shorter than it was", errChanged)
		}
		return nil, err
	}
	v := s.hash(buf, int64(j.chunk), f.node.size <= chunkSize)
	if f.has(j, v) {
		release()
	} else {
		s.putChunk(f, j.chunk, v, buf, release)
	}
	done, again, err := f.hashed(j, v, handle)
	keep = !done && err == nil && len(f.claims) == 0 && !j.again
	if done {
		s.queue.fileDone(f.index, digest(f.values))
	}
	return again, err
}

// has reports whether the receiver holds this value of a chunk already.
func (f *sourceFile) has(j job, v value) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if j.again {
		return false
	}
	if f.known[j.chunk] {
		return f.values[j.chunk] == v
	}
	claimed, ok := f.claims[j.chunk]
	return ok && claimed == v
}

// hashed notes the value of a chunk. After the last one it looks at the file again.
func (f *sourceFile) hashed(j job, v value, handle *os.File) (done bool, again []job, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values[j.chunk], f.known[j.chunk] = v, true
	if f.seen[j.chunk] { // asked for again
		return false, nil, nil
	}
	f.seen[j.chunk] = true
	if f.left--; f.left > 0 || f.failed {
		return false, nil, nil
	}
	now, err := handle.Stat()
	if err != nil {
		return false, nil, err
	}
	if now.Size() != f.node.size {
		return false, nil, fmt.Errorf("%w: %d bytes became %d", errChanged, f.node.size, now.Size())
	}
	if sameContent(f.first, now) {
		return true, nil, nil
	}
	if f.passes++; f.passes > 1 {
		return false, nil, errChanged
	}
	f.first = now
	f.left = len(f.values)
	clear(f.seen)
	for i := range f.values {
		again = append(again, job{file: f, chunk: uint32(i)})
	}
	return false, again, nil
}
