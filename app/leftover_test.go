package app

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"yonder/transfer"
)

// leave makes a partial in folder as a transfer that broke off at the given time does.
func (h *host) leave(t *testing.T, key byte, peer DeviceID, folder, name string, at time.Time, size int) transfer.Partial {
	t.Helper()
	p := transfer.Partial{
		Peer: transfer.ID(peer), Key: [16]byte{key}, Folder: folder, Staging: filepath.Join(folder, ".yonder-incoming", string('a'+rune(key))),
		Names: []string{name}, Count: 1, Entries: 1, Bytes: fakeSize, Created: at,
	}
	if err := os.MkdirAll(filepath.Join(p.Staging, "tree"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Staging, "tree", name), make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.store.PutPartial(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// there reports whether the files of p and its row are there.
func (h *host) there(p transfer.Partial) (files, row bool) {
	_, err := os.Stat(p.Staging)
	_, row = h.store.FindPartial(p.Peer, p.Key)
	return err == nil, row
}

func TestBackendPartials(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f := follow(t, b)
		f.sees(other.id())
		folder := t.TempDir()
		keep := filepath.Join(folder, "mine.txt")
		if err := os.WriteFile(keep, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		second := h.leave(t, 2, other.id(), folder, "b\u202e.bin", now.Add(-time.Hour), 70_000)
		first := h.leave(t, 1, other.id(), folder, "a.bin", now.Add(-2*time.Hour), 10)
		list, err := b.Partials(t.Context())
		if err != nil || len(list) != 2 {
			t.Fatalf("Partials = %+v, %v; want two", list, err)
		}
		got := list[1]
		if list[0].Names[0] != "a.bin" || got.Names[0] != "b\ufffd.bin" || got.From != other.Name() || got.Folder != folder || got.Bytes != 70_000 || !got.At.Equal(second.Created) || got.NameCount != 1 {
			t.Errorf("Partials = %+v", list)
		}
		if err := b.RemovePartials(t.Context(), []string{got.ID, "nonsense"}); err != nil {
			t.Fatal(err)
		}
		if files, row := h.there(second); files || row {
			t.Errorf("after its removal files are there: %v, the row: %v", files, row)
		}
		if files, row := h.there(first); !files || !row {
			t.Errorf("of the other one files are there: %v, the row: %v", files, row)
		}
		if err := b.RemovePartials(t.Context(), []string{list[0].ID, got.ID}); err != nil {
			t.Fatal(err)
		}
		if list, err := b.Partials(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("after all were removed Partials = %+v, %v", list, err)
		}
		if _, err := os.Stat(keep); err != nil {
			t.Errorf("what was not Yonder's is gone: %v", err)
		}
	})
}

// broken is a host with one incoming transfer that broke off and its partial.
func broken(t *testing.T) (b *host, fb *follower, got ItemID, p transfer.Partial) {
	t.Helper()
	a, b, _, fb := pair(t)
	send(t, a, b.id(), 0, file(t))
	got = fb.incoming().ID
	accept(t, b, got)
	time.Sleep(300 * time.Millisecond)
	a.node.cut()
	folder := fb.transferIs(got, Interrupted).Folder
	return b, fb, got, b.leave(t, 1, a.id(), folder, "photo.jpg", time.Now(), 100)
}

func TestRemovedPartialEndsItsTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fb, got, p := broken(t)
		if err := b.RemovePartials(t.Context(), []string{partialID(p)}); err != nil {
			t.Fatal(err)
		}
		if p := fb.transferIs(got, Cancelled).Problem; p.Code != CodeCancelled {
			t.Errorf("problem = %+v, want %s", p, CodeCancelled)
		}
	})
}

// TestOldPartialsGo: after seven days, by themselves, while the program runs.
func TestOldPartialsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, fb, got, p := broken(t)
		disk := filepath.Join(t.TempDir(), "stick")
		away := b.leave(t, 2, DeviceID(p.Peer), disk, "x", time.Now(), 1)
		if err := os.Rename(disk, disk+"-away"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(keepPartial - tidyEvery)
		if files, row := b.there(p); !files || !row {
			t.Errorf("a day too early files are there: %v, the row: %v", files, row)
		}
		time.Sleep(2 * tidyEvery)
		if p := fb.transferIs(got, Cancelled).Problem; p.Code != CodeExpired {
			t.Errorf("problem = %+v, want %s", p, CodeExpired)
		}
		synctest.Wait()
		if files, row := b.there(p); files || row {
			t.Errorf("a day later files are there: %v, the row: %v", files, row)
		}
		if _, row := b.there(away); !row {
			t.Error("what lies on a disk that is not attached was forgotten")
		}
		if err := os.Rename(disk+"-away", disk); err != nil {
			t.Fatal(err)
		}
		b.removeOld(time.Now())
		if files, row := b.there(away); files || row {
			t.Errorf("with the disk back files are there: %v, the row: %v", files, row)
		}
	})
}

// TestRunningPartialStays: neither age nor an order removes what is worked on.
func TestRunningPartialStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _, fb := pair(t)
		b.node.speed = 1
		send(t, a, b.id(), 0, file(t))
		got := fb.incoming().ID
		accept(t, b, got)
		folder := fb.transferIs(got, Running).Folder
		p := b.leave(t, 1, a.id(), folder, "photo.jpg", time.Now().Add(-2*keepPartial), 100)
		if list, err := b.Partials(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("Partials = %+v, %v; want none, since it runs", list, err)
		}
		b.removeOld(time.Now())
		if err := b.RemovePartials(t.Context(), []string{partialID(p)}); err != nil {
			t.Fatal(err)
		}
		if files, row := b.there(p); !files || !row {
			t.Errorf("files are there: %v, the row: %v; want both", files, row)
		}
	})
}

// TestDoneLeavesNothing: the program ended between the last file's getting its name and
// the removal of the folder where it had arrived.
func TestDoneLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		h := l.addAt(t, dir, nil)
		p := h.leave(t, 1, DeviceID{1}, t.TempDir(), "x", time.Now(), 1)
		done := transfer.Finished{Transfer: [16]byte{2}, Folder: p.Folder, Staging: p.Staging}
		if err := h.store.PutDone(p.Peer, p.Key, done); err != nil {
			t.Fatal(err)
		}
		h.Close()
		h = l.addAt(t, dir, nil)
		synctest.Wait()
		if files, row := h.there(p); files || row {
			t.Errorf("files are there: %v, the row: %v", files, row)
		}
	})
}

// TestOldPartialsGoAtTheStart: those that grew old while nothing ran.
func TestOldPartialsGoAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		h := l.addAt(t, dir, nil)
		p := h.leave(t, 1, DeviceID{1}, t.TempDir(), "x", time.Now(), 1)
		h.Close()
		time.Sleep(keepPartial)
		h = l.addAt(t, dir, nil)
		synctest.Wait()
		if files, row := h.there(p); files || row {
			t.Errorf("files are there: %v, the row: %v", files, row)
		}
	})
}
