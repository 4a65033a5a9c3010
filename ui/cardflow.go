package ui

import (
	"strings"

	"fyne.io/fyne/v2"
)

// flow computes the height of a transfer's card at a width and, if place is set,
// puts everything where it belongs: picture and names on top, then the bar, what
// there is to say, and the buttons.
func (r *transferRow) flow(width float32, place bool) float32 {
	const pad, tile = 16, 42
	y := float32(groupSpace)
	if r.day.Visible() {
		if place {
			size := r.day.MinSize()
			r.day.Resize(size)
			r.day.Move(fyne.NewPos((width-size.Width)/2, (dayHeight-size.Height)/2))
		}
		y = dayHeight
	} else if r.place.added {
		y = 0 // one group with the card above
	}
	card := min(cardWidth, width-2*threadMargin)
	left := float32(threadMargin)
	if r.item.Outgoing {
		left = width - threadMargin - card
	}
	top := y
	y += pad
	inner := card - 2*pad
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		if place {
			o.Move(fyne.NewPos(left+pad+x, y))
			o.Resize(fyne.NewSize(w, h))
		}
	}
	paragraph := func(p *prose, gap float32) {
		if p.Hidden {
			return
		}
		h := p.heightFor(inner)
		put(p, 0, y+gap, inner, h)
		y += gap + h
	}
	if !r.heading.Hidden {
		paragraph(r.heading, 0)
		y += 12
	}
	put(r.tile, 0, y, tile, tile)
	put(r.icon, (tile-24)/2, y+(tile-24)/2, 24, 24)
	title, facts := r.title.MinSize().Height, r.facts.MinSize().Height
	text := y + (tile-title-facts-2)/2
	put(r.title, tile+12, text, inner-tile-12, title)
	put(r.facts, tile+12, text+title+2, inner-tile-12, facts)
	y += tile
	paragraph(r.names, 10)
	paragraph(r.warning, 10)
	if r.bar.Visible() {
		put(r.bar, 0, y+14, inner, 6)
		y += 20
		h := r.amount.MinSize().Height
		speed := float32(0)
		if r.speed.text != "" {
			speed = min(inner*0.5, r.speed.natural().Width+2)
		}
		put(r.amount, 0, y+6, inner-speed-8, h)
		put(r.speed, inner-speed, y+6, speed, h)
		y += 6 + h
	}
	r.amount.Hidden, r.speed.Hidden = r.bar.Hidden, r.bar.Hidden
	paragraph(r.status, 10)
	paragraph(r.next, 2)
	paragraph(r.exists, 10)
	if r.policy.Visible() {
		const wide = 230 // every choice fits, so that it does not move
		h := r.policy.MinSize().Height
		put(r.policy, 0, y+6, min(inner, wide), h)
		y += 6 + h
	}
	paragraph(r.skipped, 8)
	if len(r.buttons) > 0 {
		y += 14
		y += flowButtons(r.buttons, left+pad, y, inner, place)
	}
	y += pad
	if place {
		r.back.Move(fyne.NewPos(left, top))
		r.back.Resize(fyne.NewSize(card, y-top))
		r.time.Move(fyne.NewPos(left+6, y+3))
		r.time.Resize(fyne.NewSize(card-12, r.time.MinSize().Height))
	}
	return y + 3 + r.time.MinSize().Height + 4
}

// nameList writes the contents of an offer, one name per line, each short enough
// for its beginning and its extension to be seen.
func nameList(c card) string {
	var lines []string
	for _, name := range c.names {
		lines = append(lines, "•  "+shorten(name, 52))
	}
	if c.rest != "" {
		lines = append(lines, c.rest)
	}
	return joinLines(lines)
}

func joinLines(lines []string) string  { return strings.Join(lines, "\n") }
func splitLines(text string) []string  { return strings.Split(text, "\n") }
func joinSentences(a, b string) string { return strings.TrimSpace(a + " " + b) }
