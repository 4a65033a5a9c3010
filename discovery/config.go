package discovery

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// DefaultPort is the UDP port on which all Yonders of a network meet. It lies
// below every system's ephemeral range.
const DefaultPort = 21925

// Self is what is announced about this device.
type Self struct {
	Name    string // cleaned before it is sent; empty: no name is announced
	TCPPort uint16 // of the listener; 0: nobody lists this device, but it finds others
	Proto   Range  // versions spoken over TCP
	Caps    uint32 // capability bits
	Hidden  bool   // nothing is announced and no question answered; others are found all the same
}

// Known is a device of an earlier run. It is never evicted from the list of
// peers, and its last addresses are asked at the start and when the network changes.
type Known struct {
	ID    ID
	Addrs []netip.AddrPort // TCP; best first, the first four count
}

// Config says how to discover. The zero value works: it asks nobody by itself.
type Config struct {
	Sources Source // a set of Broadcast and MDNS; none: only Probe and Cache find anybody

	// Port is the UDP port, 0 for [DefaultPort]. Only devices with the same
	// port hear each other's announcements.
	Port uint16

	// Interfaces limits discovery to those of these names, virtual and loopback
	// ones included. Empty: all that look like a network, or loopback if there are none.
	Interfaces []string

	// Prove connects to a peer over TCP and returns the id whose key it proved; with want,
	// any other is an error. It is asked about candidates that answer no datagrams, and before
	// a silent peer is given up. It must return soon after ctx ends. Nil: nothing is proved.
	Prove func(ctx context.Context, addr netip.AddrPort, want *ID) (ID, error)

	// Epoch tells this run from earlier ones and must be greater than theirs. 0: milliseconds since 1970.
	Epoch uint64

	Cache []Known
	Now   func() time.Time // wall time, because computers sleep; called from several goroutines; nil: the system's
	Log   *slog.Logger     // nil: none
}

// Outcome is what a session layer tells about a peer.
type Outcome uint8

const (
	Opened Outcome = iota + 1 // a connection that proved the peer's key is open: it stays listed until Closed
	Closed                    // one such connection ended; once for each Opened
	Failed                    // dialling the address failed
)
