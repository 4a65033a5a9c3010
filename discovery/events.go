package discovery

import (
	"errors"
	"time"
)

// EventKind says what an [Event] is about.
type EventKind uint8

const (
	Up             EventKind = iota + 1 // Peer came
	Changed                             // Peer is there and something about it changed
	Down                                // Peer is not there any more; as last known
	NetworkChanged                      // the interfaces or addresses of this host changed
	Trouble                             // Err: why peers may not be found; nil: that is over
)

func (k EventKind) String() string {
	switch k {
	case Up:
		return "up"
	case Changed:
		return "changed"
	case Down:
		return "down"
	case NetworkChanged:
		return "network-changed"
	case Trouble:
		return "trouble"
	}
	return "unknown"
}

// What the Err of a [Trouble] wraps, one or several of them. Others are failures of single interfaces.
var (
	ErrNoNetwork = errors.New("no network: no interface is up")
	ErrPortTaken = errors.New("another program keeps the UDP port to itself, so announcements are not heard")
	ErrMDNS      = errors.New("mDNS")
	ErrCopied    = errors.New("another computer has the same identity: its profile was copied")
)

// Reason says why a peer came, changed or went.
type Reason string

const (
	Found     Reason = "found"
	Updated   Reason = "updated"   // name, port, capabilities, addresses or proof
	Restarted Reason = "restarted" // the same device with a new epoch: its connections are dead
	Left      Reason = "left"      // it said goodbye
	Silent    Reason = "silent"    // it does not answer any more
	Hidden    Reason = "hidden"    // it asked not to be listed
	Evicted   Reason = "evicted"   // too many strangers
)

// Event is one change.
type Event struct {
	Kind EventKind
	Peer Peer   // Up, Changed, Down
	Why  Reason // Up, Changed, Down
	Err  error  // Trouble
	At   time.Time
}
