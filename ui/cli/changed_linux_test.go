package cli

import (
	"io"
	"os"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// TestChangedWhileAway kills both sides at half and then changes what the next attempt
// builds on: one bit of the unfinished file, and one chunk of the source. What arrives is the
// source as it is then.
func TestChangedWhileAway(t *testing.T) {
	for _, test := range []struct {
		name         string
		flip, change bool
	}{
		{name: "bit of the partial", flip: true},
		{name: "chunk of the source", change: true},
		{name: "both", flip: true, change: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScenario(t, sized[int64](40<<20, 1<<30), sized[int64](100_000_000, 500_000_000), vlantest.Options{})
			s.half()
			s.receiver.kill()
			s.sender.kill()
			if test.flip {
				flipBit(t, s.staged(), 1<<20+777)
			}
			if test.change {
				rewrite(t, s.source, 2<<20)
			}
			s.receiver = s.startReceiver(2, s.folder)
			s.send()
			done := s.complete()
			t.Logf("%d of %d MiB were there, %d were carried by the second attempt", done.Resumed>>20, s.size>>20, done.Wire>>20)
			if done.Resumed == 0 {
				t.Error("it began anew")
			}
		})
	}
}

// flipBit damages a file without a trace, as a bad disk does.
func flipBit(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 4
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
}

// rewrite gives a file another chunk and another time.
func rewrite(t *testing.T, path string, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(io.NewOffsetWriter(f, at), noise(4), 1<<20); err != nil {
		t.Fatal(err)
	}
	mtime := time.Date(2016, 1, 2, 3, 4, 5, 6, time.UTC)
	if err := os.Chtimes(path, mtime, mtime); err != nil {
		t.Fatal(err)
	}
}
