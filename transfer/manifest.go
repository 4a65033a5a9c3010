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
