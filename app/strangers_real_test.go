package app

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestOffersBesideTransfer has a stranger offer something a thousand times a minute, over real
// connections, while somebody paired sends. It reports how fast that is and how soon a call
// of a front end is answered, beside the same without the stranger; it asserts only what the
// user is asked.
func TestOffersBesideTransfer(t *testing.T) {
	if testing.Short() {
		t.Skip("moves some hundred MB")
	}
	b, friend, stranger := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, nil)
	fb, ff := followReal(t, b), followReal(t, friend)
	meet(t, friend, b)
	b.mu.Lock()
	b.person(friend.me.ID, friend.me.Name)
	b.setLevel(friend.me.ID, Paired)
	b.mu.Unlock()
	must(t, b.SetRule(t.Context(), friend.me.ID, Rule{Accept: RuleAlways}))
	large := filepath.Join(t.TempDir(), "large.bin")
	content := make([]byte, 128<<20)
	rand.Read(content)
	must(t, os.WriteFile(large, content, 0o600))
	small := filepath.Join(t.TempDir(), "small.txt")
	must(t, os.WriteFile(small, []byte("x"), 0o600))

	move := func() time.Duration {
		begun := time.Now()
		ff.transferIs(send(t, friend, b.me.ID, time.Minute, large), Done)
		return time.Since(begun)
	}
	alone := move()

	meet(t, stranger, b)
	flood, stop := context.WithCancel(t.Context())
	defer stop()
	var flooding, calling sync.WaitGroup
	flooding.Go(func() {
		for flood.Err() == nil {
			stranger.Send(flood, SendRequest{To: []DeviceID{b.me.ID}, Paths: []string{small}})
			time.Sleep(time.Minute / 1000)
		}
	})
	fb.until("an offer of the stranger", func() bool {
		for _, i := range fb.items {
			if i.Person == stranger.me.ID {
				return true
			}
		}
		return false
	})
	var slowest time.Duration
	calling.Go(func() {
		for flood.Err() == nil {
			begun := time.Now()
			b.History(flood, stranger.me.ID, "", 100)
			slowest = max(slowest, time.Since(begun))
			time.Sleep(20 * time.Millisecond)
		}
	})
	beside := move()
	stop()
	flooding.Wait()
	calling.Wait()
	t.Logf("128 MiB of somebody paired took %v alone and %v beside 1,000 offers a minute (%.2f of the speed); the slowest call took %v",
		alone.Round(time.Millisecond), beside.Round(time.Millisecond), alone.Seconds()/beside.Seconds(), slowest.Round(time.Microsecond))
	shown := 0
	b.mu.Lock()
	for _, r := range b.runs {
		if r.rec.Person == stranger.me.ID && !r.answered {
			shown++
		}
	}
	b.mu.Unlock()
	if shown > offersAtOnce {
		t.Errorf("%d offers of the stranger wait", shown)
	}
}
