package transfer

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// assembly is a chunk or a pack whose fragments are arriving.
type assembly struct {
	chunk *chunkRef   // nil: a pack
	head  chunkHeader // of a pack: without value
	file  *incomingFile
	buf   []byte
	put   func()
	got   int
	cost  int64
}

// data reads one DATA or PACK payload of length bytes from the connection, straight into
// its buffer; it runs in the session's reader.
func (r *receiver) data(conn io.Reader, typ frameType, length uint32) error {
	if r == nil || r.ctx.Err() != nil { // ended since the gate looked
		_, err := io.CopyN(io.Discard, conn, int64(length))
		return err
	}
	var buf [dataHeaderSize]byte
	head := buf[:]
	if typ == framePack {
		head = buf[:packOffsetSize]
	}
	if int(length) < len(head) {
		return fmt.Errorf("%w: content frame of %d bytes", ErrProtocol, length)
	}
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	r.mu.Lock()
	r.outstanding -= int64(length)
	r.held += int64(length)
	over := r.outstanding < 0
	r.mu.Unlock()
	if over {
		return fmt.Errorf("%w: more data than credit", ErrProtocol)
	}
	rest := int(length) - len(head)
	a, offset, err := r.fragment(conn, typ, head, &rest)
	if err != nil && r.ctx.Err() != nil { // ended meanwhile
		_, err := io.CopyN(io.Discard, conn, int64(rest))
		return err
	}
	if err != nil {
		return err
	}
	if a == nil || a.got != offset || rest > len(a.buf)-a.got || rest == 0 && len(a.buf) > 0 {
		return fmt.Errorf("%w: fragment of %d bytes at %d out of order", ErrProtocol, rest, offset)
	}
	if _, err := io.ReadFull(counted{conn, &r.got}, a.buf[a.got:a.got+rest]); err != nil {
		return err
	}
	a.got += rest
	a.cost += int64(length)
	if a.got == len(a.buf) {
		r.assembling = nil
		r.dispatch(a)
	}
	r.mu.Lock()
	r.flow.came(time.Now(), int64(length), r.session.roundTrip())
	r.mu.Unlock()
	r.replenish(0)
	return nil
}

// counted counts what is read while it comes: a large fragment takes minutes when the link
// has become slow, and all the time bytes move.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// fragment returns what a fragment belongs to, which it begins when its offset is 0, and
// the offset.
func (r *receiver) fragment(conn io.Reader, typ frameType, head []byte, rest *int) (a *assembly, offset int, err error) {
	if typ == framePack {
		at := packOffset(head)
		if at == 0 {
			err = r.beginPack(conn, rest)
		} else if r.assembling != nil && r.assembling.chunk != nil {
			return nil, 0, nil
		}
		return r.assembling, int(at), err
	}
	h := parseDataHeader((*[dataHeaderSize]byte)(head))
	ref := chunkRef{h.entry, h.chunk}
	if h.offset == 0 {
		err = r.beginChunk(conn, ref, rest)
	} else if r.assembling != nil && (r.assembling.chunk == nil || *r.assembling.chunk != ref) {
		return nil, 0, nil
	}
	return r.assembling, int(h.offset), err
}

// describe reads the description in the first fragment of something new.
func (r *receiver) describe(conn io.Reader, b []byte, rest *int) error {
	if r.assembling != nil || *rest < len(b) {
		return fmt.Errorf("%w: content begins inside other content or is empty", ErrProtocol)
	}
	*rest -= len(b)
	_, err := io.ReadFull(conn, b)
	return err
}

func (r *receiver) beginChunk(conn io.Reader, ref chunkRef, rest *int) error {
	var b [chunkHeaderSize]byte
	if err := r.describe(conn, b[:], rest); err != nil {
		return err
	}
	head, err := parseChunkHeader(&b)
	if err != nil {
		return err
	}
	n, ok := r.manifest.node(ref.entry)
	if !ok || n.kind != kindFile || ref.chunk >= n.chunkCount() || int(head.raw) != chunkLen(n.size, int64(ref.chunk)) {
		return fmt.Errorf("%w: chunk %d of entry %d with %d bytes is not in the manifest", ErrProtocol, ref.chunk, ref.entry, head.raw)
	}
	r.assembling = &assembly{chunk: &ref, head: head}
	r.assembling.room()
	return nil
}

func (r *receiver) beginPack(conn io.Reader, rest *int) error {
	var b [packHeaderSize]byte
	if err := r.describe(conn, b[:], rest); err != nil {
		return err
	}
	head, err := parsePackHeader(&b)
	if err != nil {
		return err
	}
	r.assembling = &assembly{head: chunkHeader{encoding: head.encoding, raw: head.raw, encoded: head.encoded}}
	r.assembling.room()
	return nil
}

func (a *assembly) room() {
	a.put = func() {}
	if a.head.encoded > 0 {
		a.buf, a.put = rawBuffer(int(a.head.encoded))
	}
}

// dispatch gives whole content to a lane.
func (r *receiver) dispatch(a *assembly) {
	t := task{drop: a.put}
	var at uint32
	if a.chunk == nil {
		r.packs++
		at = r.packs
		t.run = func(l *lane) error { return r.keeper.storePack(l, a) }
	} else {
		a.file = r.keeper.coming(a.chunk.entry)
		at = a.chunk.entry + a.chunk.chunk
		t.run = func(*lane) error { return r.keeper.storeChunk(a) }
	}
	r.lanes[at%uint32(len(r.lanes))].put(t)
}

// content returns the decoded content of a, and what gives its buffer back.
func (a *assembly) content() (raw []byte, put func(), err error) {
	switch a.head.encoding {
	case encodingZero:
		raw, put = rawBuffer(int(a.head.raw))
		clear(raw)
		return raw, put, nil
	case encodingZstd:
		defer a.put()
		buf, put := rawBuffer(int(a.head.raw))
		raw, err := decode(a.buf, int(a.head.raw), buf)
		if err != nil {
			put()
		}
		return raw, put, err
	}
	return a.buf, a.put, nil
}

// replenish takes written bytes off what is held and gives the sender new credit.
func (r *receiver) replenish(written int64) {
	r.mu.Lock()
	r.held -= written
	ahead, step := r.window()
	grant := min(ahead-r.outstanding, maxHeld-r.outstanding-r.held)
	if grant < step || r.pausing {
		r.mu.Unlock()
		return
	}
	grant = int64(r.session.node.down.most(r.pace.most(int(grant))))
	if r.paceLocked(grant) {
		r.mu.Unlock()
		return
	}
	r.outstanding += grant
	r.mu.Unlock()
	r.session.out.send(frameCredit, r.stream, &credit{Bytes: uint64(grant)})
}
