package transfer

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// loopDisk mounts a new file system of its own, made by mkfs in a file of size bytes.
func loopDisk(t *testing.T, size int64, mkfs string, args ...string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to mount")
	}
	if _, err := exec.LookPath(mkfs); err != nil {
		t.Skip(err)
	}
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	f, err := os.Create(image)
	if err == nil {
		err = f.Truncate(size)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mkfs, append(args, image)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", mkfs, err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", image, dir).CombinedOutput(); err != nil {
		t.Skipf("no loop devices here: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// freeze lets every write to the file system of dir hang until thaw is called.
func freeze(t *testing.T, dir string) (thaw func()) {
	t.Helper()
	const fiFreeze, fiThaw = 0xc0045877, 0xc0045878 // FIFREEZE and FITHAW of <linux/fs.h>
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(f.Fd()), fiFreeze, 0); err != nil {
		f.Close()
		t.Skipf("freezing the file system: %v", err)
	}
	thaw = sync.OnceFunc(func() {
		unix.IoctlSetInt(int(f.Fd()), fiThaw, 0)
		f.Close()
	})
	t.Cleanup(thaw)
	return thaw
}

// TestHungDisk: a disk that does not answer holds up its own transfer. Others of the same
// peer, messages and cancelling go on, and when the disk answers again so does it.
func TestHungDisk(t *testing.T) {
	disk := loopDisk(t, 64<<20, "mkfs.ext4", "-q", "-F")
	p := newPair(t)
	hung := write(t, filepath.Join(p.src, "hung"), random(24*chunkSize))
	small := filepath.Join(p.src, "small")
	for i := range 300 {
		write(t, filepath.Join(small, string(rune('a'+i%26)), string(rune('A'+i/26))), random(500))
	}
	other := write(t, filepath.Join(p.src, "other"), random(24*chunkSize))
	var thaw func()
	p.b.deciding(func(_ context.Context, in *Incoming) Decision {
		if in.Progress().Names[0].Name == "other" {
			return Decision{Accept: true, Folder: p.dst}
		}
		return Decision{Accept: true, Folder: disk}
	})
	s := connect(t, p.a, p.b)
	results := make(chan error, 2)
	outs := []*Outgoing{outgoing(hung), outgoing(small)}
	for _, out := range outs {
		out.SetRate(20 << 20)
		go func() {
			_, err := s.Send(t.Context(), out)
			results <- err
		}()
	}
	eventually(t, "both to move", func() bool { return outs[0].Progress().Stored > 0 && outs[1].Progress().Phase >= Moving })
	thaw = freeze(t, disk)
	for _, out := range outs {
		out.SetRate(0)
	}
	stored := outs[0].Progress().Stored
	for range 3 { // while the first is stuck with all its credit
		report, err := s.Send(t.Context(), outgoing(other))
		if err != nil || report.Files != 1 {
			t.Fatalf("beside a disk that hangs: %+v, %v", report, err)
		}
	}
	if err := s.SendChat(t.Context(), Chat{ID: [16]byte{1}, Body: "still here"}); err != nil {
		t.Fatal(err)
	}
	p.b.until("the message", func() bool { return len(p.b.chats) == 1 })
	if got := outs[0].Progress(); got.Phase == Over || got.Stored > stored+maxHeld {
		t.Errorf("the transfer to the disk that hangs: %+v", got)
	}
	thaw()
	for range outs {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"hung", "other"} {
		want, _ := os.ReadFile(filepath.Join(p.src, name))
		dir := p.dst
		if name == "hung" {
			dir = disk
		}
		if got, _ := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(got, want) {
			t.Errorf("%s is damaged", name)
		}
	}
	sameTree(t, small, filepath.Join(disk, "small"))
}

// TestCancelOnHungDisk: the sender learns at once that the receiver's user gave up.
func TestCancelOnHungDisk(t *testing.T) {
	disk := loopDisk(t, 64<<20, "mkfs.ext4", "-q", "-F")
	p := newPair(t)
	offered := make(chan *Incoming, 1)
	p.b.deciding(func(_ context.Context, in *Incoming) Decision {
		offered <- in
		return Decision{Accept: true, Folder: disk}
	})
	out := outgoing(write(t, filepath.Join(p.src, "hung"), random(24*chunkSize)))
	out.SetRate(8 << 20)
	s := connect(t, p.a, p.b)
	result := make(chan error, 1)
	go func() {
		_, err := s.Send(t.Context(), out)
		result <- err
	}()
	in := <-offered
	eventually(t, "a part to come", func() bool { return in.Progress().Stored > 0 })
	thaw := freeze(t, disk)
	in.Cancel()
	select {
	case err := <-result:
		if err == nil {
			t.Error("the cancelled transfer succeeded")
		}
	case <-time.After(20 * time.Second):
		t.Error("the sender does not learn that it was cancelled")
	}
	thaw()
	p.b.until("Ended", func() bool { return len(p.b.ended) == 1 })
	onlyThese(t, filepath.Join(disk, "."))
}

// TestUpdateSharesBlocks: on a file system that can, an updated file shares what did not
// change with the old one instead of copying it.
func TestUpdateSharesBlocks(t *testing.T) {
	disk := loopDisk(t, 256<<20, "mkfs.btrfs", "-q")
	p := newPair(t)
	p.dst = disk
	p.updating(Update)
	base := random(64 * chunkSize)
	old := write(t, filepath.Join(disk, "a"), base)
	f, err := os.Open(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	defer f.Close() // the old content stays, and with it what it takes
	before := used(t, disk)
	content := bytes.Clone(base)
	content[5*chunkSize]++
	report := p.send(t, write(t, filepath.Join(p.src, "a"), content))
	if got, err := os.ReadFile(old); err != nil || !bytes.Equal(got, content) || report.Files != 1 {
		t.Fatalf("the updated file is not the new content: %v, %+v", err, report)
	}
	syscall.Sync()
	if more := used(t, disk) - before; more > 16*chunkSize {
		t.Errorf("the update takes %d bytes more, want little more than one chunk", more)
	}
}

// used returns how many bytes of a file system are taken.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Blocks-st.Bfree) * st.Bsize
}
