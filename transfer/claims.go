package transfer

import "fmt"

// frontier is how far the receiver has told what it holds: everything of the entries
// below entry, and of entry itself the chunks below chunk.
type frontier struct{ entry, chunk uint32 }

// everywhere is the frontier of a receiver that holds nothing and says nothing.
var everywhere = frontier{entry: 1<<32 - 1}

func (f frontier) passed(entry, chunk uint32) bool {
	return entry < f.entry || entry == f.entry && chunk < f.chunk
}

// claims are the values of chunks that a receiver believes to hold. Files of one chunk,
// of which there may be very many, take a map entry each and no more.
type claims struct {
	single map[uint32]value
	many   map[uint32]*chunkClaims
}

// chunkClaims are those of one file of several chunks.
type chunkClaims struct {
	has    []bool
	values []value
}

func newClaims() claims {
	return claims{single: map[uint32]value{}, many: map[uint32]*chunkClaims{}}
}

func (c *claims) put(entry uint32, count, chunk uint32, v value) {
	if count == 1 {
		c.single[entry] = v
		return
	}
	file := c.many[entry]
	if file == nil {
		file = &chunkClaims{has: make([]bool, count), values: make([]value, count)}
		c.many[entry] = file
	}
	file.has[chunk], file.values[chunk] = true, v
}

func (c *claims) get(entry, chunk uint32) (v value, ok bool) {
	if v, ok = c.single[entry]; ok {
		return v, true
	}
	file := c.many[entry]
	if file == nil || !file.has[chunk] {
		return v, false
	}
	return file.values[chunk], true
}

func (c *claims) forget(entry uint32) {
	delete(c.single, entry)
	delete(c.many, entry)
}

// have takes a HAVE page.
func (p *plan) have(m *have) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := frontier{uint32(min(m.Upto, maxEntries)), uint32(min(m.Chunks, 1<<32-1))}
	bad := func() error {
		return fmt.Errorf("%w: HAVE up to entry %d, chunk %d of %d entries", ErrProtocol, m.Upto, m.Chunks, p.paged)
	}
	if m.Upto > uint64(p.paged) || to.entry < p.upto.entry || to.entry == p.upto.entry && to.chunk < p.upto.chunk {
		return bad()
	}
	if to.chunk > 0 {
		if n, ok := p.sender.scan.manifest.node(to.entry); to.entry >= p.paged || !ok || n.kind != kindFile || m.Chunks > uint64(n.chunkCount()) {
			return bad()
		}
	}
	for _, c := range m.Claims {
		n, ok := p.sender.scan.manifest.node(c.Entry)
		count := len(c.Values) / 32
		end := uint64(c.First) + uint64(count)
		if !ok || n.kind != kindFile || c.Entry >= p.paged || end > uint64(n.chunkCount()) ||
			p.upto.passed(c.Entry, c.First) || !to.passed(c.Entry, uint32(end-1)) {
			return fmt.Errorf("%w: HAVE of entry %d, chunks %d+%d", ErrProtocol, c.Entry, c.First, count)
		}
		for i := range count {
			p.claims.put(c.Entry, n.chunkCount(), c.First+uint32(i), value(c.Values[32*i:]))
		}
	}
	for _, entry := range m.Unwanted {
		if n, ok := p.sender.scan.manifest.node(entry); !ok || n.kind != kindFile || entry >= p.paged {
			return fmt.Errorf("%w: HAVE does not want entry %d", ErrProtocol, entry)
		}
		p.unwantLocked(entry)
	}
	p.upto = to
	p.wake.Broadcast()
	return nil
}

// unwantLocked leaves a file out, whatever of it is on its way.
func (p *plan) unwantLocked(entry uint32) {
	p.unwanted[entry] = true
	p.claims.forget(entry)
	if file := p.open[entry]; file != nil {
		file.mu.Lock()
		file.failed = true
		file.mu.Unlock()
	}
}
