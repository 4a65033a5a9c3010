package cli

import (
	"path/filepath"

	"yonder/app"
)

// end tells what became of the entries and then of the whole.
func (f *follower) end(it app.Item, was *followed) {
	t := it.Transfer
	for _, e := range t.Skipped {
		f.printer.print(fileEvent{ID: string(it.ID), Outgoing: it.Outgoing, Name: e.Path, Result: resultOf(e.Code), Code: e.Code, Detail: e.Detail})
	}
	if t.State == app.Done && !it.Outgoing {
		f.arrived(it)
	}
	done := doneEvent{
		ID: string(it.ID), Outgoing: it.Outgoing, Peer: f.people.who(it.Person),
		State: string(t.State), Names: t.Names, NameCount: t.NameCount, Files: t.Files,
		Entries: t.Entries, Bytes: t.Bytes, Final: t.Final,
		Stored: t.Stored, Resumed: max(t.Stored-was.earlier-was.now, 0), Wire: was.wireEarlier + was.wire, Folder: t.Folder,
		Failed: t.Failed, Links: t.Links, Problem: t.Problem,
		more: max(t.SkipCount-int64(len(t.Skipped)), 0),
	}
	done.OK = t.State == app.Done && done.Failed == 0
	if !was.started.IsZero() {
		elapsed := max(f.now().Sub(was.started), 0)
		done.ElapsedMS = elapsed.Milliseconds()
		if moved := was.earlier + was.now; moved > 0 && elapsed > 0 {
			done.Rate = int64(float64(moved) / elapsed.Seconds())
		}
	}
	f.printer.print(done)
}

// arrived names where each top-level entry is now.
func (f *follower) arrived(it app.Item) {
	t := it.Transfer
	for i, path := range t.Paths {
		if path == "" || i >= len(t.Names) {
			continue
		}
		e := fileEvent{ID: string(it.ID), Name: t.Names[i], Result: "arrived", Path: path}
		if filepath.Base(path) != t.Names[i] {
			e.Result, e.Code = "renamed", app.CodeRenamed
		}
		f.printer.print(e)
	}
}

// resultOf says what a problem code of one entry means for that entry.
func resultOf(code string) string {
	switch code {
	case app.CodeRenamed:
		return "renamed"
	case app.CodeLink, app.CodeExists, app.CodeLeftOut:
		return "skipped"
	}
	return "failed"
}

// outcome is the exit code that an ended transfer stands for.
func outcome(t *app.Transfer) int {
	switch t.State {
	case app.Done:
		if t.Failed > 0 {
			return exitFailed
		}
		return exitOK
	case app.Declined:
		return exitDeclined
	case app.Failed:
		if t.Problem != nil {
			if code := exitCode(t.Problem.Code); code == exitNotFound {
				return code
			}
		}
		return exitFailed
	case app.Cancelled:
		return exitFailed
	}
	return exitInterrupted
}
