package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"yonder/app"
)

// notice returns what a notification about a new item says, "" for none. On
// Windows, Fyne hands the text to PowerShell, where a name could become a program:
// nothing remote goes in there, only fixed sentences. On Linux the body is markup.
func (w *words) notice(system string, item app.Item, person string) (title, body string) {
	if item.Outgoing {
		return "", ""
	}
	kind := "message"
	if item.Transfer != nil {
		if item.Transfer.State != app.Offered {
			return "", ""
		}
		kind = "offer"
		if item.Transfer.Decided {
			kind = "taken"
		}
	}
	if system == "windows" {
		return "Yonder", w.L("notify." + kind + ".plain")
	}
	title = shorten(cleanName(person), 40)
	if item.Transfer != nil {
		name, _ := item.Transfer.Short()
		body = w.L("notify."+kind, "file", shorten(cleanName(name), 60), "size", w.size(item.Transfer.Bytes))
	} else {
		body = elideEnd(strings.ReplaceAll(cleanBody(item.Message.Body), "\n", " "), func(s string) bool { return len([]rune(s)) <= 120 })
	}
	if system != "darwin" {
		body = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(body)
	}
	return title, body
}

// notify tells about a new item while the user looks elsewhere.
func (w *Window) notify(item app.Item) {
	if w.focused {
		return
	}
	name := w.words.L("person.unknown")
	if p := w.people[item.Person]; p != nil {
		name = p.Name
	}
	title, body := w.words.notice(w.o.System, item, name)
	if title == "" {
		return
	}
	w.o.App.SendNotification(fyne.NewNotification(title, body))
}
