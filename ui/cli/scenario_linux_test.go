package cli

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// fullSize reports whether the scenarios run at full size, as `make lab` does: with files
// and waits as large as in real life, whose figures are worth something.
func fullSize() bool { return os.Getenv("YONDER_LAB") != "" }

// sized returns the value for the size in which the scenarios run.
func sized[T any](normal, full T) T {
	if fullSize() {
		return full
	}
	return normal
}

// scenario is a large file on its way from host 1 to host 2, to which something happens.
// Nothing in it asserts times: they are reported.
type scenario struct {
	*lan
	source   string
	folder   string // of the receiver
	size     int64  // of the file
	bits     int64  // per second, on the receiver's cable
	receiver *process
	sender   *process
	began    time.Time
}

func newScenario(t *testing.T, size, bits int64, opts vlantest.Options) *scenario {
	t.Helper()
	s := readyScenario(t, size, bits, opts)
	s.send()
	return s
}

// readyScenario is one whose file is there and whose receiver listens.
func readyScenario(t *testing.T, size, bits int64, opts vlantest.Options) *scenario {
	t.Helper()
	s := prepareScenario(t, size, bits, opts)
	if err := makeFile(s.source, size, noise(3), 0o644, time.Date(2015, 1, 2, 3, 4, 5, 6, time.UTC)); err != nil {
		t.Fatal(err)
	}
	s.net.Rate(2, bits)
	s.receiver = s.startReceiver(2, s.folder)
	return s
}

// prepareScenario is a scenario whose source is not there yet and that does not run.
func prepareScenario(t *testing.T, size, bits int64, opts vlantest.Options) *scenario {
	t.Helper()
	s := &scenario{lan: newLANWith(t, 2, opts), size: size, bits: bits, folder: t.TempDir()}
	s.source = filepath.Join(s.dir, "source", "large.bin")
	return s
}

// run starts both sides.
func (s *scenario) run() {
	s.t.Helper()
	s.receiver = s.startReceiver(2, s.folder)
	s.send()
}

// send gives the command to send the file.
func (s *scenario) send() {
	s.began = time.Now()
	s.sender = s.start(1, "send", "--to", "二号 two", s.source)
}

// half returns when the receiver has half of the file.
func (s *scenario) half() {
	s.t.Helper()
	s.sender.await("half of the file", s.most(), beyond(s.size/2))
}

// most is how long moving the file may take before that counts as stuck.
func (s *scenario) most() time.Duration {
	return 2*time.Minute + 10*time.Duration(float64(s.size)*8/float64(s.bits)*float64(time.Second))
}

// stored is how many bytes the receiver was known to have so far.
func (s *scenario) stored() (n int64) {
	events, _ := s.sender.since(0)
	for _, e := range events {
		if e.Event == "progress" {
			n = max(n, e.Stored)
		}
	}
	return n
}

// newByte waits until more than stored bytes are at the receiver, and returns how long
// after a moment the sender said so.
func (s *scenario) newByte(from int, stored int64, since time.Time) time.Duration {
	s.t.Helper()
	e := s.sender.awaitFrom(from, "new bytes", s.most(), func(e lanEvent) bool {
		return beyond(stored)(e) || e.Event == "done" && e.State == "done"
	})
	return e.heard.Sub(since).Round(time.Millisecond)
}

// complete waits for the end, compares the file, and returns the sender's last event.
func (s *scenario) complete() lanEvent {
	s.t.Helper()
	if code := s.sender.finish(s.most()); code != exitOK {
		s.t.Fatalf("send ended with %d:\n%s", code, s.sender.text())
	}
	sameTrees(s.t, s.folder, filepath.Dir(s.source), filepath.Base(s.source))
	entries, err := os.ReadDir(s.folder)
	if err != nil || len(entries) != 1 {
		s.t.Errorf("the receiver's folder holds %v, %v; want the file alone", entries, err)
	}
	return s.sender.await("done", 0, func(e lanEvent) bool { return e.Event == "done" })
}

// staged returns where the unfinished file is.
func (s *scenario) staged() string {
	s.t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.folder, ".yonder-incoming", "*", "tree", filepath.Base(s.source)))
	if err != nil || len(paths) != 1 {
		s.t.Fatalf("unfinished files: %v, %v; want one", paths, err)
	}
	return paths[0]
}
