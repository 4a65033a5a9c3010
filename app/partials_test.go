package app

import (
	"path/filepath"
	"testing"

	"yonder/transfer"
)

// TestDoneReplacesThePartial: what is through is no partial any more, is known after a
// restart, and to nobody but its sender.
func TestDoneReplacesThePartial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "yonder.db")
	s, _, err := openStore(path)
	if err != nil {
		t.Fatal(err)
	}
	peer, other, key := transfer.ID{1}, transfer.ID{2}, [16]byte{3}
	if err := s.PutPartial(transfer.Partial{Peer: peer, Key: key, Folder: "/in", Names: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	done := transfer.Finished{Transfer: [16]byte{4}, Files: 7, Published: []transfer.Published{{Name: "a", As: "a (1)", Path: "/in/a (1)"}}}
	if err := s.PutDone(peer, key, done); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if s, _, err = openStore(path); err != nil {
		t.Fatal(err)
	}
	defer s.db.Close()
	if _, ok := s.FindPartial(peer, key); ok {
		t.Error("the partial is still there")
	}
	if got, ok := s.FindDone(peer, done.Transfer); !ok || got.Files != 7 || len(got.Published) != 1 || got.Published[0] != done.Published[0] {
		t.Errorf("FindDone = %+v, %v; want %+v", got, ok, done)
	}
	for reason, found := range map[string]bool{
		"another peer":     second(s.FindDone(other, done.Transfer)),
		"another transfer": second(s.FindDone(peer, [16]byte{5})),
	} {
		if found {
			t.Errorf("%s finds it too", reason)
		}
	}
}

func second[T any](_ T, ok bool) bool { return ok }
