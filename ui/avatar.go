package ui

import (
	"encoding/binary"
	"image/color"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// avatarColors all carry white text with a contrast of at least 4.5:1.
var avatarColors = []color.Color{
	rgb(0x3159d8), rgb(0x0b7285), rgb(0x2b7a3d), rgb(0x8a5a00), rgb(0xb5431f),
	rgb(0xb02a5b), rgb(0x8b3fb0), rgb(0x5f4bc4), rgb(0x50616f), rgb(0x7a5548),
}

// avatarColor is made from the identity: a copied name does not copy the colour.
func avatarColor(id app.DeviceID) color.Color {
	return avatarColors[binary.BigEndian.Uint32(id[:4])%uint32(len(avatarColors))]
}

// initials returns one or two letters that stand for a name: the last two
// characters of a Chinese name, the first letters of two words otherwise.
func initials(name string) string {
	fields := strings.FieldsFunc(name, notLetter)
	if len(fields) == 0 {
		return "?"
	}
	letters := []rune(fields[0])
	if unicode.In(letters[0], unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) {
		return string(letters[max(0, len(letters)-2):])
	}
	first := letters[:1:1]
	if len(fields) > 1 {
		first = append(first, []rune(fields[len(fields)-1])[0])
	}
	return strings.ToUpper(string(first))
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// avatar is a coloured disc with initials and, for somebody present, a dot.
type avatar struct {
	widget.BaseWidget
	id      app.DeviceID
	name    string
	side    float32 // in Fyne's pixels
	present bool
	faded   bool                // somebody who is away
	ground  fyne.ThemeColorName // what the dot stands on
}

func newAvatar(side float32) *avatar {
	a := &avatar{side: side, ground: theme.ColorNameBackground}
	a.ExtendBaseWidget(a)
	return a
}

func (a *avatar) set(id app.DeviceID, name string, present, faded bool) {
	if a.id == id && a.name == name && a.present == present && a.faded == faded {
		return
	}
	a.id, a.name, a.present, a.faded = id, name, present, faded
	a.Refresh()
}

// CreateRenderer implements [fyne.Widget].
func (a *avatar) CreateRenderer() fyne.WidgetRenderer {
	r := &avatarRenderer{avatar: a, disc: canvas.NewCircle(nil), text: canvas.NewText("", color.White), dot: canvas.NewCircle(nil)}
	r.text.Alignment = fyne.TextAlignCenter
	r.text.TextStyle.Bold = true
	r.Refresh()
	return r
}

type avatarRenderer struct {
	avatar *avatar
	disc   *canvas.Circle
	text   *canvas.Text
	dot    *canvas.Circle
}

func (r *avatarRenderer) Layout(size fyne.Size) {
	side := r.avatar.side
	at := fyne.NewPos((size.Width-side)/2, (size.Height-side)/2)
	r.disc.Move(at)
	r.disc.Resize(fyne.NewSquareSize(side))
	height := r.text.MinSize().Height
	r.text.Move(at.AddXY(0, (side-height)/2))
	r.text.Resize(fyne.NewSize(side, height))
	dot := side*0.22 + 3
	r.dot.Resize(fyne.NewSquareSize(dot))
	r.dot.Move(at.AddXY(side-dot+1, side-dot+1))
}

func (r *avatarRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(r.avatar.side) }

func (r *avatarRenderer) Refresh() {
	a := r.avatar
	r.disc.FillColor = avatarColor(a.id)
	if a.faded {
		r.disc.FillColor = blend(avatarColor(a.id), paint(a, a.ground), 0.45)
	}
	r.text.Text = initials(a.name)
	r.text.TextSize = a.side * 0.36
	r.dot.Hidden = !a.present
	r.dot.FillColor = rgb(0x21a35a)
	r.dot.StrokeColor = paint(a, a.ground)
	r.dot.StrokeWidth = 2
	r.Layout(a.Size())
	canvas.Refresh(a)
}

func (r *avatarRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.disc, r.text, r.dot}
}
func (r *avatarRenderer) Destroy() {}

// blend mixes two opaque colours; part is how much of b there is.
func blend(a, b color.Color, part float32) color.Color {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	mix := func(x, y uint32) uint8 { return uint8((float32(x)*(1-part) + float32(y)*part) / 257) }
	return color.NRGBA{R: mix(ar, br), G: mix(ag, bg), B: mix(ab, bb), A: 255}
}
