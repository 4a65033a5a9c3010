package discovery

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// Announcements end at a router. Who is remembered behind one is asked there and keeps being
// asked, and its end is noticed. It answers strangers too, but does not list them.
func TestAcrossRouter(t *testing.T) {
	t.Parallel()
	for _, sources := range []Source{Broadcast, MDNS, Broadcast | MDNS} {
		t.Run(sources.String(), func(t *testing.T) {
			t.Parallel()
			near, far := vlantest.NewWith(t, 3, vlantest.Options{NoIPv6: true}), vlantest.NewWith(t, 1, vlantest.Options{NoIPv6: true, Net: 1})
			near.Join(far)
			behind := hosted(t, far, 1, childConfig{Key: 1, Self: Self{Name: "Bea", TCPPort: 4001}, Sources: sources, Cache: []Known{{ID: testID(9)}}})
			stranger := onHost(t, near, 2, sources, "Cem")
			cfg := childConfig{Key: 9, Self: Self{Name: "Ann", TCPPort: 4009}, Sources: sources}
			cfg.Cache = []Known{{behind.id, []netip.AddrPort{netip.AddrPortFrom(far.Addr(1), 4001)}}}
			a := hosted(t, near, 1, cfg)
			cfg.Key = 8
			asker := hosted(t, near, 3, cfg) // whom the other one does not know
			asker.await("up", behind.id, soon)
			t.Logf("the one behind the router is found after %.1f ms", ms(a.await("up", behind.id, soon).Sub(a.begun)))
			if l := a.last(); l.Via != "cache" || l.Name != "Bea" {
				t.Errorf("it is called %q, found by %q; want by cache", l.Name, l.Via)
			}
			behind.await("up", a.id, soon) // who asks is there too
			if _, lost := a.look("down", behind.id, 20*time.Second); lost {
				t.Error("it was lost though it is there")
			}
			if at, found := stranger.look("up", behind.id, time.Second); found {
				t.Errorf("somebody who knows nothing of it found it at %v", at)
			}
			if at, found := behind.look("up", asker.id, time.Second); found {
				t.Errorf("a stranger from another network is listed at %v", at)
			}
			behind.end(syscall.SIGTERM)
			a.await("down", behind.id, soon)
		})
	}
}
