package cli

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// newRouted joins two networks, near and far, with a router.
func newRouted(t *testing.T, near, far int) (*lan, *lan) {
	t.Helper()
	a := newLANWith(t, near, vlantest.Options{NoIPv6: true})
	b := *a
	b.fresh, b.net = "far", vlantest.NewWith(t, far, vlantest.Options{NoIPv6: true, Net: 1})
	a.net.Join(b.net)
	return a, &b
}

// peerIs is for await: a peer of that name was found, or left.
func peerIs(change, name string) func(lanEvent) bool {
	return func(e lanEvent) bool { return e.Event == "peer" && e.Change == change && e.Name == name }
}

// TestLANBehindRouter sends by address to somebody in another network, who is then found at
// every start, and found again whenever they come back while this side runs.
func TestLANBehindRouter(t *testing.T) {
	waits(t)
	const most = time.Minute
	near, far := newRouted(t, 1, 1)
	source := filepath.Join(near.dir, "hello.txt")
	if err := os.WriteFile(source, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	receiver := far.startReceiver(1, folder)
	if events, _ := near.run(1, "peers", "--wait", "3s"); slices.ContainsFunc(events, peerIs("found", "二号 two")) {
		t.Errorf("before an address was given, peers finds %+v", events)
	}
	if _, code := near.run(1, "send", "--to", far.net.Addr(1).String(), source); code != exitOK {
		t.Fatalf("send by address: exit %d", code)
	}
	watch := near.start(1, "peers", "--watch")
	begun := time.Now()
	e := watch.await("somebody behind the router", most, peerIs("found", "二号 two"))
	t.Logf("found %v after the start", e.heard.Sub(begun).Round(time.Millisecond))
	for range 2 {
		mark := watch.mark()
		receiver.signal(syscall.SIGTERM)
		receiver.finish(most)
		watch.awaitFrom(mark, "their end", most, peerIs("left", "二号 two"))
		mark = watch.mark()
		receiver = far.startReceiver(1, folder)
		begun = time.Now()
		e = watch.awaitFrom(mark, "their return", most, peerIs("found", "二号 two"))
		t.Logf("found %v after they came back", e.heard.Sub(begun).Round(time.Millisecond))
	}
	watch.signal(syscall.SIGTERM)
	watch.finish(most)
	if _, code := near.run(1, "send", "--to", "二号 two", source); code != exitOK {
		t.Errorf("send by name: exit %d", code)
	}
}
