package transfer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"
)

func TestHeaderForm(t *testing.T) {
	tests := []struct {
		reason string
		h      header
		hex    string
	}{
		{"all zero", header{}, "00000000000000000000"},
		{"each field in its place", header{0x16, 0x01, 0x02030405, 0x06070809}, "16010203040506070809"},
		{"lengths are unsigned", header{0x02, 0xff, 0x80000000, 0xffffffff}, "02ff80000000ffffffff"},
	}
	for _, test := range tests {
		b := test.h.append(nil)
		if got := hex.EncodeToString(b); got != test.hex {
			t.Errorf("%s: %+v encodes as %s, want %s", test.reason, test.h, got, test.hex)
		}
		if got := parseHeader((*[headerSize]byte)(b)); got != test.h {
			t.Errorf("%s: %s decodes as %+v, want %+v", test.reason, test.hex, got, test.h)
		}
	}
}

func TestReadHeaderCutShort(t *testing.T) {
	whole := header{frameData, 0, 7, 99}.append(nil)
	for n := range headerSize {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF // nothing of a frame: the connection simply ended
		}
		if _, err := readHeader(bytes.NewReader(whole[:n])); !errors.Is(err, want) {
			t.Errorf("readHeader of %d bytes = %v, want %v", n, err, want)
		}
	}
}

func TestDataHeaderForm(t *testing.T) {
	data := dataHeader{entry: 0x01020304, chunk: 0x05060708, offset: 0x090a0b0c}
	const form = "0102030405060708090a0b0c"
	if got := hex.EncodeToString(data.append(nil)); got != form {
		t.Errorf("data header encodes as %s, want %s", got, form)
	}
	if got := parseDataHeader((*[dataHeaderSize]byte)(data.append(nil))); got != data {
		t.Errorf("data header decodes as %+v, want %+v", got, data)
	}
	chunk := chunkHeader{encoding: encodingZstd, raw: chunkSize, encoded: 0x0a0b, value: value(bytes.Repeat([]byte{0xcd}, 32))}
	want := "010010000000000a0b" + hex.EncodeToString(chunk.value[:])
	if got := hex.EncodeToString(chunk.append(nil)); got != want {
		t.Errorf("chunk header encodes as %s, want %s", got, want)
	}
	if got, err := parseChunkHeader((*[chunkHeaderSize]byte)(chunk.append(nil))); err != nil || got != chunk {
		t.Errorf("chunk header decodes as %+v, %v, want %+v", got, err, chunk)
	}
}

func TestChunkHeaderLimits(t *testing.T) {
	tests := []struct {
		reason string
		h      chunkHeader
		ok     bool
	}{
		{"one byte", chunkHeader{raw: 1, encoded: 1}, true},
		{"a whole chunk", chunkHeader{raw: chunkSize, encoded: chunkSize}, true},
		{"a byte more than a chunk", chunkHeader{raw: chunkSize + 1, encoded: chunkSize + 1}, false},
		{"2 GiB", chunkHeader{raw: 1 << 31, encoded: 1 << 31}, false},
		{"-1", chunkHeader{raw: 1<<32 - 1, encoded: 1<<32 - 1}, false},
		{"no content", chunkHeader{}, false},
		{"nothing on the wire", chunkHeader{raw: 5}, false},
		{"raw, but shorter", chunkHeader{raw: 5, encoded: 4}, false},
		{"compressed", chunkHeader{encoding: encodingZstd, raw: 5, encoded: 4}, true},
		{"compressed to the same length", chunkHeader{encoding: encodingZstd, raw: 5, encoded: 5}, true},
		{"compressed into more", chunkHeader{encoding: encodingZstd, raw: 5, encoded: 6}, false},
		{"zeros", chunkHeader{encoding: encodingZero, raw: 5}, true},
		{"zeros of a whole chunk", chunkHeader{encoding: encodingZero, raw: chunkSize}, true},
		{"zeros of more than a chunk", chunkHeader{encoding: encodingZero, raw: chunkSize + 1}, false},
		{"no zeros", chunkHeader{encoding: encodingZero}, false},
		{"zeros that are sent", chunkHeader{encoding: encodingZero, raw: 5, encoded: 1}, false},
		{"unknown encoding", chunkHeader{encoding: 3, raw: 5, encoded: 5}, false},
	}
	for _, test := range tests {
		_, err := parseChunkHeader((*[chunkHeaderSize]byte)(test.h.append(nil)))
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: parseChunkHeader = %v, want ok %v", test.reason, err, test.ok)
		}
	}
}

// TestFrameLimits asks the gate about every frame type at its limit and one byte above.
func TestFrameLimits(t *testing.T) {
	for _, typ := range slices.Sorted(maps.Keys(gate)) {
		r := gate[typ]
		for _, test := range []struct {
			reason string
			length uint32
			ok     bool
		}{
			{"at the limit", r.limit, true},
			{"a byte above", r.limit + 1, false},
			{"2^31", 1 << 31, false},
			{"-1 as unsigned", 1<<32 - 1, false},
		} {
			s := gateSession(t)
			s.host.level = max(Unknown, r.level)
			h := header{typ: typ, length: test.length, stream: s.place(t, r.place)}
			v, err := s.admit(h)
			if test.ok && (err != nil || v != pass) {
				t.Errorf("%s %s: admit(%d bytes) = %v, %v", r.name, test.reason, test.length, v, err)
			}
			if !test.ok && !errors.Is(err, ErrProtocol) {
				t.Errorf("%s %s: admit(%d bytes) = %v, want ErrProtocol", r.name, test.reason, test.length, err)
			}
		}
	}
}

// TestGateLevels refuses everything but BYE from a peer that was blocked meanwhile.
func TestGateLevels(t *testing.T) {
	for typ, r := range gate {
		s := gateSession(t)
		s.host.level = Blocked
		_, err := s.admit(header{typ: typ, stream: s.place(t, r.place)})
		if typ == frameBye && err != nil || typ != frameBye && !errors.Is(err, ErrBlocked) {
			t.Errorf("%s from a blocked peer: admit = %v", r.name, err)
		}
	}
}

// TestGateTrust: what is for more trusted peers only is refused, and passed over where it is
// optional, but not without end.
func TestGateTrust(t *testing.T) {
	for typ, r := range gate {
		for level := Unknown; level < r.level; level++ {
			s := gateSession(t)
			s.host.level = level
			h := header{typ: typ, length: r.limit, stream: s.place(t, r.place)}
			if _, err := s.admit(h); !errors.Is(err, ErrBlocked) {
				t.Errorf("%s at level %d: admit = %v, want ErrBlocked", r.name, level, err)
			}
			h.flags = flagOptional
			for n := int64(0); n < maxSkip; n += int64(h.length) + headerSize {
				if v, err := s.admit(h); n+int64(h.length)+headerSize <= maxSkip && (v != skip || err != nil) {
					t.Fatalf("%s, optional, at level %d, after %d bytes: admit = %v, %v, want skip", r.name, level, n, v, err)
				}
			}
			if _, err := s.admit(h); !errors.Is(err, ErrProtocol) {
				t.Errorf("%s, optional, at level %d, after 16 MiB: admit = %v, want ErrProtocol", r.name, level, err)
			}
		}
	}
}

func TestUnknownFrames(t *testing.T) {
	const unknown frameType = 0x7f
	t.Run("critical", func(t *testing.T) {
		if _, err := gateSession(t).admit(header{typ: unknown}); !errors.Is(err, ErrProtocol) {
			t.Errorf("admit = %v, want ErrProtocol", err)
		}
	})
	t.Run("a second HELLO", func(t *testing.T) {
		if _, err := gateSession(t).admit(header{typ: frameHello}); !errors.Is(err, ErrProtocol) {
			t.Errorf("admit = %v, want ErrProtocol", err)
		}
	})
	t.Run("optional", func(t *testing.T) {
		for _, test := range []struct {
			reason string
			length uint32
			ok     bool
		}{
			{"empty", 0, true},
			{"1 MiB", maxPage, true},
			{"a byte more", maxPage + 1, false},
			{"-1 as unsigned", 1<<32 - 1, false},
		} {
			v, err := gateSession(t).admit(header{typ: unknown, flags: flagOptional, length: test.length})
			if (err == nil) != test.ok || test.ok && v != skip {
				t.Errorf("%s: admit = %v, %v, want skip %v", test.reason, v, err, test.ok)
			}
		}
	})
	t.Run("budget", func(t *testing.T) {
		s := gateSession(t)
		count := 0
		for ; count <= maxSkip; count++ {
			if _, err := s.admit(header{typ: unknown, flags: flagOptional}); err != nil {
				break
			}
		}
		if want := maxSkip / headerSize; count != want {
			t.Errorf("%d empty optional frames skipped, want %d", count, want)
		}
	})
	t.Run("other flags mean nothing", func(t *testing.T) {
		if _, err := gateSession(t).admit(header{typ: framePing, flags: 0xff}); err != nil {
			t.Errorf("admit(PING with all flags) = %v", err)
		}
	})
}

// TestStreamNumbers allows a peer its own parity, rising.
func TestStreamNumbers(t *testing.T) {
	s := gateSession(t) // the peer dialled: its streams are odd
	for _, test := range []struct {
		reason string
		stream uint32
		ok     bool
	}{
		{"our parity", 2, false},
		{"its first", 1, true},
		{"again", 1, false},
		{"with a gap", 9, true},
		{"back", 7, false},
		{"the highest", 1<<32 - 1, true},
		{"after the highest", 1, false},
	} {
		if _, err := s.admit(header{typ: frameOffer, stream: test.stream}); (err == nil) != test.ok {
			t.Errorf("%s: admit(OFFER on stream %d) = %v, want ok %v", test.reason, test.stream, err, test.ok)
		}
	}
}

// TestLateFrames forgets what was on its way for a transfer that ended, within bounds.
func TestLateFrames(t *testing.T) {
	s := gateSession(t)
	stream := s.place(t, onAccepted)
	s.endReceiving(stream)
	total := int64(0)
	for total <= maxLate {
		h := header{typ: frameData, stream: stream, length: maxData}
		v, err := s.admit(h)
		if err != nil {
			break
		}
		if v != skip {
			t.Fatalf("late frame: verdict %v, want skip", v)
		}
		total += int64(h.length) + headerSize
	}
	if total > maxLate || total < maxLate-2*maxData {
		t.Errorf("%d bytes of late frames taken, want about %d", total, maxLate)
	}
	if _, err := s.admit(header{typ: frameData, stream: stream + 2}); !errors.Is(err, ErrProtocol) {
		t.Errorf("DATA on a stream that never was: admit = %v, want ErrProtocol", err)
	}
}

// gated is a session that only serves to ask the gate.
type gated struct {
	*Session
	host *testNode
}

func gateSession(t *testing.T) gated {
	host := &testNode{t: t, level: Unknown, change: make(chan struct{})}
	node, err := NewNode(Config{Identity: newKey(t), Host: host})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(node, nil, nil, Peer{ID: ID{1}})
	return gated{s, host}
}

// place returns a stream in the wanted state.
func (s gated) place(t *testing.T, where place) uint32 {
	t.Helper()
	const theirs, ours = 1, 2
	switch where {
	case onSession:
		return 0
	case onNew:
		return theirs
	case onOffered, onAccepted, onEither, onRunning:
		r := &receiver{session: s.Session, stream: theirs}
		r.accepted.Store(where != onOffered)
		s.receiving[theirs], s.peerStream = r, theirs
		return theirs
	}
	out := &sender{session: s.Session, stream: ours}
	out.moving.Store(where == onMoving)
	s.sending[ours], s.nextStream = out, ours+2
	return ours
}

func FuzzHeader(f *testing.F) {
	f.Add(header{frameData, 1, 2, 3}.append(nil))
	f.Add(bytes.Repeat([]byte{0xff}, headerSize))
	f.Add([]byte{1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHeader(bytes.NewReader(b))
		if err != nil {
			if len(b) >= headerSize {
				t.Errorf("readHeader(%x) = %v", b, err)
			}
			return
		}
		if got := h.append(nil); !bytes.Equal(got, b[:headerSize]) {
			t.Errorf("%x read as %+v, which encodes as %x", b, h, got)
		}
	})
}

func FuzzChunkHeader(f *testing.F) {
	f.Add(chunkHeader{raw: 1, encoded: 1}.append(nil))
	f.Add(chunkHeader{encoding: encodingZstd, raw: chunkSize, encoded: 77}.append(nil))
	f.Add(chunkHeader{encoding: encodingZero, raw: chunkSize}.append(nil))
	f.Add(make([]byte, chunkHeaderSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < chunkHeaderSize {
			return
		}
		b = b[:chunkHeaderSize]
		h, err := parseChunkHeader((*[chunkHeaderSize]byte)(b))
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("parseChunkHeader(%x) = %v", b, err)
			}
			return
		}
		if h.raw == 0 || h.raw > chunkSize || h.encoded > h.raw || (h.encoded == 0) != (h.encoding == encodingZero) {
			t.Errorf("parseChunkHeader took %+v", h)
		}
		if got := h.append(nil); !bytes.Equal(got, b) {
			t.Errorf("%x read as %+v, which encodes as %x", b, h, got)
		}
	})
}
