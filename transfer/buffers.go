package transfer

import (
	"context"
	"errors"
	"io"
	"sync"
)

// pool holds buffers for whole chunks; short ones are made to measure.
var pool = sync.Pool{New: func() any { return new([chunkSize]byte) }}

const smallBuffer = 64 << 10

// buffers bounds the content that one transfer holds in memory.
type buffers struct {
	mu   sync.Mutex
	free int64         // bytes
	wake chan struct{} // closed and replaced when bytes come back
}

func newBuffers(limit int64) *buffers {
	return &buffers{free: limit, wake: make(chan struct{})}
}

// get returns n bytes, 1 … 1 MiB, and what gives them back. It waits while the
// transfer holds its limit.
func (b *buffers) get(ctx context.Context, n int) (buf []byte, release func(), err error) {
	cost := int64(max(n, 1<<10))
	for {
		b.mu.Lock()
		if b.free >= cost {
			b.free -= cost
			b.mu.Unlock()
			break
		}
		wake := b.wake
		b.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
	buf, put := rawBuffer(n)
	var once sync.Once
	return buf, func() {
		once.Do(func() {
			put()
			b.mu.Lock()
			b.free += cost
			close(b.wake)
			b.wake = make(chan struct{})
			b.mu.Unlock()
		})
	}, nil
}

// rawBuffer returns n bytes from the pool, or made to measure, and what gives them back.
func rawBuffer(n int) (buf []byte, put func()) {
	if n <= smallBuffer {
		return make([]byte, n), func() {}
	}
	array := pool.Get().(*[chunkSize]byte)
	return array[:n], func() { pool.Put(array) }
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
