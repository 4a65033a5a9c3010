package transfer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// Small files travel many to a PACK: for each of them its entry, its digest and its
// content, one after the other. No round trip and no frame of its own is spent on any.
const (
	maxPacked = 256 << 10 // bytes of the largest file in a pack
	packRow   = 4 + 32    // bytes in front of each content
	packFiles = 512       // that we put into one
)

// packing gathers the files of one pack.
type packing struct {
	files []smallFile
	size  int
}

// add puts a file in; false when the pack is full.
func (p *packing) add(f smallFile) bool {
	size := packRow + int(f.node.size)
	if len(p.files) >= packFiles || p.size+size > chunkSize {
		return false
	}
	p.files = append(p.files, f)
	p.size += size
	return true
}

// carryPack reads the files of a pack and queues what the receiver does not have.
func (a *sender) carryPack(ctx context.Context, files []smallFile, near *nearby) error {
	size := 0
	for i := range files {
		size += packRow + int(files[i].node.size)
	}
	buf, release, err := a.buffers.get(ctx, size)
	if err != nil {
		return err
	}
	at := 0
	for i := range files {
		f := &files[i]
		row := buf[at : at+packRow+int(f.node.size)]
		v, err := a.readSmall(f, row[packRow:], near)
		switch {
		case err != nil:
			a.refuse(f.index, err)
		case f.claimed && f.claim == v:
			a.queue.fileDone(f.index, v)
		default:
			binary.BigEndian.PutUint32(row, f.index)
			copy(row[4:], v[:])
			at += len(row)
		}
		if ctx.Err() != nil {
			release()
			return context.Cause(ctx)
		}
	}
	if at == 0 {
		release()
		return nil
	}
	buf = buf[:at]
	head := packHeader{raw: uint32(at), encoded: uint32(at)}
	if packed := a.shrink.encode(buf, a.session.out.link.rate(), a.session.out.link.total.Load()); packed != nil {
		release()
		buf, release = packed, func() {}
		head.encoding, head.encoded = encodingZstd, uint32(len(packed))
	}
	a.queue.putPack(head, buf, release)
	return nil
}

// readSmall reads and hashes a whole small file. One that changes meanwhile is read once
// more.
func (a *sender) readSmall(f *smallFile, buf []byte, near *nearby) (v value, err error) {
	handle, before, err := a.scan.open(f.index, &f.node, near)
	if err != nil {
		return v, err
	}
	defer handle.Close()
	for range 2 {
		if before.Size() != f.node.size {
			return v, fmt.Errorf("%w: %d bytes became %d", errChanged, f.node.size, before.Size())
		}
		v, err := a.session.node.readValue(handle, buf, 0, true)
		if isEOF(err) {
			err = fmt.Errorf("%w: shorter than it was", errChanged)
		}
		if err != nil {
			return v, err
		}
		after, err := handle.Stat()
		if err != nil {
			return v, err
		}
		if sameContent(before, after) {
			return v, nil
		}
		before = after
	}
	return v, errChanged
}

// refuse tells the receiver that a file does not come.
func (a *sender) refuse(entry uint32, err error) {
	why := reasonOf(err)
	if errors.Is(err, errChanged) {
		why = SkipChanged
	}
	a.queue.fileFailed(entry, why, cause(err))
}

// unpack calls each with the entries, digests and contents of a pack, in order. size
// tells the length of an entry that may be in a pack, and false for any other.
func unpack(raw []byte, size func(entry uint32) (int, bool), each func(entry uint32, v value, content []byte) error) error {
	last := int64(-1)
	for len(raw) > 0 {
		if len(raw) < packRow {
			return fmt.Errorf("%w: pack ends inside a row", ErrProtocol)
		}
		entry := binary.BigEndian.Uint32(raw)
		n, ok := size(entry)
		if !ok || int64(entry) <= last {
			return fmt.Errorf("%w: entry %d cannot be in a pack behind %d", ErrProtocol, entry, last)
		}
		if len(raw) < packRow+n {
			return fmt.Errorf("%w: pack has %d of %d bytes of entry %d", ErrProtocol, len(raw)-packRow, n, entry)
		}
		if err := each(entry, value(raw[4:]), raw[packRow:packRow+n]); err != nil {
			return err
		}
		raw, last = raw[packRow+n:], int64(entry)
	}
	return nil
}
