package app

import (
	"errors"

	"yonder/transfer"
)

// verdict says in which state an ended transfer is, and why.
func (a *App) verdict(rec *record, err, stopped error) (TransferState, *Problem) {
	who := a.nameOf(rec.Person)
	switch {
	case err == nil:
		return Done, nil
	case errors.Is(stopped, errCancelledThere):
		return Cancelled, newProblem(CodeCancelledBy, who, "")
	case errors.Is(stopped, transfer.ErrCancelled), errors.Is(err, transfer.ErrCancelled):
		return Cancelled, newProblem(CodeCancelled, who, "")
	case errors.Is(stopped, errPaused), errors.Is(err, errPaused):
		return Interrupted, nil
	case errors.Is(stopped, errStopped):
		p := newProblem(CodeInterrupted, who, "")
		p.Text, p.Hint = "stopped", "it goes on where it stopped when you try again"
		return Interrupted, p
	case errors.Is(stopped, errClosing):
		return Interrupted, newProblem(CodeInterrupted, who, "")
	case errors.Is(err, transfer.ErrPeerCancel):
		return Cancelled, problemOf(err, who)
	case errors.Is(err, transfer.ErrDeclined), errors.Is(err, transfer.ErrNobody):
		return Declined, problemOf(err, who)
	case transient(err):
		return Interrupted, problemOf(err, who)
	case !rec.Outgoing && rec.Transfer.Folder != "" && ofDisk(err):
		return Failed, problemOf(err, rec.Transfer.Folder)
	}
	return Failed, problemOf(err, who)
}

// unpause takes away what holds only while a transfer is on its way.
func unpause(t *Transfer) {
	t.PeerPaused = false
	if t.State.Ended() {
		t.Paused = false
	}
}

// finish fills in the report of a transfer that is done.
func finish(t *Transfer, rep transfer.Report) {
	t.Final, t.Problem = true, nil
	t.Files = rep.Files
	t.Entries, t.Bytes = max(t.Entries, rep.Entries), max(t.Bytes, rep.Bytes)
	t.Skipped, t.SkipCount, t.Links = reports(rep.Skipped), rep.SkipCount, rep.Links
	t.Failed = rep.Failed
	t.Paths = nil
	for _, p := range rep.Published {
		if p.Path != "" {
			t.Paths = append(t.Paths, p.Path)
		}
	}
}

// ofDisk reports errors that are about the receiver's folder and not about its peer.
func ofDisk(err error) bool {
	return errors.Is(err, transfer.ErrDiskFull) || errors.Is(err, transfer.ErrReadOnly) || errors.Is(err, transfer.ErrNoFolder)
}
