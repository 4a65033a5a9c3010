package transfer

import (
	"fmt"
	"sync"
)

// job is what a worker does next: read, hash and, unless the receiver has it, send one
// chunk of a file, or a pack of small files.
type job struct {
	file    *sourceFile // nil: a pack
	chunk   uint32
	claimed bool  // the receiver believes to hold the chunk
	claim   value // with this value
	again   bool  // the receiver asked for it: send it whatever it holds
	small   []smallFile
}

// smallFile is a file that travels in a pack.
type smallFile struct {
	index   uint32
	node    node
	claimed bool
	claim   value
}

// plan hands out the content of a transfer: wanted chunks first, then what the receiver
// does not claim in the order of the manifest, and what it claims when there is nothing
// else to do. So a resumed transfer begins with what is missing.
type plan struct {
	sender *sender

	mu       sync.Mutex
	wake     sync.Cond
	urgent   []job
	file     *sourceFile // under the cursor
	chunk    uint32
	next     uint32   // entry behind the cursor
	paged    uint32   // entries whose manifest page is queued
	upto     frontier // what the receiver told of what it holds
	claims   claims
	later    []uint32 // entries with claimed chunks
	laterAt  uint32   // chunk of the first of them
	unwanted map[uint32]bool
	busy     int // jobs handed out
	open     map[uint32]*sourceFile
	all      bool // every page is queued
	ended    bool // END is queued
	stopped  bool
}

func newPlan(s *sender) *plan {
	p := &plan{sender: s, upto: everywhere, claims: newClaims(), unwanted: map[uint32]bool{}, open: map[uint32]*sourceFile{}}
	p.wake.L = &p.mu
	return p
}

// await makes the plan wait for HAVE pages; called before anything is taken from it.
func (p *plan) await() {
	p.mu.Lock()
	p.upto = frontier{}
	p.mu.Unlock()
}

func (p *plan) stop() {
	p.mu.Lock()
	p.stopped = true
	p.wake.Broadcast()
	p.mu.Unlock()
}

// pages says that the manifest is queued up to entry n.
func (p *plan) pages(n uint32, last bool) {
	p.mu.Lock()
	p.paged, p.all = n, last
	p.wake.Broadcast()
	p.mu.Unlock()
}

// pageLead is how many entries of the manifest are on their way before the content of
// the first of them: enough that no worker waits.
const pageLead = 1 << 10

// hungry waits until the plan can use another page; false when it was stopped.
func (p *plan) hungry() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped && p.paged-p.next > pageLead {
		p.wake.Wait()
	}
	return !p.stopped
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

// unwant leaves a file out.
func (p *plan) unwant(entry uint32) {
	p.mu.Lock()
	p.unwantLocked(entry)
	p.mu.Unlock()
}

// leftOut reports whether a file was left out, by either side.
func (p *plan) leftOut(entry uint32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unwanted[entry]
}

// fileLocked returns the state of a file, a new one when it was finished before.
func (p *plan) fileLocked(i uint32, n node) *sourceFile {
	file := p.open[i]
	if file == nil {
		count := n.chunkCount()
		file = &sourceFile{index: i, node: n, values: make([]value, count), known: make([]bool, count), seen: make([]bool, count), left: int(count)}
		file.failed = p.unwanted[i]
		p.open[i] = file
	}
	return file
}

// take waits for the next job. ok is false when the transfer is over.
func (p *plan) take() (j job, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.stopped {
		before := p.next
		j, ok := p.nextLocked()
		if p.next != before {
			p.wake.Broadcast() // hungry
		}
		if ok {
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
	if j, ok := p.cursorLocked(); ok {
		return j, true
	}
	return p.laterLocked()
}

// cursorLocked goes on in the order of the manifest, as far as its pages are queued and
// the receiver has told what it holds. Claimed chunks are put off.
func (p *plan) cursorLocked() (job, bool) {
	pack := packing{}
	for {
		if p.file != nil {
			if j, ok := p.chunkLocked(); ok || p.file != nil {
				return j, ok
			}
		}
		i := p.next
		if i >= p.paged {
			break
		}
		n, ok := p.sender.scan.manifest.node(i)
		if !ok {
			p.sender.fail(p.sender.scan.manifest.err())
			break
		}
		if n.kind == kindFile && !p.unwanted[i] && p.sender.out.wasLeftOut(p.sender.scan.manifest, i) {
			p.unwantLocked(i)
			p.sender.queue.fileFailed(i, SkipLeftOut, "")
		}
		if n.kind != kindFile || n.size == 0 || p.unwanted[i] {
			p.next++
			continue
		}
		if n.size > maxPacked {
			if len(pack.files) > 0 {
				break
			}
			p.next++
			p.file, p.chunk = p.fileLocked(i, n), 0
			continue
		}
		if !p.upto.passed(i, 0) {
			break
		}
		if _, claimed := p.claims.get(i, 0); claimed {
			p.later = append(p.later, i)
		} else if !pack.add(smallFile{index: i, node: n}) {
			break
		}
		p.next++
	}
	return job{small: pack.files}, len(pack.files) > 0
}

// chunkLocked returns the next chunk of the file under the cursor that is not claimed.
// The file stays under the cursor while its claims are not known.
func (p *plan) chunkLocked() (job, bool) {
	f := p.file
	count := f.node.chunkCount()
	for p.chunk < count {
		if !p.upto.passed(f.index, p.chunk) {
			return job{}, false
		}
		chunk := p.chunk
		p.chunk++
		if _, claimed := p.claims.get(f.index, chunk); !claimed {
			if p.chunk == count {
				p.file = nil
			}
			return job{file: f, chunk: chunk}, true
		}
		if !f.later {
			f.later = true
			p.later = append(p.later, f.index)
		}
	}
	p.file = nil
	return job{}, false
}

// laterLocked returns a claimed chunk, or a pack of claimed small files, that the cursor
// has passed.
func (p *plan) laterLocked() (job, bool) {
	pack := packing{}
	for len(p.later) > 0 {
		i := p.later[0]
		n, ok := p.sender.scan.manifest.node(i)
		if !ok {
			p.sender.fail(p.sender.scan.manifest.err())
			break
		}
		if n.size <= maxPacked {
			if v, claimed := p.claims.get(i, 0); claimed && !pack.add(smallFile{index: i, node: n, claimed: true, claim: v}) {
				break
			}
			p.claims.forget(i)
			p.later = p.later[1:]
			continue
		}
		if len(pack.files) > 0 {
			break
		}
		end := n.chunkCount()
		if p.file != nil && p.file.index == i {
			end = p.chunk
		}
		for p.laterAt < end {
			chunk := p.laterAt
			p.laterAt++
			if v, claimed := p.claims.get(i, chunk); claimed {
				return job{file: p.fileLocked(i, n), chunk: chunk, claimed: true, claim: v}, true
			}
		}
		if p.laterAt < n.chunkCount() && !p.unwanted[i] {
			break // the cursor is in this file
		}
		p.claims.forget(i)
		p.later, p.laterAt = p.later[1:], 0
	}
	return job{small: pack.files}, len(pack.files) > 0
}

// finished gives a job back. Jobs of a file that must be read again follow.
func (p *plan) finished(j job, again []job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.urgent = append(p.urgent, again...)
	if j.file != nil {
		j.file.mu.Lock()
		over := j.file.left == 0 && j.file.refs == 0 || j.file.failed
		j.file.mu.Unlock()
		if over && p.open[j.file.index] == j.file && p.file != j.file {
			delete(p.open, j.file.index)
		}
	}
	p.wake.Broadcast()
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
