package app

import (
	"context"
	"crypto"
	"log/slog"
	"net/netip"

	"yonder/discovery"
)

// finder is what App needs of [discovery.Service]; tests have one in memory.
type finder interface {
	// Run looks for people until ctx ends and calls found for everything it learns,
	// from one goroutine.
	Run(ctx context.Context, found func(sighting)) error
	SetSelf(a announcement)
	Refresh()
	Know(id DeviceID)
	// Examine tests the network, which takes about three seconds.
	Examine(ctx context.Context) (discovery.Status, error)
	// Probe asks who is at "HOST:PORT", whom it lists then. With want only they count, and
	// the error for anybody else is a [*discovery.WrongPeerError].
	Probe(ctx context.Context, addr string, want DeviceID) (DeviceID, error)
	// Suggest has somebody asked at addresses where a trusted peer says that they are.
	Suggest(id DeviceID, addrs []netip.AddrPort)
	// Report tells how connections fare: Opened, Closed (once for each Opened) or Failed.
	Report(id DeviceID, addr netip.AddrPort, o discovery.Outcome)
}

// sighting is one piece of news of a finder: somebody is there, has changed or has
// gone, or the search itself has trouble.
type sighting struct {
	ID        DeviceID
	Name      string // may be empty
	Gone      bool
	Restarted bool      // its program is a new one
	Addresses []Address // best first
	Trouble   error     // not nil: nothing else is set
	Network   bool      // the addresses of this device may have changed; nothing else is set
}

// finderConfig says how to look.
type finderConfig struct {
	Self  announcement
	Mode  string // "both", "mdns", "broadcast"
	Epoch uint64
	Known []friend // probed at start, and never crowded out
	Prove func(ctx context.Context, addr netip.AddrPort, want DeviceID) (DeviceID, error)
	Log   *slog.Logger
}

// announcement is what others are told about this device.
type announcement struct {
	Name   string // empty: none
	Port   uint16 // TCP; 0: not to be listed
	Hidden bool   // they are told nothing at all
}

// friend is somebody whom the user has dealt with, and where.
type friend struct {
	ID    DeviceID
	Addrs []netip.AddrPort
}

var sources = map[string]discovery.Source{
	"both":      discovery.Broadcast | discovery.MDNS,
	"mdns":      discovery.MDNS,
	"broadcast": discovery.Broadcast,
}

// newFinder returns what makes the real finder. Whatever TCP port this device
// listens at, everybody meets at the same UDP port (0: [discovery.DefaultPort]);
// interfaces limits where it looks, nil: everywhere.
func newFinder(key crypto.Signer, udp uint16, interfaces []string) func(finderConfig) (finder, error) {
	return func(cfg finderConfig) (finder, error) {
		dc := discovery.Config{
			Sources: sources[cfg.Mode], Port: udp, Interfaces: interfaces, Epoch: cfg.Epoch, Log: cfg.Log,
			Prove: func(ctx context.Context, addr netip.AddrPort, want *discovery.ID) (discovery.ID, error) {
				var id DeviceID
				if want != nil {
					id = DeviceID(*want)
				}
				id, err := cfg.Prove(ctx, addr, id)
				return discovery.ID(id), err
			},
		}
		for _, f := range cfg.Known {
			dc.Cache = append(dc.Cache, discovery.Known{ID: discovery.ID(f.ID), Addrs: f.Addrs})
		}
		s, err := discovery.New(key, cfg.Self.self(), dc)
		if err != nil {
			return nil, err
		}
		return realFinder{s}, nil
	}
}

func (a announcement) self() discovery.Self {
	return discovery.Self{Name: a.Name, TCPPort: a.Port, Proto: discovery.Range{Min: 1, Max: 1}, Hidden: a.Hidden}
}

type realFinder struct{ s *discovery.Service }

func (f realFinder) SetSelf(a announcement) { f.s.SetSelf(a.self()) }
func (f realFinder) Refresh()               { f.s.Refresh() }
func (f realFinder) Know(id DeviceID)       { f.s.Know(discovery.ID(id)) }
func (f realFinder) Examine(ctx context.Context) (discovery.Status, error) {
	return f.s.Examine(ctx)
}
func (f realFinder) Probe(ctx context.Context, addr string, want DeviceID) (DeviceID, error) {
	var only *discovery.ID
	if !want.IsZero() {
		only = (*discovery.ID)(&want)
	}
	p, err := f.s.Probe(ctx, addr, only)
	return DeviceID(p.ID), err
}
func (f realFinder) Suggest(id DeviceID, addrs []netip.AddrPort) {
	f.s.Suggest(discovery.ID(id), addrs)
}
func (f realFinder) Report(id DeviceID, addr netip.AddrPort, o discovery.Outcome) {
	f.s.Report(discovery.ID(id), addr, o)
}

func (f realFinder) Run(ctx context.Context, found func(sighting)) error {
	ended := make(chan error, 1)
	events := f.s.Events(ctx)
	go func() { ended <- f.s.Run(ctx) }() // Run below does not return before it
	for ev := range events {
		if s, ok := sightingOf(ev); ok {
			found(s)
		}
	}
	return <-ended
}

// sightingOf translates an event; false: it says nothing that App needs.
func sightingOf(ev discovery.Event) (sighting, bool) {
	switch ev.Kind {
	case discovery.NetworkChanged:
		return sighting{Network: true}, true
	case discovery.Trouble:
		return sighting{Trouble: ev.Err}, ev.Err != nil
	case discovery.Up, discovery.Changed, discovery.Down:
	default:
		return sighting{}, false
	}
	s := sighting{ID: DeviceID(ev.Peer.ID), Name: ev.Peer.Name, Gone: ev.Kind == discovery.Down, Restarted: ev.Why == discovery.Restarted}
	for _, a := range ev.Peer.Addrs {
		s.Addresses = append(s.Addresses, Address{Addr: a.AddrPort.String(), Source: a.Source.String()})
	}
	return s, true
}
