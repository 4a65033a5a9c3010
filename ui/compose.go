package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"yonder/app"
)

// maxMessage is the most bytes one message may have.
const maxMessage = 16 << 10

// composer is the field to write in with the buttons beside it.
type composer struct {
	w       *Window
	content *fyne.Container
	entry   *composeEntry
	attach  *button
	send    *button
	hint    *line
}

func newComposer(w *Window) *composer {
	c := &composer{w: w, hint: newCaption("")}
	c.entry = newComposeEntry(c)
	c.attach = newIconButton(w, theme.MailAttachmentIcon(), w.words.L("compose.attach"), c.showAttachMenu)
	c.send = newButton(w, w.words.L("compose.send"), theme.MailSendIcon(), c.submit).strong()
	c.send.Disable()
	bottom := func(o fyne.CanvasObject) fyne.CanvasObject { return container.NewVBox(layout.NewSpacer(), o) }
	line := container.NewBorder(nil, nil, bottom(c.attach), inset(bottom(c.send), 8, 0), c.entry)
	c.content = container.NewVBox(widget.NewSeparator(), inset(container.NewVBox(line, inset(c.hint, 44, 0)), 14, 10))
	c.refreshKeyHint()
	return c
}

// ctrlEnter reports whether Return alone makes a new line. On macOS the Return
// that confirms a composition of an input method arrives as one more Return, so
// there a message always takes Cmd and Return.
func (w *Window) ctrlEnter() bool { return w.settings.CtrlEnter || w.o.System == "darwin" }

func (c *composer) refreshKeyHint() {
	key := "compose.hint.return"
	if c.w.ctrlEnter() {
		key = "compose.hint.ctrl"
		if c.w.o.System == "darwin" {
			key = "compose.hint.cmd"
		}
	}
	c.hint.setText(c.w.words.L(key))
}

// submit sends what was written and clears the field.
func (c *composer) submit() {
	body := strings.TrimSpace(c.entry.Text)
	if body == "" || c.w.chosen.IsZero() {
		return
	}
	if len(body) > maxMessage {
		c.w.showProblem(&app.Problem{Code: app.CodeTooLong})
		return
	}
	c.setDraft("")
	c.w.say(c.w.chosen, body)
	c.w.thread.toNewest()
}

func (c *composer) setDraft(text string) {
	c.entry.SetText(text)
	c.entry.grow()
}

// changed follows what is typed.
func (c *composer) changed(text string) {
	if strings.TrimSpace(text) == "" {
		c.send.Disable()
	} else {
		c.send.Enable()
	}
	if c.entry.grow() {
		c.w.thread.talk.Refresh()
	}
}

// keepDraft remembers what was written to the person whose conversation closes.
func (t *thread) keepDraft() {
	if text := t.compose.entry.Text; strings.TrimSpace(text) != "" {
		t.w.drafts[t.w.chosen] = text
	} else {
		delete(t.w.drafts, t.w.chosen)
	}
}

// giveBack returns a message that could not be handed over to where it was written.
func (t *thread) giveBack(to app.DeviceID, body string) {
	if to == t.w.chosen && strings.TrimSpace(t.compose.entry.Text) == "" {
		t.compose.setDraft(body)
	} else if to != t.w.chosen && t.w.drafts[to] == "" {
		t.w.drafts[to] = body
	}
}

func (w *Window) focusComposer() { w.win.Canvas().Focus(w.thread.compose.entry) }

// showAttachMenu offers files or a folder, which no system asks for in one dialog.
func (c *composer) showAttachMenu() {
	l := c.w.words
	files := fyne.NewMenuItemWithIcon(l.L("attach.files"), theme.FileIcon(), c.w.attachFiles)
	folder := fyne.NewMenuItemWithIcon(l.L("attach.folder"), theme.FolderIcon(), c.w.attachFolder)
	menu := fyne.NewMenu("", files, folder)
	popup := widget.NewPopUpMenu(menu, c.w.win.Canvas())
	popup.ShowAtRelativePosition(fyne.NewPos(0, -popup.MinSize().Height-8), c.attach)
}

func (w *Window) attachFiles() {
	w.attachWith(PickRequest{Title: w.words.L("pick.files")})
}

func (w *Window) attachFolder() {
	w.attachWith(PickRequest{Title: w.words.L("pick.folder"), Folder: true})
}

// attachWith asks and sends to whoever was chosen when the dialog opened.
func (w *Window) attachWith(req PickRequest) {
	to := w.chosen
	w.pick(req, func(paths []string) {
		if w.people[to] == nil {
			w.offerPaths(paths)
			return
		}
		w.send(to, paths)
	})
}

// composeEntry is the field itself: it grows with its text up to six lines, and
// Return sends while Shift and Return break the line, or as the settings say.
type composeEntry struct {
	widget.Entry
	c     *composer
	shift bool
	rows  int
}

const mostRows = 6

func newComposeEntry(c *composer) *composeEntry {
	e := &composeEntry{c: c}
	e.MultiLine = true
	e.Wrapping = fyne.TextWrapWord
	e.ExtendBaseWidget(e)
	e.OnChanged = c.changed
	e.grow()
	return e
}

// grow fits the height to the text and reports whether it changed.
func (e *composeEntry) grow() bool {
	rows := 1 + strings.Count(e.Text, "\n")
	if width := e.Size().Width - 40; width > 0 {
		rows = 0
		for _, text := range splitLines(e.Text) {
			wide := fyne.MeasureText(text, e.Theme().Size(theme.SizeNameText), fyne.TextStyle{}).Width
			rows += max(1, int(wide/width)+1)
		}
	}
	rows = min(max(rows, 1), mostRows)
	if rows == e.rows {
		return false
	}
	e.rows = rows
	e.SetMinRowsVisible(rows)
	return true
}

// KeyDown and KeyUp follow the Shift keys, which TypedKey does not tell.
func (e *composeEntry) KeyDown(ev *fyne.KeyEvent) {
	if ev.Name == desktop.KeyShiftLeft || ev.Name == desktop.KeyShiftRight {
		e.shift = true
	}
	e.Entry.KeyDown(ev)
}

func (e *composeEntry) KeyUp(ev *fyne.KeyEvent) {
	if ev.Name == desktop.KeyShiftLeft || ev.Name == desktop.KeyShiftRight {
		e.shift = false
	}
	e.Entry.KeyUp(ev)
}

// FocusLost forgets a Shift whose release goes elsewhere.
func (e *composeEntry) FocusLost() {
	e.shift = false
	e.Entry.FocusLost()
}

// TypedKey implements [fyne.Focusable].
func (e *composeEntry) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if e.shift || e.c.w.ctrlEnter() {
			e.TypedRune('\n')
		} else {
			e.c.submit()
		}
	case fyne.KeyEscape:
		e.c.w.escape()
	default:
		e.Entry.TypedKey(ev)
	}
}

// AcceptsTab lets Tab go on to the next widget.
func (e *composeEntry) AcceptsTab() bool { return false }

// TypedShortcut implements [fyne.Shortcutable]: sending, pasting files, and the
// shortcuts of the window come before those of the field.
func (e *composeEntry) TypedShortcut(s fyne.Shortcut) {
	if custom, ok := s.(*desktop.CustomShortcut); ok {
		if custom.Modifier == fyne.KeyModifierShortcutDefault && (custom.KeyName == fyne.KeyReturn || custom.KeyName == fyne.KeyEnter) {
			e.c.submit()
			return
		}
	}
	if paste, ok := s.(*fyne.ShortcutPaste); ok && paste.Clipboard != nil {
		if paths := pathsInText(paste.Clipboard.Content()); len(paths) > 0 {
			e.c.w.pastePaths(paths, func() { e.Entry.TypedShortcut(s) })
			return
		}
	}
	if !e.c.w.shortcut(s) {
		e.Entry.TypedShortcut(s)
	}
}
