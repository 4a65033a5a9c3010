package ui

// togglePanel opens and closes the settings.
func (w *Window) togglePanel() { w.showPanel(!w.inPanel || w.inDoctor || w.inDetails) }

// showPanel puts the settings in place of the conversation, or back.
func (w *Window) showPanel(open bool) {
	opening := open && (!w.inPanel || w.inDoctor || w.inDetails)
	w.inPanel, w.inDoctor, w.inDetails = open, false, false
	w.doctor.content.Hide()
	w.details.content.Hide()
	if opening {
		w.panel.fill(w.settings)
	}
	if open {
		w.thread.content.Hide()
		w.panel.content.Show()
		w.loadPartials()
	} else {
		w.panel.content.Hide()
		w.thread.content.Show()
	}
	w.refreshPeople()
	w.refreshBanner()
	w.right.Refresh()
	if opening {
		w.win.Canvas().Focus(w.panel.name)
	}
	if !open {
		w.markRead()
	}
}
