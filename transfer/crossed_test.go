package transfer

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestBothDialAtOnce lets two nodes dial each other at the same moment and offer at
// once. One of the two connections gives way; what was offered on it comes again on
// the other one, and the sender is told so and nothing else.
func TestBothDialAtOnce(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	source := write(t, filepath.Join(t.TempDir(), "a.txt"), []byte("content"))
	for range rounds {
		dirs := [2]string{t.TempDir(), t.TempDir()}
		nodes := [2]*testNode{startNode(t, nil, dirs[0], nil), startNode(t, nil, dirs[1], nil)}
		var both sync.WaitGroup
		for i, n := range nodes {
			other := nodes[1-i]
			both.Go(func() {
				out := outgoing(source)
				for try := 0; ; try++ {
					s, err := n.Connect(t.Context(), other.id, []netip.AddrPort{other.addr})
					if err == nil {
						_, err = s.Send(context.Background(), out)
					}
					if errors.Is(err, ErrReplaced) && try < 5 {
						continue
					}
					if err != nil {
						t.Errorf("try %d: %v", try, err)
					}
					return
				}
			})
		}
		both.Wait()
		for _, dir := range dirs {
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("in a folder: %v, want one file", entries)
			}
		}
		nodes[0].stop()
		nodes[1].stop()
	}
}
