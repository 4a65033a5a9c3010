package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestSourceReplaced puts something else in the place of a file after the scan.
func TestSourceReplaced(t *testing.T) {
	tests := []struct {
		reason string
		change func(path string) error
		want   Reason
	}{
		{"shorter", func(path string) error { return os.Truncate(path, 5) }, SkipChanged},
		{"empty", func(path string) error { return os.Truncate(path, 0) }, SkipChanged},
		{"longer", func(path string) error { return os.Truncate(path, 3*chunkSize) }, SkipChanged},
		{"a folder", func(path string) error { os.Remove(path); return os.Mkdir(path, 0o755) }, SkipSpecial},
		{"a link", func(path string) error { os.Remove(path); return os.Symlink("/etc/hostname", path) }, SkipUnreadable},
		{"a FIFO", func(path string) error { os.Remove(path); return syscall.Mkfifo(path, 0o644) }, SkipSpecial},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			p := newPair(t)
			path := write(t, filepath.Join(p.src, "f", "a"), random(2*chunkSize))
			write(t, filepath.Join(p.src, "f", "b"), []byte("b"))
			p.before(func() {
				if err := test.change(path); err != nil {
					t.Error(err)
				}
			})
			report := p.send(t, filepath.Join(p.src, "f"))
			if want := []string{fmt.Sprintf("f/a %d", test.want)}; report.Files != 1 || report.Failed != 1 || !slices.Equal(reasons(report), want) {
				t.Errorf("report = %+v, want %q", report, want)
			}
			holds(t, filepath.Join(p.dst, "f", "b"), "b")
			if _, err := os.Lstat(filepath.Join(p.dst, "f", "a")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something of the changed file was published: %v", err)
			}
		})
	}
}

// TestSpecialSources skips and names what is no file, and never waits for it.
func TestSpecialSources(t *testing.T) {
	p := newPair(t)
	f := filepath.Join(p.src, "f")
	write(t, filepath.Join(f, "a"), []byte("a"))
	for name, target := range map[string]string{"link to file": "a", "link out": "/etc/hostname", "link to root": "/", "dangling": "nowhere", "loop": "loop", "link to parent": ".."} {
		if err := os.Symlink(target, filepath.Join(f, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(f, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", filepath.Join(f, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	want := []string{"f/fifo 2", "f/socket 2"}
	if os.Geteuid() == 0 {
		if err := syscall.Mknod(filepath.Join(f, "null"), syscall.S_IFCHR|0o666, 1<<8|3); err == nil {
			want = append(want, "f/null 2")
		}
	}
	for _, name := range []string{"dangling", "link out", "link to file", "link to parent", "link to root", "loop"} {
		want = append(want, fmt.Sprintf("f/%s %d", name, SkipLink))
	}
	slices.Sort(want)
	report := p.send(t, f)
	if got := reasons(report); !slices.Equal(got, want) || report.Links != 6 || report.Files != 1 || report.Failed != int64(len(want)-6) {
		t.Errorf("skipped %q (%+v), want %q", got, report, want)
	}
	if _, err := newScan([]string{filepath.Join(f, "fifo")}, false); !errors.Is(err, ErrNothing) {
		t.Errorf("a FIFO alone: %v, want ErrNothing", err)
	}
}

// TestNamesThatLinuxAllows sends names that no other system could take.
func TestNamesThatLinuxAllows(t *testing.T) {
	p := newPair(t)
	f := filepath.Join(p.src, "f")
	for name, content := range map[string]string{"a:b": "colon", `a\b`: "backslash", "a_b": "underscore", "\xff\xfe": "bytes", "%FF%FE": "escape", "\xc4\xe3": "GBK",
		"con": "device", "sp ": "space", "\x1b[2J": "escape sequence"} {
		write(t, filepath.Join(f, name), []byte(content))
	}
	write(t, filepath.Join(f, "dir:1", "x"), []byte("x"))
	report := p.send(t, f)
	if report.Files != 10 || report.Failed != 0 {
		t.Errorf("report = %+v, want 10 files", report)
	}
	told := map[string]string{}
	for _, row := range report.Skipped {
		if told[row.Path] = row.Detail; row.Reason != SkipRenamed {
			t.Errorf("%q is reported for %d, want that it has another name", row.Path, row.Reason)
		}
	}
	for own, other := range map[string]string{"f/a:b": "a_b (1)", "f/dir:1": "dir_1", "f/\xff\xfe": "%FF%FE (1)", "f/\xc4\xe3": "%C4%E3", "f/con": "con_", "f/sp ": "sp_", "f/\x1b[2J": "_[2J"} {
		if told[own] != other {
			t.Errorf("the sender is told that %q arrives as %q, want %q", own, told[own], other)
		}
	}
	arrived := map[string]string{}
	filepath.WalkDir(p.dst, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			content, _ := os.ReadFile(path)
			rel, _ := filepath.Rel(p.dst, path)
			arrived[string(content)] = rel
		}
		return err
	})
	want := map[string]string{"underscore": "f/a_b", "escape": "f/%FF%FE", "GBK": "f/%C4%E3", "device": "f/con_", "space": "f/sp_", "escape sequence": "f/_[2J", "x": "f/dir_1/x"}
	for content, path := range want {
		if arrived[content] != path {
			t.Errorf("%s arrived as %q, want %q", content, arrived[content], path)
		}
	}
	if len(arrived) != 10 { // also the three that look like others
		t.Errorf("%d files arrived: %q", len(arrived), arrived)
	}
}
