package transfer

import (
	"fmt"
	"io"
)

// assembly is a chunk whose fragments are arriving.
type assembly struct {
	entry, chunk uint32
	head         chunkHeader
	buf          []byte
	put          func()
	got          int
	cost         int64
}

// data reads one DATA payload of length bytes from the connection, straight into the
// buffer of its chunk; it runs in the session's reader.
func (r *receiver) data(conn io.Reader, length uint32) error {
	if r == nil || r.ctx.Err() != nil { // ended since the gate looked
		_, err := io.CopyN(io.Discard, conn, int64(length))
		return err
	}
	var head [dataHeaderSize]byte
	if length <= dataHeaderSize {
		return fmt.Errorf("%w: DATA of %d bytes", ErrProtocol, length)
	}
	if _, err := io.ReadFull(conn, head[:]); err != nil {
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
	h := parseDataHeader(&head)
	rest := int(length) - dataHeaderSize
	a := r.assembling
	if h.offset == 0 {
		var err error
		if a, err = r.begin(conn, h, &rest); err != nil {
			return err
		}
		r.assembling = a
	}
	switch {
	case a == nil || a.entry != h.entry || a.chunk != h.chunk || a.got != int(h.offset):
		return fmt.Errorf("%w: fragment at %d of entry %d chunk %d out of order", ErrProtocol, h.offset, h.entry, h.chunk)
	case rest <= 0 || rest > len(a.buf)-a.got:
		return fmt.Errorf("%w: fragment of %d bytes at %d of %d", ErrProtocol, rest, a.got, len(a.buf))
	}
	if _, err := io.ReadFull(conn, a.buf[a.got:a.got+rest]); err != nil {
		return err
	}
	a.got += rest
	a.cost += int64(length)
	r.got.Add(int64(rest))
	if a.got == len(a.buf) {
		r.assembling = nil
		r.keeper.coming(a.entry)
		r.lanes[(a.entry+a.chunk)%uint32(len(r.lanes))].put(a)
	}
	r.replenish(0)
	return nil
}

// begin starts a chunk with the description in its first fragment.
func (r *receiver) begin(conn io.Reader, h dataHeader, rest *int) (*assembly, error) {
	var b [chunkHeaderSize]byte
	if r.assembling != nil || *rest <= chunkHeaderSize {
		return nil, fmt.Errorf("%w: chunk begins inside another or is empty", ErrProtocol)
	}
	if _, err := io.ReadFull(conn, b[:]); err != nil {
		return nil, err
	}
	*rest -= chunkHeaderSize
	head, err := parseChunkHeader(&b)
	if err != nil {
		return nil, err
	}
	n, ok := r.manifest.node(h.entry)
	if !ok || n.kind != kindFile || h.chunk >= n.chunkCount() || int(head.raw) != chunkLen(n.size, int64(h.chunk)) {
		return nil, fmt.Errorf("%w: chunk %d of entry %d with %d bytes is not in the manifest", ErrProtocol, h.chunk, h.entry, head.raw)
	}
	a := &assembly{entry: h.entry, chunk: h.chunk, head: head}
	a.buf, a.put = rawBuffer(int(head.encoded))
	return a, nil
}

// replenish takes written bytes off what is held and gives the sender new credit.
func (r *receiver) replenish(written int64) {
	r.mu.Lock()
	r.held -= written
	grant := min(window-r.outstanding, maxHeld-r.outstanding-r.held)
	if grant < creditStep {
		r.mu.Unlock()
		return
	}
	r.outstanding += grant
	r.mu.Unlock()
	r.session.out.send(frameCredit, r.stream, &credit{Bytes: uint64(grant)})
}
