package transfer

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// arrived lists the contents of all regular files below dir by path.
func arrived(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestFoldingDisks sends names that are distinct here to disks that do not tell them
// apart, and where the user has files of such names. Nothing is lost.
func TestFoldingDisks(t *testing.T) {
	folder := cases.Fold()
	folds := []struct {
		reason string
		fold   func(string) string
	}{
		{"letters, as in FAT", strings.ToUpper},
		{"everything, as in APFS", func(name string) string { return norm.NFC.String(folder.String(norm.NFD.String(name))) }},
		{"forms, as in HFS+", norm.NFD.String},
	}
	names := []string{"README", "readme", "Readme", "straße", "STRASSE", "strasse", "\u212a", "K", "k", "ﬁ", "fi", "FI", "ς", "σ", "Σ", "I", "ı", "i", "İ", "é", "e\u0301", "É"}
	src := t.TempDir()
	want := map[string]bool{}
	for _, name := range names {
		for _, path := range []string{name, "dir/" + name, "Dir/" + name, "deep/" + name + "/x"} {
			write(t, filepath.Join(src, path), []byte("new "+path))
			want["new "+path] = true
		}
	}
	for _, disk := range folds {
		for policy := KeepBoth; policy <= SkipExisting; policy++ {
			t.Run(fmt.Sprintf("%s, policy %d", disk.reason, policy), func(t *testing.T) {
				noLeaks(t)
				d := (&oddDisk{fold: disk.fold}).mount(t)
				for _, mine := range []string{"ReadMe", "DIR/mine", "Strasse"} {
					write(t, filepath.Join(d.dir, mine), []byte("mine"))
				}
				a, b := startNode(t, nil, "", nil), startNode(t, nil, d.dir, nil)
				b.deciding(func(context.Context, *Incoming) Decision {
					return Decision{Accept: true, Folder: d.dir, Policy: policy}
				})
				report, err := connect(t, a, b).Send(t.Context(), outgoing(children(t, src)...))
				if err != nil {
					t.Fatal(err)
				}
				mine, got := 0, map[string]bool{}
				for path, content := range arrived(t, d.dir) {
					if content == "mine" {
						mine++
					} else if !want[content] || got[content] {
						t.Errorf("%q holds %q, which is not or twice what was sent", path, content)
					}
					got[content] = true
				}
				existed := 0
				for _, row := range report.Skipped {
					if row.Reason == SkipExists {
						existed++
					}
				}
				missing := 0
				for content := range want {
					if !got[content] {
						missing++
					}
				}
				if missing != existed || policy != SkipExisting && existed != 0 || report.Failed != 0 {
					t.Errorf("%d files are missing, %d existed, %d failed", missing, existed, report.Failed)
				}
				if policy != Update && mine != 3 {
					t.Errorf("%d of the user's 3 files are left", mine)
				}
			})
		}
	}
}

// TestPoorDisks receives where a rename cannot refuse to replace, and where there are no
// hard links either. What exists stays.
func TestPoorDisks(t *testing.T) {
	src := t.TempDir()
	write(t, filepath.Join(src, "a.txt"), []byte("new a"))
	write(t, filepath.Join(src, "f", "x"), []byte("new x"))
	for reason, missing := range map[string]map[uint32]syscall.Errno{
		"nothing missing":      nil,
		"no exclusive rename":  {fuseRename2: unix.ENOSYS},
		"refused":              {fuseRename2: unix.EINVAL},
		"no hard links either": {fuseRename2: unix.ENOSYS, fuseLink: unix.EPERM},
		"links unknown":        {fuseRename2: unix.ENOSYS, fuseLink: unix.ENOSYS},
	} {
		t.Run(reason, func(t *testing.T) {
			noLeaks(t)
			d := (&oddDisk{missing: missing}).mount(t)
			write(t, filepath.Join(d.dir, "a.txt"), []byte("mine"))
			write(t, filepath.Join(d.dir, "f", "x"), []byte("mine"))
			a, b := startNode(t, nil, "", nil), startNode(t, nil, d.dir, nil)
			s := connect(t, a, b)
			for range 2 {
				if _, err := s.Send(t.Context(), outgoing(children(t, src)...)); err != nil {
					t.Fatal(err)
				}
			}
			want := map[string]string{"a.txt": "mine", "f/x": "mine", "a (1).txt": "new a", "f (1)/x": "new x", "a (2).txt": "new a", "f (2)/x": "new x"}
			got := arrived(t, d.dir)
			for path, content := range want {
				if got[path] != content {
					t.Errorf("%s holds %q, want %q", path, got[path], content)
				}
			}
			if len(got) != len(want) {
				t.Errorf("arrived: %q", got)
			}
		})
	}
}

// TestPlantedSpecials finds FIFOs, sockets and devices where it wants to write. It opens
// none of them.
func TestPlantedSpecials(t *testing.T) {
	src := t.TempDir()
	write(t, filepath.Join(src, "a"), []byte("new"))
	write(t, filepath.Join(src, "f", "x"), []byte("new x"))
	plant := map[string]func(path string) error{
		"a FIFO": func(path string) error { return syscall.Mkfifo(path, 0o666) },
		"a socket": func(path string) error {
			ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
			if err == nil {
				ln.SetUnlinkOnClose(false)
				ln.Close()
			}
			return err
		},
		"a device": func(path string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|7) }, // full
	}
	for reason, put := range plant {
		for policy := KeepBoth; policy <= SkipExisting; policy++ {
			t.Run(fmt.Sprintf("%s, policy %d", reason, policy), func(t *testing.T) {
				noLeaks(t)
				dst := t.TempDir()
				if err := os.Mkdir(filepath.Join(dst, "f"), 0o755); err != nil {
					t.Fatal(err)
				}
				for _, path := range []string{"a", "f/x"} {
					if err := put(filepath.Join(dst, path)); err != nil {
						t.Skip(err)
					}
				}
				a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
				b.deciding(func(context.Context, *Incoming) Decision {
					return Decision{Accept: true, Folder: dst, Policy: policy}
				})
				if _, err := connect(t, a, b).Send(t.Context(), outgoing(children(t, src)...)); err != nil {
					t.Fatal(err)
				}
				within := "f/x (1)"
				if policy == KeepBoth {
					within = "f (1)/x"
				}
				holds(t, filepath.Join(dst, "a (1)"), "new")
				holds(t, filepath.Join(dst, within), "new x")
				if info, err := os.Lstat(filepath.Join(dst, "a")); err != nil || info.Mode().IsRegular() {
					t.Errorf("what was planted is now %v, %v", info, err)
				}
			})
		}
	}
}

// TestFlippedFolders exchanges a folder for a link to somewhere else, over and over,
// while files arrive in it. Nothing gets behind the link.
func TestFlippedFolders(t *testing.T) {
	want := 2500 // of each kind
	switch {
	case os.Getenv("YONDER_LARGE") != "":
		want = 25_000
	case testing.Short():
		want = 1 // those of one transfer
	}
	for _, test := range []struct {
		reason string
		path   func(dst string) string // of the folder; it is there once the transfer moves
		policy Policy
	}{
		{"the destination", func(dst string) string { return dst }, KeepBoth},
		{"the folder of partials", func(dst string) string { return filepath.Join(dst, incomingFolder) }, KeepBoth},
		{"a folder in the partial", func(dst string) string {
			list, _ := filepath.Glob(filepath.Join(dst, incomingFolder, "*", "tree", "f"))
			return strings.Join(list, "")
		}, KeepBoth},
		{"a folder that is merged into", func(dst string) string { return filepath.Join(dst, "f") }, Update},
	} {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			outside := t.TempDir()
			write(t, filepath.Join(outside, "behind", "000"), []byte("untouched"))
			write(t, filepath.Join(outside, "behind", "sub", "x"), []byte("untouched"))
			before := tree(t, outside)
			for flips := 0; flips < want; {
				dst := filepath.Join(t.TempDir(), "dst")
				write(t, filepath.Join(dst, "f", "000"), []byte("mine"))
				b := startNode(t, nil, dst, nil)
				b.deciding(func(context.Context, *Incoming) Decision {
					return Decision{Accept: true, Folder: dst, Policy: test.policy}
				})
				flips += flipped(t, b, dst, filepath.Join(outside, "behind"), test.path)
				b.stop()
				if after := tree(t, outside); after != before {
					t.Fatalf("behind the link there is now\n%s, want\n%s", after, before)
				}
			}
		})
	}
}

// flipped sends a folder to b while the one at path is flipped, and returns how often.
func flipped(t *testing.T, b *testNode, dst, target string, path func(dst string) string) (flips int) {
	p := newPuppet(t, b)
	const count = 60
	list, said := []entry{folder(0, "f")}, &files{}
	for i := range uint32(count) {
		list = append(list, file(1, fmt.Sprintf("%03d", i)))
		said.Done = append(said.Done, fileDone{Entry: i + 1, Digest: chunkSum([]byte("x"))})
	}
	list = append(list, folder(1, "sub"), file(2, "x"))
	said.Done = append(said.Done, fileDone{Entry: count + 2, Digest: chunkSum([]byte("x"))})
	p.accepted(1, &offer{Conv: []byte{}, Names: []topName{{Name: "f", Folder: true}}, Count: 1, Entries: count + 3, Bytes: count + 1, Final: true})
	p.say(framePage, 1, &page{Last: true, Entries: list, Digest: manifestOf().Digest})
	p.say(frameData, 1, whole(1, []byte("x")))
	for m := (stored{}); m.Bytes == 0; { // so that every folder of the way is there
		p.expect(frameStored, &m)
	}
	link := filepath.Join(filepath.Dir(dst), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	stop, over := make(chan struct{}), make(chan int)
	flip := path(dst)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				if n%2 == 1 { // as it was
					unix.Renameat2(unix.AT_FDCWD, link, unix.AT_FDCWD, flip, unix.RENAME_EXCHANGE)
				}
				over <- n
				return
			default:
				if err := unix.Renameat2(unix.AT_FDCWD, link, unix.AT_FDCWD, flip, unix.RENAME_EXCHANGE); err != nil {
					n-- // it has just been moved
				}
				runtime.Gosched()
			}
		}
	}()
	for i := range uint32(count + 2) {
		if i != count { // the folder
			p.say(frameData, 1, whole(i+1, []byte("x")))
		}
	}
	p.say(frameFiles, 1, said)
	p.say(frameEnd, 1, &end{Skipped: []skipped{}})
	for h, _, err := p.hear(); h.typ != frameDone && h.typ != frameCancel; h, _, err = p.hear() {
		if err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	return <-over
}

// TestDestinationDeleted loses its destination in the middle. It says so, and makes none.
func TestDestinationDeleted(t *testing.T) {
	noLeaks(t)
	dst := filepath.Join(t.TempDir(), "dst")
	if err := os.Mkdir(dst, 0o755); err != nil {
		t.Fatal(err)
	}
	b := startNode(t, nil, dst, nil)
	loads := []load{{"a.txt", []byte("content")}, {"big.bin", random(2 * chunkSize)}}
	p := newPuppet(t, b)
	p.accepted(1, offering(1, loads...))
	list := framesOf(1, loads...)
	p.raw(list[0])
	p.raw(list[1])
	p.raw(list[2])
	for m := (stored{}); m.Bytes == 0; {
		p.expect(frameStored, &m)
	}
	if err := os.RemoveAll(dst); err != nil {
		t.Fatal(err)
	}
	for _, f := range list[3:] {
		p.raw(f)
	}
	waitCancel(p, 13)
	p.alive()
	b.until("end", func() bool { return len(b.ended) == 1 })
	if _, err := os.Lstat(dst); err == nil {
		t.Error("the destination was made anew")
	}
}

// TestLongNames sends names of all lengths near the limit to a folder that has them
// already. All arrive, none is longer than a file system takes, what exists stays.
func TestLongNames(t *testing.T) {
	p := newPair(t)
	for i, unit := range []string{"n", cjk} {
		for length := 230; length <= 255; length++ {
			stem := strings.Repeat(unit, (length-4)/len(unit))
			name := stem + strings.Repeat("y", length-4-len(stem)) + fmt.Sprintf(".t%d%d", i, length%10)
			write(t, filepath.Join(p.src, fmt.Sprint(length), name), []byte("new"))
			for _, taken := range []string{name, localName(name, false)} {
				write(t, filepath.Join(p.dst, taken), []byte("mine"))
			}
		}
	}
	var paths []string
	for _, dir := range children(t, p.src) {
		paths = append(paths, children(t, dir)...)
	}
	before := arrived(t, p.dst)
	report := p.send(t, paths...)
	if report.Files != int64(len(paths)) || report.Failed != 0 {
		t.Errorf("report = %+v, want %d files", report, len(paths))
	}
	told := map[string]string{}
	for _, row := range report.Skipped {
		if row.Reason == SkipRenamed {
			told[row.Path] = row.Detail
		}
	}
	for _, path := range paths {
		if name := filepath.Base(path); localName(name, false) != name && (told[name] == "" || filepath.Ext(told[name]) != filepath.Ext(name)) {
			t.Errorf("of a name of %d bytes is told that it is now %q", len(name), told[name])
		}
	}
	after := arrived(t, p.dst)
	if len(after) != len(before)+len(paths) {
		t.Errorf("%d files arrived, want %d", len(after)-len(before), len(paths))
	}
	for path := range before {
		if after[path] != "mine" {
			t.Errorf("%q was overwritten", path)
		}
	}
}

// TestLongPath sends a path that is longer than any system call takes at once.
func TestLongPath(t *testing.T) {
	p := newPair(t)
	root, err := os.OpenRoot(p.src)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("d", 200)
	var opened []*os.Root
	for range 30 {
		opened = append(opened, root)
		if err := root.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if root, err = root.OpenRoot(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.WriteFile("x", []byte("deep"), 0o644); err != nil {
		t.Fatal(err)
	}
	root.Close()
	slices.Reverse(opened)
	for _, r := range opened {
		r.Close()
	}
	if report := p.send(t, filepath.Join(p.src, name)); report.Files != 1 || report.Entries != 31 || report.Failed != 0 {
		t.Errorf("report = %+v, want one file below 30 folders", report)
	}
	dst, err := os.OpenRoot(p.dst)
	if err != nil {
		t.Fatal(err)
	}
	defer dst.Close()
	if got, err := dst.ReadFile(strings.Repeat(name+"/", 30) + "x"); string(got) != "deep" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

// TestFlippedSources exchanges a folder that is being sent for a link to somewhere else, over
// and over, from the scan on. Nothing that is behind the link is ever sent.
func TestFlippedSources(t *testing.T) {
	want := 40 // transfers
	switch {
	case os.Getenv("YONDER_LARGE") != "":
		want = 1000
	case testing.Short():
		want = 5
	}
	const mine, secret = "mine, to be sent", "secret, behind the link"
	src, behind, dst := t.TempDir(), filepath.Join(t.TempDir(), "behind"), t.TempDir()
	sub, link := filepath.Join(src, "f", "sub"), filepath.Join(src, "link")
	for i := range 40 {
		name := fmt.Sprintf("%03d", i)
		write(t, filepath.Join(sub, "deep", name), []byte(mine))
		write(t, filepath.Join(behind, "deep", name), []byte(secret))
	}
	if err := os.Symlink(behind, link); err != nil {
		t.Fatal(err)
	}
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	s := connect(t, a, b)
	stop, over := make(chan struct{}), make(chan int)
	var flips atomic.Int64
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				over <- n
				return
			default:
				unix.Renameat2(unix.AT_FDCWD, link, unix.AT_FDCWD, sub, unix.RENAME_EXCHANGE)
				flips.Add(1)
				runtime.Gosched()
			}
		}
	}()
	came := 0
	for i := 0; i < want || came == 0 && i < 50*want; i++ {
		s.Send(t.Context(), outgoing(filepath.Join(src, "f"))) // it may fail: the folder changes all the time
		filepath.WalkDir(dst, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil
			}
			content, err := os.ReadFile(path)
			if strings.Contains(string(content), "secret") {
				t.Errorf("%s was sent: %q", path, content)
			} else if err == nil && string(content) == mine {
				came++
			}
			return nil
		})
		for _, name := range children(t, dst) {
			os.RemoveAll(name)
		}
		if t.Failed() {
			break
		}
	}
	close(stop)
	<-over
	if came == 0 {
		t.Error("nothing came at all")
	}
	t.Logf("%d flips while %d transfers and more ran; %d files came", flips.Load(), want, came)
}
