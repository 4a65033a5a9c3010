package cli

import (
	"strings"
	"sync/atomic"
	"yonder/app"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bars are the progress bars of the transfers that move now, one line each. They
// exist only on a terminal. All numbers are those of the engine; the library
// draws.
type bars struct {
	screen *screen
	byID   map[string]*bar
	paused bool // a question is open; nothing is drawn below it
}

// bar is the line of one transfer.
type bar struct {
	drawn *mpb.Bar
	last  atomic.Pointer[progressEvent] // what the drawing goroutine shows
}

// show draws or updates the line of one transfer.
func (b *bars) show(e progressEvent) {
	if b.paused {
		return
	}
	line := b.byID[e.ID]
	if line == nil {
		if line = b.add(&e); line == nil {
			return
		}
	}
	line.last.Store(&e)
	line.drawn.SetTotal(max(e.Bytes, 1), false)
	line.drawn.SetCurrent(min(e.Stored, e.Bytes))
}

// add draws a new line below the others. It returns nil where the terminal is
// gone.
func (b *bars) add(e *progressEvent) *bar {
	b.screen.mu.Lock()
	if b.screen.bars == nil {
		b.screen.bars = mpb.New(mpb.WithOutput(b.screen.out), mpb.WithAutoRefresh())
	}
	container := b.screen.bars
	b.screen.mu.Unlock()
	line := &bar{}
	line.last.Store(e)
	style := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
	drawn, err := container.Add(0, style.Build(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return barHead(line.last.Load()) })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return barTail(line.last.Load()) })),
		mpb.BarWidth(barWidth))
	if err != nil {
		return nil
	}
	line.drawn = drawn
	if b.byID == nil {
		b.byID = map[string]*bar{}
	}
	b.byID[e.ID] = line
	return line
}

// barWidth is how many columns the bar proper takes where there is room.
const barWidth = 30

// barHead is what stands left of the bar: whom it is about and how far it is.
func barHead(e *progressEvent) string {
	percent := formatPercent(e.Stored, e.Bytes)
	if !e.Final {
		percent = "" // of what, nobody knows yet
	}
	return pad(cut(clean(e.Peer.Name), 20), 8) + strings.Repeat(" ", max(6-len(percent), 1)) + percent
}

// barTail is what stands right of the bar: how much, how fast, how long yet.
func barTail(e *progressEvent) string {
	parts := []string{app.FormatBytes(e.Stored) + " of " + atLeast(e.Final) + app.FormatBytes(e.Bytes)}
	if rate := formatRate(float64(e.Rate)); rate != "" {
		parts = append(parts, rate)
	}
	if left := leftOf(e); left != "" {
		parts = append(parts, left)
	}
	return strings.Join(parts, ", ")
}

// remove takes the line of one transfer away.
func (b *bars) remove(id string) {
	line := b.byID[id]
	if line == nil {
		return
	}
	delete(b.byID, id)
	line.drawn.Abort(true)
	line.drawn.Wait()
	if len(b.byID) == 0 {
		b.end()
	}
}

// clear takes all lines away; the next progress draws them again.
func (b *bars) clear() {
	for id := range b.byID {
		b.remove(id)
	}
	b.end()
}

// end waits for the drawing goroutines.
func (b *bars) end() {
	b.screen.mu.Lock()
	container := b.screen.bars
	b.screen.mu.Unlock()
	if container == nil {
		return
	}
	container.Wait()
	b.screen.mu.Lock()
	b.screen.bars = nil
	b.screen.mu.Unlock()
}
