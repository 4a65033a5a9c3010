package transfer

import (
	"fmt"
	"sync"
)

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

func newPlan(s *sender) *plan {
	p := &plan{sender: s, upto: 1<<32 - 1, claims: map[uint32]map[uint32]value{}, open: map[uint32]*sourceFile{}}
	p.wake.L = &p.mu
	return p
}

// await makes the plan wait for HAVE pages; called before anything is taken from it.
func (p *plan) await() {
	p.mu.Lock()
	p.upto = 0
	p.mu.Unlock()
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
