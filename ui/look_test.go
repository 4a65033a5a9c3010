//go:build look

package ui

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"yonder/app"
)

// TestLook writes pictures of the window into $YONDER_LOOK, to be looked at:
//
//	YONDER_LOOK=/tmp/look go test -tags look -run TestLook ./ui
func TestLook(t *testing.T) {
	dir := os.Getenv("YONDER_LOOK")
	if dir == "" {
		t.Skip("YONDER_LOOK names no folder")
	}
	for _, look := range []string{"light-en", "dark-zh-Hans", "dark-en", "light-zh-Hans"} {
		theme, language, _ := strings.Cut(look, "-")
		for name, scene := range scenes {
			t.Run(name+"-"+look, func(t *testing.T) {
				s := here
				s.People = append([]app.Person(nil), here.People...)
				s.Settings.Theme, s.Settings.Language = theme, language
				b := newBench(t, s)
				b.w.win.Resize(fyne.NewSize(startWidth, startHeight))
				scene(b)
				b.settle()
				f, err := os.Create(filepath.Join(dir, name+"-"+look+".png"))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if err := png.Encode(f, b.w.win.Canvas().Capture()); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

var scenes = map[string]func(*bench){
	"empty": func(b *bench) {
		s := here
		s.People, s.Settings = nil, b.w.settings
		b.w.Apply(app.Event{Kind: app.EventState, State: &s})
	},
	"doctor": func(b *bench) {
		b.backend.report = illReport
		b.w.openDoctor()
	},
	"doctor-well": func(b *bench) {
		b.backend.report = wellReport
		b.w.openDoctor()
	},
	"doctor-end": func(b *bench) {
		b.backend.report = illReport
		b.w.openDoctor()
		b.settle()
		b.w.doctor.scroll.ScrollToBottom()
	},
	"nobody": func(*bench) {},
	"chat":   func(b *bench) { chat(b) },
	"small": func(b *bench) {
		chat(b)
		b.w.win.Resize(fyne.NewSize(leastWidth, leastHeight))
		b.w.thread.toNewest()
	},
	"offer": func(b *bench) {
		b.backend.history[bob.ID] = nil
		b.choose(bob.ID)
		b.item(app.Item{ID: "o1", Person: bob.ID, At: b.now, Transfer: &offer}, true)
		many := offer
		many.Names = []string{"report-final-with-a-very-long-name-that-nobody-would-ever-type-by-hand-2026-03-12.pdf", "exe\u202egpj.scr", "照片（第二批）", "notes.txt", "a.zip", "b", "c"}
		many.Folders = []bool{false, false, true, false, false, false, false}
		many.NameCount = 103
		many.Final, many.Existing = false, 3
		b.item(app.Item{ID: "o2", Person: bob.ID, At: b.now, Transfer: &many}, true)
	},
	"ends": func(b *bench) {
		b.choose(alice.ID)
		t := app.Transfer{Names: []string{"disk-image-of-the-old-laptop-before-the-repair.img"}, NameCount: 1, Folders: []bool{false},
			Entries: 1, Bytes: 64_000_000_000, Stored: 21_000_000_000, Final: true, Left: -1, Sources: []string{"/x"}}
		t.State = app.Interrupted
		b.item(transferItem(1, true, t), true)
		t.State, t.Problem = app.Failed, &app.Problem{Code: app.CodeDiskFull, Object: "/home/alice/Downloads", Detail: "need 43 GiB, have 12 GiB"}
		b.item(transferItem(2, true, t), true)
		t.State, t.Problem, t.Stored = app.Declined, nil, 0
		b.item(transferItem(3, true, t), true)
		d := offer
		d.State, d.Folder, d.Paths = app.Done, "/home/u/Downloads", []string{"/home/u/Downloads/Holiday pictures"}
		d.SkipCount, d.Skipped = 2, []app.EntryReport{{Path: "Holiday pictures/link", Code: app.CodeLink}, {Path: "Holiday pictures/raw/IMG_2031.CR2", Code: app.CodeChanged}}
		b.item(transferItem(4, false, d), true)
		b.w.thread.toNewest()
	},
	"paused": func(b *bench) {
		b.choose(alice.ID)
		t := app.Transfer{State: app.Running, Names: []string{"disk-image.img"}, NameCount: 1, Folders: []bool{false},
			Entries: 1, Bytes: 64_000_000_000, Stored: 21_000_000_000, Final: true, Left: -1, Sources: []string{"/x"}}
		t.Paused = true
		b.item(transferItem(1, true, t), true)
		t.PeerPaused = true
		b.item(transferItem(2, true, t), true)
		t.Paused, t.Folder = false, "/home/u/Downloads"
		b.item(transferItem(3, false, t), true)
		b.w.thread.toNewest()
	},
	"settings": func(b *bench) {
		b.choose(alice.ID)
		b.w.togglePanel()
		b.w.panel.port.SetText("99999")
		b.w.panel.submit()
	},
	"visible-menu": func(b *bench) {
		chat(b)
		b.seen(app.PairedOnly)
		b.w.chooseVisible()
	},
	"visible-small": func(b *bench) {
		chat(b)
		b.seen(app.TenMinutes)
		b.w.win.Resize(fyne.NewSize(leastWidth, leastHeight))
		b.w.thread.toNewest()
	},
	"settings-visible": func(b *bench) {
		b.seen(app.TenMinutes)
		b.w.togglePanel()
	},
	"typed": func(b *bench) {
		chat(b)
		b.typed(app.TypedAddress{Addr: "nas.lan:21925", Problem: silent}, app.TypedAddress{Addr: "[2001:db8:85a3::8a2e:370:7334]:21925", Problem: silent})
		b.w.side.complain(silent, b.w.words.L("address.kept"))
	},
	"settings-typed": func(b *bench) {
		b.typed(app.TypedAddress{Addr: "nas.lan:21925", Problem: silent}, app.TypedAddress{Addr: "10.1.1.2:21925", Person: alice.ID, Reached: true},
			app.TypedAddress{Addr: "10.1.1.3:21925", Person: zoe.ID, Problem: silent})
		b.w.togglePanel()
		b.settle()
		b.w.panel.scroll.ScrollToOffset(fyne.NewPos(0, 760))
	},
	"leftovers": func(b *bench) {
		b.backend.partials = leftoverList(b.now)
		b.w.togglePanel()
		b.settle()
		b.w.panel.scroll.ScrollToOffset(fyne.NewPos(0, 120))
	},
	"files": func(b *bench) {
		chat(b)
		b.backend.files = fileList(200)
		b.w.showFiles("t20")
	},
	"added": func(b *bench) {
		chat(b)
		t := app.Transfer{State: app.Offered, Names: []string{"appendix.pdf"}, NameCount: 1, Folders: []bool{false},
			Entries: 1, Bytes: 2_000_000, Final: true, Left: -1, Parent: "t20"}
		b.item(transferItem(40, true, t), true)
	},
	"settings-limits": func(b *bench) {
		b.w.togglePanel()
		b.w.panel.up.SetText("5M")
		b.w.panel.down.SetText("fast")
		b.w.panel.submit()
	},
	"rule": func(b *bench) {
		s := ruleOf(b, lin.ID)
		them := lin
		them.Rule = app.Rule{Accept: app.RuleAlways, Folder: "/home/u/Downloads/{name}/{date}", MaxBytes: 5 << 30}
		b.changed(them, s)
		s.update.SetChecked(true)
		s.complain("update")
	},
	"rule-none": func(b *bench) { ruleOf(b, alice.ID) },
	"settings-end": func(b *bench) {
		b.w.togglePanel()
		b.w.panel.scroll.ScrollToBottom()
	},
	"banner": func(b *bench) {
		chat(b)
		b.w.Apply(app.Event{Kind: app.EventProblem, Problem: &app.Problem{Code: app.CodePortTaken, Object: "21925", Detail: "using 40213 instead"}})
	},
	"changed": func(b *bench) {
		chat(b)
		them := alice
		them.Changed, them.Present = "192.168.1.24:21925", false
		b.w.Apply(app.Event{Kind: app.EventPerson, Person: &them})
	},
	"changed-details": func(b *bench) {
		b.choose(alice.ID)
		them := alice
		them.Changed, them.Present = "192.168.1.24:21925", false
		b.w.Apply(app.Event{Kind: app.EventPerson, Person: &them})
		b.w.openDetails()
	},
	"links": func(b *bench) {
		b.choose(alice.ID)
		b.item(message(1, false, app.Delivered, "The slides are at https://example.org/2026/slides.pdf, the recording at https://video.example.net:8443/w/7."), true)
		b.item(message(2, false, app.Delivered, "http://a.example"), true)
		b.item(message(3, true, app.Read, "请看https://example.org/路径，谢谢。还有 https://a-very-long-name-of-a-host-which-hides.what.it.is.example.com/x"), true)
	},
	"pending": func(b *bench) {
		b.w.offerPaths([]string{"/home/u/report.pdf", "/home/u/pictures", "/home/u/a-very-long-file-name-which-goes-on-and-on.tar.gz"})
	},
	"pending-chosen": func(b *bench) {
		b.choose(zoe.ID)
		b.w.offerPaths([]string{"/home/u/report.pdf"})
	},
	"names": func(b *bench) {
		same := bob
		same.ID, same.Name, same.SameNameAs, same.Level = id(99), "Alice Meyer", alice.ID, app.Unknown
		long := lin
		long.ID, long.Name, long.Unread = id(55), "A name that has thirty-two runes", 250
		mean := bob
		mean.ID, mean.Name, mean.Level = id(56), "x\u202etxt.exe", app.Blocked
		mine := bob
		mine.ID, mine.Name, mine.Level = id(57), "My laptop", app.Mine
		for _, p := range []app.Person{same, long, mean, mine} {
			b.w.Apply(app.Event{Kind: app.EventPerson, Person: &p})
		}
		b.choose(same.ID)
		b.item(app.Item{ID: "o1", Person: same.ID, At: b.now, Transfer: &offer}, true)
	},
	"quit": func(b *bench) {
		chat(b)
		b.w.onClose()
	},
}

func chat(b *bench) {
	t := app.Transfer{State: app.Running, Names: []string{"Conference talk", "slides.pdf", "notes.md"}, NameCount: 3, Folders: []bool{true, false, false},
		Entries: 214, Bytes: 3_240_000_000, Stored: 1_376_000_000, Final: true, Rate: 112_400_000, Left: 17 * time.Second}
	d := offer
	d.State, d.Names, d.Folders, d.Entries, d.Bytes = app.Done, []string{"budget-2026.xlsx"}, []bool{false}, 1, 84_213
	d.Paths = []string{"/home/u/Downloads/budget-2026.xlsx"}
	first := message(1, false, app.Read, "Morning! Do you still have the pictures from the hike?")
	first.At = first.At.AddDate(0, 0, -1)
	done := transferItem(9, false, d)
	done.At = done.At.Add(-65 * time.Minute)
	b.backend.history[alice.ID] = []app.Item{
		first,
		message(2, true, app.Read, "Yes, all of them.\nI will put them into one folder and send it over."),
		message(3, false, app.Read, "好的，谢谢！顺便把上次会议的记录也发给我吧。"),
		message(4, false, app.Read, "No hurry 🙂"),
		done,
		message(21, true, app.Delivered, "Here it comes, together with the talk."),
	}
	b.choose(alice.ID)
	b.item(transferItem(20, true, t), true)
	b.item(app.Item{ID: "q", Person: alice.ID, Outgoing: true, At: b.now, Message: &app.Message{Body: "Tell me when it is there.", State: app.Sent}}, true)
}
