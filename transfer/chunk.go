package transfer

import (
	"bytes"
	"encoding/binary"
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

// chunkValue hashes chunk index of a file. only says that the file has no other
// chunk. It runs on the calling goroutine alone.
func chunkValue(content []byte, index int64, only bool) value {
	counter := uint64(index) * (chunkSize / guts.ChunkSize)
	var nodes [chunkSize / group][8]uint32
	var last guts.Node
	n := 0
	for {
		var buf *[group]byte
		length := min(len(content), group)
		if length == group {
			buf = (*[group]byte)(content)
		} else {
			buf = groups.Get().(*[group]byte)
			defer groups.Put(buf)
			copy(buf[:], content)
		}
		last = guts.CompressBuffer(buf, length, &guts.IV, counter, 0)
		content = content[length:]
		if len(content) == 0 {
			break
		}
		nodes[n] = guts.ChainingValue(last)
		n++
		counter += guts.MaxSIMD
	}
	if n > 0 {
		nodes[n] = guts.ChainingValue(last)
		last = mergeNodes(nodes[:n+1])
	}
	if only {
		last.Flags |= guts.FlagRoot
	}
	return wordsToValue(guts.ChainingValue(last))
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
