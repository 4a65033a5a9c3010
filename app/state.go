package app

import (
	"path/filepath"
	"time"
)

// State is everything a front end needs to draw itself once. Conversations are
// not in it: [Backend.History] returns them page by page.
type State struct {
	Me       Me       `json:"me"`
	Settings Settings `json:"settings"`
	People   []Person `json:"people"` // present first, then by name, then by id

	Typed   []TypedAddress `json:"typed,omitempty"`   // in the order in which they were typed
	Pairing *Pairing       `json:"pairing,omitempty"` // under way; nil: none
}

// TypedAddress is one that the user typed. While the one who answered there last is away,
// it is tried again from time to time.
type TypedAddress struct {
	Addr    string   `json:"addr"`              // "HOST:PORT"
	Person  DeviceID `json:"person,omitzero"`   // who answered there last
	Reached bool     `json:"reached"`           // they are there now
	Problem *Problem `json:"problem,omitempty"` // why nobody was reached at the last try
}

// Me describes this device and the process that owns the profile.
type Me struct {
	ID           DeviceID   `json:"id"`
	Name         string     `json:"name"`
	System       string     `json:"system"`                 // "Linux", "Windows", "macOS", …
	Version      string     `json:"version"`                // of Yonder, such as "0.1.0"
	Listening    string     `json:"listening,omitempty"`    // "HOST:PORT" of the listener; empty: nobody can send to us
	Addresses    []string   `json:"addresses,omitempty"`    // "IP:PORT" at which others can reach us, best first
	Discovery    string     `json:"discovery"`              // how people are looked for: "both", "mdns", "broadcast", "none"
	Visible      Visibility `json:"visible"`                // who finds this device and may connect to it, as it counts now
	VisibleUntil time.Time  `json:"visible_until,omitzero"` // TenMinutes: when they end
	VisibleThen  Visibility `json:"visible_then,omitempty"` // TenMinutes: what counts after them
	Folder       string     `json:"folder"`                 // where files land unless somebody chooses another; absolute; empty: there is none, so one must be chosen
	Dir          string     `json:"dir"`                    // profile directory
	PID          int        `json:"pid"`                    // of the process that owns the profile
}

func (m *Me) setVisible(v visibility) {
	m.Visible, m.VisibleUntil, m.VisibleThen = v.now, v.until, v.then
}

// Level says how far a person is trusted. The order matters: more is later.
type Level int

const (
	Blocked Level = iota // nothing is accepted
	Unknown              // never dealt with; asks each time
	Known                // dealt with before, key pinned; still asks
	Paired               // the six digits were compared
	Mine                 // another device of the same user
)

// Person is one device that is, or was, around. Identity is ID and never the name.
type Person struct {
	ID         DeviceID  `json:"id"`
	Name       string    `json:"name"`             // cleaned for display; never empty
	System     string    `json:"system,omitempty"` // known only after a connection
	Level      Level     `json:"level"`
	Present    bool      `json:"present"`               // found on the network now
	Connected  bool      `json:"connected,omitempty"`   // a session is open
	SameNameAs DeviceID  `json:"same_name_as,omitzero"` // somebody known has this name with another key
	Changed    string    `json:"changed,omitempty"`     // "IP:PORT" or "HOST:PORT" of theirs where another device answered, which was told nothing; empty: none did
	Addresses  []Address `json:"addresses,omitempty"`   // best first
	LastSeen   time.Time `json:"last_seen,omitzero"`
	AfterMS    int64     `json:"after_ms,omitempty"` // from the start of discovery until first found, in ms
	Unread     int       `json:"unread,omitempty"`   // items received and not yet shown
	Rule       Rule      `json:"rule,omitzero"`      // as chosen for them; see [Person.Trusted]
}

// Trusted reports whether what Rule allows counts: codes were compared with the person.
func (p *Person) Trusted() bool { return p.Level >= Paired }

// Address is one place where a person was heard of.
type Address struct {
	Addr   string `json:"addr"`   // "IP:PORT", IPv6 in brackets and with zone
	Source string `json:"source"` // "broadcast", "mdns", "manual", …
}

// Item is one row of a conversation: exactly one of Message and Transfer is set.
type Item struct {
	ID       ItemID    `json:"id"`
	Person   DeviceID  `json:"person"`
	Outgoing bool      `json:"outgoing"`
	At       time.Time `json:"at"` // when it was written or offered, by our clock
	Message  *Message  `json:"message,omitempty"`
	Transfer *Transfer `json:"transfer,omitempty"`
}

// MessageState is how far a message has come. Incoming ones are Delivered or Read.
type MessageState string

const (
	Queued    MessageState = "queued"    // waits for the person to be seen
	Sent      MessageState = "sent"      // handed to the network, not yet confirmed
	Delivered MessageState = "delivered" // stored by the receiver
	Read      MessageState = "read"      // shown to the receiver
	Refused   MessageState = "refused"   // the receiver does not take it; Problem says why
)

// Message is one line of chat. Body is plain text and is shown as such.
type Message struct {
	Body    string       `json:"body"`
	State   MessageState `json:"state"`
	Problem *Problem     `json:"problem,omitempty"`
}

// TransferState is the state of one transfer as its own side sees it.
//
//	            ┌──────────── Retry ─────────────┐
//	            v                                │
//	Waiting ─> Offered ─> Running ─> Done        │
//	   ^          │          │ ├───> Failed ─────┤
//	   │          v          │ ├───> Cancelled ──┘
//	   │       Declined      │ └───> Interrupted ─┐
//	   └─────────────────────┴── tried again ─────┘
type TransferState string

const (
	Waiting     TransferState = "waiting"     // outgoing: the person is not reached yet, or again after a cut (Problem says so); goes on by itself
	Offered     TransferState = "offered"     // waits for Accept or Decline
	Running     TransferState = "running"     // bytes move
	Interrupted TransferState = "interrupted" // cut off; incoming: until the sender comes back; outgoing: until Resume, Retry, or the next start of the window that sent it
	Done        TransferState = "done"        // everything is on the receiver's disk, except what Skipped names
	Declined    TransferState = "declined"    // the receiver said no
	Cancelled   TransferState = "cancelled"   // ended by one of the two; Problem says by whom
	Failed      TransferState = "failed"      // ended by an error; Problem names it
)

// Ended reports whether the transfer will not move again by itself.
func (s TransferState) Ended() bool {
	return s == Done || s == Declined || s == Cancelled || s == Failed
}

// Policy says what happens when a name is already taken at the receiver.
type Policy string

const (
	KeepBoth     Policy = "keep"   // the new one gets another name; the default
	Update       Policy = "update" // identical files are skipped, others replaced atomically
	SkipExisting Policy = "skip"   // what exists stays as it is
)

// Transfer is a selection of files and folders on its way to or from one person.
type Transfer struct {
	State     TransferState `json:"state"`
	Names     []string      `json:"names"`              // top-level names, cleaned; at most 100
	NameCount int           `json:"name_count"`         // how many top-level names there are in all
	Folders   []bool        `json:"folders"`            // beside Names: whether it is a folder
	Entries   int64         `json:"entries"`            // files, folders and links so far
	Bytes     int64         `json:"bytes"`              // content bytes so far
	Final     bool          `json:"final"`              // Entries and Bytes will not rise any more
	Stored    int64         `json:"stored"`             // content bytes that the receiver has on disk, resumed ones included
	Files     int64         `json:"files"`              // files complete at the receiver
	Resumed   int64         `json:"resumed"`            // content bytes that were there already when this run began
	Wire      int64         `json:"wire"`               // chunk bytes carried in this run, before encryption
	Rate      float64       `json:"rate"`               // content bytes per second, smoothed; 0: unknown
	Left      time.Duration `json:"left"`               // estimated nanoseconds; -1: unknown
	Policy    Policy        `json:"policy"`             // as decided by the receiver; Offered: as the sender wishes
	Existing  int           `json:"existing,omitempty"` // incoming and Offered: how many of Names exist where it would land
	Sources   []string      `json:"sources,omitempty"`  // outgoing: absolute paths
	Folder    string        `json:"folder,omitempty"`   // incoming: folder in which it lands; Offered: if that is the one of the person's rule
	Paths     []string      `json:"paths,omitempty"`    // incoming and Done: what it is called now, beside Names
	Skipped   []EntryReport `json:"skipped,omitempty"`  // entries that did not arrive; at most 100
	SkipCount int64         `json:"skip_count,omitempty"`
	Links     int64         `json:"links,omitempty"`  // how many of SkipCount are symbolic links
	Failed    int64         `json:"failed,omitempty"` // how many of SkipCount were wanted and did not arrive; neither links nor renamed
	Problem   *Problem      `json:"problem,omitempty"`

	Paused bool   `json:"paused,omitempty"` // by this side, until it is resumed: over cuts and restarts, and an outgoing one does not go on by itself
	Parent ItemID `json:"parent,omitempty"` // the transfer, with the same person in the same direction, that this one adds to

	Decided bool `json:"decided,omitempty"` // incoming and Offered: without asking; it is told in this state only to be complete

	PeerPaused bool `json:"peer_paused,omitempty"` // by the other side, while it is Running
}

// Short returns the first name, and a count of the others, without any language.
func (t *Transfer) Short() (name string, others int) {
	if len(t.Names) == 0 {
		return "", 0
	}
	return filepath.Base(t.Names[0]), t.NameCount - 1
}

// EntryReport names one entry of a transfer that did not arrive, or not under its own name.
type EntryReport struct {
	Path   string `json:"path"` // relative, with slashes, cleaned
	Code   string `json:"code"` // a [Problem] code
	Detail string `json:"detail,omitempty"`
}

// FileState says how far one file of a running transfer has come.
type FileState string

const (
	FileWaiting  FileState = "waiting"  // nothing of it is there, or not all
	FileComplete FileState = "complete" // all of it is on the receiver's disk
	FileLeftOut  FileState = "left-out" // it does not arrive: left out by one of the two, or failed
)

// File is one file of a running transfer.
type File struct {
	Entry uint32    `json:"entry"` // names it in [Backend.LeaveOut]; grows along the list, not by one
	Path  string    `json:"path"`  // relative, with slashes, cleaned
	Size  int64     `json:"size"`  // bytes
	State FileState `json:"state"`
}

// Partial is what arrived of an incoming transfer that nobody works on now.
type Partial struct {
	ID        string    `json:"id"` // of the partial; no [ItemID]
	Person    DeviceID  `json:"person"`
	From      string    `json:"from"`       // what the person is called
	Names     []string  `json:"names"`      // top-level names, cleaned; at most 100
	NameCount int       `json:"name_count"` // how many top-level names there are in all
	Bytes     int64     `json:"bytes"`      // that it takes on the disk
	Folder    string    `json:"folder"`     // where it was to land
	At        time.Time `json:"at"`         // when its sender was here last
}

// Settings are what the user chose. The zero value of each field means the default.
type Settings struct {
	Name      string `json:"name,omitempty"`       // shown to others
	Folder    string `json:"folder,omitempty"`     // absolute; where files land
	Language  string `json:"language,omitempty"`   // "en", "zh-Hans"; empty: the system's
	Theme     string `json:"theme,omitempty"`      // "light", "dark"; empty: the system's
	Port      int    `json:"port,omitempty"`       // TCP; 0: 21925. UDP stays at 21925
	Discovery string `json:"discovery,omitempty"`  // "both", "mdns", "broadcast", "none"; empty: "both"
	Policy    Policy `json:"policy,omitempty"`     // for names that exist, unless the answer to an offer says otherwise; empty: [KeepBoth]
	UpLimit   int64  `json:"up_limit,omitempty"`   // bytes per second of all transfers together; 0: none
	DownLimit int64  `json:"down_limit,omitempty"` // the same for what comes in
	AskAbove  int64  `json:"ask_above,omitempty"`  // bytes; a larger offer is asked about, whosever it is; 0: none is for its size
	CtrlEnter bool   `json:"ctrl_enter,omitempty"` // a message is sent with Ctrl (Cmd) and Return, not Return alone

	NoGossip bool `json:"no_gossip,omitempty"` // paired people are neither told where others are nor believed about it

	// Both are changed by [Backend.SetVisible] and not by [Backend.Configure].
	Visible       Visibility `json:"visible,omitempty"`       // Everyone, PairedOnly, Nobody; empty: Everyone
	EveryoneUntil time.Time  `json:"everyone_until,omitzero"` // until then it is Everyone, then Visible; in whole seconds
}
