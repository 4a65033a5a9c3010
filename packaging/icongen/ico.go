package main

import (
	"bytes"
	"encoding/binary"
)

// icoSizes are what Windows asks for: list, taskbar and title bar at 100 % to
// 200 % scaling, and 256 for large views.
var icoSizes = []int{16, 20, 24, 32, 40, 48, 64, 128, 256}

// makeICO returns a Windows icon with one PNG for each of icoSizes.
//
// An .ico is a 6-byte header, one 16-byte entry for each picture, then the
// pictures; everything little-endian. A width of 256 is written as 0.
func makeICO(svg []byte) ([]byte, error) {
	const headerLen, entryLen = 6, 16
	var head, body bytes.Buffer
	put := func(v any) { binary.Write(&head, binary.LittleEndian, v) } // a Buffer never fails

	put(uint16(0)) // reserved
	put(uint16(1)) // an icon, not a cursor
	put(uint16(len(icoSizes)))
	offset := headerLen + entryLen*len(icoSizes)
	for _, size := range icoSizes {
		data, err := drawPNG(svg, size)
		if err != nil {
			return nil, err
		}
		put(uint8(size % 256)) // width
		put(uint8(size % 256)) // height
		put(uint16(0))         // no palette; reserved
		put(uint16(1))         // colour planes
		put(uint16(32))        // bits per pixel
		put(uint32(len(data)))
		put(uint32(offset + body.Len()))
		body.Write(data)
	}
	return append(head.Bytes(), body.Bytes()...), nil
}
