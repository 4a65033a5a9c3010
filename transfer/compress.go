package transfer

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Every chunk is an independent zstd frame or raw, whichever is better for this link
// at this moment; the sender decides by measuring and the receiver takes both.

// Two levels: the fast one, and one that takes a fifth more time for 8 % less on text.
var fastEncoders, goodEncoders = newEncoders(zstd.SpeedFastest), newEncoders(zstd.SpeedDefault)

func newEncoders(level zstd.EncoderLevel) *sync.Pool {
	return &sync.Pool{New: func() any {
		return must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(level),
			zstd.WithWindowSize(chunkSize), zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true)))
	}}
}

var decoders = sync.Pool{New: func() any {
	return must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(chunkSize), zstd.WithDecoderMaxMemory(2*chunkSize), zstd.WithDecodeAllCapLimit(true)))
}}

const (
	sampleSize = 32 << 10
	guessing   = 2 << 20 // bytes at the beginning of a session, before anything is known of the link
	goodFactor = 8       // how much faster than the link all cores must be for the good level
)

// compression decides for the chunks of one transfer. It is safe for concurrent use.
type compression struct {
	speed   atomic.Uint64 // float64 bits: content bytes per second on one core, smoothed
	misses  atomic.Int64  // chunks in a row that did not shrink
	counter atomic.Int64
}

// encode returns chunk compressed into a buffer of its own, or nil when it should
// travel as it is. link is the speed of the connection in bytes per second; 0 means
// that it has not been a limit so far, in the sent bytes that it carried. At the very
// beginning that means nothing, and one chunk more or less is soon compressed.
func (c *compression) encode(chunk []byte, link float64, sent int64) []byte {
	if len(chunk) < 512 || link > c.capacity() || link == 0 && sent > guessing {
		return nil
	}
	// Where nothing shrank lately, only every eighth chunk is tried.
	if c.misses.Load() >= 4 && c.counter.Add(1)%8 != 0 {
		return nil
	}
	encoders := fastEncoders
	if link > 0 && link*goodFactor < c.capacity() {
		encoders = goodEncoders
	}
	enc := encoders.Get().(*zstd.Encoder)
	defer encoders.Put(enc)
	if len(chunk) > 2*sampleSize {
		middle := len(chunk)/2 - sampleSize/2
		sample := enc.EncodeAll(chunk[middle:middle+sampleSize], nil)
		if !shrinks(len(sample), sampleSize) {
			c.misses.Add(1)
			return nil
		}
	}
	began := time.Now()
	out := enc.EncodeAll(chunk, make([]byte, 0, len(chunk)/2))
	c.measured(len(chunk), time.Since(began))
	if !shrinks(len(out), len(chunk)) {
		c.misses.Add(1)
		return nil
	}
	c.misses.Store(0)
	return out
}

// shrinks says whether compressed bytes are worth the receiver's work.
func shrinks(compressed, raw int) bool { return compressed < raw-raw/12 }

// capacity is what all cores can compress per second.
func (c *compression) capacity() float64 {
	speed := math.Float64frombits(c.speed.Load())
	if speed == 0 {
		speed = 200 << 20 // until it is measured
	}
	return speed * float64(min(runtime.NumCPU(), 4))
}

func (c *compression) measured(n int, took time.Duration) {
	if took <= 0 {
		return
	}
	speed := float64(n) / took.Seconds()
	if old := math.Float64frombits(c.speed.Load()); old > 0 {
		speed = 0.8*old + 0.2*speed
	}
	c.speed.Store(math.Float64bits(speed))
}

// decode writes the content of a chunk into buf, which has room for raw bytes, and
// refuses anything that does not give exactly that many.
func decode(encoded []byte, raw int, buf []byte) ([]byte, error) {
	var head zstd.Header
	if err := head.Decode(encoded); err != nil || !head.HasFCS || head.FrameContentSize != uint64(raw) || head.Skippable {
		return nil, fmt.Errorf("%w: zstd frame does not declare %d bytes", ErrProtocol, raw)
	}
	dec := decoders.Get().(*zstd.Decoder)
	out, err := dec.DecodeAll(encoded, buf[:0:raw])
	if err != nil || len(out) != raw {
		return nil, fmt.Errorf("%w: zstd chunk gives %d of %d bytes: %v", ErrProtocol, len(out), raw, err)
	}
	decoders.Put(dec)
	return out, nil
}
