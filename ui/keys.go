package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// addShortcuts makes everything reachable without a pointer. Ctrl is Cmd on macOS.
//
//	Ctrl+N          add somebody by address
//	Ctrl+O          attach files        Ctrl+Shift+O  attach a folder
//	Ctrl+,          settings
//	Ctrl+E          who sees this computer
//	Ctrl+R          look for people again
//	Ctrl+D          find out why somebody is not found
//	Ctrl+L          to the list of people, where the arrows choose
//	Alt+Up, Alt+Down  the person before, after
//	Ctrl+I          who the chosen person is
//	Esc             back: from the settings, the details and the doctor, from paths that wait, from a problem
func (w *Window) addShortcuts() {
	for key := range w.shortcuts() {
		w.win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: key.KeyName, Modifier: key.Modifier}, func(s fyne.Shortcut) { w.shortcut(s) })
	}
	w.win.Canvas().SetOnTypedKey(w.onKey)
}

func (w *Window) shortcuts() map[desktop.CustomShortcut]func() {
	const ctrl, alt, shift = fyne.KeyModifierShortcutDefault, fyne.KeyModifierAlt, fyne.KeyModifierShift
	return map[desktop.CustomShortcut]func(){
		{KeyName: fyne.KeyN, Modifier: ctrl}:         w.focusAddress,
		{KeyName: fyne.KeyO, Modifier: ctrl}:         w.attachFiles,
		{KeyName: fyne.KeyO, Modifier: ctrl | shift}: w.attachFolder,
		{KeyName: fyne.KeyComma, Modifier: ctrl}:     w.togglePanel,
		{KeyName: fyne.KeyE, Modifier: ctrl}:         w.chooseVisible,
		{KeyName: fyne.KeyR, Modifier: ctrl}:         w.lookAgain,
		{KeyName: fyne.KeyD, Modifier: ctrl}:         w.openDoctorHere,
		{KeyName: fyne.KeyI, Modifier: ctrl}:         w.openDetails,
		{KeyName: fyne.KeyL, Modifier: ctrl}:         w.focusPeople,
		{KeyName: fyne.KeyUp, Modifier: alt}:         w.previousPerson,
		{KeyName: fyne.KeyDown, Modifier: alt}:       w.nextPerson,
	}
}

// shortcut runs what a shortcut stands for and reports whether it is one of ours.
// Entry fields ask it first, because Fyne gives shortcuts to the focused widget only.
func (w *Window) shortcut(s fyne.Shortcut) bool {
	custom, ok := s.(*desktop.CustomShortcut)
	if !ok {
		return false
	}
	run := w.shortcuts()[*custom]
	if run == nil {
		return false
	}
	run()
	return true
}

// onKey gets keys that no widget with the focus wants.
func (w *Window) onKey(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeyEscape {
		w.escape()
	}
}

// escape goes one step back.
func (w *Window) escape() {
	switch {
	case w.asking != nil:
		w.stay()
	case w.files != nil:
		w.closeFiles()
	case w.inDoctor:
		w.closeDoctor()
	case w.inDetails:
		w.closeDetails()
	case w.inPanel:
		w.showPanel(false)
	case w.problem != nil || w.hint != "":
		w.showProblem(nil)
	case len(w.pending) > 0:
		w.dropPending()
	}
}

func (w *Window) previousPerson() { w.step(-1) }
func (w *Window) nextPerson()     { w.step(1) }

// step opens the conversation that many places further down the list.
func (w *Window) step(by int) {
	if len(w.order) == 0 {
		return
	}
	at := -1
	for i, id := range w.order {
		if id == w.chosen {
			at = i
		}
	}
	if at < 0 && by < 0 {
		at = len(w.order)
	}
	at = min(max(at+by, 0), len(w.order)-1)
	w.choose(w.order[at])
}
