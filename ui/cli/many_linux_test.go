package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestManyFiles sends tiny files, a million of them at full size. None is lost, and
// neither side takes more than 300 MiB of memory for them.
func TestManyFiles(t *testing.T) {
	const most = 300 << 10 // KiB
	l, folder := newLAN(t), t.TempDir()
	count := sized(20_000, 1_000_000)
	source := filepath.Join(l.dir, "many")
	for i := range count {
		dir := filepath.Join(source, fmt.Sprintf("%03d", i/1000))
		if i%1000 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%07d", i)), strconv.AppendInt(nil, int64(i), 10), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	receiver := l.startReceiver(2, folder)
	began := time.Now()
	sender := l.start(1, "send", "--to", "二号 two", source)
	sent := int64(0) // its rusage would count this program too, of which it was forked
	for !sender.over() {
		sent = max(sent, peakMemory(sender.cmd.Process.Pid))
		time.Sleep(20 * time.Millisecond)
	}
	if code := sender.finish(time.Hour); code != exitOK {
		t.Fatalf("send ended with %d:\n%s", code, sender.text())
	}
	took := time.Since(began)
	received := peakMemory(receiver.cmd.Process.Pid)
	t.Logf("%d files in %v; at most %d MiB at the sender, %d MiB at the receiver", count, took.Round(time.Millisecond), sent>>10, received>>10)
	if sent == 0 || received == 0 {
		t.Error("the memory of a side was not seen")
	}
	if sent > most || received > most {
		t.Errorf("%d KiB of memory at the sender, %d KiB at the receiver, want %d at most", sent, received, most)
	}
	arrived := 0
	err := filepath.WalkDir(filepath.Join(folder, "many"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if n, e := strconv.Atoi(d.Name()); e != nil || string(content) != strconv.Itoa(n) || filepath.Base(filepath.Dir(path)) != fmt.Sprintf("%03d", n/1000) {
			t.Errorf("%s holds %q", path, content)
		}
		arrived++
		return err
	})
	if err != nil || arrived != count {
		t.Errorf("%d files arrived, %v; want %d", arrived, err, count)
	}
}

// peakMemory returns the most KiB of memory that a process has taken; 0 when it is gone.
func peakMemory(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			return n
		}
	}
	return 0
}
