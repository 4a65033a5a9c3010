// Command icongen draws Yonder's icon from its SVG in every form that the
// packages need. The SVG is the original; everything else is made from it.
//
//	go run ./packaging/icongen -size 512 -o packaging/icon.png packaging/icon.svg
//	go run ./packaging/icongen -o build/icon.ico packaging/icon.svg
//
// The ending of the output says what is made: .png is one picture of -size
// pixels, .ico holds 16 to 256 pixels for Windows, .icns 16 to 1024 for macOS.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
)

func main() {
	size := flag.Int("size", 512, "width and height of a .png in pixels, 8 to 4096")
	out := flag.String("o", "", "file to write: .png, .ico or .icns")
	flag.Parse()
	if err := run(flag.Args(), *out, *size); err != nil {
		fmt.Fprintln(os.Stderr, "error: icongen:", err)
		os.Exit(1)
	}
}

func run(args []string, out string, size int) error {
	if len(args) != 1 || out == "" {
		return errors.New("want -o FILE and one SVG")
	}
	if size < 8 || size > 4096 {
		return fmt.Errorf("size %d: want 8 to 4096", size)
	}
	svg, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var data []byte
	switch ext := filepath.Ext(out); ext {
	case ".png":
		data, err = drawPNG(svg, size)
	case ".ico":
		data, err = makeICO(svg)
	case ".icns":
		data, err = makeICNS(svg)
	default:
		err = fmt.Errorf("output %q: want .png, .ico or .icns", out)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o644)
}

func drawPNG(svg []byte, size int) ([]byte, error) {
	img, err := render(svg, size)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	err = enc.Encode(&buf, img)
	return buf.Bytes(), err
}
