package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// sourceFile is one file while its chunks are read. It is opened when the first of
// them is, and looked at again after the last: what changed in between is read once
// more, and given up when it changes again.
type sourceFile struct {
	index uint32
	node  node
	later bool // plan's: some of its chunks are claimed

	mu     sync.Mutex
	f      *os.File
	refs   int
	first  os.FileInfo // as it was before the first read
	values []value
	known  []bool // values that are valid, and with the receiver
	seen   []bool // chunks hashed in this pass
	left   int    // chunks to be hashed before the file is judged
	passes int
	failed bool
}

// acquire opens the file, or shares the open handle.
func (f *sourceFile) acquire(s *scan) (*os.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed {
		return nil, errGivenUp
	}
	if f.f == nil {
		handle, info, err := s.open(f.index, &f.node, nil)
		if err != nil {
			return nil, err
		}
		if f.first == nil {
			f.first = info
		}
		f.f = handle
	}
	f.refs++
	return f.f, nil
}

// release gives the handle back; the last one closes it unless more is to be read soon.
func (f *sourceFile) release(keep bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refs--; f.refs == 0 && (!keep || f.failed || f.left == 0) {
		f.f.Close()
		f.f = nil
	}
}

var (
	errGivenUp = errors.New("file given up")
	errChanged = errors.New("changed while it was sent")
)

// work carries out jobs until the transfer is over.
func (a *sender) work(ctx context.Context, p *plan) {
	var near nearby
	defer near.close()
	for {
		j, ok := p.take()
		if !ok {
			return
		}
		if j.file == nil {
			a.carryPack(ctx, j.small, &near) // fails only when the transfer has ended
			p.finished(j, nil)
			continue
		}
		again, err := a.carry(ctx, j)
		if err != nil && ctx.Err() == nil && !errors.Is(err, errGivenUp) {
			a.giveUp(j.file, err)
		}
		p.finished(j, again)
	}
}

// giveUp fails one file; the others go on.
func (a *sender) giveUp(f *sourceFile, err error) {
	f.mu.Lock()
	first := !f.failed
	f.failed = true
	f.mu.Unlock()
	if !first {
		return
	}
	a.refuse(f.index, err)
}

// carry reads and hashes one chunk and queues it unless the receiver has it. After the
// last chunk of a file it judges the file; the jobs that it returns read it again.
func (a *sender) carry(ctx context.Context, j job) (again []job, err error) {
	f := j.file
	handle, err := f.acquire(a.scan)
	if err != nil {
		return nil, err
	}
	keep := true
	defer func() { f.release(keep) }()
	length := chunkLen(f.node.size, int64(j.chunk))
	buf, release, err := a.buffers.get(ctx, length)
	if err != nil {
		return nil, err
	}
	v, err := a.session.node.readValue(handle, buf, int64(j.chunk), f.node.size <= chunkSize)
	if err != nil {
		release()
		if isEOF(err) {
			err = fmt.Errorf("%w: shorter than it was", errChanged)
		}
		return nil, err
	}
	if f.has(j, v) {
		release()
	} else {
		a.putChunk(f, j.chunk, v, buf, release)
	}
	done, again, err := f.hashed(j, v, handle)
	keep = !done && err == nil && !f.later && !j.again
	if done {
		a.queue.fileDone(f.index, digest(f.values))
	}
	return again, err
}

// has reports whether the receiver holds this value of a chunk already.
func (f *sourceFile) has(j job, v value) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if j.again {
		return false
	}
	if f.known[j.chunk] {
		return f.values[j.chunk] == v
	}
	return j.claimed && j.claim == v
}

// hashed notes the value of a chunk. After the last one it looks at the file again.
func (f *sourceFile) hashed(j job, v value, handle *os.File) (done bool, again []job, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values[j.chunk], f.known[j.chunk] = v, true
	if f.seen[j.chunk] { // asked for again
		return false, nil, nil
	}
	f.seen[j.chunk] = true
	if f.left--; f.left > 0 || f.failed {
		return false, nil, nil
	}
	now, err := handle.Stat()
	if err != nil {
		return false, nil, err
	}
	if now.Size() != f.node.size {
		return false, nil, fmt.Errorf("%w: %d bytes became %d", errChanged, f.node.size, now.Size())
	}
	if sameContent(f.first, now) {
		return true, nil, nil
	}
	if f.passes++; f.passes > 1 {
		return false, nil, errChanged
	}
	f.first = now
	f.left = len(f.values)
	clear(f.seen)
	for i := range f.values {
		again = append(again, job{file: f, chunk: uint32(i)})
	}
	return false, again, nil
}
