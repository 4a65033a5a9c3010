package app

import (
	"context"
	"time"
)

// Backend is all that a front end sees. [App] implements it in the process that
// owns the profile, [Client] in every other one; both behave alike. Every method
// may be called from any goroutine. Methods return as soon as the order is noted;
// what comes of it arrives as events. Errors are a [*Problem] where the user can
// do something about them.
type Backend interface {
	// Events starts a stream: first an [EventState], then every change. The
	// channel is closed when ctx ends or the backend closes.
	Events(ctx context.Context) <-chan Event

	// History returns up to limit items of the conversation with a person that
	// are older than before ("" : the newest), oldest first.
	History(ctx context.Context, person DeviceID, before ItemID, limit int) (History, error)

	// Find resolves what a user calls a peer: a name, a device id or a unique
	// beginning of one (at least 4 characters), or host:port. It waits up to wait for somebody to appear. Errors
	// have the codes [CodeNotFound], [CodeAmbiguous] (Problem.Detail lists the ids) and [CodeUnreachable].
	Find(ctx context.Context, peer string, wait time.Duration) (Person, error)

	// KeepAddress remembers "host:port", or an IP address, where somebody may be who does not
	// answer yet, and tries it from time to time. [Backend.Find] does so for addresses at which it found
	// somebody. One that is none is refused with [CodeBadSetting].
	KeepAddress(ctx context.Context, addr string) error

	// DropAddress forgets an address that was typed. Who was bound to it is not any more.
	DropAddress(ctx context.Context, addr string) error

	// Send offers paths to people; one item for each of them, in the same order.
	Send(ctx context.Context, req SendRequest) ([]ItemID, error)

	// Answer decides an offered incoming transfer. A second answer has no effect.
	Answer(ctx context.Context, item ItemID, answer Answer) error

	// Cancel ends a transfer for good, or takes back a queued message.
	Cancel(ctx context.Context, item ItemID) error

	// Stop ends an outgoing transfer so that it can be resumed: state Interrupted.
	Stop(ctx context.Context, item ItemID) error

	// Retry starts an outgoing transfer again that is Interrupted, Failed, Cancelled or Declined.
	Retry(ctx context.Context, item ItemID) error

	// Pause stops a transfer of either direction until Resume, with the other side
	// told; what is not Running yet begins paused. It has no effect on what has ended.
	Pause(ctx context.Context, item ItemID) error

	// Resume ends Pause. An outgoing transfer that is Interrupted starts again.
	Resume(ctx context.Context, item ItemID) error

	// Files lists up to limit files of a transfer that is worked on now, from an entry
	// on, as far as they are known; none of what is not. At most [MaxFiles] at once.
	Files(ctx context.Context, item ItemID, from uint32, limit int) ([]File, error)

	// LeaveOut takes one file out of a transfer that is Running. Nothing happens when
	// it has arrived already.
	LeaveOut(ctx context.Context, item ItemID, entry uint32) error

	// Partials lists what is left of incoming transfers that broke off, oldest first.
	// It looks at the disk.
	Partials(ctx context.Context) ([]Partial, error)

	// RemovePartials removes what arrived of those, by [Partial.ID]. What is not there
	// any more, or goes on just now, is left out.
	RemovePartials(ctx context.Context, ids []string) error

	// Say sends one message; it is queued while the person is away.
	Say(ctx context.Context, to DeviceID, body string) (ItemID, error)

	// MarkRead says that the conversation with a person is on the screen.
	MarkRead(ctx context.Context, person DeviceID) error

	// Pair begins to compare six digits with a person; what comes of it arrives as
	// [EventPairing]. It does nothing while one with that person is under way. There is one at
	// a time: [CodePairBusy].
	Pair(ctx context.Context, person DeviceID) error

	// AnswerPairing says whether the person's device shows the same code, which is repeated
	// so that an answer is never about another one ([CodeNoPairing]).
	AnswerPairing(ctx context.Context, person DeviceID, code string, same bool) error

	// CancelPairing breaks off what [Backend.Pair], or the person, has begun.
	CancelPairing(ctx context.Context, person DeviceID) error

	// SetTrust changes how far a person is trusted: Blocked, Known, and for who is Paired or
	// Mine also these two. Only comparing codes makes somebody Paired ([CodeNotPaired]). Who is
	// trusted less loses the connection, and what [Rule] allowed; its folder stays.
	SetTrust(ctx context.Context, person DeviceID, level Level) error

	// SettleChange takes back the warning of [Person.Changed]. Their key stays pinned whatever
	// is chosen. If they were replaced there, as the user says, the address is not theirs any
	// more, and who is there now is looked up and listed as somebody else.
	SettleChange(ctx context.Context, person DeviceID, replaced bool) error

	// SetRule replaces what holds for the offers of a person. An invalid value is refused with
	// [CodeBadSetting], naming the field in Problem.Detail; the old rule stays.
	SetRule(ctx context.Context, person DeviceID, rule Rule) error

	// Configure replaces the settings, except those that other methods change. An invalid value is refused with
	// [CodeBadSetting], naming the field in Problem.Detail; the old ones stay.
	Configure(ctx context.Context, s Settings) error

	// SetVisible says who finds this device from now on and may connect to it. It ends what
	// [Options.Visible] said for this run.
	SetVisible(ctx context.Context, v Visibility) error

	// Refresh looks for people at once.
	Refresh(ctx context.Context) error

	// Doctor examines why people are not found or not reached, which takes about five
	// seconds. addrs, "host" or "host:port", are tried too.
	Doctor(ctx context.Context, addrs []string) (Report, error)

	// Raise asks the window of this profile to come to the front with paths to
	// send. It fails with [CodeNoWindow] where the owner has none.
	Raise(ctx context.Context, paths []string) error

	// Close ends the use of the backend and, in the owner, everything it runs.
	Close() error
}

// SendRequest says what to send to whom.
type SendRequest struct {
	To     []DeviceID    `json:"to"`
	Paths  []string      `json:"paths"`            // absolute
	Parent ItemID        `json:"parent,omitempty"` // our transfer to the same person that this one adds to
	Policy Policy        `json:"policy,omitempty"` // a wish; the receiver decides
	Links  bool          `json:"links,omitempty"`  // symbolic links that stay inside a folder are sent as links
	Limit  int64         `json:"limit,omitempty"`  // bytes per second to each person; 0: none of its own
	Retry  time.Duration `json:"retry"`            // how long to try again by itself after a cut, since the last byte moved; 0: not at all
}

// Answer is the receiver's decision on an offer.
type Answer struct {
	Accept bool   `json:"accept"`
	Always bool   `json:"always,omitempty"` // with Accept: those of this person from now on too, once codes were compared; else that begins
	Folder string `json:"folder,omitempty"` // absolute; empty: the usual one of the person
	Policy Policy `json:"policy,omitempty"` // empty: as in the settings
	Nobody bool   `json:"nobody,omitempty"` // declined because nobody was there to ask
}
