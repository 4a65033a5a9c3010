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
)

// kind of a manifest entry.
type kind uint8

const (
	kindFile   kind = 0
	kindFolder kind = 1
	kindLink   kind = 2
)

// node is an entry as both sides know it.
type node struct {
	name   string // as on the wire
	target string // of a link; else empty
	size   int64
	sec    int64
	nsec   int32
	parent int32 // index of the folder; -1: top level
	top    int32 // number of the top-level entry that it belongs to, from 0
	depth  uint16
	kind   kind
	exec   bool
}

func (n *node) mtime() time.Time { return time.Unix(n.sec, int64(n.nsec)) }

// chunkCount returns the number of chunks of a node's file as uint32; files above
// maxFile are refused before.
func (n *node) chunkCount() uint32 { return uint32(min(chunks(n.size), math.MaxUint32)) }

// manifest is the growing list of entries of one transfer. Its pages are kept as they
// travel, in a [spool]; a few of them are decoded at a time. So what it holds in memory
// does not grow with the number of entries. It is safe for concurrent use.
type manifest struct {
	mu        sync.Mutex
	spool     spool
	pages     []pageRef
	views     map[int]*pageView // decoded pages, by number
	viewed    int               // entries in them
	clock     int64             // of their use
	tail      []node            // sender: entries that are in no page yet
	tailSize  int
	tailOuter []folderRef // the folders that were open before the tail
	count     int64
	tops      int64
	bytes     int64
	complete  bool
	stack     []folderRef // the folders above the next entry, by depth
	last      []string    // receiver: the last name on each level
	lengths   []int       // receiver: bytes of the path of each folder in stack
	digest    *blake3.Hasher
	locals    map[uint32]string // names on our disk, where they differ
	grown     chan struct{}     // closed at the next change; nil: nobody waits
	failed    error             // of the spool
}

// folderRef is a folder that is open while its entries are listed.
type folderRef struct {
	index int32
	name  string
}

// newManifest returns an empty manifest. It must be closed.
func newManifest() *manifest {
	return &manifest{digest: blake3.New(32, nil)}
}

// close releases the spool. Nothing may be asked of the manifest any more but its totals.
func (m *manifest) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spool.close()
	m.failed = errors.New("manifest closed")
}

// totals returns entries, top-level entries and content bytes so far, and whether
// more may come.
func (m *manifest) totals() (entries, tops, bytes int64, complete bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count, m.tops, m.bytes, m.complete
}

// err returns what went wrong with the spool; nodes that it held read as missing.
func (m *manifest) err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failed
}

// growth returns a channel that is closed at the next change.
func (m *manifest) growth() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grown == nil {
		m.grown = make(chan struct{})
	}
	return m.grown
}

func (m *manifest) changedLocked() {
	if m.grown != nil {
		close(m.grown)
		m.grown = nil
	}
}

// node returns a copy of entry i.
func (m *manifest) node(i uint32) (node, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, _ := m.nodeLocked(i)
	if n == nil {
		return node{}, false
	}
	return *n, true
}

// nodeLocked returns entry i and the page that it is in; nil when there is none. What
// it returns is valid while mu is held.
func (m *manifest) nodeLocked(i uint32) (*node, *pageView) {
	if int64(i) >= m.count {
		return nil, nil
	}
	if from := uint32(m.count) - uint32(len(m.tail)); i >= from {
		return &m.tail[i-from], &pageView{first: from, nodes: m.tail} // of no page yet
	}
	view := m.viewLocked(i)
	if view == nil {
		return nil, nil
	}
	return &view.nodes[i-view.first], view
}

// path returns the wire path of entry i.
func (m *manifest) path(i uint32) string { return m.join(i, false) }

// localPath returns the path of entry i on our disk: below the source's parent for
// a sender, below the staging tree for a receiver.
func (m *manifest) localPath(i uint32) string { return m.join(i, true) }

func (m *manifest) join(i uint32, local bool) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	local = local && len(m.locals) > 0
	n, view := m.nodeLocked(i)
	if n == nil {
		return ""
	}
	named := func(i int32, name string) string {
		if local {
			if other, ok := m.locals[uint32(i)]; ok {
				return other
			}
		}
		return name
	}
	if n.depth == 0 {
		return named(int32(i), n.name)
	}
	parts := make([]string, n.depth+1)
	parts[n.depth] = named(int32(i), n.name)
	at := n.parent
	for d := int(n.depth) - 1; d >= 0; d-- {
		if at >= int32(view.first) {
			folder := &view.nodes[at-int32(view.first)]
			parts[d] = named(at, folder.name)
			at = folder.parent
			continue
		}
		outer := m.outerLocked(view)
		for ; d >= 0; d-- {
			parts[d] = named(outer[d].index, outer[d].name)
		}
	}
	return strings.Join(parts, "/")
}

// setLocal records the name of entry i on our disk.
func (m *manifest) setLocal(i uint32, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locals == nil {
		m.locals = map[uint32]string{}
	}
	m.locals[i] = name
}

// add appends an entry of our own scan, inside the folder at n.depth-1 that was added
// last, and returns its index.
func (m *manifest) add(n node) (int32, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.count >= maxEntries:
		return 0, fmt.Errorf("more than %d files and folders", maxEntries)
	case m.bytes+n.size < 0 || m.bytes+n.size > maxTotal:
		return 0, errors.New("more than 2^62 bytes")
	case m.failed != nil:
		return 0, m.failed
	}
	index := int32(m.count)
	m.enterLocked(&n, index)
	m.tail = append(m.tail, n)
	m.tailSize += rowSize(&n)
	if m.tailSize >= pageTarget || len(m.tail) >= pageRows {
		m.sealLocked(false)
	}
	m.changedLocked()
	return index, nil
}

// enterLocked counts an entry and gives it its place below the open folders.
func (m *manifest) enterLocked(n *node, index int32) {
	n.parent = -1
	if n.depth > 0 {
		n.parent = m.stack[n.depth-1].index
	} else {
		m.tops++
	}
	n.top = int32(m.tops - 1)
	m.stack = m.stack[:n.depth]
	if n.kind == kindFolder {
		m.stack = append(m.stack, folderRef{index, n.name})
	}
	m.bytes += n.size
	m.count++
}

// finish says that no entry follows.
func (m *manifest) finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.complete = true
	m.sealLocked(true)
	m.changedLocked()
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

// cleanJoin joins a folder and a name with slashes.
func cleanJoin(dir, name string) string {
	if dir == "" {
		return name
	}
	return path.Join(dir, name)
}
