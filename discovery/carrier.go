package discovery

import "time"

// Carrier is one way by which devices of a network hear of each other.
type Carrier uint8

// The carriers. The first three take announcements.
const (
	ByBroadcast  Carrier = iota // to the broadcast address of an IPv4 network
	ByMulticast4                // to the IPv4 group
	ByMulticast6                // to the IPv6 group
	ByMDNS                      // questions and answers of multicast DNS
	Carriers     = iota         // how many there are
)

// groupCarriers is how many of them take announcements.
const groupCarriers = int(ByMulticast6) + 1

// String returns the name of the carrier in lower case.
func (c Carrier) String() string {
	return [...]string{"broadcast", "multicast4", "multicast6", "mdns", "unknown"}[min(c, Carriers)]
}

// CarrierSet is a set of carriers, one bit each, the lowest for the first.
type CarrierSet uint8

// Has reports whether c is in the set.
func (s CarrierSet) Has(c Carrier) bool { return s&c.set() != 0 }

func (c Carrier) set() CarrierSet { return 1 << c }

// Traffic is what one carrier did on one interface.
type Traffic struct {
	Sent  int       // announcements, or questions of mDNS
	Heard int       // what came from other devices
	Own   int       // what came back of our own: the host hears itself
	Err   error     // of the last try to send; nil: it worked
	ErrAt time.Time // of the last try that failed; zero: none did
}

// hop is one carrier on one interface.
type hop struct {
	iface string
	by    Carrier
}

// departure is a try to send to everybody by one hop.
type departure struct {
	hop
	err error
}

// ledger counts what each hop did. The loop owns it.
type ledger map[hop]*Traffic

func (l ledger) at(h hop) *Traffic {
	t := l[h]
	if t == nil {
		t = new(Traffic)
		l[h] = t
	}
	return t
}

// left notes tries to send.
func (l ledger) left(now time.Time, all []departure) {
	for _, d := range all {
		t := l.at(d.hop)
		if t.Err = d.err; d.err != nil {
			t.ErrAt = now
		} else {
			t.Sent++
		}
	}
}

// keep forgets the interfaces that are not there any more.
func (l ledger) keep(there func(iface string) bool) {
	for h := range l {
		if !there(h.iface) {
			delete(l, h)
		}
	}
}
