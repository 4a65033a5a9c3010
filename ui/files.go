package ui

import (
	"context"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// filesEvery is how often the list follows a transfer that runs.
const filesEvery = time.Second

// filesDialog lists the single files of a running transfer, a page at a time, each with
// a button that leaves it out.
type filesDialog struct {
	w     *Window
	item  app.ItemID
	pages []uint32 // where the pages before this one, and this one, begin
	files map[string]app.File
	list  *rows
	empty *prose
	back  *button
	more  *button
	popup *widget.PopUp

	loading bool
	loaded  time.Time
}

// Size of the dialog in Fyne's pixels: what fits into the smallest window.
const filesWidth, filesHeight = 600, 400

// showFiles opens the list of a transfer.
func (w *Window) showFiles(item app.ItemID) {
	if w.files != nil {
		return
	}
	l := w.words
	d := &filesDialog{w: w, item: item, pages: []uint32{0}, files: map[string]app.File{}}
	d.list = newRows(fileRowHeight, func(string) row { return newFileRow(d) }, func(key string, r row) { r.(*fileRow).show(d.files[key]) })
	d.empty = newProse("", theme.ColorNamePlaceHolder, false).center()
	d.back = newButton(w, l.L("files.back"), theme.NavigateBackIcon(), d.previous)
	d.more = newButton(w, l.L("files.more"), theme.NavigateNextIcon(), d.next)
	title := newTitle(l.L("files.title"))
	title.size = theme.SizeNameSubHeadingText
	closing := newButton(w, l.L("files.close"), nil, w.closeFiles).strong()
	head := container.NewVBox(title, newProse(l.L("files.help"), theme.ColorNamePlaceHolder, true), newGap(0, 6))
	foot := container.NewVBox(newGap(0, 6), container.NewHBox(d.back, d.more, layout.NewSpacer(), closing))
	body := container.NewBorder(head, foot, nil, nil, container.NewStack(d.list, d.empty))
	d.popup = widget.NewModalPopUp(inset(body, 20, 16), w.win.Canvas())
	d.popup.Resize(fyne.NewSize(filesWidth, filesHeight))
	d.popup.Show()
	w.files = d
	w.win.Canvas().Focus(closing)
	d.load()
}

// closeFiles takes the list away.
func (w *Window) closeFiles() {
	if w.files != nil {
		w.files.popup.Hide()
		w.files = nil
	}
}

// follow loads the page again when its transfer has moved, now and then, and closes the
// list with the end of the transfer.
func (d *filesDialog) follow(item app.Item) {
	switch {
	case item.ID != d.item:
	case item.Transfer == nil || item.Transfer.State.Ended():
		d.w.closeFiles()
	case !d.loading && d.w.o.Now().Sub(d.loaded) >= filesEvery:
		d.load()
	}
}

// load asks for the page that is shown.
func (d *filesDialog) load() {
	d.loading = true
	from := d.pages[len(d.pages)-1]
	var list []app.File
	d.w.callThen(func(ctx context.Context, b app.Backend) (err error) {
		list, err = b.Files(ctx, d.item, from, app.MaxFiles)
		return err
	}, func(err error) {
		d.loading, d.loaded = false, d.w.o.Now()
		switch {
		case d.w.files != d || from != d.pages[len(d.pages)-1]:
		case err != nil:
			d.w.closeFiles()
			d.w.showProblem(app.AsProblem(err))
		default:
			d.show(list)
		}
	})
}

func (d *filesDialog) show(list []app.File) {
	keys := make([]string, len(list))
	clear(d.files)
	for i, f := range list {
		keys[i] = fmt.Sprint(f.Entry)
		d.files[keys[i]] = f
	}
	d.list.set(keys)
	for _, key := range keys {
		d.list.changed(key)
	}
	text := ""
	if len(list) == 0 {
		text = d.w.words.L("files.none")
	}
	d.empty.set(text, theme.ColorNamePlaceHolder)
	d.back.enable(len(d.pages) > 1)
	d.more.enable(len(list) == app.MaxFiles)
}

// next and previous turn the page.
func (d *filesDialog) next() {
	last := uint32(0)
	for _, f := range d.files {
		last = max(last, f.Entry)
	}
	d.pages = append(d.pages, last+1)
	d.load()
}

func (d *filesDialog) previous() {
	d.pages = d.pages[:max(1, len(d.pages)-1)]
	d.load()
}

// leaveOut takes one file out of the transfer and looks at the list again.
func (d *filesDialog) leaveOut(entry uint32) {
	d.w.callThen(func(ctx context.Context, b app.Backend) error { return b.LeaveOut(ctx, d.item, entry) }, func(err error) {
		if err != nil {
			d.w.closeFiles()
			d.w.showProblem(app.AsProblem(err))
			return
		}
		if d.w.files == d {
			d.load()
		}
	})
}
