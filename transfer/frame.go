package transfer

import (
	"encoding/binary"
	"fmt"
	"io"
)

// frameType is the first byte of a frame. The numbers are in PROTOCOL.md.
type frameType uint8

const (
	frameHello   frameType = 0x01
	frameBye     frameType = 0x02
	framePing    frameType = 0x03
	framePong    frameType = 0x04
	frameOffer   frameType = 0x10
	frameUpdate  frameType = 0x11 // a newer state of an offer
	frameAccept  frameType = 0x12
	frameDecline frameType = 0x13
	framePage    frameType = 0x14 // of the manifest
	frameHave    frameType = 0x15
	frameData    frameType = 0x16
	frameFiles   frameType = 0x17 // outcome of files at the sender
	frameEnd     frameType = 0x18
	frameStored  frameType = 0x19
	frameCredit  frameType = 0x1a
	frameWant    frameType = 0x1b
	frameDone    frameType = 0x1c
	frameCancel  frameType = 0x1d
	framePause   frameType = 0x1e
	frameResume  frameType = 0x1f
	framePack    frameType = 0x20 // many small files
	frameChat    frameType = 0x30
	frameAck     frameType = 0x31
	frameGossip  frameType = 0x33 // optional: where people are whom both trust

	framePair      frameType = 0x42 // compares codes
	framePairNonce frameType = 0x43
	framePairEnd   frameType = 0x44
)

// flagOptional marks a frame that a receiver may skip when it does not know its type.
const flagOptional = 0x01

// headerSize is the length of the fixed header: type, flags, stream, payload length.
const headerSize = 1 + 1 + 4 + 4

// header is the fixed part in front of every payload.
type header struct {
	typ    frameType
	flags  uint8
	stream uint32 // 0: the session itself; else a transfer
	length uint32 // of the payload, in bytes
}

// append adds the wire form of h to b.
func (h header) append(b []byte) []byte {
	b = append(b, byte(h.typ), h.flags)
	b = binary.BigEndian.AppendUint32(b, h.stream)
	return binary.BigEndian.AppendUint32(b, h.length)
}

// parseHeader reads the wire form of a header.
func parseHeader(b *[headerSize]byte) header {
	return header{
		typ:    frameType(b[0]),
		flags:  b[1],
		stream: binary.BigEndian.Uint32(b[2:6]),
		length: binary.BigEndian.Uint32(b[6:10]),
	}
}

// readHeader reads one header from r. A connection that ends before its first byte
// gives io.EOF, one that ends inside it io.ErrUnexpectedEOF.
func readHeader(r io.Reader) (header, error) {
	var b [headerSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return header{}, err
	}
	return parseHeader(&b), nil
}

// The header of a DATA payload: which part of which chunk follows. The first
// fragment of a chunk (offset 0) carries the chunk's description behind it.
const (
	dataHeaderSize  = 4 + 4 + 4
	chunkHeaderSize = 1 + 4 + 4 + 32
	packOffsetSize  = 4
	packHeaderSize  = 1 + 4 + 4
)

// encoding says how the bytes of a chunk travel.
type encoding uint8

const (
	encodingRaw  encoding = 0
	encodingZstd encoding = 1 // one zstd frame
	encodingZero encoding = 2 // nothing: every byte of the chunk is zero
)

// dataHeader opens the payload of a DATA frame.
type dataHeader struct {
	entry  uint32 // index in the manifest
	chunk  uint32 // index in the file
	offset uint32 // of this fragment in the encoded chunk
}

// chunkHeader describes a whole chunk; it follows the data header of its first fragment.
type chunkHeader struct {
	encoding encoding
	raw      uint32   // bytes of content, 1 … 1 MiB
	encoded  uint32   // bytes on the wire, at most raw; 0 for zeros
	value    [32]byte // see chunk.go
}

func (h dataHeader) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, h.entry)
	b = binary.BigEndian.AppendUint32(b, h.chunk)
	return binary.BigEndian.AppendUint32(b, h.offset)
}

func parseDataHeader(b *[dataHeaderSize]byte) dataHeader {
	return dataHeader{
		entry:  binary.BigEndian.Uint32(b[0:4]),
		chunk:  binary.BigEndian.Uint32(b[4:8]),
		offset: binary.BigEndian.Uint32(b[8:12]),
	}
}

func (h chunkHeader) append(b []byte) []byte {
	b = append(b, byte(h.encoding))
	b = binary.BigEndian.AppendUint32(b, h.raw)
	b = binary.BigEndian.AppendUint32(b, h.encoded)
	return append(b, h.value[:]...)
}

// parseChunkHeader reads and checks a chunk's description: lengths within their
// limits, an encoded form never longer than the raw one, a known encoding.
func parseChunkHeader(b *[chunkHeaderSize]byte) (chunkHeader, error) {
	h := chunkHeader{
		encoding: encoding(b[0]),
		raw:      binary.BigEndian.Uint32(b[1:5]),
		encoded:  binary.BigEndian.Uint32(b[5:9]),
		value:    [32]byte(b[9:41]),
	}
	if h.encoding == encodingZero && h.encoded == 0 && h.raw > 0 && h.raw <= chunkSize {
		return h, nil
	}
	return h, checkEncoding(h.encoding, h.raw, h.encoded)
}

// checkEncoding checks the lengths of what travels as raw bytes or one zstd frame.
func checkEncoding(e encoding, raw, encoded uint32) error {
	switch {
	case raw == 0 || raw > chunkSize:
		return fmt.Errorf("%w: chunk of %d bytes (1 … %d)", ErrProtocol, raw, chunkSize)
	case encoded == 0 || encoded > raw:
		return fmt.Errorf("%w: chunk of %d bytes encoded as %d", ErrProtocol, raw, encoded)
	case e == encodingRaw && encoded != raw:
		return fmt.Errorf("%w: raw chunk of %d bytes sent as %d", ErrProtocol, raw, encoded)
	case e > encodingZstd:
		return fmt.Errorf("%w: chunk encoding %d", ErrProtocol, e)
	}
	return nil
}

// packOffset reads what stands in front of every fragment of a pack: its offset.
func packOffset(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// packHeader describes a whole pack; it follows the offset in its first fragment.
type packHeader struct {
	encoding encoding
	raw      uint32 // bytes, 1 … 1 MiB
	encoded  uint32 // bytes on the wire, at most raw
}

func (h packHeader) append(b []byte) []byte {
	b = append(b, byte(h.encoding))
	b = binary.BigEndian.AppendUint32(b, h.raw)
	return binary.BigEndian.AppendUint32(b, h.encoded)
}

func parsePackHeader(b *[packHeaderSize]byte) (packHeader, error) {
	h := packHeader{encoding: encoding(b[0]), raw: binary.BigEndian.Uint32(b[1:5]), encoded: binary.BigEndian.Uint32(b[5:9])}
	return h, checkEncoding(h.encoding, h.raw, h.encoded)
}
