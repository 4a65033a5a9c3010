package discovery

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// ID names a device: the SHA-256 of the DER SubjectPublicKeyInfo of its Ed25519 key.
type ID [32]byte

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// spkiPrefix is what precedes the 32 bytes of an Ed25519 key in its DER SubjectPublicKeyInfo.
var spkiPrefix = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

// KeyID returns the id of the device that holds the private half of key.
func KeyID(key ed25519.PublicKey) ID {
	spki := make([]byte, 0, len(spkiPrefix)+ed25519.PublicKeySize)
	return sha256.Sum256(append(append(spki, spkiPrefix...), key...))
}

// String returns the 52 characters of base32 that name the device in full.
func (id ID) String() string { return idEncoding.EncodeToString(id[:]) }

// Short returns the first 8 characters of [ID.String], for logs.
func (id ID) Short() string { return id.String()[:8] }

// IsZero reports whether id names nobody.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID reads the 52-character form in either case.
func ParseID(s string) (ID, error) {
	var id ID
	upper := strings.ToUpper(s)
	raw, err := idEncoding.DecodeString(upper)
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("device id %.80q: want 52 characters of A-Z and 2-7", s)
	}
	copy(id[:], raw)
	if id.String() != upper { // the last character has a bit that encodes nothing
		return ID{}, fmt.Errorf("device id %.80q: not in canonical form", s)
	}
	return id, nil
}

// Source says how an address was learned. [Config] takes a set of them.
type Source uint8

const (
	Broadcast Source = 1 << iota // announcements by broadcast and multicast
	MDNS                         // multicast DNS
	Manual                       // typed by the user
	Cache                        // remembered from an earlier run
	Contact                      // the peer asked us
	Listed                       // the peer named it, and answered there
	Gossip                       // another peer, who is trusted, named it
)

// String returns the lower-case name of one source, or the names joined by "+".
func (s Source) String() string {
	names := []string{"broadcast", "mdns", "manual", "cache", "contact", "listed", "gossip"}
	var in []string
	for i, name := range names {
		if s&(1<<i) != 0 {
			in = append(in, name)
		}
	}
	if len(in) == 0 {
		return "none"
	}
	return strings.Join(in, "+")
}

// Addr is one address of a peer. Its AddrPort is where to dial (TCP); link-local
// IPv6 addresses have a zone.
type Addr struct {
	netip.AddrPort
	UDP    uint16        // where the peer takes our datagrams; 0: only at the well-known port
	Source Source        // how it was learned first
	Iface  string        // interface that it lies behind; empty: not on a link of ours
	RTT    time.Duration // of the last question answered there; 0: never asked
	LastOK time.Time     // the peer was last heard from there, or answered there

	added  time.Time // first heard of
	named  time.Time // last heard from, or named by the peer
	failed time.Time // dialling failed and nothing was heard from there since
}

// Range is the protocol versions that a peer speaks, both ends included.
type Range struct{ Min, Max uint8 }

// Peer is a device that is around. It is a value: nothing in it is shared.
type Peer struct {
	ID        ID
	Name      string // cleaned by [CleanName]; empty: not announced
	Proto     Range  // zero: not known yet
	Caps      uint32 // capability bits of the announcement
	Epoch     uint64 // of the peer's run; another one means that it was started again. 0: not known yet
	Addrs     []Addr // where to dial it, best first; at most 8, at least 1
	Verified  bool   // a connection proved the key during this run of ours
	FirstSeen time.Time
	LastSeen  time.Time
}
