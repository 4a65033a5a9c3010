package transfer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// updating makes the receiver of a pair update what exists.
func (p *pair) updating(policy Policy) {
	p.b.deciding(func(context.Context, *Incoming) Decision {
		return Decision{Accept: true, Folder: p.dst, Policy: policy}
	})
}

// TestUpdateMovesWhatChanged counts what goes over the wire when a file is sent again.
func TestUpdateMovesWhatChanged(t *testing.T) {
	const size = 24*chunkSize + 77
	base := random(size)
	edit := func(f func(b []byte) []byte) func() []byte { return func() []byte { return f(bytes.Clone(base)) } }
	tests := []struct {
		reason  string
		content func() []byte
		wire    int64 // at most, in bytes
		resumed int64
	}{
		{"nothing changed", edit(func(b []byte) []byte { return b }), 0, size},
		{"one byte changed", edit(func(b []byte) []byte { b[5*chunkSize+9]++; return b }), chunkSize, size - chunkSize},
		{"the last byte changed", edit(func(b []byte) []byte { b[size-1]++; return b }), 77, size - 77},
		{"appended", edit(func(b []byte) []byte { return append(b, random(3*chunkSize)...) }), 4 * chunkSize, 24 * chunkSize},
		{"cut inside a chunk", edit(func(b []byte) []byte { return b[:10*chunkSize+5] }), 5, 10 * chunkSize},
		{"cut between chunks", edit(func(b []byte) []byte { return b[:10*chunkSize] }), 0, 10 * chunkSize},
		{"became small", edit(func(b []byte) []byte { return b[:100] }), 100 + packRow, 0},
		{"became empty", edit(func(b []byte) []byte { return nil }), 0, 0},
		{"everything changed", func() []byte { return random(size) }, size, 0},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			p := newPair(t)
			p.updating(Update)
			old := write(t, filepath.Join(p.dst, "f", "a"), base)
			write(t, filepath.Join(p.dst, "f", "mine"), []byte("mine"))
			stamp := time.Unix(1_500_000_000, 0) // sizes and times never decide
			os.Chtimes(old, stamp, stamp)
			content := test.content()
			src := write(t, filepath.Join(p.src, "f", "a"), content)
			os.Chtimes(src, stamp, stamp)
			out := outgoing(filepath.Join(p.src, "f"))
			report := p.sendOut(t, out)
			if report.Files != 1 || report.SkipCount != 0 {
				t.Errorf("report = %+v, want one file", report)
			}
			if got := out.Progress(); got.Wire > test.wire || got.Resumed != test.resumed {
				t.Errorf("%d bytes on the wire, %d taken over; want at most %d, and %d", got.Wire, got.Resumed, test.wire, test.resumed)
			}
			if got, err := os.ReadFile(old); err != nil || !bytes.Equal(got, content) {
				t.Errorf("the updated file is not the new content: %d bytes, %v", len(got), err)
			}
			onlyThese(t, p.dst, "f/a", "f/mine")
		})
	}
}

// onlyThese fails when a folder holds other files than names.
func onlyThese(t *testing.T, dir string, names ...string) {
	t.Helper()
	left := map[string]bool{}
	for _, name := range names {
		left[name] = true
	}
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		if err == nil && !d.IsDir() {
			if !left[filepath.ToSlash(rel)] {
				t.Errorf("unexpected %s", rel)
			}
			delete(left, filepath.ToSlash(rel))
		}
		return err
	})
	for name := range left {
		t.Errorf("%s is missing", name)
	}
}

// TestUpdateLeavesWhatIsBeingWritten: an existing file that changes after it was hashed
// is kept beside the new one.
func TestUpdateLeavesWhatIsBeingWritten(t *testing.T) {
	p := newPair(t)
	p.updating(Update)
	base := random(8 * chunkSize)
	old := write(t, filepath.Join(p.dst, "a"), base)
	content := bytes.Clone(base)
	content[3*chunkSize]++
	src := write(t, filepath.Join(p.src, "a"), content)
	out := outgoing(src)
	mine := append(bytes.Clone(base), "and what I have just added"...)
	out.SetRate(256 << 10) // the one chunk that changed takes longer than all hashing
	offered := make(chan *Incoming, 1)
	p.b.deciding(func(_ context.Context, in *Incoming) Decision {
		offered <- in
		return Decision{Accept: true, Folder: p.dst, Policy: Update}
	})
	result := make(chan error, 1)
	s := connect(t, p.a, p.b)
	go func() {
		_, err := s.Send(t.Context(), out)
		result <- err
	}()
	in := <-offered
	eventually(t, "everything to be hashed", func() bool { return in.Progress().Resumed == 8*chunkSize })
	write(t, old, mine)
	out.SetRate(0)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(old); !bytes.Equal(got, mine) {
		t.Error("what its owner wrote meanwhile was replaced")
	}
	if got, _ := os.ReadFile(filepath.Join(p.dst, "a (1)")); !bytes.Equal(got, content) {
		t.Error("the new version is not beside it")
	}
}

// TestUpdateInterrupted cuts an update off: the old file stays what it was until the new
// one is complete.
func TestUpdateInterrupted(t *testing.T) {
	p := newPair(t)
	p.updating(Update)
	base := random(32 * chunkSize)
	old := write(t, filepath.Join(p.dst, "a"), base)
	content := random(32 * chunkSize)
	copy(content, base[:16*chunkSize])
	src := write(t, filepath.Join(p.src, "a"), content)
	out := outgoing(src)
	out.SetRate(8 << 20)
	s := connect(t, p.a, p.b)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := s.Send(ctx, out)
		result <- err
	}()
	eventually(t, "a part to come", func() bool { return out.Progress().Wire > 4*chunkSize })
	cancel()
	if err := <-result; err == nil {
		t.Fatal("the cut transfer succeeded")
	}
	if got, _ := os.ReadFile(old); !bytes.Equal(got, base) {
		t.Fatal("the old file is not what it was")
	}
	out.SetRate(0)
	report, err := connect(t, p.a, p.b).Send(t.Context(), out)
	if err != nil || report.Files != 1 {
		t.Fatalf("sent again: %+v, %v", report, err)
	}
	if got, _ := os.ReadFile(old); !bytes.Equal(got, content) {
		t.Error("the file is not the new content")
	}
	if got := out.Progress().Wire; got > 15*chunkSize {
		t.Errorf("%d bytes sent again, want less than what had not come", got)
	}
	onlyThese(t, p.dst, "a")
}

// TestSkipExistingSendsNothing: what exists does not travel.
func TestSkipExistingSendsNothing(t *testing.T) {
	p := newPair(t)
	p.updating(SkipExisting)
	write(t, filepath.Join(p.dst, "f", "large"), []byte("old"))
	write(t, filepath.Join(p.dst, "f", "small"), []byte("old"))
	write(t, filepath.Join(p.src, "f", "large"), random(8*chunkSize))
	write(t, filepath.Join(p.src, "f", "small"), []byte("new"))
	write(t, filepath.Join(p.src, "f", "other"), []byte("other"))
	out := outgoing(filepath.Join(p.src, "f"))
	report := p.sendOut(t, out)
	if report.Files != 1 || report.SkipCount != 2 || report.Failed != 0 {
		t.Errorf("report = %+v, want one file and two that exist", report)
	}
	if got := out.Progress().Wire; got > 100 {
		t.Errorf("%d bytes on the wire", got)
	}
	for name, want := range map[string]string{"large": "old", "small": "old", "other": "other"} {
		if got, _ := os.ReadFile(filepath.Join(p.dst, "f", name)); string(got) != want {
			t.Errorf("%s holds %.20q, want %q", name, got, want)
		}
	}
}

// TestUpdateOfUnreadable keeps both where nobody can tell what replacing would lose.
func TestUpdateOfUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	p := newPair(t)
	p.updating(Update)
	old := write(t, filepath.Join(p.dst, "a"), []byte("secret"))
	if err := os.Chmod(old, 0); err != nil {
		t.Fatal(err)
	}
	p.send(t, write(t, filepath.Join(p.src, "a"), []byte("new")))
	if _, err := os.Stat(filepath.Join(p.dst, "a (1)")); errors.Is(err, os.ErrNotExist) {
		t.Error("the new file is not beside the unreadable one")
	}
}
