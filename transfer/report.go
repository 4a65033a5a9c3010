package transfer

// Phase says how far an attempt to move a transfer has come.
type Phase uint8

const (
	Scanning  Phase = iota // before the offer has left
	Offering               // offered, not decided
	Moving                 // accepted
	Finishing              // everything is there, being synced and published
	Over
)

// Progress is a snapshot of a transfer's counters. It is cheap and may be taken from
// any goroutine, ten times a second or less.
type Progress struct {
	Phase   Phase
	Names   []Name // top-level entries, at most 100; remote text for an incoming transfer
	Count   int    // top-level entries in all
	Entries int64  // files and folders so far
	Bytes   int64  // of content so far
	Final   bool   // Entries and Bytes will not rise
	Files   int64  // complete at the receiver
	Stored  int64  // bytes of content on the receiver's disk, resumed ones included
	Resumed int64  // bytes of content that the receiver had before this attempt
	Paused  bool   // by this side
	Waiting bool   // paused by the other side
	Wire    int64  // bytes of chunks carried in this attempt, as encoded, without framing
}

// FileState says how far one file of a transfer has come.
type FileState uint8

const (
	FileWaiting  FileState = iota // nothing of it, or not all
	FileComplete                  // all of it is on the receiver's disk
	FileLeftOut                   // it does not arrive: failed, refused or left out
)

// File is one file of a running transfer.
type File struct {
	Entry uint32 // index in the manifest; stays the same while the selection does
	Path  string // relative, with slashes; remote text at the receiver
	Size  int64  // bytes
	State FileState
}

// Name is one top-level entry of an offer.
type Name struct {
	Name   string
	Folder bool
	Size   int64 // bytes of a file; 0 for a folder
}

// Report is the outcome of a transfer.
type Report struct {
	Files     int64 // that arrived
	Entries   int64 // files and folders offered
	Bytes     int64 // of content offered
	Published []Published
	Skipped   []Skipped // at most 100
	SkipCount int64     // how many there are in all
	Links     int64     // of SkipCount: symbolic links
	Failed    int64     // of SkipCount: wanted and did not arrive; no links, and nothing renamed, existing or left out
}

// Published names a top-level entry that arrived.
type Published struct {
	Name string // as it was offered
	As   string // the name that it got
	Path string // absolute; empty at the sender
}

// Skipped names an entry that did not arrive, or not under its own name.
type Skipped struct {
	Path   string // relative, with slashes; remote text at the receiver
	Reason Reason
	Detail string // at most 512 bytes; remote text where the other side reported it
}

// Reason says why an entry was skipped. The numbers are those of the wire.
type Reason uint8

const (
	SkipLink       Reason = iota + 1 // symbolic link
	SkipSpecial                      // device, FIFO or socket
	SkipUnreadable                   // could not be read
	SkipChanged                      // changed while it was sent
	SkipBadName                      // name that no system may get
	SkipRenamed                      // arrived, under the name in Detail
	SkipExists                       // existed, and the policy was to skip
	SkipFailed                       // could not be written
	SkipLeftOut                      // left out by a user while it was on its way
)
