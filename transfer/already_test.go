package transfer

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestPublishedOnlyOnce plays a receiver that dies after it has published and before its
// sender knows: the sender tries again, and nothing arrives twice.
func TestPublishedOnlyOnce(t *testing.T) {
	tests := []struct {
		name string
		died []string // top-level entries that were published
	}{
		{"before anything was published", nil},
		{"after one of two", []string{"a.txt"}},
		{"after both", []string{"a.txt", "folder"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src, dst := t.TempDir(), t.TempDir()
			file := write(t, filepath.Join(src, "a.txt"), []byte("content"))
			write(t, filepath.Join(src, "folder", "big"), random(20*chunkSize))
			write(t, filepath.Join(src, "folder", "empty"), nil)
			a := startNode(t, nil, "", nil)
			identity, store := newKey(t), &memoryPartials{}
			b := startNode(t, identity, dst, store)
			out := outgoing(file, filepath.Join(src, "folder"))
			cutAt(t, a, b, out, 10*chunkSize)
			for _, p := range store.all() {
				s, err := openStaging(p)
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range test.died { // what a run would have left at that moment
					if err := os.RemoveAll(filepath.Join(p.Staging, "tree", name)); err != nil {
						t.Fatal(err)
					}
					if err := os.CopyFS(filepath.Join(dst), os.DirFS(src)); err != nil && !errors.Is(err, os.ErrExist) {
						t.Fatal(err)
					}
					if err := s.intend(out.send.Transfer, name, name, name); err != nil {
						t.Fatal(err)
					}
				}
				if got := s.already(out.send.Transfer); len(got) != len(test.died) {
					t.Errorf("already(%s) = %v, want %v", hex.EncodeToString(out.send.Transfer[:4]), got, test.died)
				}
				if got := s.already([16]byte{1}); len(got) != 0 {
					t.Errorf("another transfer takes over what was published: %v", got)
				}
				s.close()
			}
			if len(test.died) == 1 {
				os.RemoveAll(filepath.Join(dst, "folder"))
			}
			b = startNode(t, identity, dst, store)
			report, err := connect(t, a, b).Send(t.Context(), out)
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Published) != 2 || report.Published[0].As != "a.txt" || report.Published[1].As != "folder" {
				t.Errorf("published = %+v", report.Published)
			}
			b.until("Ended", func() bool { return len(b.ended) == 1 })
			for _, name := range []string{"a.txt", "folder/big", "folder/empty"} {
				got, err := os.ReadFile(filepath.Join(dst, name))
				want, _ := os.ReadFile(filepath.Join(src, name))
				if err != nil || string(got) != string(want) {
					t.Errorf("%s: %d bytes, %v", name, len(got), err)
				}
			}
			if entries, _ := os.ReadDir(dst); len(entries) != 2 {
				t.Errorf("in the folder: %v, want the two entries only", entries)
			}
		})
	}
}

// TestDoneIsToldAgain plays a sender that was cut off after everything was published and
// before it knew: it tries again, is told so, and nothing is asked, sent or stored twice.
func TestDoneIsToldAgain(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	file := write(t, filepath.Join(src, "a.txt"), []byte("content"))
	a := startNode(t, nil, "", nil)
	identity, store := newKey(t), &memoryPartials{}
	b := startNode(t, identity, dst, store)
	out := outgoing(file)
	var asked atomic.Int64
	for try := range 3 {
		report, err := connect(t, a, b).Send(t.Context(), out)
		if err != nil {
			t.Fatal(err)
		}
		if report.Files != 1 || len(report.Published) != 1 || report.Published[0].As != "a.txt" {
			t.Errorf("try %d: report = %+v", try, report)
		}
		if wire := out.Progress().Wire; try > 0 && wire != 0 {
			t.Errorf("try %d: %d bytes were sent again", try, wire)
		}
		if try == 1 { // the receiver's process may have been another one
			b.stop()
			b = startNode(t, identity, dst, store)
			b.decide = func(context.Context, *Incoming) Decision {
				asked.Add(1)
				return Decision{}
			}
		}
	}
	sameTree(t, dst, src)
	if err := os.Rename(filepath.Join(dst, "a.txt"), filepath.Join(dst, "mine.txt")); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, a, b).Send(t.Context(), out); !errors.Is(err, ErrDeclined) {
		t.Errorf("when it is not there any more: %v, want that it is asked about", err)
	}
	if n := asked.Swap(0); n != 1 {
		t.Errorf("asked %d times when it is not there any more, want once", n)
	}
	if _, err := connect(t, a, b).Send(t.Context(), outgoing(file)); !errors.Is(err, ErrDeclined) {
		t.Errorf("another transfer of the same file = %v, want that it is asked about", err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times, want once: about the other transfer", n)
	}
}

// TestStagingComesAndGoes: the folder of all partials is removed with the last of them,
// which may be the moment when the next one begins.
func TestStagingComesAndGoes(t *testing.T) {
	dst := t.TempDir()
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			for range 200 {
				s, err := newStaging(dst)
				if err == nil {
					err = s.create()
				}
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	if left, _ := os.ReadDir(dst); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
