package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

var transparent = color.Transparent

// prose is wrapped text without the padding of Fyne's Label around it.
type prose struct {
	widget.BaseWidget
	rich    *widget.RichText
	segment *widget.TextSegment
}

// newProse returns a paragraph; a caption is smaller than the text around it.
func newProse(text string, color fyne.ThemeColorName, caption bool) *prose {
	size := theme.SizeNameText
	if caption {
		size = theme.SizeNameCaptionText
	}
	segment := &widget.TextSegment{Text: text, Style: widget.RichTextStyle{ColorName: color, SizeName: size}}
	p := &prose{segment: segment, rich: widget.NewRichText(segment)}
	p.rich.Wrapping = fyne.TextWrapWord
	p.ExtendBaseWidget(p)
	return p
}

// set changes the text and hides the paragraph while it is empty.
func (p *prose) set(text string, color fyne.ThemeColorName) {
	p.Hidden = text == ""
	if p.segment.Text != text || p.segment.Style.ColorName != color {
		p.segment.Text, p.segment.Style.ColorName = text, color
		p.rich.Refresh()
	}
}

func (p *prose) center() *prose {
	p.segment.Style.Alignment = fyne.TextAlignCenter
	return p
}

func (p *prose) pad() float32 { return p.Theme().Size(theme.SizeNameInnerPadding) }

// heightFor implements [tall].
func (p *prose) heightFor(width float32) float32 {
	pad := p.pad()
	p.rich.Resize(fyne.NewSize(width+2*pad, p.rich.Size().Height))
	return max(0, p.rich.MinSize().Height-2*pad)
}

// CreateRenderer implements [fyne.Widget].
func (p *prose) CreateRenderer() fyne.WidgetRenderer {
	return &proseRenderer{WidgetRenderer: widget.NewSimpleRenderer(p.rich), prose: p}
}

type proseRenderer struct {
	fyne.WidgetRenderer
	prose *prose
}

func (r *proseRenderer) Layout(size fyne.Size) {
	pad := r.prose.pad()
	r.prose.rich.Move(fyne.NewPos(-pad, -pad))
	r.prose.rich.Resize(size.AddWidthHeight(2*pad, 2*pad))
}

func (r *proseRenderer) MinSize() fyne.Size {
	if width := r.prose.Size().Width; width > 0 {
		return fyne.NewSize(0, r.prose.heightFor(width))
	}
	return fyne.NewSize(0, max(0, r.prose.rich.MinSize().Height-2*r.prose.pad()))
}

// textColor is the colour in which a sentence of a mood is written.
func (m mood) textColor() fyne.ThemeColorName {
	if m == accent {
		return theme.ColorNamePlaceHolder
	}
	_, text := m.colors()
	return text
}
