package transfer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestQuota uses up a quota at some byte, which is a full disk though there is space: the
// cause is named, what came is kept, and when there is room the rest comes.
func TestQuota(t *testing.T) {
	noLeaks(t)
	src := t.TempDir()
	path := write(t, filepath.Join(src, "big.bin"), random(12*chunkSize+5))
	var over atomic.Bool
	over.Store(true)
	d := (&oddDisk{fault: func(op uint32, name string, from int64) syscall.Errno {
		if op == fuseWrite && name == "big.bin" && from >= 8*chunkSize && over.Load() {
			return unix.EDQUOT
		}
		return 0
	}}).mount(t)
	a, b := startNode(t, nil, "", nil), startNode(t, nil, d.dir, nil)
	out := outgoing(path)
	if err := failing(t, a, b, out, ErrDiskFull); !strings.Contains(err.Error(), unix.EDQUOT.Error()) || strings.Contains(err.Error(), d.dir) {
		t.Errorf("the sender is told %q, want the cause without where it was", err)
	}
	if _, err := b.outcomes(); !strings.Contains(err.Error(), unix.EDQUOT.Error()) {
		t.Errorf("receiver = %v, want the cause", err)
	}
	if b.store.count() != 1 {
		t.Fatalf("%d partials, want one to resume", b.store.count())
	}
	onlyStaged(t, d.dir)
	over.Store(false)
	if _, err := connect(t, a, b).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if p := out.Progress(); p.Resumed == 0 {
		t.Error("nothing of the first attempt was kept")
	}
	sameNames(t, d.dir, src)
}

// TestForbiddenFolder may not make anything in the destination: the sender is told before
// it sends anything.
func TestForbiddenFolder(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EACCES, unix.EPERM, unix.EROFS} {
		t.Run(errno.Error(), func(t *testing.T) {
			noLeaks(t)
			d := (&oddDisk{missing: map[uint32]syscall.Errno{fuseMkdir: errno}}).mount(t)
			a, b := startNode(t, nil, "", nil), startNode(t, nil, d.dir, nil)
			out := outgoing(write(t, filepath.Join(t.TempDir(), "a"), []byte("a")))
			failing(t, a, b, out, ErrReadOnly)
			if p := out.Progress(); p.Wire != 0 {
				t.Errorf("%d bytes sent", p.Wire)
			}
			if names := children(t, d.dir); len(names) != 0 || b.store.count() != 0 {
				t.Errorf("left behind: %q, %d partials", names, b.store.count())
			}
		})
	}
}

// TestOneOfAThousand may not read one file of a thousand. It is named; 999 arrive.
func TestOneOfAThousand(t *testing.T) {
	p := newPair(t)
	d := (&oddDisk{fault: func(op uint32, name string, _ int64) syscall.Errno {
		if op == fuseOpen && name == "0500" {
			return unix.EACCES
		}
		return 0
	}}).mount(t)
	for i := range 1000 {
		write(t, filepath.Join(d.dir, "f", fmt.Sprint(i%7), fmt.Sprintf("%04d", i)), []byte(fmt.Sprint("content ", i)))
	}
	report := p.send(t, filepath.Join(d.dir, "f"))
	bad := fmt.Sprintf("f/%d/0500", 500%7)
	if want := []string{fmt.Sprintf("%s %d", bad, SkipUnreadable)}; report.Files != 999 || report.Failed != 1 || !slices.Equal(reasons(report), want) {
		t.Fatalf("report = %+v, want 999 files and %q", report, want)
	}
	if detail := report.Skipped[0].Detail; detail != unix.EACCES.Error() {
		t.Errorf("the detail is %q, want %q", detail, unix.EACCES.Error())
	}
	got := arrived(t, p.dst)
	for i := range 1000 {
		path := fmt.Sprintf("f/%d/%04d", i%7, i)
		if want := fmt.Sprint("content ", i); path != bad && got[path] != want {
			t.Errorf("%s holds %q, want %q", path, got[path], want)
		}
	}
	if len(got) != 999 {
		t.Errorf("%d files arrived, want 999", len(got))
	}
}

// TestModificationTimes sends times that some file systems or programs cannot count to.
// A small file, a large one and a folder arrive with the same time, one that can be.
func TestModificationTimes(t *testing.T) {
	at := func(year int) time.Time { return time.Date(year, 3, 4, 5, 6, 7, 0, time.UTC) }
	first, last := time.Unix(0, 0), time.Unix(lastSecond, 0)
	for _, test := range []struct {
		reason   string
		is, want time.Time
	}{
		{"now", at(2024), at(2024)},
		{"first of all", first, first},
		{"before 1970", at(1969), first},
		{"of the first files of Windows", at(1601), first},
		{"behind 32 bits", at(2107), at(2107)},
		{"the last", last, last},
		{"behind 64 bits of nanoseconds", at(2300), last},
		{"of placeholders", at(9999), last},
	} {
		t.Run(test.reason, func(t *testing.T) {
			probe := write(t, filepath.Join(t.TempDir(), "probe"), nil)
			os.Chtimes(probe, test.want, test.want)
			if info, err := os.Stat(probe); err != nil || !info.ModTime().Equal(test.want) {
				t.Skipf("the disk of this test has no such time: %v", err)
			}
			s := newScene(t)
			large := random(chunkSize + 1)
			entries := []entry{folder(0, "f"), file(1, "large"), file(1, "small")}
			entries[1].Size, entries[2].Size = uint64(len(large)), 1
			for i := range entries {
				entries[i].Sec = test.is.Unix()
			}
			p := newPuppet(t, s.b)
			p.accepted(1, &offer{Conv: []byte{}, Names: []topName{{Name: "f", Folder: true}}, Count: 1, Entries: 3, Bytes: uint64(len(large) + 1), Final: true})
			p.say(framePage, 1, &page{Last: true, Entries: entries, Digest: manifestOf().Digest})
			for chunk := range int64(2) {
				part := large[chunk*chunkSize:][:chunkLen(int64(len(large)), chunk)]
				p.say(frameData, 1, fragment(1, uint32(chunk), 0, headOf(large, chunk), part))
			}
			p.say(frameData, 1, whole(2, []byte("x")))
			p.say(frameFiles, 1, &files{Done: []fileDone{{Entry: 1, Digest: chunkSum(large)}, {Entry: 2, Digest: chunkSum([]byte("x"))}}})
			p.say(frameEnd, 1, &end{Skipped: []skipped{}})
			var m done
			if p.expect(frameDone, &m); m.Files != 2 || m.Failed != 0 {
				t.Errorf("DONE = %+v, want two files", m)
			}
			for _, name := range []string{"f", "f/large", "f/small"} {
				if info, err := os.Stat(filepath.Join(s.dest, name)); err != nil || !info.ModTime().Equal(test.want) {
					t.Errorf("%s is of %v, %v; want %v", name, info.ModTime().UTC(), err, test.want)
				}
			}
			s.finish()
		})
	}
	p := newPair(t) // small files that come in a pack, from a disk with such times
	for i, when := range []time.Time{at(1901), at(2200), last} {
		path := write(t, filepath.Join(p.src, "f", fmt.Sprint(i)), []byte("x"))
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	p.send(t, filepath.Join(p.src, "f"))
	for i, want := range []time.Time{first, at(2200), last} {
		if info, err := os.Stat(filepath.Join(p.dst, "f", fmt.Sprint(i))); err != nil || !info.ModTime().Equal(want) {
			t.Errorf("file %d of a pack is of %v, %v; want %v", i, info.ModTime().UTC(), err, want)
		}
	}
}

// TestSourceResized makes a file longer or shorter while its content is on the way. What
// arrives was there as a whole, or the file is named and nothing of it is published.
func TestSourceResized(t *testing.T) {
	const size = 24*chunkSize + 5
	for reason, change := range map[string]func(path string) error{
		"grows": func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			if err == nil {
				_, err = f.Write(random(3 * chunkSize))
				f.Close()
			}
			return err
		},
		"shrinks":                   func(path string) error { return os.Truncate(path, 20*chunkSize) },
		"shrinks and grows again":   func(path string) error { os.Truncate(path, 5); return os.Truncate(path, size) },
		"shrinks to nothing at all": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(reason, func(t *testing.T) {
			p := newPair(t)
			path := write(t, filepath.Join(p.src, "f", "a"), random(size))
			write(t, filepath.Join(p.src, "f", "b"), []byte("b"))
			release := func() {}
			p.before(func() { release = p.b.hold() }) // so that its end is not reached before the change
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
			eventually(t, "content to be on the way", func() bool { return out.Progress().Wire >= chunkSize })
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			release()
			r := <-results
			if r.err != nil {
				t.Fatal(r.err)
			}
			holds(t, filepath.Join(p.dst, "f", "b"), "b")
			content, err := os.ReadFile(filepath.Join(p.dst, "f", "a"))
			if want, _ := os.ReadFile(path); r.report.Files == 2 && len(want) == size { // read again, as it is now
				if string(content) != string(want) {
					t.Errorf("%d bytes arrived, %v, which the file never was", len(content), err)
				}
				return
			}
			if want := []string{fmt.Sprintf("f/a %d", SkipChanged)}; r.report.Files != 1 || r.report.Failed != 1 || !slices.Equal(reasons(r.report), want) {
				t.Errorf("report = %+v, want %q", r.report, want)
			}
			if err == nil {
				t.Errorf("%d bytes of a file that changed were published", len(content))
			}
		})
	}
}
