package main

import (
	"bytes"
	"encoding/binary"
)

// icnsTypes are the members of a macOS icon that hold PNGs, with their size in
// pixels. Those named "retina" by Apple have the size of the next larger one.
var icnsTypes = []struct {
	code string // four characters
	size int    // pixels
}{
	{"icp4", 16}, {"ic11", 32}, // 16 points, plain and retina
	{"icp5", 32}, {"ic12", 64}, // 32 points
	{"ic07", 128}, {"ic13", 256}, // 128 points
	{"ic08", 256}, {"ic14", 512}, // 256 points
	{"ic09", 512}, {"ic10", 1024}, // 512 points
}

// makeICNS returns a macOS icon with one PNG for each of icnsTypes.
//
// An .icns is "icns", the length of the whole file, then members of a
// four-character type, the length of the member including these 8 bytes, and the
// PNG; everything big-endian.
func makeICNS(svg []byte) ([]byte, error) {
	var body bytes.Buffer
	for _, t := range icnsTypes {
		data, err := drawPNG(svg, t.size)
		if err != nil {
			return nil, err
		}
		body.WriteString(t.code)
		binary.Write(&body, binary.BigEndian, uint32(8+len(data))) // a Buffer never fails
		body.Write(data)
	}
	file := []byte("icns")
	file = binary.BigEndian.AppendUint32(file, uint32(8+body.Len()))
	return append(file, body.Bytes()...), nil
}
