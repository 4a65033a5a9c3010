//go:build linux

package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of its own for the test.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// failing sends paths and checks that both sides end with want.
func failing(t *testing.T, a, b *testNode, out *Outgoing, want error) error {
	t.Helper()
	b.mu.Lock()
	before := len(b.ended)
	b.mu.Unlock()
	_, err := connect(t, a, b).Send(t.Context(), out)
	if !errors.Is(err, want) {
		t.Errorf("Send = %v, want %v", err, want)
	}
	b.until("Ended", func() bool { return len(b.ended) > before })
	if _, err := b.outcomes(); !errors.Is(err, want) {
		t.Errorf("receiver = %v, want %v", err, want)
	}
	return err
}

// fill leaves so many bytes free.
func fill(t *testing.T, dir string, leave int64) (path string) {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	n := int64(st.Bavail)*st.Bsize - leave
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Fallocate(int(f.Fd()), 0, 0, n); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// TestDiskFull runs out of space on the way. What arrived stays, and is not sent again
// once there is room.
func TestDiskFull(t *testing.T) {
	dst := smallDisk(t, "size=160m")
	noLeaks(t)
	src := t.TempDir()
	path := write(t, filepath.Join(src, "big.bin"), random(64*chunkSize))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	release := func() {}
	b.deciding(func(context.Context, *Incoming) Decision {
		release = b.hold() // nothing is written until the disk is nearly full
		return Decision{Accept: true, Folder: dst}
	})
	out := outgoing(path)
	s := connect(t, a, b)
	result := make(chan error, 1)
	go func() {
		_, err := s.Send(t.Context(), out)
		result <- err
	}()
	b.until("offer", func() bool { return len(b.offers) > 0 })
	for b.offers[0].Progress().Phase != Moving {
		time.Sleep(time.Millisecond)
	}
	filler := fill(t, dst, 20*chunkSize)
	release()
	if err := <-result; !errors.Is(err, ErrDiskFull) {
		t.Fatalf("Send = %v, want ErrDiskFull", err)
	}
	b.until("Ended", func() bool { return len(b.ended) > 0 })
	if _, err := b.outcomes(); !errors.Is(err, ErrDiskFull) {
		t.Errorf("receiver = %v, want ErrDiskFull", err)
	}
	if b.store.count() != 1 {
		t.Fatalf("%d partials, want one to resume", b.store.count())
	}
	if names := children(t, dst); len(names) != 2 { // the filler and the staging folder
		t.Errorf("published: %q", names)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, a, b).Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if p := out.Progress(); p.Resumed < 10*chunkSize || p.Wire > 54*chunkSize {
		t.Errorf("%d bytes resumed, %d sent again", p.Resumed, p.Wire)
	}
	sameTree(t, dst, src)
}

// TestDiskTooSmall declines before anything is sent.
func TestDiskTooSmall(t *testing.T) {
	dst := smallDisk(t, "size=80m") // 5 MiB of them, a 16th, are left alone
	noLeaks(t)
	path := write(t, filepath.Join(t.TempDir(), "big.bin"), make([]byte, 76*chunkSize))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	out := outgoing(path)
	err := failing(t, a, b, out, ErrDiskFull)
	if room, ok := errors.AsType[*RoomError](err); !ok || room.Need != 76*chunkSize || room.Have < 70*chunkSize || room.Have > 75*chunkSize {
		t.Errorf("the sender learns %v, want what is needed and what there is", err)
	}
	if p := out.Progress(); p.Wire != 0 {
		t.Errorf("%d bytes sent", p.Wire)
	}
	if names := children(t, dst); len(names) != 0 || b.store.count() != 0 {
		t.Errorf("left behind: %q, %d partials", names, b.store.count())
	}
	fits := write(t, filepath.Join(t.TempDir(), "fits.bin"), make([]byte, 70*chunkSize))
	if _, err := connect(t, a, b).Send(t.Context(), outgoing(fits)); err != nil {
		t.Errorf("what fits: %v", err)
	}
}

// TestInodesExhausted is a full disk with bytes to spare.
func TestInodesExhausted(t *testing.T) {
	dst := smallDisk(t, "size=200m,nr_inodes=30")
	noLeaks(t)
	src := t.TempDir()
	for i := range 60 {
		write(t, filepath.Join(src, "f", fmt.Sprint(i)), []byte("x"))
	}
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	failing(t, a, b, outgoing(filepath.Join(src, "f")), ErrDiskFull)
	for _, path := range children(t, dst) {
		if filepath.Base(path) != incomingFolder {
			t.Errorf("published: %q", path)
		}
	}
	if b.store.count() != 1 {
		t.Errorf("%d partials, want one to resume", b.store.count())
	}
	for _, p := range b.store.all() { // the user gives up
		if err := p.Remove(); err != nil {
			t.Errorf("Remove = %v", err)
		}
	}
	if names := children(t, dst); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	dst := smallDisk(t, "size=200m")
	if err := unix.Mount("", dst, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skipf("remount: %v", err)
	}
	noLeaks(t)
	path := write(t, filepath.Join(t.TempDir(), "a"), []byte("a"))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	failing(t, a, b, outgoing(path), ErrReadOnly)
}

func TestBadDestination(t *testing.T) {
	tests := []struct {
		reason string
		make   func(dst string) // dst does not exist yet
		want   error
	}{
		{"missing", func(string) {}, ErrNoFolder},
		{"a file", func(dst string) { write(t, dst, []byte("file")) }, ErrNoFolder},
		{"a dangling link", func(dst string) { os.Symlink("nowhere", dst) }, ErrNoFolder},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			dst := filepath.Join(t.TempDir(), "dst")
			test.make(dst)
			path := write(t, filepath.Join(t.TempDir(), "a"), []byte("a"))
			a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
			out := outgoing(path)
			failing(t, a, b, out, test.want)
			if p := out.Progress(); p.Wire != 0 {
				t.Errorf("%d bytes sent", p.Wire)
			}
		})
	}
}

// TestPlantedLinks finds links where it wants to write. Nothing behind them is touched.
func TestPlantedLinks(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "target", "x"), []byte("untouched"))
	target := filepath.Join(outside, "target")
	before := tree(t, outside)
	src := t.TempDir()
	write(t, filepath.Join(src, "a"), []byte("new"))
	write(t, filepath.Join(src, "f", "x"), []byte("new x"))
	tests := []struct {
		reason string
		policy Policy
		links  map[string]string
		err    error // nil: it arrives
		a, x   string
	}{
		{"at the final names", KeepBoth, map[string]string{"a": filepath.Join(target, "x"), "f": target}, nil, "a (1)", "f (1)/x"},
		{"at the final names, dangling", KeepBoth, map[string]string{"a": filepath.Join(target, "new"), "f": filepath.Join(target, "new")}, nil, "a (1)", "f (1)/x"},
		{"at the staging folder", KeepBoth, map[string]string{incomingFolder: target}, ErrReadOnly, "", ""},
		{"at the staging folder, to inside", KeepBoth, map[string]string{incomingFolder: "inside"}, ErrReadOnly, "", ""},
	}
	for policy := KeepBoth; policy <= SkipExisting; policy++ {
		tests = append(tests, struct {
			reason string
			policy Policy
			links  map[string]string
			err    error
			a, x   string
		}{fmt.Sprintf("in place of a folder, policy %d", policy), policy, map[string]string{"f": target}, nil, "a", "f (1)/x"})
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			dst := t.TempDir()
			if err := os.Mkdir(filepath.Join(dst, "inside"), 0o755); err != nil {
				t.Fatal(err)
			}
			for name, to := range test.links {
				if err := os.Symlink(to, filepath.Join(dst, name)); err != nil {
					t.Fatal(err)
				}
			}
			a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
			b.deciding(func(context.Context, *Incoming) Decision {
				return Decision{Accept: true, Folder: dst, Policy: test.policy}
			})
			_, err := connect(t, a, b).Send(t.Context(), outgoing(children(t, src)...))
			if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("Send = %v, want %v", err, test.err)
			}
			if test.err == nil {
				holds(t, filepath.Join(dst, test.a), "new")
				holds(t, filepath.Join(dst, test.x), "new x")
			} else if names := children(t, filepath.Join(dst, "inside")); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			} else if to, err := os.Readlink(filepath.Join(dst, incomingFolder)); err != nil || to != test.links[incomingFolder] {
				t.Errorf("the link itself is %q now, %v", to, err)
			}
			if after := tree(t, outside); after != before {
				t.Errorf("behind the links there is now\n%s, want\n%s", after, before)
			}
		})
	}
}

// TestDestinationMoves renames the destination in the middle: the transfer follows it.
func TestDestinationMoves(t *testing.T) {
	noLeaks(t)
	src, parent := t.TempDir(), t.TempDir()
	dst, moved := filepath.Join(parent, "dst"), filepath.Join(parent, "moved")
	if err := os.Mkdir(dst, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(src, "f", "a"), random(20*chunkSize))
	write(t, filepath.Join(src, "f", "b"), []byte("b"))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	release := func() {}
	b.deciding(func(context.Context, *Incoming) Decision {
		release = b.hold()
		return Decision{Accept: true, Folder: dst}
	})
	s, result := connect(t, a, b), make(chan error, 1)
	go func() {
		_, err := s.Send(t.Context(), outgoing(filepath.Join(src, "f")))
		result <- err
	}()
	b.until("offer", func() bool { return len(b.offers) > 0 })
	for b.offers[0].Progress().Phase != Moving {
		time.Sleep(time.Millisecond)
	}
	if err := os.Rename(dst, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dst, 0o755); err != nil { // something else under the old name
		t.Fatal(err)
	}
	release()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	sameTree(t, moved, src)
	if names := children(t, dst); len(names) != 0 {
		t.Errorf("arrived in a folder that only has the name: %q", names)
	}
}

// TestManyCopies finds a free name behind ten thousand that are taken.
func TestManyCopies(t *testing.T) {
	noLeaks(t)
	dst := t.TempDir()
	const taken = 10_000
	for i := range taken {
		write(t, filepath.Join(dst, numbered("a.txt", i, false)), []byte("old"))
	}
	path := write(t, filepath.Join(t.TempDir(), "a.txt"), []byte("new"))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	report, err := connect(t, a, b).Send(t.Context(), outgoing(path))
	if err != nil || len(report.Published) != 1 || report.Published[0].As != numbered("a.txt", taken, false) {
		t.Errorf("Send = %+v, %v, want the name with %d", report, err, taken)
	}
	for i := range taken {
		holds(t, filepath.Join(dst, numbered("a.txt", i, false)), "old")
	}
	holds(t, filepath.Join(dst, numbered("a.txt", taken, false)), "new")
}

// endedStore is a store of partials in whose way the session ends.
type endedStore struct {
	PartialStore
	put func()
}

func (s endedStore) PutPartial(p Partial) error {
	defer s.put()
	return s.PartialStore.PutPartial(p)
}

// TestEndedBeforeAccept: the session ends after somebody has accepted and before the sender is
// told. Nobody will ever send anything there, so nothing of it stays.
func TestEndedBeforeAccept(t *testing.T) {
	noLeaks(t)
	b := startNode(t, nil, t.TempDir(), nil)
	b.Node.mu.Lock() // which every session takes before it looks into the store
	b.Node.partials = endedStore{b.store, func() {
		b.Node.mu.Lock()
		defer b.Node.mu.Unlock()
		for _, s := range b.Node.sessions {
			s.conn.Close()
			for s.out.sendFrame(nil) == nil { // until it takes nothing any more
				time.Sleep(time.Millisecond)
			}
		}
	}}
	b.Node.mu.Unlock()
	p := newPuppet(t, b)
	p.say(frameOffer, 1, offering(1, load{"a.txt", []byte("never sent")}))
	b.until("the end", func() bool { return len(b.ended) > 0 })
	if names := children(t, b.dir); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
	if n := b.store.count(); n > 0 {
		t.Errorf("%d partials are noted", n)
	}
}
