package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// pair is a sender and a receiver in one process.
type pair struct {
	a, b     *testNode
	src, dst string
}

func newPair(t testing.TB) *pair {
	noLeaks(t)
	p := &pair{src: t.TempDir(), dst: t.TempDir()}
	p.a, p.b = startNode(t, nil, "", nil), startNode(t, nil, p.dst, nil)
	return p
}

// send moves paths and checks that both sides report the same.
func (p *pair) send(t testing.TB, paths ...string) Report {
	t.Helper()
	return p.sendOut(t, outgoing(paths...))
}

func (p *pair) sendOut(t testing.TB, out *Outgoing) Report {
	t.Helper()
	p.b.mu.Lock()
	earlier := len(p.b.ended)
	p.b.mu.Unlock()
	report, err := connect(t, p.a, p.b).Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	p.b.until("Ended", func() bool { return len(p.b.ended) > earlier })
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	last := p.b.ended[len(p.b.ended)-1]
	mine := int64(0) // only the sender knows which names could not travel
	for _, row := range report.Skipped {
		if row.Reason == SkipRenamed && !slices.Contains(last.report.Skipped, row) {
			mine++
		}
	}
	if last.err != nil || last.report.Files != report.Files || last.report.Failed != report.Failed || last.report.SkipCount+mine != report.SkipCount && report.SkipCount <= maxReport || last.report.Links != report.Links {
		t.Errorf("the receiver reports %+v, %v; the sender %+v", last.report, last.err, report)
	}
	return report
}

// before runs f after the scan and before anything is read.
func (p *pair) before(f func()) {
	p.b.deciding(func(context.Context, *Incoming) Decision {
		f()
		return Decision{Accept: true, Folder: p.dst}
	})
}

// reasons lists what was skipped as "path reason".
func reasons(report Report) []string {
	list := []string{}
	for _, row := range report.Skipped {
		list = append(list, fmt.Sprintf("%s %d", row.Path, row.Reason))
	}
	slices.Sort(list)
	return list
}

func holds(t testing.TB, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s holds %.40q (%d bytes), %v, want %.40q (%d bytes)", path, got, len(got), err, want, len(want))
	}
}

// TestSourceGone loses one file of several between the scan and the first read. The
// others arrive.
func TestSourceGone(t *testing.T) {
	for _, name := range []string{"gone.txt", "gone \xff.txt"} {
		p := newPair(t)
		for i := range 20 {
			write(t, filepath.Join(p.src, "f", fmt.Sprint(i)), []byte(fmt.Sprint(i)))
		}
		gone := write(t, filepath.Join(p.src, "f", name), []byte("x"))
		p.before(func() { os.Remove(gone) })
		report := p.send(t, filepath.Join(p.src, "f"))
		want := []string{fmt.Sprintf("f/%s %d", portable(name), SkipUnreadable)}
		if portable(name) != name {
			want = append(want, fmt.Sprintf("f/%s %d", name, SkipRenamed))
		}
		if report.Files != 20 || report.Failed != 1 || !slices.Equal(reasons(report), want) {
			t.Errorf("report = %+v, want %q", report, want)
		}
		sameNames(t, filepath.Join(p.dst, "f"), filepath.Join(p.src, "f"))
		if strings.Contains(report.Skipped[0].Detail, p.src) {
			t.Errorf("the receiver is told where the source was: %q", report.Skipped[0].Detail)
		}
	}
}

// sameNames compares the content of two folders but not the time of the folders.
func sameNames(t testing.TB, got, want string) {
	t.Helper()
	list := func(dir string) (out []string) {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				content, err := os.ReadFile(path)
				rel, _ := filepath.Rel(dir, path)
				out = append(out, fmt.Sprintf("%q %x %v", rel, chunkSum(content), err))
			}
			return nil
		})
		return out
	}
	if a, b := list(got), list(want); !slices.Equal(a, b) {
		t.Errorf("%s holds\n%q, want\n%q", got, a, b)
	}
}

// TestSourceChangesOnce is written to while it is sent. It is read again, and what
// arrives is what it became.
func TestSourceChangesOnce(t *testing.T) {
	p := newPair(t)
	content := random(24 * chunkSize)
	path := write(t, filepath.Join(p.src, "a"), content)
	release := func() {}
	p.before(func() { release = p.b.hold() }) // so that the end of the file is not reached before the change
	out := outgoing(path)
	s := connect(t, p.a, p.b)
	result := make(chan error, 1)
	go func() {
		_, err := s.Send(t.Context(), out)
		result <- err
	}()
	for out.Progress().Wire < chunkSize {
		runtime.Gosched()
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[77:], "changed")
	if _, err := f.WriteAt([]byte("changed"), 77); err != nil {
		t.Fatal(err)
	}
	f.Close()
	release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(p.dst, "a")); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file arrived as it never was: %v", err)
	}
}

// TestSourceNeverRests fails a file that changes again while it is read again.
func TestSourceNeverRests(t *testing.T) {
	p := newPair(t)
	path := write(t, filepath.Join(p.src, "f", "a"), random(16*chunkSize))
	write(t, filepath.Join(p.src, "f", "b"), []byte("b"))
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for i := int64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
				os.Chtimes(path, time.Unix(i, 0), time.Unix(i, 0))
			}
		}
	}()
	out := outgoing(filepath.Join(p.src, "f"))
	out.SetRate(64 << 20) // each pass lasts long enough for a change
	report := p.sendOut(t, out)
	close(stop)
	<-over
	if want := []string{fmt.Sprintf("f/a %d", SkipChanged)}; report.Files != 1 || !slices.Equal(reasons(report), want) {
		t.Errorf("report = %+v, want %q", report, want)
	}
}

// TestDeepFolder sends 1,000 levels: as many as are allowed arrive, the rest is named.
func TestDeepFolder(t *testing.T) {
	if testing.Short() {
		t.Skip("every folder on the way is looked up for every folder below")
	}
	p := newPair(t)
	write(t, filepath.Join(p.src, "f", "top"), []byte("top"))
	dir, err := os.OpenRoot(filepath.Join(p.src, "f"))
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := dir.Mkdir("d", 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := dir.OpenRoot("d")
		if err != nil {
			t.Fatal(err)
		}
		dir.Close()
		dir = next
	}
	dir.Close()
	report := p.send(t, filepath.Join(p.src, "f"))
	if report.Entries != maxDepth+1 || report.Failed != 1 || report.Skipped[0].Reason != SkipBadName {
		t.Errorf("report = %+v, want %d entries and one too deep", report, maxDepth+1)
	}
	holds(t, filepath.Join(p.dst, "f", "top"), "top")
}

// TestRefused is what is left out of a folder by what the system says it is. Windows calls
// junctions, mount points and placeholders of files that are elsewhere irregular, files
// and folders alike; see also TestJunctions.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		reason string
		mode   fs.FileMode
		want   Reason
	}{
		{"file", 0o644, 0},
		{"folder", fs.ModeDir | 0o755, 0},
		{"folder with the sticky bit", fs.ModeDir | fs.ModeSticky | 0o777, 0},
		{"setuid program", fs.ModeSetuid | 0o755, 0},
		{"symbolic link", fs.ModeSymlink | 0o777, SkipLink},
		{"symbolic link to a folder", fs.ModeSymlink | fs.ModeDir, SkipLink},
		{"junction or mount point", fs.ModeIrregular | fs.ModeDir | 0o777, SkipLink},
		{"placeholder", fs.ModeIrregular | 0o666, SkipLink},
		{"FIFO", fs.ModeNamedPipe | 0o644, SkipSpecial},
		{"socket", fs.ModeSocket | 0o755, SkipSpecial},
		{"disk", fs.ModeDevice | 0o660, SkipSpecial},
		{"terminal", fs.ModeDevice | fs.ModeCharDevice | 0o620, SkipSpecial},
	} {
		if got := refused(test.mode); got != test.want {
			t.Errorf("%s (%v): refused = %d, want %d", test.reason, test.mode, got, test.want)
		}
	}
}

// TestOddContents sends what has no content, or hardly any.
func TestOddContents(t *testing.T) {
	p := newPair(t)
	write(t, filepath.Join(p.src, "empty file"), nil)
	for i := range 30 {
		write(t, filepath.Join(p.src, "only empty files", fmt.Sprint(i)), nil)
	}
	if err := os.MkdirAll(filepath.Join(p.src, "empty folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	sparse := write(t, filepath.Join(p.src, "sparse"), []byte("head"))
	if err := os.Truncate(sparse, 64*chunkSize+3); err != nil {
		t.Fatal(err)
	}
	report := p.send(t, children(t, p.src)...)
	if report.Files != 32 || report.SkipCount != 0 {
		t.Errorf("report = %+v, want 32 files", report)
	}
	sameTree(t, p.dst, p.src)
}

func children(t testing.TB, dir string) (paths []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return paths
}

func TestSelections(t *testing.T) {
	t.Run("the same name in two folders", func(t *testing.T) {
		p := newPair(t)
		one, two := write(t, filepath.Join(p.src, "1", "a.txt"), []byte("one")), write(t, filepath.Join(p.src, "2", "a.txt"), []byte("two"))
		report := p.send(t, one, two)
		if want := []string{fmt.Sprintf("a.txt %d", SkipRenamed)}; !slices.Equal(reasons(report), want) || report.Skipped[0].Detail != "a (1).txt" {
			t.Errorf("report = %+v, want that one of them travels as a (1).txt", report)
		}
		holds(t, filepath.Join(p.dst, "a.txt"), "one")
		holds(t, filepath.Join(p.dst, "a (1).txt"), "two")
	})
	t.Run("a path twice", func(t *testing.T) {
		p := newPair(t)
		one := write(t, filepath.Join(p.src, "a.txt"), []byte("one"))
		if report := p.send(t, one, one); report.Files != 1 {
			t.Errorf("report = %+v, want one file", report)
		}
	})
	t.Run("one of two is missing", func(t *testing.T) {
		p := newPair(t)
		one := write(t, filepath.Join(p.src, "a.txt"), []byte("one"))
		report := p.send(t, one, filepath.Join(p.src, "missing"))
		if report.Files != 1 || report.Failed != 1 || report.Skipped[0].Path != "missing" || strings.Contains(report.Skipped[0].Detail, p.src) {
			t.Errorf("report = %+v, want one file and one missing", report)
		}
	})
	t.Run("a link that was chosen itself", func(t *testing.T) {
		p := newPair(t)
		write(t, filepath.Join(p.src, "target", "x"), []byte("x"))
		link := filepath.Join(p.src, "link")
		if err := os.Symlink("target", link); err != nil {
			t.Fatal(err)
		}
		p.send(t, link)
		holds(t, filepath.Join(p.dst, "link", "x"), "x")
	})
	t.Run("250 names", func(t *testing.T) {
		p := newPair(t)
		for i := range 250 {
			write(t, filepath.Join(p.src, fmt.Sprintf("%03d", i)), []byte(fmt.Sprint(i)))
		}
		if report := p.send(t, children(t, p.src)...); report.Files != 250 || report.SkipCount != 0 {
			t.Errorf("report = %+v, want 250 files", report)
		}
		sameTree(t, p.dst, p.src)
	})
	t.Run("names too long for one offer", func(t *testing.T) {
		p := newPair(t)
		for i := range 120 {
			write(t, filepath.Join(p.src, fmt.Sprintf("%03d", i)+strings.Repeat("\xff", 250)), []byte(fmt.Sprint(i)))
		}
		if report := p.send(t, children(t, p.src)...); report.Files != 120 || report.Failed != 0 {
			t.Errorf("report = %+v, want 120 files", report)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		for _, paths := range [][]string{nil, {filepath.Join(t.TempDir(), "missing")}} {
			if _, err := newScan(paths, false); !errors.Is(err, ErrNothing) {
				t.Errorf("newScan(%q) = %v, want ErrNothing", paths, err)
			}
		}
	})
	t.Run("a whole volume has a name", func(t *testing.T) {
		s, err := newScan([]string{"/"}, false) // not walked
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()
		if names := s.names(); len(names) != 1 || names[0].Name != "root" || !names[0].Folder {
			t.Errorf("names = %+v, want the folder root", names)
		}
	})
}

// TestManyAtOnce begins transfers over one session whose scans take different times.
func TestManyAtOnce(t *testing.T) {
	p := newPair(t)
	large := filepath.Join(p.src, "large")
	for i := range 800 {
		write(t, filepath.Join(large, fmt.Sprint(i%20), fmt.Sprint(i)), []byte("x"))
	}
	outs := []*Outgoing{outgoing(large)}
	for i := range 8 {
		outs = append(outs, outgoing(write(t, filepath.Join(p.src, fmt.Sprintf("small %d", i)), []byte("small"))))
	}
	s := connect(t, p.a, p.b)
	results := make(chan error, len(outs))
	for i, out := range outs {
		go func() {
			_, err := s.Send(t.Context(), out)
			results <- err
		}()
		for i == 0 && out.Progress().Entries == 0 { // its scan has begun, and is not over soon
			runtime.Gosched()
		}
	}
	for range outs {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	sameTree(t, p.dst, p.src)
}
