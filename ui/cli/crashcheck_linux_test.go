package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func newCrash(t *testing.T, size int64, seed uint64) *crash {
	c := &crash{t: t, lan: newLAN(t), seed: seed, kind: anyKill}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	c.kept, err = os.MkdirTemp("", "yonder-crash-")
	must(err)
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(c.kept)
			return
		}
		c.keep(c.receiver)
		c.keep(c.sender)
		t.Logf("%s=%d, cycle %d: trees, profiles and the log are in %s", envSeed, seed, c.cycle, c.kept)
	})
	c.log, err = os.Create(filepath.Join(c.kept, "log"))
	must(err)
	must(os.Rename(c.lan.yonder, filepath.Join(c.kept, "yonder")))
	c.lan.dir, c.lan.yonder = c.kept, filepath.Join(c.kept, "yonder")
	source := filepath.Join(c.kept, "source")
	c.paths, err = makeMixedTree(source, size, 1)
	must(err)
	c.sent, err = readTree(source)
	must(err)
	delete(c.sent, ".")
	c.folder = filepath.Join(c.kept, "received")
	must(c.makeCanaries())
	c.lan.net.Rate(2, crashRate)
	return c
}

// makeCanaries puts files of the receiver's user into the folder, some of them named
// nearly like what comes.
func (c *crash) makeCanaries() error {
	content, mtime := noise(2), time.Date(2010, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, name := range []string{"mine.txt", "album (2)/page.dat", "album.old/empty/0.txt", "archive.bin.part", "run.sh~"} {
		if err := makeFile(filepath.Join(c.folder, name), 3000, content, 0o640, mtime); err != nil {
			return err
		}
	}
	var err error
	c.canaries, err = readTree(c.folder)
	delete(c.canaries, ".")
	return err
}

// checkAll compares everything in the receiver's folder when a transfer is through, and takes
// away what was sent.
func (c *crash) checkAll() {
	c.tally.transfers++
	got := c.received()
	want := maps.Clone(c.canaries)
	maps.Copy(want, c.sent)
	c.compare(got, want)
	c.takeAway(got)
}

// checkPublished compares what has its final name after a sender was killed, and takes it
// away. It reports whether there was any.
func (c *crash) checkPublished() bool {
	got := c.received()
	tops := map[string]bool{}
	for _, path := range c.paths {
		if _, ok := got[filepath.Base(path)]; ok {
			tops[filepath.Base(path)] = true
		}
	}
	if len(tops) == 0 {
		return false
	}
	published := func(name string, _ treeEntry) bool { return !tops[top(name)] }
	want := maps.Clone(c.sent)
	maps.DeleteFunc(want, published)
	now := maps.Clone(got)
	maps.DeleteFunc(now, published)
	c.compare(now, want)
	c.takeAway(now)
	return true
}

// received describes the receiver's folder.
func (c *crash) received() tree {
	got, err := readTree(c.folder)
	if err != nil {
		c.t.Fatal(err)
	}
	delete(got, ".")
	return got
}

// compare counts the differences. When there are any, the folder is kept and the test goes
// on with another one.
func (c *crash) compare(got, want tree) {
	wrong := c.tally.compare(got, want, c.sent)
	if len(wrong) == 0 {
		return
	}
	c.t.Errorf("cycle %d, after %d kills of %s:\n%s", c.cycle, c.kills, kindNames[c.kind], strings.Join(wrong[:min(len(wrong), 20)], "\n"))
	if err := os.Rename(c.folder, filepath.Join(c.kept, fmt.Sprint("received in cycle ", c.cycle))); err != nil {
		c.t.Fatal(err)
	}
	if err := c.makeCanaries(); err != nil {
		c.t.Fatal(err)
	}
}

// takeAway removes what was sent from the receiver's folder, as its user would.
func (c *crash) takeAway(got tree) {
	for name := range got {
		if _, sent := c.sent[name]; sent && top(name) == name {
			if err := os.RemoveAll(filepath.Join(c.folder, name)); err != nil {
				c.t.Fatal(err)
			}
		}
	}
}

// settle returns when the receiver, if it lives, has noticed that the sender is gone. What
// has its final name by then was sent although the sender will never know, and is taken
// away: giving the command again means to send it again.
func (c *crash) settle() {
	if c.receiver != nil {
		c.idle()
	}
	if c.checkPublished() {
		c.tally.unseen++
		c.next()
	}
}

// idle waits until the last transfer of the receiver was cut off or done.
func (c *crash) idle() {
	late := time.After(stuckAfter)
	for {
		events, news := c.receiver.since(0)
		busy := false
		for _, e := range events {
			if e.Event == "state" || e.Event == "done" {
				busy = isState("running")(e)
			}
		}
		if !busy {
			return
		}
		select {
		case <-news:
		case <-late:
			c.t.Fatalf("the receiver does not notice that the sender was killed:\n%s", c.receiver.text())
		}
	}
}
