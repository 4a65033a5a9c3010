package main

import (
	"bytes"
	"fmt"
	"image"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/draw"
)

// render draws svg into a square of size pixels. Small pictures are drawn up to
// four times as large and scaled down, which gives them clean edges.
func render(svg []byte, size int) (*image.NRGBA, error) {
	icon, err := oksvg.ReadIconStream(bytes.NewReader(svg), oksvg.StrictErrorMode)
	if err != nil {
		return nil, fmt.Errorf("read svg: %w", err)
	}
	large := size * max(1, min(4, 1024/size))
	icon.SetTarget(0, 0, float64(large), float64(large))
	canvas := image.NewRGBA(image.Rect(0, 0, large, large))
	scanner := rasterx.NewScannerGV(large, large, canvas, canvas.Bounds())
	icon.Draw(rasterx.NewDasher(large, large, scanner), 1)

	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(img, img.Bounds(), canvas, canvas.Bounds(), draw.Src, nil)
	return img, nil
}
