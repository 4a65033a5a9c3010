package cli

import (
	"time"

	"yonder/app"
)

// event is one thing that happened, as both printers tell it. The members of
// the types below are the interface of --json: docs/JSON.md describes each, and
// none is renamed or removed within a major version.
type event interface {
	// kind is the "event" member.
	kind() string
	// chatter reports whether --quiet leaves it out.
	chatter() bool
}

// who is a peer as events name it. Only ID is sure; anybody can take any name.
type who struct {
	ID    string `json:"id"`    // 52 characters
	Short string `json:"short"` // the first 8 of them
	Name  string `json:"name"`
	Level string `json:"level"` // "blocked", "new", "known", "paired", "mine"
}

// whoIs returns the event form of a person.
func whoIs(p app.Person) who {
	return who{ID: p.ID.String(), Short: p.ID.Short(), Name: p.Name, Level: levelName(p.Level)}
}

// listeningEvent: others can send to us from now on. The first event of receive.
type listeningEvent struct {
	Address   string   `json:"address"`             // "HOST:PORT" of the listener
	Addresses []string `json:"addresses,omitempty"` // "IP:PORT" where others reach us, best first
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Folder    string   `json:"folder,omitempty"` // where files land, if chosen
	Accept    string   `json:"accept"`           // "ask", "paired", "all"; "rules": those of the trust command, and ask about the rest
	PID       int      `json:"pid"`
}

// visibleEvent: who sees this computer and may connect to it has changed, or is not
// everyone from the start.
type visibleEvent struct {
	Visible string    `json:"visible"`        // "everyone", "10m", "paired", "nobody"
	Until   time.Time `json:"until,omitzero"` // of "10m"
	Then    string    `json:"then,omitempty"` // after "10m"
}

// visibleTo returns the event form of who sees this computer.
func visibleTo(me app.Me) visibleEvent {
	return visibleEvent{Visible: string(me.Visible), Until: me.VisibleUntil, Then: string(me.VisibleThen)}
}

// searchingEvent: a peer was not there at once and is looked for.
type searchingEvent struct {
	Peer   string `json:"peer"`    // as it was asked for
	WaitMS int64  `json:"wait_ms"` // how long at most
}

// peerEvent: somebody is there, is different, or is gone.
type peerEvent struct {
	Change     string        `json:"change"` // "found", "changed", "left"
	ID         string        `json:"id"`
	Short      string        `json:"short"`
	Name       string        `json:"name"`
	System     string        `json:"system,omitempty"`
	Level      string        `json:"level"`
	Address    string        `json:"address,omitempty"` // the best one
	Source     string        `json:"source,omitempty"`  // who told it: "broadcast", "mdns", "manual", …
	Addresses  []app.Address `json:"addresses,omitempty"`
	AfterMS    int64         `json:"after_ms"` // from the start of the search until first found
	SameNameAs string        `json:"same_name_as,omitempty"`
	Changed    string        `json:"identity_changed,omitempty"` // where another device answered in their place
	Rule       *rule         `json:"rule,omitempty"`             // none: as it is for everybody
}

// rule is what holds for the offers of one person.
type rule struct {
	Accept   string `json:"accept"` // "ask", "always", "never"
	Counts   bool   `json:"counts"` // what it allows does: codes were compared
	Folder   string `json:"folder,omitempty"`
	MaxBytes int64  `json:"max_bytes,omitempty"` // larger offers are asked about
	Update   bool   `json:"update,omitempty"`    // files in Folder are replaced where the sender wants that
}

// ruleOf returns the event form of a person's rule.
func ruleOf(p app.Person) *rule {
	r := &rule{Accept: "ask", Counts: p.Trusted(), Folder: p.Rule.Folder, MaxBytes: p.Rule.MaxBytes, Update: p.Rule.Update}
	if p.Rule.Accept != app.RuleAsk {
		r.Accept = string(p.Rule.Accept)
	}
	return r
}

// trustEvent: the answer of the trust command.
type trustEvent struct {
	Peer who  `json:"peer"`
	Rule rule `json:"rule"`
}

// offerEvent: a transfer waits for Accept or Decline. It is repeated when the
// totals of a long list are known.
type offerEvent struct {
	ID        string   `json:"id"`
	Outgoing  bool     `json:"outgoing"`
	Peer      who      `json:"peer"`
	Names     []string `json:"names"`            // top-level names, at most 100
	Folders   []bool   `json:"folders"`          // beside names
	NameCount int      `json:"name_count"`       // how many top-level names in all
	Entries   int64    `json:"entries"`          // files, folders and links so far
	Bytes     int64    `json:"bytes"`            // so far
	Final     bool     `json:"final"`            // entries and bytes will not rise any more
	Policy    string   `json:"policy"`           // what the sender wishes for names that exist: "keep", "update", "skip"
	Existing  int      `json:"existing"`         // incoming: how many of names exist where they would land
	Parent    string   `json:"parent,omitempty"` // the id of the transfer that it adds to
	Answer    bool     `json:"answer"`           // it waits for a line on standard input
}

// statePaused is the state of what a user pauses, however far it had come.
const statePaused = "paused"

// stateEvent: a transfer waits, moves, was paused or was cut off.
type stateEvent struct {
	ID        string       `json:"id"`
	Outgoing  bool         `json:"outgoing"`
	Peer      who          `json:"peer"`
	State     string       `json:"state"`        // "waiting", "running", "paused", "interrupted"
	By        string       `json:"by,omitempty"` // paused by "us", "peer" or "both"
	Names     []string     `json:"names"`
	NameCount int          `json:"name_count"`
	Entries   int64        `json:"entries"`
	Bytes     int64        `json:"bytes"`
	Resumed   int64        `json:"resumed"` // bytes that the receiver had already
	Problem   *app.Problem `json:"problem,omitempty"`
}

// progressEvent: bytes arrived. At most five in a second for each transfer.
type progressEvent struct {
	ID       string `json:"id"`
	Outgoing bool   `json:"outgoing"`
	Peer     who    `json:"peer"`
	Stored   int64  `json:"stored"`  // bytes on the receiver's disk
	Bytes    int64  `json:"bytes"`   // in all, so far
	Files    int64  `json:"files"`   // complete ones
	Entries  int64  `json:"entries"` // in all, so far
	Final    bool   `json:"final"`   // bytes and entries will not rise any more
	Rate     int64  `json:"rate"`    // bytes per second; 0: unknown
	LeftMS   int64  `json:"left_ms"` // estimate; -1: unknown
}

// fileEvent: what became of one entry. There is one for each top-level name that
// arrived here and for each entry that did not arrive, or not under its name.
type fileEvent struct {
	ID       string `json:"id"`
	Outgoing bool   `json:"outgoing"`
	Name     string `json:"name"`           // relative, with slashes
	Result   string `json:"result"`         // "arrived", "renamed", "skipped", "failed"; of what runs: "waiting", "complete", "left-out"
	Path     string `json:"path,omitempty"` // where it is now, on this computer
	Code     string `json:"code,omitempty"` // why, as a problem code
	Detail   string `json:"detail,omitempty"`

	Entry *uint32 `json:"entry,omitempty"` // only in answer to the order files
	Size  *int64  `json:"size,omitempty"`  // bytes; the same
}

// filesEvent: the end of an answer to the order files.
type filesEvent struct {
	ID    string  `json:"id"`
	Count int     `json:"count"`          // of the file events before it
	Next  *uint32 `json:"next,omitempty"` // where the next order goes on
}

// doneEvent: a transfer ended; nothing more comes of it in this run.
type doneEvent struct {
	ID        string       `json:"id"`
	Outgoing  bool         `json:"outgoing"`
	Peer      who          `json:"peer"`
	State     string       `json:"state"` // "done", "declined", "cancelled", "failed", "interrupted"
	OK        bool         `json:"ok"`    // everything arrived, but for links
	Names     []string     `json:"names"`
	NameCount int          `json:"name_count"`
	Files     int64        `json:"files"`
	Entries   int64        `json:"entries"`
	Bytes     int64        `json:"bytes"`
	Final     bool         `json:"final"` // entries and bytes are the whole
	Stored    int64        `json:"stored"`
	Resumed   int64        `json:"resumed"`
	Wire      int64        `json:"wire"`             // bytes of chunks carried in this run
	ElapsedMS int64        `json:"elapsed_ms"`       // since the first byte could move; 0: it never could
	Rate      int64        `json:"rate"`             // bytes per second on average, without resumed ones; 0: unknown
	Folder    string       `json:"folder,omitempty"` // incoming: where it landed
	Failed    int64        `json:"failed"`           // entries that did not arrive
	Links     int64        `json:"links"`            // symbolic links left out
	Problem   *app.Problem `json:"problem,omitempty"`

	more int64 // entries that did not arrive and are not named by a fileEvent
}

// messageEvent: a line of chat came in, or one of ours changed its state.
type messageEvent struct {
	ID       string       `json:"id"`
	Outgoing bool         `json:"outgoing"`
	Peer     who          `json:"peer"`
	At       time.Time    `json:"at"`
	Body     string       `json:"body"`
	State    string       `json:"state"` // "queued", "sent", "delivered", "read", "refused"
	Problem  *app.Problem `json:"problem,omitempty"`
}

// pairingEvent: codes are compared with somebody, or that has ended.
type pairingEvent struct {
	Peer    who          `json:"peer"`
	State   string       `json:"state"`          // "connecting", "comparing", "confirmed", "paired", "failed"
	Ours    bool         `json:"ours"`           // this side began
	Code    string       `json:"code,omitempty"` // six digits
	Until   time.Time    `json:"until,omitzero"` // when it ends by itself
	Answer  bool         `json:"answer"`         // it waits for a line on standard input
	Problem *app.Problem `json:"problem,omitempty"`
}

// examiningEvent: the doctor looks at the network.
type examiningEvent struct {
	WaitMS int64 `json:"wait_ms"` // how long at most, about
}

// findingEvent: one conclusion of the doctor.
type findingEvent struct {
	Code     string            `json:"code"`
	Severity string            `json:"severity"`          // "problem", "warning", "note", "ok"
	What     string            `json:"what"`              // in English, as the next two
	Why      string            `json:"why,omitempty"`     // it matters
	Do       string            `json:"do,omitempty"`      // a next step
	Command  string            `json:"command,omitempty"` // that mends it
	Params   map[string]string `json:"params,omitempty"`  // what the sentences name
}

// doctorEvent: the end of an examination, with what was looked at.
type doctorEvent struct {
	Severity   string             `json:"severity"` // of the worst finding
	Verdict    string             `json:"verdict"`  // in English
	Problems   int                `json:"problems"`
	Warnings   int                `json:"warnings"`
	Notes      int                `json:"notes"`
	Listening  string             `json:"listening,omitempty"` // "HOST:PORT" of the listener
	Discovery  string             `json:"discovery"`           // "both", "mdns", "broadcast", "none"
	Interfaces []app.LinkFacts    `json:"interfaces,omitempty"`
	People     []app.PeerFacts    `json:"people,omitempty"`
	Firewalls  []app.FirewallFact `json:"firewalls,omitempty"`
	TookMS     int64              `json:"took_ms"`
}

// errorEvent: the command, or a part of it, did not work.
type errorEvent struct{ app.Problem }

// warningEvent: something went wrong and the command goes on.
type warningEvent struct{ app.Problem }

// versionEvent: the answer of the version command.
type versionEvent struct {
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"`  // as Go calls it: "linux", "windows", "darwin"
	Machine string `json:"machine"` // as Go calls it: "amd64", "arm64"
}

func (listeningEvent) kind() string { return "listening" }
func (visibleEvent) kind() string   { return "visible" }
func (searchingEvent) kind() string { return "searching" }
func (peerEvent) kind() string      { return "peer" }
func (trustEvent) kind() string     { return "trust" }
func (offerEvent) kind() string     { return "offer" }
func (stateEvent) kind() string     { return "state" }
func (progressEvent) kind() string  { return "progress" }
func (fileEvent) kind() string      { return "file" }
func (filesEvent) kind() string     { return "files" }
func (doneEvent) kind() string      { return "done" }
func (messageEvent) kind() string   { return "message" }
func (errorEvent) kind() string     { return "error" }
func (warningEvent) kind() string   { return "warning" }
func (versionEvent) kind() string   { return "version" }
func (pairingEvent) kind() string   { return "pairing" }
func (examiningEvent) kind() string { return "examining" }
func (findingEvent) kind() string   { return "finding" }
func (doctorEvent) kind() string    { return "doctor" }

func (listeningEvent) chatter() bool { return false }
func (visibleEvent) chatter() bool   { return false }
func (searchingEvent) chatter() bool { return true }
func (peerEvent) chatter() bool      { return false }
func (trustEvent) chatter() bool     { return false }
func (e offerEvent) chatter() bool   { return !e.Answer }
func (stateEvent) chatter() bool     { return true }
func (progressEvent) chatter() bool  { return true }
func (e fileEvent) chatter() bool    { return e.Result != "failed" && e.Entry == nil }
func (filesEvent) chatter() bool     { return false }
func (e doneEvent) chatter() bool    { return e.OK }
func (e messageEvent) chatter() bool { return e.Outgoing && e.Problem == nil }
func (errorEvent) chatter() bool     { return false }
func (warningEvent) chatter() bool   { return false }
func (versionEvent) chatter() bool   { return false }
func (pairingEvent) chatter() bool   { return false }
func (examiningEvent) chatter() bool { return true }
func (e findingEvent) chatter() bool { return e.Severity == string(app.SeverityOK) }
func (doctorEvent) chatter() bool    { return false }
