package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestCrashAtEdges kills the receiver where what it has on disk and what it remembers
// change one after the other: when the staging folder has just been made, and when the
// last entry has just got its name. The sender goes on by itself; then everything must be
// there once, and no staging folder. The same when the sender is killed at that moment and
// its command repeated.
func TestCrashAtEdges(t *testing.T) {
	tries := sized[int](5, 20)
	published := func(folder string) bool {
		_, err := os.Lstat(filepath.Join(folder, "run.sh"))
		return err == nil
	}
	for _, edge := range []struct {
		name    string
		sender  bool // is killed, and its command repeated
		reached func(folder string) bool
	}{
		{"staging folder made", false, func(folder string) bool {
			entries, _ := os.ReadDir(filepath.Join(folder, ".yonder-incoming"))
			return len(entries) > 0
		}},
		{"last entry published", false, published},
		{"last entry published, the sender", true, published},
	} {
		t.Run(edge.name, func(t *testing.T) {
			l := newLAN(t)
			source := filepath.Join(l.dir, "source")
			paths, err := makeMixedTree(source, 4<<20, 1)
			if err != nil {
				t.Fatal(err)
			}
			sent, err := readTree(source)
			if err != nil {
				t.Fatal(err)
			}
			delete(sent, ".")
			var tally crashTally
			for i := range tries {
				folder := filepath.Join(l.dir, fmt.Sprint("received ", i))
				if err := os.Mkdir(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				receiver := l.startReceiver(2, folder)
				sender := l.start(1, append([]string{"send", "--to", "二号 two"}, paths...)...)
				for !edge.reached(folder) {
					if sender.over() {
						break // it was faster than this loop
					}
				}
				time.Sleep(time.Duration(i) * 70 * time.Microsecond) // another moment behind the edge each time
				told := false
				if edge.sender {
					sender.kill()
					events, _ := sender.since(0)
					told = slices.ContainsFunc(events, func(e lanEvent) bool { return e.Event == "done" })
				} else {
					receiver.kill()
					receiver = l.startReceiver(2, folder)
				}
				if edge.sender && !told { // else it came too late: repeated, it would be sent once more
					sender = l.start(1, append([]string{"send", "--to", "二号 two"}, paths...)...)
				}
				if !told {
					if code := sender.finish(time.Minute); code != exitOK {
						t.Fatalf("send ended with %d:\n%s", code, sender.text())
					}
				}
				receiver.kill()
				got, err := readTree(folder)
				if err != nil {
					t.Fatal(err)
				}
				delete(got, ".")
				for _, wrong := range tally.compare(got, sent, sent) {
					t.Errorf("try %d: %s", i, wrong)
				}
			}
		})
	}
}
