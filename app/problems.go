package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"unicode"

	"yonder/transfer"
)

// sentences says for each code what happened (with one %s for the object, and one
// verb more for the detail where that has a place in the sentence) and what to do.
var sentences = map[string]struct{ text, hint string }{
	CodeNotFound:    {"nobody called %s is here", "see who is near with 'yonder peers', or give the address as host:port"},
	CodeAmbiguous:   {"several devices are called %s", "name one by its device id: %s"},
	CodeUnreachable: {"cannot reach %s", "check that Yonder runs there, that both are on the same network, and that its firewall lets port 21925 in"},
	CodeWrongPeer:   {"another device answered at %s", "the known key stays pinned; if the device was replaced, write the new one's id before the address: ID@host:port"},
	CodePrivate:     {"%s closed the connection without a word", "it may be set to be seen by paired people only: ask them to be visible to everyone for some minutes, or to send first"},
	CodeVersion:     {"%s speaks another version of the protocol", "update Yonder there and here"},
	CodeNoPath:      {"there is no %s", "check the spelling"},
	CodeUnreadable:  {"cannot read %s", "check its permissions"},
	CodeSpecial:     {"%s is neither a file nor a folder", "send regular files and folders"},
	CodeLink:        {"%s is a symbolic link and was not followed", "send the file or folder that it points to"},
	CodeRenamed:     {"%s arrived under another name: %s", "nothing to do; its own name is not allowed on every system"},
	CodeBadName:     {"%s has a name that no system may get", "rename it and send it again"},
	CodeExists:      {"%s exists there and was left as it is", "send it with --policy update or keep"},
	CodeChanged:     {"%s changed while it was sent", "send it again when nothing writes to it"},
	CodeLeftOut:     {"%s was left out while the transfer ran", "send it again if it is wanted after all"},
	CodeDiskFull:    {"not enough room at %s", "free some space there or choose another folder, then try again"},
	CodeReadOnly:    {"cannot write to %s", "choose another folder"},
	CodeNoFolder:    {"there is no folder %s", "choose another folder, or attach the disk that it is on"},
	CodeCorrupt:     {"%s did not arrive intact", "send it again; if that repeats, check memory and network hardware"},
	CodeDeclined:    {"%s declined", "ask them, then try again"},
	CodeNobody:      {"nobody was there to accept at %s", "try again when somebody is, or start 'yonder receive --accept all' there"},
	CodeCancelledBy: {"%s cancelled it", "ask them, then try again"},
	CodeCancelled:   {"cancelled", "try again to send it after all"},
	CodeExpired:     {"%s did not come back within 7 days; what had arrived was removed", "ask them to send it again"},
	CodeInterrupted: {"the connection with %s was lost", "it goes on where it stopped: try again when they are back"},
	CodeStalled:     {"nothing moved between here and %s for too long", "check the network and the disks of both, then try again"},
	CodeProtocol:    {"%s broke the protocol", "update Yonder there and here"},
	CodePortTaken:   {"port %s is in use by another program", "choose another port in the settings or with --port"},
	CodeRunning:     {"Yonder runs already with this profile, as process %s", "use it, end it, or choose another profile with --data"},
	CodeNoWindow:    {"the running Yonder has no window", "end it first, or use the terminal commands"},
	CodeBadSetting:  {"%s is not a valid value of %q", "change it; the old value stays until then"},
	CodeDamaged:     {"%s was damaged", "Yonder goes on with a new one; the old one was kept beside it"},
	CodeKeyReadable: {"other users of this computer could read the key in %s", "nothing to do unless somebody else uses this computer; then move the file away to become a new device"},
	CodeNotSaved:    {"cannot write %s", "settings and history hold for this run only; check permissions and free space, or use --data"},
	CodeTooLong:     {"the message is longer than %s", "send it as a file"},
	CodeDiscovery:   {"looking for others does not work fully", "'yonder doctor' finds out why; people can still be reached by host:port"},
	CodeBusy:        {"%s is being sent the same files already, or has too much to do", "wait until that has ended"},
	CodeBlocked:     {"%s is blocked here", "unblock them first"},
	CodeNotPaired:   {"no code was compared with %s", "compare one first: 'yonder pair'"},
	CodeNoPairing:   {"no code is being compared with %s, or another one", "begin again"},
	CodeCodesDiffer: {"the codes here and at %s are not the same", "nothing was stored; somebody may sit between you: try it on another network, and compare the full device ids"},
	CodePairTime:    {"the code was not confirmed at both within a minute, here and at %s", "begin again when both are at their computers"},
	CodePairBusy:    {"a code is being compared already, at %s or here", "wait until that has ended, then begin again"},
	CodePairPaused:  {"too many codes were not confirmed, here or at %s", "try again in ten minutes; compare the full device ids meanwhile"},
	CodePairLost:    {"the connection with %s was lost before both had confirmed", "nothing was stored here; begin again"},
	CodeInternal:    {"something went wrong", "try again; if that repeats, please report it with the log"},
}

// newProblem fills in the English sentences of a code. detail may be "".
func newProblem(code, object, detail string) *Problem {
	s := sentences[code]
	p := &Problem{Code: code, Object: object, Detail: detail, Hint: s.hint}
	switch strings.Count(s.text, "%") {
	case 0:
		p.Text = s.text
	case 1:
		p.Text = fmt.Sprintf(s.text, quotePath(object))
	default:
		p.Text = fmt.Sprintf(s.text, quotePath(object), quotePath(detail))
		return p
	}
	switch {
	case code == CodeAmbiguous:
		p.Hint = fmt.Sprintf(s.hint, strings.ReplaceAll(detail, "\n", ", "))
	case detail != "":
		p.Text += ": " + quotePath(detail)
	}
	return p
}

// quotePath returns s as it is, or quoted if it holds anything that a terminal
// would not show as one line of text.
func quotePath(s string) string {
	for _, r := range s {
		if !unicode.IsGraphic(r) || invisible(r) || r == '\uFFFD' {
			return fmt.Sprintf("%q", s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// transferCodes maps the sentinels of package transfer to codes. The first row
// that matches counts.
var transferCodes = []struct {
	err  error
	code string
}{
	{transfer.ErrCancelled, CodeCancelled},
	{transfer.ErrPeerCancel, CodeCancelledBy},
	{transfer.ErrDeclined, CodeDeclined},
	{transfer.ErrNobody, CodeNobody},
	{transfer.ErrWrongPeer, CodeWrongPeer},
	{transfer.ErrVersion, CodeVersion},
	{transfer.ErrStalled, CodeStalled},
	{transfer.ErrDiskFull, CodeDiskFull},
	{transfer.ErrReadOnly, CodeReadOnly},
	{transfer.ErrNoFolder, CodeNoFolder},
	{transfer.ErrBadName, CodeBadName},
	{transfer.ErrDamaged, CodeCorrupt},
	{transfer.ErrBusy, CodeBusy},
	{transfer.ErrTooMany, CodeBusy},
	{transfer.ErrBlocked, CodeDeclined},
	{transfer.ErrSelf, CodeUnreachable},
	{transfer.ErrTurnedAway, CodePrivate},
	{transfer.ErrUnreachable, CodeUnreachable},
	{transfer.ErrInterrupted, CodeInterrupted},
	{transfer.ErrLimit, CodeProtocol},
	{transfer.ErrProtocol, CodeProtocol},
	{syscall.ENOSPC, CodeDiskFull},
	{fs.ErrNotExist, CodeNoPath},
	{fs.ErrPermission, CodeUnreadable},
	{context.Canceled, CodeInterrupted},
	{context.DeadlineExceeded, CodeUnreachable},
}

// problemOf translates an error of the engine. who names the peer; it is the object
// unless the error names a local path.
func problemOf(err error, who string) *Problem {
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	object := who
	var pe *fs.PathError
	if errors.As(err, &pe) {
		object = pe.Path
	}
	for _, row := range transferCodes {
		if !errors.Is(err, row.err) {
			continue
		}
		p = newProblem(row.code, object, "")
		switch row.err {
		case transfer.ErrSelf:
			p.Text, p.Hint = "that is this device itself", "give the address of another device"
		case transfer.ErrBlocked:
			p.Text, p.Hint = fmt.Sprintf("%s does not take anything from here", quotePath(who)), "ask them to unblock this device"
		}
		p.Detail = detailOf(err, row.err)
		if room, ok := errors.AsType[*transfer.RoomError](err); ok {
			p.Detail = fmt.Sprintf("need %s, have %s", FormatBytes(room.Need), FormatBytes(room.Have))
			p.Text += ": " + p.Detail
		}
		return p
	}
	p = newProblem(CodeInternal, object, err.Error())
	if errors.Is(err, transfer.ErrNothing) {
		p.Text, p.Hint = "there is nothing to send", "choose files or folders that can be read"
	}
	return p
}

// detailOf returns what err says beyond its sentinel.
func detailOf(err, sentinel error) string {
	text := err.Error()
	if text == sentinel.Error() {
		return ""
	}
	return cut(text, 500, 2000)
}

// skipCodes maps why an entry did not arrive to codes.
var skipCodes = map[transfer.Reason]string{
	transfer.SkipLink:       CodeLink,
	transfer.SkipSpecial:    CodeSpecial,
	transfer.SkipUnreadable: CodeUnreadable,
	transfer.SkipChanged:    CodeChanged,
	transfer.SkipBadName:    CodeBadName,
	transfer.SkipRenamed:    CodeRenamed,
	transfer.SkipExists:     CodeExists,
	transfer.SkipFailed:     CodeReadOnly,
	transfer.SkipLeftOut:    CodeLeftOut,
}

// reports translates the skipped entries of a transfer, cleaned for display.
func reports(skipped []transfer.Skipped) []EntryReport {
	var out []EntryReport
	for _, s := range skipped {
		code, ok := skipCodes[s.Reason]
		if !ok {
			code = CodeInternal
		}
		out = append(out, EntryReport{Path: cleanPath(s.Path), Code: code, Detail: cleanPath(s.Detail)})
		if len(out) == 100 {
			break
		}
	}
	return out
}

// notFolder hides a missing parent or one that is a file behind fs.ErrNotExist.
func notFolder(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fs.ErrNotExist
	}
	return err
}
