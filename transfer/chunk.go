package transfer

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math/bits"
	"sync"

	"lukechampine.com/blake3/guts"
)

// chunkSize is the length of every chunk of a file but the last, in bytes.
const chunkSize = 1 << 20

// A chunk's value is its node in the BLAKE3 tree of the file. With more than one
// chunk it is the non-root chaining value; of a file with one chunk (0 bytes
// included) it is the digest itself. So one pass over the content gives the check of
// each chunk and, put together, the digest that b3sum prints for the file.

// value is the BLAKE3 value of a chunk, or the digest of a file.
type value = [32]byte

// emptyDigest is the digest of a file without content.
var emptyDigest = chunkValue(nil, 0, true)

// chunks returns how many chunks a file of size bytes has; 0 for an empty one.
func chunks(size int64) int64 { return (size + chunkSize - 1) / chunkSize }

// chunkLen returns the length of chunk i of a file of size bytes.
func chunkLen(size int64, i int64) int { return int(min(size-i*chunkSize, chunkSize)) }

// group is what one call of the vector code takes, in bytes.
const group = guts.MaxSIMD * guts.ChunkSize

// groups are for ends of chunks that are shorter. What lies behind the content in them
// is not looked at.
var groups = sync.Pool{New: func() any { return new([group]byte) }}

// pieceSize is how much of a chunk is hashed at a time: what was read a moment ago, or is
// to be written in a moment, is then still in the cache of its core.
const pieceSize = 128 << 10

// chunkValue hashes chunk index of a file. only says that the file has no other
// chunk. It runs on the calling goroutine alone.
func chunkValue(content []byte, index int64, only bool) value {
	h := newChunkHash(index)
	h.add(content)
	return h.value(only)
}

// chunkHash is chunkValue in steps.
type chunkHash struct {
	nodes   [chunkSize / group][8]uint32
	n       int
	counter uint64
	last    guts.Node
	begun   bool
}

func newChunkHash(index int64) *chunkHash {
	return &chunkHash{counter: uint64(index) * (chunkSize / guts.ChunkSize)}
}

// add hashes the next bytes. All but the last call must give a multiple of 16 KiB.
func (h *chunkHash) add(content []byte) {
	for len(content) > 0 || !h.begun {
		if h.begun {
			h.nodes[h.n] = guts.ChainingValue(h.last)
			h.n++
			h.counter += guts.MaxSIMD
		}
		h.begun = true
		length := min(len(content), group)
		if length == group {
			h.last = guts.CompressBuffer((*[group]byte)(content), length, &guts.IV, h.counter, 0)
		} else {
			buf := groups.Get().(*[group]byte)
			copy(buf[:], content)
			h.last = guts.CompressBuffer(buf, length, &guts.IV, h.counter, 0)
			groups.Put(buf)
		}
		content = content[length:]
	}
}

func (h *chunkHash) value(only bool) value {
	last := h.last
	if h.n > 0 {
		h.nodes[h.n] = guts.ChainingValue(last)
		last = mergeNodes(h.nodes[:h.n+1])
	}
	if only {
		last.Flags |= guts.FlagRoot
	}
	return wordsToValue(guts.ChainingValue(last))
}

// pieces yields where the pieces of a chunk of n bytes begin and end.
func pieces(n int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for at := 0; at < n; at += pieceSize {
			if !yield(at, min(at+pieceSize, n)) {
				return
			}
		}
	}
}

var zeros [64 << 10]byte

// allZero reports whether b holds nothing but zeros.
func allZero(b []byte) bool {
	for len(b) > 0 {
		n := min(len(b), len(zeros))
		if !bytes.Equal(b[:n], zeros[:n]) {
			return false
		}
		b = b[n:]
	}
	return true
}

// digest combines the values of all chunks of a file into its BLAKE3 digest.
func digest(values []value) value {
	switch len(values) {
	case 0:
		return emptyDigest
	case 1:
		return values[0]
	}
	nodes := make([][8]uint32, len(values))
	for i, v := range values {
		nodes[i] = valueToWords(v)
	}
	root := mergeNodes(nodes)
	root.Flags |= guts.FlagRoot
	return wordsToValue(guts.ChainingValue(root))
}

// mergeNodes returns the top of the left-full tree over at least two subtrees of
// equal height (the last may be lower).
func mergeNodes(nodes [][8]uint32) guts.Node {
	left := 1 << (bits.Len(uint(len(nodes)-1)) - 1) // largest power of two below len
	return guts.ParentNode(subtree(nodes[:left]), subtree(nodes[left:]), &guts.IV, 0)
}

func subtree(nodes [][8]uint32) [8]uint32 {
	if len(nodes) == 1 {
		return nodes[0]
	}
	return guts.ChainingValue(mergeNodes(nodes))
}

func wordsToValue(words [8]uint32) (v value) {
	for i, w := range words {
		binary.LittleEndian.PutUint32(v[4*i:], w)
	}
	return v
}

func valueToWords(v value) (words [8]uint32) {
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(v[4*i:])
	}
	return words
}
