package transfer

import (
	"fmt"
	"slices"
	"sort"
)

const (
	pageTarget = 8 << 10  // bytes of a page that we make: a chat line waits behind one on a slow link
	pageRows   = 8 << 10  // entries of it
	maxPage    = 1 << 20  // bytes of one page's payload
	viewRows   = 48 << 10 // entries that a manifest keeps decoded, in whole pages
)

// entry is one row of a manifest page. Entries come in depth-first order, a folder
// before what it holds, the entries of one folder in strictly increasing byte order
// of their names. So no path can occur twice and no file can have children.
type entry struct {
	_      struct{} `cbor:",toarray"`
	Depth  uint16   // 0: top level
	Name   string   // one component, see [checkComponent]
	Kind   kind
	Exec   bool   // file: executable
	Size   uint64 // file: bytes
	Sec    int64  // modification time, Unix seconds
	Nsec   uint32 // and nanoseconds
	Target string // link: where it points, see [checkTarget]
}

// rowSize is about what an entry takes on the wire.
func rowSize(n *node) int { return len(n.name) + len(n.target) + 26 }

// span is a run of entries: from first to before end.
type span struct{ first, end uint32 }

// limits are what a receiver agreed to.
type limits struct {
	names   map[string]bool // allowed top-level names; nil: any
	tops    int64           // how many top-level names
	entries int64
	bytes   int64
}

// pageRef says where a page of a manifest is.
type pageRef struct {
	first uint32 // entry
	count uint32
	tops  int32 // top-level entries before it
	size  int   // bytes
	at    int64 // in the spool
	outer []folderRef
}

// pageView is a decoded page.
type pageView struct {
	number int
	first  uint32
	nodes  []node
	used   int64
}

// keepLocked spools the payload of the next page and remembers where its entries are.
// outer are the folders that were open before its first entry, tops the top-level
// entries before it.
func (m *manifest) keepLocked(payload []byte, nodes []node, outer []folderRef, tops int64) {
	at, err := m.spool.append(payload)
	if err != nil {
		m.failed = err
		return
	}
	first := uint32(m.count) - uint32(len(nodes))
	m.pages = append(m.pages, pageRef{first: first, count: uint32(len(nodes)), tops: int32(tops), size: len(payload), at: at, outer: outer})
	if len(nodes) > 0 {
		m.showLocked(&pageView{number: len(m.pages) - 1, first: first, nodes: nodes})
	}
	m.digest.Write(payload)
}

// showLocked keeps a decoded page in place of those that were not used for longest.
func (m *manifest) showLocked(v *pageView) {
	if m.views == nil {
		m.views = map[int]*pageView{}
	}
	m.clock++
	v.used = m.clock
	m.views[v.number] = v
	m.viewed += len(v.nodes)
	for m.viewed > viewRows && len(m.views) > 1 {
		oldest := v
		for _, have := range m.views {
			if have.used < oldest.used {
				oldest = have
			}
		}
		delete(m.views, oldest.number)
		m.viewed -= len(oldest.nodes)
	}
}

// viewLocked returns the decoded page of an entry that is in one; nil when the spool
// fails.
func (m *manifest) viewLocked(i uint32) *pageView {
	if m.failed != nil {
		return nil
	}
	number := sort.Search(len(m.pages), func(k int) bool { return m.pages[k].first+m.pages[k].count > i })
	if v := m.views[number]; v != nil {
		m.clock++
		v.used = m.clock
		return v
	}
	v, err := m.decodeLocked(number)
	if err != nil {
		m.failed = err
		return nil
	}
	m.showLocked(v)
	return v
}

// decodeLocked reads a page again that was checked when it was kept.
func (m *manifest) decodeLocked(number int) (*pageView, error) {
	ref := &m.pages[number]
	payload, err := m.spool.read(ref.at, ref.size)
	if err != nil {
		return nil, err
	}
	var p page
	if err := unmarshal(payload, &p); err != nil {
		return nil, err
	}
	v := &pageView{number: number, first: ref.first, nodes: make([]node, len(p.Entries))}
	open := slices.Clone(ref.outer)
	tops := ref.tops
	for k := range p.Entries {
		n := nodeOfEntry(&p.Entries[k])
		n.parent = -1
		if n.depth > 0 {
			n.parent = open[n.depth-1].index
		} else {
			tops++
		}
		n.top = tops - 1
		open = open[:n.depth]
		if n.kind == kindFolder {
			open = append(open, folderRef{index: int32(ref.first) + int32(k)})
		}
		v.nodes[k] = n
	}
	return v, nil
}

// outerLocked returns the folders that were open before a page, or before the tail.
func (m *manifest) outerLocked(v *pageView) []folderRef {
	if v.first+uint32(len(v.nodes)) == uint32(m.count) && len(m.tail) > 0 && &v.nodes[0] == &m.tail[0] {
		return m.tailOuter
	}
	return m.pages[v.number].outer
}

func nodeOfEntry(e *entry) node {
	return node{name: e.Name, target: e.Target, kind: e.Kind, exec: e.Exec, depth: e.Depth, size: int64(e.Size), sec: clampSeconds(e.Sec), nsec: int32(e.Nsec)}
}

// sealLocked makes a page of the tail.
func (m *manifest) sealLocked(last bool) {
	if m.failed != nil {
		return
	}
	p := page{Number: uint64(len(m.pages)), Entries: make([]entry, 0, len(m.tail)), Last: last}
	tops := m.tops
	for i := range m.tail {
		n := &m.tail[i]
		if n.depth == 0 {
			tops--
		}
		p.Entries = append(p.Entries, entry{Depth: n.depth, Name: n.name, Kind: n.kind, Exec: n.exec,
			Size: uint64(n.size), Sec: n.sec, Nsec: uint32(n.nsec), Target: n.target})
	}
	if last {
		m.digest.Sum(p.Digest[:0])
	}
	m.keepLocked(marshal(&p), m.tail, m.tailOuter, tops)
	m.tail, m.tailSize = nil, 0
	m.tailOuter = slices.Clone(m.stack)
}

// page returns the payload of page k, the entry behind it and whether it is the last.
// A page that is not full yet is closed for it once it holds a while's worth of
// entries, or when eager. ok is false when there is nothing to send yet.
func (m *manifest) page(k int, eager bool) (payload []byte, upto uint32, last, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k == len(m.pages) && eager && len(m.tail) > 0 {
		m.sealLocked(false)
	}
	if k >= len(m.pages) || m.failed != nil {
		return nil, 0, false, false
	}
	ref := &m.pages[k]
	payload, err := m.spool.read(ref.at, ref.size)
	if err != nil {
		m.failed = err
		return nil, 0, false, false
	}
	return slices.Clone(payload), ref.first + ref.count, m.complete && k == len(m.pages)-1, true
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
	case p.Number != uint64(len(m.pages)):
		return span{}, fmt.Errorf("%w: page %d, want %d", ErrProtocol, p.Number, len(m.pages))
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
	first, tops, outer := m.count, m.tops, slices.Clone(m.stack)
	nodes := make([]node, len(p.Entries))
	for i := range p.Entries {
		n, err := m.acceptLocked(&p.Entries[i], limit)
		if err != nil {
			return span{}, err
		}
		nodes[i] = n
	}
	m.keepLocked(payload, nodes, outer, tops)
	m.complete = p.Last
	m.changedLocked()
	return span{uint32(first), uint32(m.count)}, m.failed
}

// acceptLocked checks one row against the rules and the limits, and counts it.
func (m *manifest) acceptLocked(e *entry, limit limits) (node, error) {
	if err := checkComponent(e.Name); err != nil {
		return node{}, err
	}
	depth := int(e.Depth)
	n := nodeOfEntry(e)
	switch {
	case e.Kind > kindLink:
		return n, fmt.Errorf("%w: entry of kind %d", ErrProtocol, e.Kind)
	case depth > len(m.stack) || depth >= maxDepth:
		return n, fmt.Errorf("%w: entry %q at depth %d", ErrProtocol, clip(e.Name, 80), depth)
	case e.Kind != kindFile && (e.Size != 0 || e.Exec) || e.Nsec >= 1e9 || (e.Kind == kindLink) != (e.Target != ""):
		return n, fmt.Errorf("%w: entry %q with impossible fields", ErrProtocol, clip(e.Name, 80))
	case e.Kind == kindLink && (depth == 0 || checkTarget(e.Target, depth) != nil):
		return n, fmt.Errorf("%w: link %q to %q", ErrBadName, clip(e.Name, 80), clip(e.Target, 80))
	case e.Size > maxFile || m.bytes+n.size > limit.bytes:
		return n, fmt.Errorf("%w: more than %d bytes", ErrLimit, limit.bytes)
	case m.count >= min(limit.entries, maxEntries):
		return n, fmt.Errorf("%w: more than %d entries", ErrLimit, limit.entries)
	}
	if depth < len(m.last) && e.Name <= m.last[depth] {
		return n, fmt.Errorf("%w: entry %q after %q", ErrProtocol, clip(e.Name, 80), clip(m.last[depth], 80))
	}
	length := len(e.Name)
	if depth > 0 {
		length += m.lengths[depth-1] + 1
	} else if m.tops >= limit.tops || limit.names != nil && !limit.names[e.Name] {
		return n, fmt.Errorf("%w: %q was not in the offer", ErrLimit, clip(e.Name, 80))
	}
	if length > maxPath {
		return n, fmt.Errorf("%w: path of %d bytes", ErrBadName, length)
	}
	m.enterLocked(&n, int32(m.count))
	m.last = append(m.last[:min(depth, len(m.last))], e.Name)
	m.lengths = m.lengths[:depth]
	if e.Kind == kindFolder {
		m.lengths = append(m.lengths, length)
	}
	return n, nil
}

// lastSecond is the end of the year 2261. Later times do not fit into nanoseconds since
// 1970 in 64 bits, in which they are handed to the system.
const lastSecond = 9214646399

// clampSeconds keeps a modification time inside what every system can set: the years
// 1970 to 2261.
func clampSeconds(sec int64) int64 { return max(0, min(sec, lastSecond)) }
