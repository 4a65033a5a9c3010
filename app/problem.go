package app

import (
	"errors"
	"fmt"
)

// Problem is an error that a user may see: what happened, to what, and what to do
// about it. Code is stable and is what front ends translate by; Text and Hint are
// English for the terminal and logs.
type Problem struct {
	Code   string `json:"code"`
	Text   string `json:"text"`             // "cannot read /x: permission denied"; no capital, no full stop
	Hint   string `json:"hint,omitempty"`   // a next step, same form
	Object string `json:"object,omitempty"` // the file, folder, peer or address it is about
	Detail string `json:"detail,omitempty"` // the cause in the system's words, or what Code documents
}

// code returns the code, "" if there is no problem.
func (p *Problem) code() string {
	if p == nil {
		return ""
	}
	return p.Code
}

// The codes of problems. Each has a sentence in every language of the window.
const (
	CodeNotFound    = "peer-not-found"    // Object: what was asked for
	CodeAmbiguous   = "peer-ambiguous"    // Object: the name; Detail: the ids, one per line
	CodeUnreachable = "peer-unreachable"  // Object: name or address
	CodeWrongPeer   = "peer-wrong-key"    // Object: address; somebody else answered there
	CodePrivate     = "peer-private"      // Object: name or address; it takes connections from other people only
	CodeVersion     = "peer-version"      // Object: name or address; Detail: "here" or "there" must update, empty: it is not known which
	CodeNoPath      = "path-missing"      // Object: path
	CodeUnreadable  = "path-unreadable"   // Object: path
	CodeSpecial     = "path-special"      // Object: path; a device, FIFO or socket
	CodeLink        = "path-link"         // Object: path; a symbolic link, not followed
	CodeRenamed     = "path-renamed"      // Object: path; arrived under the name in Detail
	CodeBadName     = "path-bad-name"     // Object: path; a name that no system may get
	CodeExists      = "path-exists"       // Object: path; existed at the receiver, which keeps what it has
	CodeChanged     = "path-changed"      // Object: path; changed while it was sent
	CodeLeftOut     = "path-left-out"     // Object: path; taken out of the transfer by one of the two users
	CodeDiskFull    = "disk-full"         // Object: folder; Detail: "need 5 GiB, have 1 GiB"
	CodeReadOnly    = "folder-read-only"  // Object: folder
	CodeNoFolder    = "folder-missing"    // Object: folder; Detail: what is there instead
	CodeCorrupt     = "data-damaged"      // Object: path; a chunk did not match its hash three times
	CodeDeclined    = "declined"          // by the receiver
	CodeNobody      = "declined-nobody"   // the receiver's side had nobody to ask
	CodeCancelledBy = "cancelled-by-peer" // the other side cancelled
	CodeCancelled   = "cancelled"         // we did
	CodeExpired     = "expired"           // Object: the sender, who did not come back in time; what had arrived was removed
	CodeInterrupted = "interrupted"       // connection lost; resumes
	CodeStalled     = "stalled"           // connected but nothing moves
	CodeProtocol    = "protocol"          // the peer broke the protocol; Detail says how
	CodePortTaken   = "port-taken"        // Object: port; Detail: the one used instead, if any
	CodeRunning     = "already-running"   // Object: pid of the owner
	CodeNoWindow    = "no-window"         // the owner has no window
	CodeBadSetting  = "setting-invalid"   // Object: value; Detail: the JSON name of the field
	CodeDamaged     = "file-damaged"      // Object: file; Detail: where it was set aside
	CodeKeyReadable = "key-readable"      // Object: identity file that other users could read; Detail: why it still is, else empty
	CodeNotSaved    = "not-saved"         // Object: file; settings or history hold for this run only
	CodeTooLong     = "message-too-long"  // a message over 16 KiB
	CodeDiscovery   = "discovery-trouble" // Detail: the cause; peers may not be found
	CodeBusy        = "busy"              // the same files are being sent there already
	CodeBlocked     = "peer-blocked"      // Object: name; blocked by this user
	CodeNotPaired   = "not-paired"        // Object: name; what was asked for needs that codes were compared
	CodeNoPairing   = "no-pairing"        // Object: name; no code is being compared with them, or another one
	CodeCodesDiffer = "codes-differ"      // Object: name; one of the two users saw another code
	CodePairTime    = "pairing-expired"   // Object: name; not confirmed by both in time
	CodePairBusy    = "pairing-busy"      // Object: name; a code is being compared with somebody already, here or there
	CodePairPaused  = "pairing-paused"    // Object: name; Detail: until when, RFC 3339
	CodePairLost    = "pairing-lost"      // Object: name; the connection was lost before both had confirmed
	CodeInternal    = "internal"          // everything else
)

// Error implements error with Text.
func (p *Problem) Error() string { return p.Text }

// AsProblem returns err as a [*Problem], wrapping with [CodeInternal] what is none; nil for nil.
func AsProblem(err error) *Problem {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return &Problem{Code: CodeInternal, Text: err.Error()}
}

func problemf(code, object, format string, args ...any) *Problem {
	return &Problem{Code: code, Object: object, Text: fmt.Sprintf(format, args...)}
}
