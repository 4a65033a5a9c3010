package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func readSVG(t *testing.T) []byte {
	t.Helper()
	svg, err := os.ReadFile("../icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	return svg
}

// TestIconIsDrawn guards that icon.png is the picture of icon.svg and not of an
// older one. Processors round differently, so values may differ a little.
func TestIconIsDrawn(t *testing.T) {
	const tolerance = 0x0400 // of 0xffff in each channel
	file, err := os.Open("../icon.png")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := render(readSVG(t), 512)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != want.Bounds() {
		t.Fatalf("icon.png is %v, want %v", got.Bounds(), want.Bounds())
	}
	near := func(a, b uint32) bool { return max(a, b)-min(a, b) <= tolerance }
	for y := range 512 {
		for x := range 512 {
			r1, g1, b1, a1 := got.At(x, y).RGBA()
			r2, g2, b2, a2 := want.At(x, y).RGBA()
			if !near(r1, r2) || !near(g1, g2) || !near(b1, b2) || !near(a1, a2) {
				t.Fatalf("icon.png differs from icon.svg at %d,%d: run make icons", x, y)
			}
		}
	}
}

// TestPicture looks at single points, so that a renderer which skips a shape or a
// colour is noticed.
func TestPicture(t *testing.T) {
	img, err := render(readSVG(t), 64)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		x, y int
		is   func(r, g, b, a uint32) bool
		what string
	}{
		{0, 0, func(_, _, _, a uint32) bool { return a == 0 }, "the corner is transparent"},
		{31, 45, func(r, g, b, _ uint32) bool { return r > 0xf000 && g > 0xf000 && b > 0xf000 }, "the stem of the Y is white"},
		{47, 16, func(r, g, b, _ uint32) bool { return r > 0xe000 && b < 0x8000 }, "the point over there is yellow"},
		{6, 30, func(r, _, b, _ uint32) bool { return b > r && b > 0x8000 }, "the left is blue"},
		{56, 50, func(_, g, b, _ uint32) bool { return g > 0x8000 && g > b }, "the lower right is green"},
	}
	for _, tt := range tests {
		if r, g, b, a := img.At(tt.x, tt.y).RGBA(); !tt.is(r, g, b, a) {
			t.Errorf("at %d,%d: %#x %#x %#x %#x: want that %s", tt.x, tt.y, r, g, b, a, tt.what)
		}
	}
}

func decodeSquare(t *testing.T, data []byte, size int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Errorf("picture of %d pixels: %v", size, err)
	} else if img.Bounds() != image.Rect(0, 0, size, size) {
		t.Errorf("picture of %d pixels is %v", size, img.Bounds())
	}
}

func TestICO(t *testing.T) {
	file, err := makeICO(readSVG(t))
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if count := int(le.Uint16(file[4:])); le.Uint16(file[2:]) != 1 || count != len(icoSizes) {
		t.Fatalf("header % x: want an icon of %d pictures", file[:6], len(icoSizes))
	}
	end := 6 + 16*len(icoSizes)
	for i, size := range icoSizes {
		entry := file[6+16*i:]
		length, offset := int(le.Uint32(entry[8:])), int(le.Uint32(entry[12:]))
		if int(entry[0]) != size%256 || offset != end {
			t.Errorf("entry %d: width %d at %d, want %d at %d", i, entry[0], offset, size%256, end)
		}
		end = offset + length
		decodeSquare(t, file[offset:end], size)
	}
	if end != len(file) {
		t.Errorf("pictures end at %d of %d bytes", end, len(file))
	}
}

func TestICNS(t *testing.T) {
	file, err := makeICNS(readSVG(t))
	if err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	if string(file[:4]) != "icns" || int(be.Uint32(file[4:])) != len(file) {
		t.Fatalf("header % x for %d bytes", file[:8], len(file))
	}
	rest := file[8:]
	for _, member := range icnsTypes {
		length := int(be.Uint32(rest[4:]))
		if string(rest[:4]) != member.code {
			t.Errorf("member %q, want %q", rest[:4], member.code)
		}
		decodeSquare(t, rest[8:length], member.size)
		rest = rest[length:]
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes after the last member", len(rest))
	}
}

func TestRunRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.svg")
	if err := os.WriteFile(broken, []byte("<svg><path d='M0"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "x.png")
	tests := []struct {
		args []string
		out  string
		size int
		why  string
	}{
		{nil, out, 16, "no SVG"},
		{[]string{"../icon.svg"}, "", 16, "no output"},
		{[]string{"../icon.svg"}, "x.gif", 16, "a format that nothing needs"},
		{[]string{"../icon.svg"}, out, 7, "too small"},
		{[]string{"../icon.svg"}, out, 4097, "too large"},
		{[]string{"../none.svg"}, out, 16, "no such file"},
		{[]string{broken}, out, 16, "not an SVG"},
	}
	for _, tt := range tests {
		if err := run(tt.args, tt.out, tt.size); err == nil {
			t.Errorf("run(%q, %q, %d) = nil, want an error: %s", tt.args, tt.out, tt.size, tt.why)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused run left a file")
	}
}
