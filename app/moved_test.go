package app

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestRealFolderChanged changes the folder of downloads while something arrives, and cuts
// it off then. It goes on and ends where it began; the next one is for the new folder.
func TestRealFolderChanged(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	a := openReal(t, t.TempDir(), 0, nil)
	b := openReal(t, t.TempDir(), 0, func(o *Options) { o.Folder = "" })
	if err := b.Configure(t.Context(), Settings{Folder: first, DownLimit: 4 << 20}); err != nil {
		t.Fatal(err)
	}
	fa, fb := followReal(t, a), followReal(t, b)
	meet(t, a, b)
	dir, files := tree(t)
	id := send(t, a, b.me.ID, time.Hour, dir)
	got := fb.incoming().ID
	accept(t, b, got)
	fb.until("some bytes", func() bool { return fb.items[got].Transfer.Stored > 1<<20 })
	if err := b.Configure(t.Context(), Settings{Folder: second, DownLimit: 4 << 20}); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	for _, p := range b.people {
		for _, s := range p.sessions {
			go s.Close() // ends with the test at the latest
		}
	}
	b.mu.Unlock()
	fb.transferIs(got, Interrupted)
	a.Retry(t.Context(), id)
	fa.transferIs(id, Done)
	done := fb.transferIs(got, Done)
	if len(done.Paths) != 1 || filepath.Dir(done.Paths[0]) != first {
		t.Fatalf("it landed at %q, want in %s", done.Paths, first)
	}
	checkTree(t, done.Paths[0], files)
	if left, err := os.ReadDir(second); err != nil || len(left) != 0 {
		t.Errorf("in the new folder there is %v, %v", left, err)
	}
	if left, err := os.ReadDir(first); err != nil || len(left) != 1 {
		t.Errorf("in the old folder there is %v, %v; want what was sent alone", left, err)
	}
	send(t, a, b.me.ID, 0, filepath.Join(dir, "a.txt"))
	next := fb.incoming(got).ID
	accept(t, b, next)
	if done := fb.transferIs(next, Done); len(done.Paths) != 1 || filepath.Dir(done.Paths[0]) != second {
		t.Errorf("the next one landed at %q, want in %s", done.Paths, second)
	}
}

// TestRealNoPortAtAll may listen nowhere. It says so, and sends none the less.
func TestRealNoPortAtAll(t *testing.T) {
	none := &net.OpError{Op: "listen", Net: "tcp", Err: syscall.EMFILE}
	a := openReal(t, t.TempDir(), 0, nil)
	b := openReal(t, t.TempDir(), 0, nil)
	a.mu.Lock()
	a.network.listen = func(int) (net.Listener, error) { return nil, none }
	a.mu.Unlock()
	fa, fb := followReal(t, a), followReal(t, b)
	if err := a.Configure(t.Context(), Settings{Port: freePort(t)}); err != nil {
		t.Fatal(err)
	}
	if p := fa.problem(CodePortTaken); p.Detail != "" || p.Hint == "" || p.Text != "cannot listen at any port: "+none.Error() {
		t.Errorf("problem = %+v, want the cause and what still works", p)
	}
	meet(t, a, b)
	dir, files := tree(t)
	id := send(t, a, b.me.ID, 0, dir)
	got := fb.incoming().ID
	accept(t, b, got)
	fa.transferIs(id, Done)
	checkTree(t, fb.transferIs(got, Done).Paths[0], files)
}
