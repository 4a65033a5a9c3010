package discovery

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// Announcements end at a router. Who is remembered behind one is asked there, keeps being
// asked, and its end and its return are noticed.
func TestAcrossRouter(t *testing.T) {
	t.Parallel()
	for _, sources := range []Source{Broadcast, MDNS, Broadcast | MDNS} {
		t.Run(sources.String(), func(t *testing.T) {
			t.Parallel()
			near, far := vlantest.NewWith(t, 2, vlantest.Options{NoIPv6: true}), vlantest.NewWith(t, 1, vlantest.Options{NoIPv6: true, Net: 1})
			near.Join(far)
			behind := onHost(t, far, 1, sources, "Bea")
			stranger := onHost(t, near, 2, sources, "Cem")
			cfg := childConfig{Key: 9, Self: Self{Name: "Ann", TCPPort: 4009}, Sources: sources}
			cfg.Cache = []Known{{behind.id, []netip.AddrPort{netip.AddrPortFrom(far.Addr(1), 4001)}}}
			a := hosted(t, near, 1, cfg)
			t.Logf("the one behind the router is found after %.1f ms", ms(a.await("up", behind.id, soon).Sub(a.begun)))
			if l := a.last(); l.Via != "cache" || l.Name != "Bea" {
				t.Errorf("it is called %q, found by %q; want by cache", l.Name, l.Via)
			}
			behind.await("up", a.id, soon) // who was asked knows who asks
			if _, lost := a.look("down", behind.id, 20*time.Second); lost {
				t.Error("it was lost though it is there")
			}
			if at, found := stranger.look("up", behind.id, time.Second); found {
				t.Errorf("somebody who knows nothing of it found it at %v", at)
			}
			behind.end(syscall.SIGTERM)
			a.await("down", behind.id, soon)
		})
	}
}
