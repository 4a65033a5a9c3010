package transfer

// Phase of a transfer inside one Send or Offer call.
type Phase uint8

const (
	Scanning  Phase = iota // before the offer left
	Offering               // offered, not decided
	Moving                 // accepted
	Finishing              // all bytes there, being synced and published
	Over
)

// Progress is a snapshot of counters; cheap, safe from any goroutine, meant to be polled at 10 Hz or less.
type Progress struct {
	Phase   Phase
	Names   []Name // top-level, at most 100; as on the wire for incoming (clean before showing)
	Count   int    // top-level names in all
	Entries int64  // so far
	Bytes   int64  // so far
	Final   bool   // Entries and Bytes will not rise
	Files   int64  // files complete at the receiver
	Stored  int64  // content bytes verified on the receiver's disk, resumed ones included
	Resumed int64  // content bytes that the receiver had before this run
	Wire    int64  // chunk bytes carried in this run (compressed size, framing not counted)
}

// Name is one top-level entry of an offer.
type Name struct {
	Name   string
	Folder bool
	Size   int64 // bytes of a file; 0 for a folder
}

// Report is the outcome of a transfer.
type Report struct {
	Files, Entries, Bytes int64
	Published             []Published // where the top-level entries are now; receiver only has Path
	Skipped               []Skipped   // at most 100
	SkipCount             int64
	Links                 int64 // of SkipCount: symbolic links
	Failed                int64 // of SkipCount: wanted and did not arrive; neither links nor renamed
}

type Published struct {
	Name string // as offered
	As   string // base name that it got
	Path string // absolute; receiver only
}

// Skipped names an entry that did not arrive, or not under its own name.
type Skipped struct {
	Path   string // relative, slashes
	Reason Reason
	Detail string // bounded, the sender's or receiver's system text
}

type Reason uint8

const (
	SkipLink       Reason = iota + 1 // symbolic link
	SkipSpecial                      // device, FIFO, socket
	SkipUnreadable                   // could not be read
	SkipChanged                      // changed while it was sent
	SkipBadName                      // name that no system may get
	SkipRenamed                      // arrived, under the name in Detail
	SkipExists                       // existed, policy skip
	SkipFailed                       // could not be written; Detail
)
