package ui

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"yonder/app"
)

func fileList(n int) (list []app.File) {
	for i := range n {
		f := app.File{Entry: uint32(i), Path: fmt.Sprintf("Conference talk/slides/%03d.png", i), Size: int64(i) * 1_234_567, State: app.FileWaiting}
		if i < 3 {
			f.State = app.FileComplete
		}
		list = append(list, f)
	}
	return list
}

// running is a window with the list of files of a running transfer open.
func running(t *testing.T, files int) (*bench, app.Transfer) {
	b := newBench(t, here)
	b.choose(alice.ID)
	b.backend.files = fileList(files)
	x := offer
	x.State = app.Running
	b.item(transferItem(1, false, x), true)
	b.tap(b.button("t1", actFiles))
	return b, x
}

func (b *bench) fileRow(entry int) *fileRow {
	b.t.Helper()
	r, ok := b.w.files.list.visible[fmt.Sprint(entry)].(*fileRow)
	if !ok {
		b.t.Fatalf("file %d is not on the screen", entry)
	}
	return r
}

func TestLeaveOutAFile(t *testing.T) {
	b, x := running(t, 10)
	if r := b.fileRow(0); r.leave.Visible() || r.facts.text != "0 B · there" {
		t.Errorf("of a file that is there it says %q and can be left out: %v", r.facts.text, r.leave.Visible())
	}
	r := b.fileRow(4)
	b.w.win.Canvas().Focus(r.leave)
	r.leave.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.settle()
	b.wantCalls("LeaveOut", "t1 4")
	if r := b.fileRow(4); r.leave.Visible() || r.facts.text != "4.9 MB · left out" {
		t.Errorf("left out, it says %q", r.facts.text)
	}
	x.State = app.Done
	b.item(transferItem(1, false, x), false)
	if b.w.files != nil {
		t.Error("the list outlives its transfer")
	}
}

func TestFilesFollowTheTransfer(t *testing.T) {
	b, x := running(t, 10)
	b.backend.files[4].State = app.FileComplete
	x.Stored = 5
	b.item(transferItem(1, false, x), false) // too soon
	if got := len(b.backend.asked("Files")); got != 1 {
		t.Errorf("asked %d times at once, want 1", got)
	}
	b.now = b.now.Add(time.Second)
	b.item(transferItem(2, true, x), true) // another transfer
	b.item(transferItem(1, false, x), false)
	b.wantCalls("Files", "t1 0 1000", "t1 0 1000")
	if r := b.fileRow(4); r.facts.text != "4.9 MB · there" {
		t.Errorf("it still says %q", r.facts.text)
	}
}

func TestFilesInPages(t *testing.T) {
	b, _ := running(t, app.MaxFiles+1)
	d := b.w.files
	if !d.back.Disabled() || d.more.Disabled() || len(d.list.keys) != app.MaxFiles {
		t.Errorf("the first page has %d files", len(d.list.keys))
	}
	b.tap(d.more)
	if d.back.Disabled() || !d.more.Disabled() || len(d.list.keys) != 1 {
		t.Errorf("the second page has %d files", len(d.list.keys))
	}
	b.tap(d.back)
	b.wantCalls("Files", "t1 0 1000", "t1 1000 1000", "t1 0 1000")
}

func TestFilesCloseWithEsc(t *testing.T) {
	b, _ := running(t, 1)
	b.w.escape()
	if b.w.files != nil || b.w.thread.content.Hidden {
		t.Error("Esc does not close the list, or more than the list")
	}
	one := offer
	one.State, one.Entries = app.Running, 1
	b.item(transferItem(2, false, one), true)
	for _, a := range b.row("t2").(*transferRow).card.actions {
		if a == actFiles {
			t.Error("a single file has a list of files")
		}
	}
}
