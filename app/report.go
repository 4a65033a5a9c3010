package app

import (
	"cmp"
	"slices"
	"time"
)

// Report is what the doctor found: the facts, and what follows from them.
type Report struct {
	At        time.Time      `json:"at"`
	TookMS    int64          `json:"took_ms"`             // how long it looked
	Listening string         `json:"listening,omitempty"` // "HOST:PORT" of the listener; empty: nobody can send to this computer now
	Discovery string         `json:"discovery"`           // as in [Me]
	Links     []LinkFacts    `json:"links,omitempty"`     // every network interface, used or not
	Peers     []PeerFacts    `json:"peers,omitempty"`     // whoever is around, and whom we were told about
	Firewalls []FirewallFact `json:"firewalls,omitempty"` // those that are on, or may be
	Findings  []Finding      `json:"findings"`            // the worst first; never empty
}

// LinkFacts are one network interface of this computer.
type LinkFacts struct {
	Name      string         `json:"name"`
	Addresses []string       `json:"addresses,omitempty"` // "IP/BITS"
	Skipped   string         `json:"skipped,omitempty"`   // why it is not used: "down", "virtual", …; empty: it is
	Problem   string         `json:"problem,omitempty"`   // what failed on it last, in the system's words
	Carriers  []CarrierFacts `json:"carriers,omitempty"`  // those that did anything while the doctor looked
}

// CarrierFacts are what one way of announcing did on an interface while the doctor looked.
type CarrierFacts struct {
	Carrier string `json:"carrier"` // "broadcast", "multicast4", "multicast6", "mdns"
	Sent    int    `json:"sent"`
	Own     int    `json:"own"`   // how many of them came back, as they should
	Heard   int    `json:"heard"` // from other computers
	Problem string `json:"problem,omitempty"`
}

// PeerFacts are one device and how it and this one reach each other.
type PeerFacts struct {
	ID        DeviceID      `json:"id,omitzero"`         // zero: only the address is known
	Name      string        `json:"name"`                // or its address, if that is all we know
	Present   bool          `json:"present,omitempty"`   // it is listed now
	Here      bool          `json:"here,omitempty"`      // it runs on this computer
	Heard     []string      `json:"heard,omitempty"`     // carriers by which it was heard while the doctor looked
	Missed    []string      `json:"missed,omitempty"`    // those by which it announced itself and was not heard
	HearsUs   []string      `json:"hears_us,omitempty"`  // carriers by which it says that it hears us
	Answered  bool          `json:"answered,omitempty"`  // it was asked for that and answered
	Addresses []AddressFact `json:"addresses,omitempty"` // where it was tried
	SkewMS    int64         `json:"skew_ms,omitempty"`   // its clock minus ours
}

// AddressFact says what came of trying to connect to one address.
type AddressFact struct {
	Addr   string `json:"addr"`           // "IP:PORT"
	Source string `json:"source"`         // who told it
	Near   bool   `json:"near,omitempty"` // it is on one of our own networks
	Result Reach  `json:"result"`         // empty: not tried
}

// Reach is what came of trying to connect somewhere.
type Reach string

const (
	ReachAnswers Reach = "answers"     // Yonder is there
	ReachRefused Reach = "refused"     // the computer answers, but nothing listens there
	ReachSilent  Reach = "silent"      // no answer at all
	ReachNobody  Reach = "unreachable" // no such computer, or no way to it
	ReachOther   Reach = "wrong-key"   // another device is there
	ReachPrivate Reach = "private"     // it takes connections from verified people only
	ReachVersion Reach = "version"     // it speaks another version of the protocol
	ReachStrange Reach = "failed"      // something else, which does not speak our protocol
)

// FirewallFact is one firewall of this computer.
type FirewallFact struct {
	Name  string `json:"name"`            // "ufw", "firewalld", "nftables", "iptables", "windows", "macos"
	TCP   string `json:"tcp"`             // "open", "blocked", "maybe", "unknown": what it does with what others send to our port
	UDP   string `json:"udp"`             //
	Where string `json:"where,omitempty"` // the chain, zone or profile that decides
}

// Severity says how much a finding matters.
type Severity string

const (
	SeverityProblem Severity = "problem" // people are not found or not reached because of it
	SeverityWarning Severity = "warning" // something does not work as it should
	SeverityNote    Severity = "note"    // worth knowing
	SeverityOK      Severity = "ok"      // this works
)

var severities = []Severity{SeverityOK, SeverityNote, SeverityWarning, SeverityProblem}

// Worse reports whether s matters more than other.
func (s Severity) Worse(other Severity) bool {
	return slices.Index(severities, s) > slices.Index(severities, other)
}

// Finding is one conclusion of the doctor. Front ends make the sentences: what it is, why
// it matters, what to do.
type Finding struct {
	Code     string            `json:"code"`
	Severity Severity          `json:"severity"`
	Params   map[string]string `json:"params,omitempty"`  // what the sentences of this code name
	Command  string            `json:"command,omitempty"` // that mends it, for a terminal of this computer
}

// The codes of findings, with their params. A param may be missing where it is not known.
const (
	FoundOff         = "search-off"            // people are not looked for, as the settings say
	FoundSearch      = "search-failed"         // cause
	FoundNoNetwork   = "no-network"            // interfaces: those that are there and not used
	FoundCopied      = "profile-copied"        // another computer has our key
	FoundUDPTaken    = "udp-port-taken"        // port, program, pid
	FoundTCPTaken    = "tcp-port-taken"        // port, used (instead), program, pid
	FoundNotOpen     = "not-open"              // nobody listens on this computer
	FoundFirewall    = "firewall-blocks"       // firewall, where, ports
	FoundFirewallOn  = "firewall-on"           // firewall, where; it may block
	FoundUnseen      = "firewall-unseen"       // firewall; it cannot be looked at without more rights
	FoundDeaf        = "blocked-here"          // interface; nothing comes back of what we send
	FoundCarrierHere = "carrier-blocked-here"  // interface, carriers
	FoundSend        = "send-failed"           // interface, carriers, cause
	FoundMDNS        = "mdns-failed"           // cause
	FoundCarrier     = "carrier-blocked"       // carriers, names; it does not come from them to us
	FoundCarrierOut  = "carrier-blocked-there" // carriers, names; it does not come from us to them
	FoundPeerDeaf    = "peer-deaf"             // name, port; it hears nothing of ours
	FoundNotHeard    = "peer-not-heard"        // name; it is reached, but its announcements are not heard
	FoundSilent      = "peer-silent"           // name, address, heard ("yes": it is there surely); no answer
	FoundRefused     = "peer-refused"          // name, address
	FoundGone        = "peer-gone"             // name, address; there is no such computer
	FoundWrong       = "peer-wrong-key"        // name, address
	FoundVersion     = "peer-version"          // name, address
	FoundPrivate     = "peer-private"          // name, address; it takes connections from verified people only
	FoundStrange     = "peer-not-yonder"       // name, address; another program answers
	FoundElsewhere   = "peer-elsewhere"        // name, address; in another network, and reached
	FoundFar         = "peer-elsewhere-silent" // name, address; in another network, and not reached
	FoundNoName      = "address-unknown"       // address, cause
	FoundHidden      = "hidden"                // nobody is told of this computer
	FoundPairedOnly  = "paired-only"           // only verified people are
	FoundVPN         = "vpn"                   // interface that leads to the Internet
	FoundClock       = "clock"                 // name, minutes
	FoundNobody      = "nobody"                // nobody is around
	FoundListening   = "ok-listening"          // address
	FoundAnnouncing  = "ok-announcing"         // interfaces
	FoundPeople      = "ok-people"             // count, names
	FoundNoFirewall  = "ok-firewall"           // firewalls: those that let us through; may be empty
)

// Worst returns the severity of the worst finding.
func (r *Report) Worst() Severity {
	worst := SeverityOK
	for _, f := range r.Findings {
		if f.Severity.Worse(worst) {
			worst = f.Severity
		}
	}
	return worst
}

// sortFindings puts the worst first and keeps the order of equal ones.
func sortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Compare(slices.Index(severities, b.Severity), slices.Index(severities, a.Severity))
	})
}
