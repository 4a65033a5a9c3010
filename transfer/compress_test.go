package transfer

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// slow is a link on which compressing pays.
const slow = 1 << 20

// pack compresses with an encoder that ours would not use.
func pack(t testing.TB, content []byte, options ...zstd.EOption) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll(content, nil)
}

// stream compresses without declaring the length.
func stream(t testing.TB, content []byte, options ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	enc, err := zstd.NewWriter(&b, append(options, zstd.WithEncoderConcurrency(1))...)
	if err != nil {
		t.Fatal(err)
	}
	for len(content) > 0 { // in pieces, so that the encoder cannot know
		n := min(len(content), 1000)
		enc.Write(content[:n])
		enc.Flush()
		content = content[n:]
	}
	enc.Close()
	return b.Bytes()
}

func TestCompressRoundTrip(t *testing.T) {
	text := []byte(strings.Repeat("all work and no play makes jack a dull boy\n", chunkSize/40))
	for _, size := range []int{512, 513, 4096, 64 << 10, 64<<10 + 1, chunkSize - 1, chunkSize} {
		content := text[:size]
		c := &compression{}
		packed := c.encode(content, slow, 1<<30)
		if packed == nil {
			t.Errorf("%d bytes of text stay raw", size)
			continue
		}
		if len(packed) >= size {
			t.Errorf("%d bytes become %d", size, len(packed))
		}
		got, err := decode(packed, size, make([]byte, size))
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes come back as %d, %v", size, len(got), err)
		}
	}
}

func TestCompressStaysRaw(t *testing.T) {
	text := []byte(strings.Repeat("text ", 20000))
	tests := []struct {
		reason  string
		content []byte
		link    float64
		sent    int64
	}{
		{"incompressible", random(chunkSize), slow, 1 << 30},
		{"incompressible and short", random(4096), slow, 1 << 30},
		{"too short to matter", text[:511], slow, 1 << 30},
		{"a link that was never the limit", text, 0, guessing + 1},
		{"incompressible, at the beginning", random(chunkSize), 0, 0},
		{"a link faster than the compressor", text, 1e18, 0},
	}
	for _, test := range tests {
		c := &compression{}
		if got := c.encode(test.content, test.link, test.sent); got != nil {
			t.Errorf("%s: %d bytes became %d", test.reason, len(test.content), len(got))
		}
	}
}

// TestCompressGuesses compresses while nothing is known of the link yet.
func TestCompressGuesses(t *testing.T) {
	text := []byte(strings.Repeat("text ", 20000))
	if got := new(compression).encode(text, 0, guessing); len(got) == 0 || len(got) > len(text)/10 {
		t.Errorf("%d bytes became %d", len(text), len(got))
	}
}

// TestCompressGivesUp tries only every eighth chunk once nothing shrinks, and all again
// when something did.
func TestCompressGivesUp(t *testing.T) {
	c := &compression{}
	noise, text := random(8192), []byte(strings.Repeat("text ", 2000))
	for range 4 {
		c.encode(noise, slow, 1<<30)
	}
	tried := 0
	for range 7 {
		if c.encode(text, slow, 1<<30) != nil {
			tried++
		}
	}
	if tried != 0 {
		t.Errorf("%d of 7 chunks tried after 4 that did not shrink, want none", tried)
	}
	if c.encode(text, slow, 1<<30) == nil {
		t.Error("the eighth chunk is not tried")
	}
	if c.encode(text, slow, 1<<30) == nil {
		t.Error("the chunk after one that shrank is not tried")
	}
}

func TestDecodeRefuses(t *testing.T) {
	zeros := make([]byte, 64<<20)
	bomb := pack(t, zeros)
	declared := func(frame []byte, size uint32) []byte { // rewrites an FCS of 4 bytes
		var head zstd.Header
		if err := head.Decode(frame); err != nil || !head.HasFCS {
			t.Fatalf("frame without content size: %v", err)
		}
		b := bytes.Clone(frame)
		at := head.HeaderSize - 4
		b[at], b[at+1], b[at+2], b[at+3] = byte(size), byte(size>>8), byte(size>>16), byte(size>>24)
		return b
	}
	chunk := make([]byte, chunkSize)
	good := pack(t, chunk)
	skippable := append([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0}, 1, 2, 3, 4)
	tests := []struct {
		reason  string
		encoded []byte
		raw     int
		ok      bool
	}{
		{"as declared", good, chunkSize, true},
		{"another length than the chunk's", good, chunkSize - 1, false},
		{"64 MiB in a few bytes", bomb, chunkSize, false},
		{"64 MiB that claim to be 1 MiB", declared(bomb, chunkSize), chunkSize, false},
		{"no length declared", stream(t, []byte(strings.Repeat("x", 5000))), 5000, false},
		{"a window of 8 MiB, and no length", stream(t, zeros, zstd.WithWindowSize(8<<20)), chunkSize, false},
		{"a second frame behind it", append(bytes.Clone(good), good...), chunkSize, false},
		{"a skippable frame", skippable, chunkSize, false},
		{"cut short", good[:len(good)-1], chunkSize, false},
		{"only a header", good[:6], chunkSize, false},
		{"nothing", nil, chunkSize, false},
		{"no zstd", random(100), chunkSize, false},
	}
	for _, test := range tests {
		buf := make([]byte, test.raw, chunkSize)
		got, err := decode(test.encoded, test.raw, buf)
		if (err == nil) != test.ok || test.ok && len(got) != test.raw {
			t.Errorf("%s: decode gives %d bytes, %v; want ok %v", test.reason, len(got), err, test.ok)
		}
		if err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v does not wrap ErrProtocol", test.reason, err)
		}
	}
}

// FuzzDecode: whatever comes as a compressed chunk, the buffer is never exceeded.
func FuzzDecode(f *testing.F) {
	f.Add(pack(f, []byte(strings.Repeat("seed ", 300))), uint32(1500))
	f.Add(pack(f, make([]byte, chunkSize)), uint32(chunkSize))
	f.Add(stream(f, []byte(strings.Repeat("x", 3000))), uint32(3000))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd}, uint32(1))
	f.Fuzz(func(t *testing.T, encoded []byte, raw uint32) {
		raw = 1 + raw%chunkSize
		buf := make([]byte, chunkSize)
		got, err := decode(encoded, int(raw), buf[:raw])
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("decode = %v", err)
			}
			return
		}
		if len(got) != int(raw) || &got[0] != &buf[0] {
			t.Errorf("decode gives %d bytes, want %d in the buffer given", len(got), raw)
		}
		for i, b := range buf[raw:] {
			if b != 0 {
				t.Fatalf("byte %d behind the chunk was written", i)
			}
		}
	})
}
