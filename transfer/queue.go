package transfer

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"
)

// queue holds what a transfer has ready to go out, in order: whole frames and chunks.
// Chunks leave as fragments, as far as the receiver's credit reaches. It is the
// transfer's [frameSource].
type queue struct {
	w      *writer
	stream uint32
	wire   func(n int) // told how many chunk bytes went out

	mu     sync.Mutex
	items  []queued
	credit int64 // bytes of DATA payload that the receiver still takes
	batch  files // outcomes of files not sent yet
	closed bool

	paused  bool        // nothing leaves
	pace    []*limiter  // that what leaves is counted against
	waiting *time.Timer // for the limit

	writing bool   // the writer holds a fragment of a chunk
	orphan  func() // releases the chunk of that fragment, when the queue was closed meanwhile
}

// queued is a whole frame, or a chunk or pack of which sent bytes have left.
type queued struct {
	frame   []byte
	chunk   *chunkRef // nil: a frame or a pack
	head    []byte    // describes the whole in the first fragment
	content []byte    // encoded
	sent    int
	begun   bool
	release func()
}

// chunkRef names a chunk.
type chunkRef struct{ entry, chunk uint32 }

// part appends the header of the fragment at offset.
func (item *queued) part(b []byte) []byte {
	if item.chunk == nil {
		b = binary.BigEndian.AppendUint32(b, uint32(item.sent))
	} else {
		b = dataHeader{entry: item.chunk.entry, chunk: item.chunk.chunk, offset: uint32(item.sent)}.append(b)
	}
	if !item.begun {
		b = append(b, item.head...)
	}
	return b
}

// batchSize is how many outcomes of files go into one frame.
const batchSize = 500

func newQueue(w *writer, stream uint32, wire func(int)) *queue {
	return &queue{w: w, stream: stream, wire: wire}
}

// put queues a whole frame.
func (q *queue) put(typ frameType, message any) {
	q.putFrame(frame(typ, q.stream, marshal(message)))
}

func (q *queue) putFrame(b []byte) {
	q.mu.Lock()
	q.items = append(q.items, queued{frame: b})
	q.mu.Unlock()
	q.w.ready(q)
}

// putChunk queues a chunk. release is called once, when its content is not needed any more.
func (q *queue) putChunk(entry, chunk uint32, head chunkHeader, content []byte, release func()) {
	q.putContent(queued{chunk: &chunkRef{entry, chunk}, head: head.append(nil), content: content, release: release})
}

// putPack queues a pack of small files, in the same way.
func (q *queue) putPack(head packHeader, content []byte, release func()) {
	q.putContent(queued{head: head.append(nil), content: content, release: release})
}

func (q *queue) putContent(item queued) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		item.release()
		return
	}
	q.items = append(q.items, item)
	q.mu.Unlock()
	q.w.ready(q)
}

// drop removes the chunks of an entry that have not begun to leave.
func (q *queue) drop(entry uint32) {
	q.mu.Lock()
	var dropped []queued
	q.items = slices.DeleteFunc(q.items, func(item queued) bool {
		gone := item.chunk != nil && item.chunk.entry == entry && !item.begun
		if gone {
			dropped = append(dropped, item)
		}
		return gone
	})
	q.mu.Unlock()
	for _, item := range dropped {
		item.release()
	}
}

// fileDone and fileFailed queue the outcome of a file; they travel many to a frame.
func (q *queue) fileDone(entry uint32, sum value) {
	q.mu.Lock()
	q.batch.Done = append(q.batch.Done, fileDone{Entry: entry, Digest: sum})
	q.mu.Unlock()
	q.w.ready(q)
}

func (q *queue) fileFailed(entry uint32, why Reason, detail string) {
	q.mu.Lock()
	q.batch.Failed = append(q.batch.Failed, fileFailed{Entry: entry, Reason: why, Detail: clip(detail, maxText)})
	q.flushBatchLocked() // rare, and with text
	q.mu.Unlock()
	q.w.ready(q)
}

// working tells the receiver that this side is busy reading though no bytes move.
func (q *queue) working() { q.put(frameFiles, &files{}) }

// finish queues the last frame.
func (q *queue) finish(m *end) {
	q.mu.Lock()
	q.flushBatchLocked()
	q.items = append(q.items, queued{frame: frame(frameEnd, q.stream, marshal(m))})
	q.mu.Unlock()
	q.w.ready(q)
}

func (q *queue) flushBatchLocked() {
	if len(q.batch.Done)+len(q.batch.Failed) > 0 {
		q.items = append(q.items, queued{frame: frame(frameFiles, q.stream, marshal(&q.batch))})
		q.batch = files{}
	}
}

// grant adds credit.
func (q *queue) grant(n int64) {
	q.mu.Lock()
	q.credit += n
	q.mu.Unlock()
	q.w.ready(q)
}

// pause stops what leaves, or lets it go on.
func (q *queue) pause(on bool) {
	q.mu.Lock()
	q.paused = on
	q.mu.Unlock()
	q.w.ready(q)
}

// paced returns how many of n bytes may leave now, as the rate limits say; -1: none, and
// the writer is told when that changes. mu is held.
func (q *queue) paced(n int) int {
	for _, l := range q.pace {
		n = l.most(n)
	}
	now := time.Now()
	for _, l := range q.pace {
		if wait := l.wait(now, n); wait > 0 {
			q.waiting = time.AfterFunc(wait, func() { q.w.ready(q) })
			return -1
		}
	}
	for _, l := range q.pace {
		l.take(now, n)
	}
	return n
}

// close drops everything but the fragment that is being written; its chunk is released
// when the writer has done with it.
func (q *queue) close() {
	q.mu.Lock()
	if q.waiting != nil {
		q.waiting.Stop()
	}
	items := q.items
	q.items, q.closed = nil, true
	if q.writing && len(items) > 0 && items[0].begun {
		q.orphan = items[0].release
		items = items[1:]
	}
	q.mu.Unlock()
	for _, item := range items {
		if item.release != nil {
			item.release()
		}
	}
}

// next implements [frameSource].
func (q *queue) next(limit int) (head, payload []byte, release func(), ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 || len(q.batch.Done) >= batchSize {
		q.flushBatchLocked()
	}
	if len(q.items) == 0 || q.closed || q.paused {
		return nil, nil, nil, false
	}
	item := &q.items[0]
	if item.frame != nil {
		b := item.frame
		q.popLocked()
		return b, nil, nil, true
	}
	overhead := packOffsetSize
	typ := framePack
	if item.chunk != nil {
		typ, overhead = frameData, dataHeaderSize
	}
	if !item.begun {
		overhead += len(item.head)
	}
	left := len(item.content) - item.sent
	n := min(limit, left, int(min(q.credit, 1<<30))-overhead)
	if n < min(minFragment, left) {
		q.w.link.wants(time.Now())
		return nil, nil, nil, false // until grant
	}
	if n = q.paced(n); n < 0 {
		return nil, nil, nil, false // until the limit lets it through
	}
	length := overhead + n
	head = header{typ: typ, stream: q.stream, length: uint32(length)}.append(make([]byte, 0, headerSize+overhead))
	head = item.part(head)
	payload = item.content[item.sent : item.sent+n]
	item.sent += n
	item.begun = true
	q.credit -= int64(length)
	q.wire(n)
	var last func()
	if item.sent == len(item.content) {
		last = item.release
		q.popLocked()
	}
	q.writing = true
	return head, payload, func() { q.wrote(last) }, true
}

// wrote is called when the writer needs a fragment no more. last releases its chunk.
func (q *queue) wrote(last func()) {
	q.mu.Lock()
	q.writing = false
	if last == nil {
		last, q.orphan = q.orphan, nil
	}
	q.mu.Unlock()
	if last != nil {
		last()
	}
}

func (q *queue) popLocked() {
	q.items[0] = queued{}
	q.items = q.items[1:]
	if len(q.items) == 0 {
		q.items = nil
	}
}
