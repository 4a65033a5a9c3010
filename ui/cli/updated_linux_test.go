package cli

import (
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// TestKilledWhileUpdating kills the receiver at random moments while it updates a large
// file. The file is the old one or the new one, whole, whenever anybody looks; in the end
// it is the new one, and nothing else is there.
func TestKilledWhileUpdating(t *testing.T) {
	s := newUpdate(t, sized[int64](24<<20, 256<<20))
	kills := sized(5, 40)
	for kill := 0; kill < kills; {
		sender := s.start(1, "send", "--to", "二号 two", "--policy", "update", "--retry", "2m", s.source)
		for round := 0; round < 3 && kill < kills; round++ {
			wait := time.Duration(rand.Int64N(int64(s.whole)))
			select {
			case <-sender.ended:
			case <-time.After(wait):
			}
			if sender.over() {
				break
			}
			s.receiver.kill()
			kill++
			s.oldOrNew()
			s.receiver = s.startReceiver(2, s.folder, "--policy", "update")
		}
		if code := sender.finish(2 * time.Minute); code != exitOK {
			t.Fatalf("send ended with %d:\n%s", code, sender.text())
		}
		if got := s.is(); got != s.next {
			t.Fatal("the file is not the new one when its sender has been told so")
		}
		entries, err := os.ReadDir(s.folder)
		if err != nil || len(entries) != 1 {
			t.Fatalf("beside the updated file there is %v, %v", entries, err)
		}
		s.next, s.last = s.last, s.next // and back again
		s.give(s.next)
	}
	t.Logf("%d kills; the file was the old one %d times and the new one %d times", kills, s.old, s.new)
}

// update is two versions of a file, one at the receiver and the other to be sent.
type update struct {
	*lan
	source   string
	folder   string
	versions [2][sha256.Size]byte
	paths    [2]string
	next     int // version that is sent
	last     int // version that was there before
	receiver *process
	whole    time.Duration // what one update takes
	old, new int           // what was there after kills
}

func newUpdate(t *testing.T, size int64) *update {
	t.Helper()
	s := &update{lan: newLANWith(t, 2, vlantest.Options{}), folder: t.TempDir(), last: 1}
	s.source = filepath.Join(s.dir, "source", "large.bin")
	for i := range s.paths {
		s.paths[i] = filepath.Join(s.dir, "versions", []string{"a", "b"}[i])
		if err := makeFile(s.paths[i], size, noise(3), 0o644, time.Date(2015, 1, 2, 3, 4, 5, 6, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(s.paths[1], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	other := make([]byte, 1<<20)
	for at := int64(0); at < size; at += 2 << 20 { // every second chunk
		for i := range other {
			other[i] = byte(rand.Uint32())
		}
		if _, err := f.WriteAt(other, at); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	for i, p := range s.paths {
		if _, s.versions[i], err = sumFile(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(s.source), 0o755); err != nil {
		t.Fatal(err)
	}
	s.net.Rate(2, 200_000_000)
	s.whole = time.Duration(float64(size)/2*8/200_000_000*float64(time.Second)) + time.Second
	s.receiver = s.startReceiver(2, s.folder, "--policy", "update")
	s.give(1)
	sender := s.start(1, "send", "--to", "二号 two", s.source)
	if code := sender.finish(2 * time.Minute); code != exitOK {
		t.Fatalf("send ended with %d:\n%s", code, sender.text())
	}
	s.give(0)
	return s
}

// give makes a version the one that is sent.
func (s *update) give(version int) {
	s.t.Helper()
	data, err := os.ReadFile(s.paths[version])
	if err == nil {
		err = os.WriteFile(s.source, data, 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// is tells which version the receiver has.
func (s *update) is() int {
	s.t.Helper()
	_, sum, err := sumFile(filepath.Join(s.folder, "large.bin"))
	if err != nil {
		s.t.Fatal(err)
	}
	for i, v := range s.versions {
		if v == sum {
			return i
		}
	}
	s.t.Fatal("the file is neither the old nor the new one")
	return 0
}

func (s *update) oldOrNew() {
	s.t.Helper()
	if s.is() == s.next {
		s.new++
	} else {
		s.old++
	}
}
