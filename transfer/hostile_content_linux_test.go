package transfer

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReadErrors fails reading one file of several, at its beginning, in its middle and
// at its end. It is named, and the others arrive.
func TestReadErrors(t *testing.T) {
	const size = 3*chunkSize + 100
	for _, at := range []int64{0, chunkSize, 2*chunkSize + 4096, size - 1} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			p := newPair(t)
			d := (&oddDisk{fault: func(op uint32, name string, from int64) syscall.Errno {
				if op == fuseRead && name == "bad" && from <= at && at < from+128<<10 {
					return unix.EIO
				}
				return 0
			}}).mount(t)
			f := filepath.Join(d.dir, "f")
			write(t, filepath.Join(f, "bad"), make([]byte, size))
			for i := range 30 {
				write(t, filepath.Join(f, fmt.Sprint(i)), []byte(fmt.Sprint(i)))
			}
			report := p.send(t, f)
			if want := []string{fmt.Sprintf("f/bad %d", SkipUnreadable)}; report.Files != 30 || report.Failed != 1 || !slices.Equal(reasons(report), want) {
				t.Fatalf("report = %+v, want 30 files and %q", report, want)
			}
			if detail := report.Skipped[0].Detail; !strings.Contains(detail, unix.EIO.Error()) || strings.Contains(detail, d.dir) {
				t.Errorf("the detail is %q, want the error without where it was", detail)
			}
			if got := arrived(t, p.dst); len(got) != 30 {
				t.Errorf("%d files arrived, want 30", len(got))
			}
		})
	}
}

// TestWriteErrors fails writing one file of several. It is named, and the others arrive.
func TestWriteErrors(t *testing.T) {
	for _, at := range []int64{0, 2 * chunkSize} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			noLeaks(t)
			src := t.TempDir()
			write(t, filepath.Join(src, "f", "bad"), random(3*chunkSize+100))
			for i := range 30 {
				write(t, filepath.Join(src, "f", fmt.Sprint(i)), []byte(fmt.Sprint(i)))
			}
			d := (&oddDisk{fault: func(op uint32, name string, from int64) syscall.Errno {
				if op == fuseWrite && name == "bad" && from >= at {
					return unix.EIO
				}
				return 0
			}}).mount(t)
			a, b := startNode(t, nil, "", nil), startNode(t, nil, d.dir, nil)
			report, err := connect(t, a, b).Send(t.Context(), outgoing(filepath.Join(src, "f")))
			if want := []string{fmt.Sprintf("f/bad %d", SkipFailed)}; err != nil || report.Files != 30 || !slices.Equal(reasons(report), want) {
				t.Fatalf("Send = %+v, %v, want 30 files and %q", report, err, want)
			}
			if detail := report.Skipped[0].Detail; !strings.Contains(detail, unix.EIO.Error()) || strings.Contains(detail, d.dir) {
				t.Errorf("the detail is %q, want the error without where it was", detail)
			}
			got := arrived(t, d.dir)
			if _, ok := got["f/bad"]; ok || len(got) != 30 {
				t.Errorf("%d files arrived, the bad one among them: %v", len(got), ok)
			}
		})
	}
}

// TestSourceMoves renames and deletes a file while it is read: what was begun is sent
// from the open file, or the file is named.
func TestSourceMoves(t *testing.T) {
	for reason, change := range map[string]func(path string) error{
		"renamed":        func(path string) error { return os.Rename(path, path+" elsewhere") },
		"deleted":        os.Remove,
		"its folder too": func(path string) error { return os.RemoveAll(filepath.Dir(path)) },
	} {
		t.Run(reason, func(t *testing.T) {
			p := newPair(t)
			content := random(24 * chunkSize)
			path := write(t, filepath.Join(p.src, "f", "big"), content)
			release := func() {}
			p.before(func() { release = p.b.hold() })
			out, s := outgoing(filepath.Join(p.src, "f")), connect(t, p.a, p.b)
			type result struct {
				report Report
				err    error
			}
			results := make(chan result, 1)
			go func() {
				report, err := s.Send(t.Context(), out)
				results <- result{report, err}
			}()
			for out.Progress().Wire < chunkSize {
				runtime.Gosched()
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			release()
			r := <-results
			got := arrived(t, p.dst)
			if r.err != nil || r.report.Files+r.report.Failed != 1 || int64(len(got)) != r.report.Files {
				t.Fatalf("Send = %+v, %v with %d files there", r.report, r.err, len(got))
			}
			if r.report.Files == 1 && got["f/big"] != string(content) {
				t.Errorf("the file arrived as it never was")
			}
			if r.report.Failed == 1 && r.report.Skipped[0].Path != "f/big" {
				t.Errorf("report = %+v, want the file named", r.report)
			}
		})
	}
}

// TestFewDescriptors leaves hardly any descriptors to both sides. What cannot be opened
// is named; afterwards everything works again, also on the same session.
func TestFewDescriptors(t *testing.T) {
	p := newPair(t)
	const count = 400
	for i := range count {
		write(t, filepath.Join(p.src, "f", fmt.Sprint(i)), random(2000))
	}
	s := connect(t, p.a, p.b)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	restore := func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &before) }
	defer restore()
	p.b.deciding(func(context.Context, *Incoming) Decision {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(openFiles(t)) + 20, Max: before.Max}); err != nil {
			t.Error(err)
		}
		return Decision{Accept: true, Folder: p.dst}
	})
	report, err := s.Send(t.Context(), outgoing(filepath.Join(p.src, "f")))
	restore()
	if err == nil {
		for _, row := range report.Skipped {
			if !strings.Contains(row.Detail, unix.EMFILE.Error()) {
				t.Errorf("%s failed for %q", row.Path, row.Detail)
			}
		}
		if n := int64(len(arrived(t, p.dst))); report.Files+report.Failed != count || n != report.Files {
			t.Errorf("%d files and %d failures reported, %d files there", report.Files, report.Failed, n)
		}
	} else if !strings.Contains(err.Error(), unix.EMFILE.Error()) {
		t.Errorf("Send = %v, want the cause", err)
	}
	t.Logf("with few descriptors: %d files, %d failures, %v", report.Files, report.Failed, err)
	again := filepath.Join(t.TempDir(), "dst")
	if err := os.Mkdir(again, 0o755); err != nil {
		t.Fatal(err)
	}
	p.b.deciding(func(context.Context, *Incoming) Decision { return Decision{Accept: true, Folder: again} })
	if _, err := s.Send(t.Context(), outgoing(filepath.Join(p.src, "f"))); err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	sameTree(t, again, p.src)
}

// TestModes carries whether a file may be executed, and nothing else of a mode.
func TestModes(t *testing.T) {
	p := newPair(t)
	modes := []uint32{0o644, 0o4755, 0o2755, 0o6777, 0o1777, 0o777, 0, 0o100, 0o066}
	for i, mode := range modes {
		path := write(t, filepath.Join(p.src, "f", fmt.Sprint(i)), []byte("x"))
		if err := unix.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		os.Chmod(filepath.Join(p.src, "f", "6"), 0o400) // nobody else could read these
		os.Chmod(filepath.Join(p.src, "f", "7"), 0o500)
		os.Chmod(filepath.Join(p.src, "f", "8"), 0o466)
	}
	p.send(t, filepath.Join(p.src, "f"))
	for i, mode := range modes {
		want := os.FileMode(0o666)
		if mode&0o100 != 0 {
			want = 0o777
		}
		info, err := os.Lstat(filepath.Join(p.dst, "f", fmt.Sprint(i)))
		if err != nil || info.Mode() != want&^umask {
			t.Errorf("a file of mode %o arrived as %v, %v; want %v", mode, info.Mode(), err, want&^umask)
		}
	}
}

// TestLargeFiles sends sparse files of the sizes at which numbers of 31 and 32 bits end,
// and of 10 GiB. Memory does not follow them.
func TestLargeFiles(t *testing.T) {
	if os.Getenv("YONDER_LARGE") == "" {
		t.Skip("moves 22 GiB: set YONDER_LARGE")
	}
	for _, size := range []int64{1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1, 1 << 32, 1<<32 + 1, 10 << 30} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			p := newPair(t)
			path := write(t, filepath.Join(p.src, "large"), nil)
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for _, at := range []int64{0, size / 2, size - 4096} {
				f.WriteAt(random(4096), at)
			}
			var stats runtime.MemStats
			var most uint64
			out, s := outgoing(path), connect(t, p.a, p.b)
			result := make(chan error, 1)
			go func() {
				_, err := s.Send(t.Context(), out)
				result <- err
			}()
			for done := false; !done; {
				select {
				case err := <-result:
					if done = true; err != nil {
						t.Fatal(err)
					}
				default:
					runtime.ReadMemStats(&stats)
					most = max(most, stats.HeapInuse)
					runtime.Gosched()
				}
			}
			t.Logf("%d MiB of heap at most", most>>20)
			if got, want := fileSum(t, filepath.Join(p.dst, "large")), fileSum(t, path); got != want {
				t.Errorf("arrived with digest %x, want %x", got, want)
			}
			if most > 256<<20 {
				t.Errorf("%d bytes of heap", most)
			}
		})
	}
}

// fileSum is [chunkSum] of a file that does not fit into memory.
func fileSum(t *testing.T, path string) value {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var values []value
	for buf := make([]byte, chunkSize); ; {
		n, err := io.ReadFull(f, buf)
		if n > 0 {
			values = append(values, chunkValue(buf[:n], int64(len(values)), false))
		}
		if err != nil {
			return digest(values)
		}
	}
}
