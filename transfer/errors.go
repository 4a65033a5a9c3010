package transfer

import (
	"errors"
	"fmt"
)

// What callers branch on. Every error of this package wraps one of these, or is
// an error of the operating system about a named local file.
var (
	ErrProtocol    = errors.New("protocol violation")          // the peer broke the protocol
	ErrVersion     = errors.New("no common protocol version")  // one side must update
	ErrWrongPeer   = errors.New("another device answered")     // not the key that was asked for
	ErrSelf        = errors.New("that is this device")         // dialled ourselves
	ErrBlocked     = errors.New("blocked")                     // one of the two does not talk to the other
	ErrUnreachable = errors.New("no connection")               // no address answered
	ErrInterrupted = errors.New("interrupted")                 // the session was lost or the sender stopped; resumable
	ErrStalled     = errors.New("nothing moved for too long")  // connected, but no progress; resumable
	ErrDeclined    = errors.New("declined")                    // by the receiver's user
	ErrNobody      = errors.New("nobody was there to accept")  // declined by the program
	ErrCancelled   = errors.New("cancelled")                   // by this side
	ErrPeerCancel  = errors.New("cancelled by the other side") //
	ErrBusy        = errors.New("already being sent")          // same selection, same session
	ErrTooMany     = errors.New("too much at once")            // a limit of the peer
	ErrDiskFull    = errors.New("disk full")                   // at the receiver
	ErrReadOnly    = errors.New("folder cannot be written")    // at the receiver
	ErrNoFolder    = errors.New("folder is missing")           // at the receiver
	ErrBadName     = errors.New("name not allowed")            // a path that must not leave its folder or system
	ErrLimit       = errors.New("more than was accepted")      // sender exceeded what the receiver agreed to
	ErrDamaged     = errors.New("data damaged")                // a chunk did not match its hash repeatedly
	ErrNothing     = errors.New("nothing to send")             // the selection is empty or unreadable
	ErrInternal    = errors.New("failed at the other side")    // anything else
)

// RoomError is an [ErrDiskFull] that was known before anything moved.
type RoomError struct {
	Need, Have int64 // bytes
}

func (e *RoomError) Error() string {
	return fmt.Sprintf("%v: need %d bytes, have %d", ErrDiskFull, e.Need, e.Have)
}

// Unwrap returns [ErrDiskFull].
func (e *RoomError) Unwrap() error { return ErrDiskFull }

// ErrReplaced is an [ErrInterrupted]: another connection with the same peer took over.
// What was sent on the old one can be sent on the new one at once.
var ErrReplaced = fmt.Errorf("%w: another connection took over", ErrInterrupted)

// ErrTurnedAway is an [ErrUnreachable]: the device answered and proved its key, and closed the
// connection before it said anything. It takes none from this device.
var ErrTurnedAway = fmt.Errorf("%w: it closed the connection without a word", ErrUnreachable)

// code is the number of a sentinel on the wire.
type code uint64

// wireErrors maps sentinels to the numbers of PROTOCOL.md, both ways. The first
// row wins when an error wraps two of them.
var wireErrors = []struct {
	code code
	err  error
	peer error // what the side that reads the number reports; nil: err
}{
	{1, ErrProtocol, nil},
	{2, ErrVersion, nil},
	{3, ErrBlocked, nil},
	{4, ErrTooMany, nil},
	{5, ErrBusy, nil},
	{6, ErrDeclined, nil},
	{7, ErrNobody, nil},
	{8, ErrCancelled, ErrPeerCancel},
	{19, ErrReplaced, nil},
	{9, ErrInterrupted, nil},
	{10, ErrStalled, nil},
	{11, ErrDiskFull, nil},
	{12, ErrReadOnly, nil},
	{13, ErrNoFolder, nil},
	{14, ErrBadName, nil},
	{15, ErrLimit, nil},
	{16, ErrDamaged, nil},
	{17, ErrNothing, nil},
	{18, ErrSelf, nil},
}

const codeInternal code = 255

// toCode returns the wire number of err.
func toCode(err error) code {
	for _, row := range wireErrors {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return codeInternal
}

// fromCode returns the sentinel of a wire number; unknown numbers are [ErrInternal].
func fromCode(c code) error {
	for _, row := range wireErrors {
		if row.code == c {
			if row.peer != nil {
				return row.peer
			}
			return row.err
		}
	}
	return ErrInternal
}
