package app

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBackendFiles(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		other.node.mu.Lock()
		other.node.speed = 1
		other.node.mu.Unlock()
		id := send(t, b, other.id(), 0, file(t))
		accept(t, other, fo.incoming().ID)
		f.transferIs(id, Running)
		first, err := b.Files(t.Context(), id, 0, 1<<20)
		if err != nil || len(first) != MaxFiles {
			t.Fatalf("Files lists %d, %v; want %d", len(first), err, MaxFiles)
		}
		if got := first[1]; got.Path != "dir/\ufffd3" || got.Size != 3 || got.State != FileWaiting {
			t.Errorf("the second one is %+v", got)
		}
		rest, err := b.Files(t.Context(), id, first[len(first)-1].Entry+1, MaxFiles)
		if err != nil || len(rest) != fakeFiles-MaxFiles {
			t.Errorf("then Files lists %d, %v; want %d", len(rest), err, fakeFiles-MaxFiles)
		}
		if err := b.LeaveOut(t.Context(), id, first[1].Entry); err != nil {
			t.Fatal(err)
		}
		if again, err := b.Files(t.Context(), id, first[1].Entry, 1); err != nil || len(again) != 1 || again[0].State != FileLeftOut {
			t.Errorf("left out, it is %+v, %v", again, err)
		}
		if err := b.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		f.transferIs(id, Cancelled)
		if list, err := b.Files(t.Context(), id, 0, 10); err != nil || len(list) != 0 {
			t.Errorf("of what ended Files = %+v, %v; want none", list, err)
		}
		if err := b.LeaveOut(t.Context(), id, 1); err != nil {
			t.Errorf("LeaveOut of what ended = %v, want no effect", err)
		}
		if _, err := b.Files(t.Context(), "nonsense", 0, 10); err == nil {
			t.Error("Files of nothing = nil, want an error")
		}
		if err := b.LeaveOut(t.Context(), "nonsense", 0); err == nil {
			t.Error("LeaveOut of nothing = nil, want an error")
		}
	})
}

// TestRealLeaveOut: each side takes out one file of a transfer that is paused before it
// begins, and all others arrive.
func TestRealLeaveOut(t *testing.T) {
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fa, fb := followReal(t, a), followReal(t, b)
	meet(t, a, b)
	dir := filepath.Join(t.TempDir(), "many")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 2<<20)
	rand.Read(data) // zeros would be on their way before anybody can leave them out
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id := send(t, a, b.me.ID, time.Hour, dir)
	got := fb.incoming().ID
	pause(t, a, id)
	accept(t, b, got)
	fb.pausedIs(got, false, true)
	list, err := a.Files(t.Context(), id, 0, MaxFiles)
	if err != nil || len(list) != 20 {
		t.Fatalf("Files of the sender = %+v, %v; want 20", list, err)
	}
	ours, theirs := list[18], list[19]
	if err := a.LeaveOut(t.Context(), id, ours.Entry); err != nil {
		t.Fatal(err)
	}
	resume(t, a, id)
	for { // until the receiver knows the file
		if err := b.LeaveOut(t.Context(), got, theirs.Entry); err != nil {
			t.Fatal(err)
		}
		list, err := b.Files(t.Context(), got, theirs.Entry, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 || list[0].State != FileWaiting {
			break
		}
	}
	for name, tr := range map[string]Transfer{"sender": fa.transferIs(id, Done), "receiver": fb.transferIs(got, Done)} {
		if tr.Failed != 0 {
			t.Errorf("%s: %d failed, want none: they were left out", name, tr.Failed)
		}
		left := map[string]bool{}
		for _, s := range tr.Skipped {
			if s.Code != CodeLeftOut {
				t.Errorf("%s: %s is reported as %s, want %s", name, s.Path, s.Code, CodeLeftOut)
			}
			left[s.Path] = true
		}
		if !left[ours.Path] {
			t.Errorf("%s: %s is not reported: %+v", name, ours.Path, tr.Skipped)
		}
	}
	landed := fb.items[got].Transfer.Paths[0]
	if _, err := os.Stat(filepath.Join(landed, filepath.Base(ours.Path))); err == nil {
		t.Errorf("%s arrived", ours.Path)
	}
	if _, err := os.Stat(filepath.Join(landed, "0")); err != nil {
		t.Error(err)
	}
}
