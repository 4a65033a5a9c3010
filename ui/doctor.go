package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// doctorPanel is shown in place of the conversation and says why somebody is not found
// or not reached. It checks when it is opened, and again when it is asked to.
type doctorPanel struct {
	w       *Window
	content fyne.CanvasObject
	again   *button
	busy    *widget.Activity
	state   *prose // what it does, or the verdict
	rows    []*findingRow
	column  *columnBox
	scroll  *container.Scroll
}

// examination is what the window knows of the doctor's work, whatever panel is drawn.
type examination struct {
	running bool
	asked   []string // the addresses that were asked about
	report  *app.Report
	problem *app.Problem // instead of a report
}

func newDoctorPanel(w *Window) *doctorPanel {
	l := w.words
	p := &doctorPanel{w: w, busy: widget.NewActivity(), state: newProse("", theme.ColorNameForeground, false)}
	p.state.segment.Style.TextStyle.Bold = true
	p.state.segment.Style.SizeName = theme.SizeNameSubHeadingText
	title := newTitle(l.L("doctor.title"))
	title.size = theme.SizeNameSubHeadingText
	back := newIconButton(w, theme.NavigateBackIcon(), l.L("settings.back"), w.closeDoctor)
	p.again = newButton(w, l.L("doctor.again"), theme.ViewRefreshIcon(), w.examineAgain)
	head := container.NewVBox(inset(container.NewBorder(nil, nil, back, p.again, inset(container.NewVBox(tight(title, newCaption(l.L("doctor.lead")))), 8, 0)), 14, 8), widget.NewSeparator())
	p.column = newColumn(column{limit: 640, margin: 24, gap: 12})
	p.scroll = container.NewVScroll(p.column)
	p.content = container.NewBorder(head, nil, nil, nil, p.scroll)
	p.refresh()
	return p
}

// refresh draws what the window knows.
func (p *doctorPanel) refresh() {
	l, e := p.w.words, &p.w.examined
	p.rows = nil
	objects := []fyne.CanvasObject{newGap(0, 8)}
	p.again.enable(!e.running)
	switch {
	case e.running:
		p.state.set(l.L("doctor.looking"), theme.ColorNamePlaceHolder)
		p.busy.Start()
		objects = append(objects, p.state, container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(40), p.busy)))
	case e.problem != nil:
		p.busy.Stop()
		sentence, next := l.problem(e.problem)
		p.state.set(sentence, theme.ColorNameError)
		objects = append(objects, p.state, newProse(next, theme.ColorNameForeground, false))
	case e.report != nil:
		p.busy.Stop()
		p.state.set(l.verdict(e.report), verdictColor(e.report))
		objects = append(objects, p.state)
		for _, f := range e.report.Findings {
			row := newFindingRow(p.w, f)
			p.rows = append(p.rows, row)
			objects = append(objects, row)
		}
		objects = append(objects, newGap(0, 4), widget.NewSeparator())
		for _, f := range l.examined(e.report) {
			objects = append(objects, p.fact(f))
		}
	}
	p.column.objects = append(objects, newGap(0, 20))
	p.column.Refresh()
	p.scroll.Refresh()
}

// verdictColor repeats what the verdict says.
func verdictColor(r *app.Report) fyne.ThemeColorName {
	switch r.Worst() {
	case app.SeverityProblem:
		return theme.ColorNameError
	case app.SeverityWarning:
		return theme.ColorNameWarning
	}
	return theme.ColorNameForeground
}

// fact draws a heading with its lines, of which some are indented.
func (p *doctorPanel) fact(f fact) fyne.CanvasObject {
	title := newTitle(f.title)
	objects := []fyne.CanvasObject{title}
	for _, text := range f.lines {
		objects = append(objects, newProse(text, theme.ColorNamePlaceHolder, true))
	}
	return newColumn(column{gap: 3}, objects...)
}

// openDoctor opens the panel and examines the network; addrs are tried too.
func (w *Window) openDoctor(addrs ...string) {
	w.fromSettings = w.inPanel && !w.inDoctor && !w.inDetails
	w.showDoctor()
	if !w.examined.running {
		w.examine(addrs)
	}
}

// showDoctor puts the panel in place of what is shown.
func (w *Window) showDoctor() {
	w.inPanel, w.inDoctor, w.inDetails = true, true, false
	w.thread.content.Hide()
	w.panel.content.Hide()
	w.details.content.Hide()
	w.doctor.content.Show()
	w.refreshPeople()
	w.right.Refresh()
	w.win.Canvas().Focus(w.doctor.again)
}

// openDoctorHere is openDoctor for buttons and shortcuts.
func (w *Window) openDoctorHere() { w.openDoctor() }

// closeDoctor goes back to where the panel was opened from.
func (w *Window) closeDoctor() {
	w.showPanel(w.fromSettings)
}

// examineAgain checks once more what was checked.
func (w *Window) examineAgain() { w.examine(w.examined.asked) }

// examine has the backend look at the network, which takes some seconds.
func (w *Window) examine(addrs []string) {
	w.examined = examination{running: true, asked: addrs}
	w.doctor.refresh()
	var report app.Report
	w.callThen(func(ctx context.Context, b app.Backend) (err error) {
		report, err = b.Doctor(ctx, addrs)
		return err
	}, func(err error) {
		w.examined.running = false
		if w.examined.problem = app.AsProblem(err); err == nil {
			w.examined.report = &report
		}
		w.doctor.refresh()
	})
}
