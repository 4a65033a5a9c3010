package transfer

import "fmt"

// entry is one row of a manifest page. Entries come in depth-first order, a folder
// before what it holds, the entries of one folder in strictly increasing byte order
// of their names. So no path can occur twice and no file can have children.
type entry struct {
	_     struct{} `cbor:",toarray"`
	Depth uint16   // 0: top level
	Name  string   // one component, see [checkComponent]
	Kind  kind
	Exec  bool   // file: executable
	Size  uint64 // file: bytes
	Sec   int64  // modification time, Unix seconds
	Nsec  uint32 // and nanoseconds
}

// span is a run of entries: from first to before end.
type span struct{ first, end uint32 }

// limits are what a receiver agreed to.
type limits struct {
	names   map[string]bool // allowed top-level names; nil: any
	tops    int64           // how many top-level names
	entries int64
	bytes   int64
}

// nextPage encodes the entries from index on that are there, at most about 128 KiB
// of them. It returns a nil payload when there is nothing to send yet.
func (m *manifest) nextPage(from int) (payload []byte, next int, last bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := page{Number: m.pages}
	size := 0
	for next = from; next < len(m.nodes) && size < pageTarget && len(p.Entries) < 8<<10; next++ {
		n := &m.nodes[next]
		p.Entries = append(p.Entries, entry{Depth: n.depth, Name: n.name, Kind: n.kind, Exec: n.exec,
			Size: uint64(n.size), Sec: n.sec, Nsec: uint32(n.nsec)})
		size += len(n.name) + 24
	}
	last = m.complete && next == len(m.nodes)
	if len(p.Entries) == 0 && !last {
		return nil, from, false
	}
	if last {
		p.Last = true
		m.digest.Sum(p.Digest[:0])
	}
	payload = marshal(&p)
	m.pages++
	m.digest.Write(payload)
	return payload, next, last
}

// addPage checks a page as received and appends its entries, which it returns. After
// an error the manifest must not be used.
func (m *manifest) addPage(payload []byte, limit limits) (span, error) {
	var p page
	if err := unmarshal(payload, &p); err != nil {
		return span{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.complete:
		return span{}, fmt.Errorf("%w: page after the last one", ErrProtocol)
	case p.Number != m.pages:
		return span{}, fmt.Errorf("%w: page %d, want %d", ErrProtocol, p.Number, m.pages)
	case !p.Last && len(p.Entries) == 0:
		return span{}, fmt.Errorf("%w: empty page", ErrProtocol)
	}
	if p.Last {
		var sum [32]byte
		m.digest.Sum(sum[:0])
		if sum != p.Digest {
			return span{}, fmt.Errorf("%w: manifest pages do not match their digest", ErrProtocol)
		}
	}
	first := len(m.nodes)
	for i := range p.Entries {
		if err := m.appendLocked(&p.Entries[i], limit); err != nil {
			return span{}, err
		}
	}
	m.pages++
	m.digest.Write(payload)
	m.complete = p.Last
	m.changedLocked()
	return span{uint32(first), uint32(len(m.nodes))}, nil
}

func (m *manifest) appendLocked(e *entry, limit limits) error {
	if err := checkComponent(e.Name); err != nil {
		return err
	}
	depth := int(e.Depth)
	n := node{name: e.Name, kind: e.Kind, exec: e.Exec, depth: e.Depth, parent: -1,
		size: int64(e.Size), sec: clampSeconds(e.Sec), nsec: int32(e.Nsec)}
	switch {
	case e.Kind > kindFolder:
		return fmt.Errorf("%w: entry of kind %d", ErrProtocol, e.Kind)
	case depth > len(m.stack) || depth >= maxDepth:
		return fmt.Errorf("%w: entry %q at depth %d", ErrProtocol, clip(e.Name, 80), depth)
	case e.Kind == kindFolder && e.Size != 0 || e.Nsec >= 1e9:
		return fmt.Errorf("%w: entry %q with impossible fields", ErrProtocol, clip(e.Name, 80))
	case e.Size > maxFile || m.bytes+n.size > limit.bytes:
		return fmt.Errorf("%w: more than %d bytes", ErrLimit, limit.bytes)
	case int64(len(m.nodes)) >= min(limit.entries, maxEntries):
		return fmt.Errorf("%w: more than %d entries", ErrLimit, limit.entries)
	}
	if depth < len(m.last) && e.Name <= m.last[depth] {
		return fmt.Errorf("%w: entry %q after %q", ErrProtocol, clip(e.Name, 80), clip(m.last[depth], 80))
	}
	length := len(e.Name)
	if depth > 0 {
		n.parent = m.stack[depth-1]
		length += m.lengths[depth-1] + 1
	} else {
		if m.tops++; m.tops > limit.tops || limit.names != nil && !limit.names[e.Name] {
			return fmt.Errorf("%w: %q was not in the offer", ErrLimit, clip(e.Name, 80))
		}
	}
	if length > maxPath {
		return fmt.Errorf("%w: path of %d bytes", ErrBadName, length)
	}
	m.nodes = append(m.nodes, n)
	m.bytes += n.size
	m.last = append(m.last[:min(depth, len(m.last))], e.Name)
	m.stack, m.lengths = m.stack[:depth], m.lengths[:depth]
	if e.Kind == kindFolder {
		m.stack = append(m.stack, int32(len(m.nodes)-1))
		m.lengths = append(m.lengths, length)
	}
	return nil
}

// clampSeconds keeps a modification time inside what every file system can store:
// the years 1970 to 2400.
func clampSeconds(sec int64) int64 {
	const last = 13569465599
	return max(0, min(sec, last))
}
