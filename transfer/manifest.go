package transfer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"lukechampine.com/blake3"
)

const (
	maxEntries = 2 << 20                    // in one manifest
	maxTotal   = 1 << 62                    // bytes of one transfer
	maxFile    = math.MaxUint32 * chunkSize // bytes of one file
	pageTarget = 128 << 10
	maxPage    = 1 << 20 // bytes of one page's payload
)

// kind of a manifest entry.
type kind uint8

const (
	kindFile   kind = 0
	kindFolder kind = 1
)

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

// node is an entry as both sides keep it.
type node struct {
	name   string // as on the wire
	local  string // as on our disk, when that differs
	size   int64
	sec    int64
	nsec   int32
	parent int32 // index of the folder; -1: top level
	source int32 // sender: index of the source it belongs to
	depth  uint16
	kind   kind
	exec   bool
}

func (n *node) mtime() time.Time { return time.Unix(n.sec, int64(n.nsec)) }

// localBase returns the name on our disk.
func (n *node) localBase() string {
	if n.local != "" {
		return n.local
	}
	return n.name
}

// manifest is the growing list of entries of one transfer. It is safe for
// concurrent use; nodes are never changed once added, except through setLocal.
type manifest struct {
	mu       sync.Mutex
	nodes    []node
	stack    []int32 // receiver: the folders above the next entry, by depth
	lengths  []int   // receiver: bytes of the path of each of them
	last     []string
	tops     int64
	bytes    int64
	complete bool
	pages    uint64
	digest   *blake3.Hasher // over the payloads of all pages so far
	grown    chan struct{}  // closed and replaced when nodes or complete change
}

func newManifest() *manifest {
	return &manifest{digest: blake3.New(32, nil), grown: make(chan struct{})}
}

// totals returns entries, top-level entries and content bytes so far, and whether
// more may come.
func (m *manifest) totals() (entries, tops, bytes int64, complete bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.nodes)), m.tops, m.bytes, m.complete
}

// growth returns a channel that is closed at the next change.
func (m *manifest) growth() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.grown
}

func (m *manifest) changedLocked() {
	close(m.grown)
	m.grown = make(chan struct{})
}

// node returns a copy of entry i.
func (m *manifest) node(i uint32) (node, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if uint64(i) >= uint64(len(m.nodes)) {
		return node{}, false
	}
	return m.nodes[i], true
}

// path returns the wire path of entry i.
func (m *manifest) path(i uint32) string { return m.join(i, false) }

// localPath returns the path of entry i on our disk: below the source's parent for
// a sender, below the staging tree for a receiver.
func (m *manifest) localPath(i uint32) string { return m.join(i, true) }

func (m *manifest) join(i uint32, local bool) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts := make([]string, m.nodes[i].depth+1)
	for at := int32(i); at >= 0; at = m.nodes[at].parent {
		n := &m.nodes[at]
		parts[n.depth] = n.name
		if local {
			parts[n.depth] = n.localBase()
		}
	}
	return strings.Join(parts, "/")
}

// setLocal records the name of entry i on our disk.
func (m *manifest) setLocal(i uint32, name string) {
	m.mu.Lock()
	m.nodes[i].local = name
	m.mu.Unlock()
}

// add appends an entry of our own scan and returns its index.
func (m *manifest) add(n node) (int32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case len(m.nodes) >= maxEntries:
		return 0, fmt.Errorf("more than %d files and folders", maxEntries)
	case m.bytes+n.size < 0 || m.bytes+n.size > maxTotal:
		return 0, errors.New("more than 2^62 bytes")
	}
	m.nodes = append(m.nodes, n)
	m.bytes += n.size
	if n.depth == 0 {
		m.tops++
	}
	m.changedLocked()
	return int32(len(m.nodes) - 1), nil
}

// finish says that no entry follows.
func (m *manifest) finish() {
	m.mu.Lock()
	m.complete = true
	m.changedLocked()
	m.mu.Unlock()
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

// limits are what a receiver agreed to.
type limits struct {
	names   map[string]bool // allowed top-level names; nil: any
	tops    int64           // how many top-level names
	entries int64
	bytes   int64
}

// span is a run of entries: from first to before end.
type span struct{ first, end uint32 }

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

// nodeOf describes a file or folder found by a scan.
func nodeOf(name string, info os.FileInfo) node {
	n := node{name: name, kind: kindFile, size: info.Size(), parent: -1}
	mtime := info.ModTime()
	n.sec, n.nsec = mtime.Unix(), int32(mtime.Nanosecond())
	if info.IsDir() {
		n.kind, n.size = kindFolder, 0
	} else {
		n.exec = executable(info)
	}
	return n
}

// chunkCount returns the number of chunks of a node's file as uint32; files above
// maxFile are refused before.
func (n *node) chunkCount() uint32 { return uint32(min(chunks(n.size), math.MaxUint32)) }

// cleanJoin joins a folder and a name with slashes.
func cleanJoin(dir, name string) string {
	if dir == "" {
		return name
	}
	return path.Join(dir, name)
}
