package transfer

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// Control payloads are CBOR maps with small integer keys, in deterministic
// encoding. A key below 128 that a receiver does not know makes it refuse the
// message; from 128 on it is skipped. What each message means is in PROTOCOL.md.

type hello struct {
	ID      ID     `cbor:"1,keyasint"`
	Minor   uint64 `cbor:"2,keyasint"`
	Epoch   uint64 `cbor:"3,keyasint"`
	Name    string `cbor:"4,keyasint"`
	System  string `cbor:"5,keyasint"`
	Version string `cbor:"6,keyasint"`
	Port    uint16 `cbor:"7,keyasint"`
	Clock   int64  `cbor:"8,keyasint"`  // Unix milliseconds
	Caps    uint64 `cbor:"9,keyasint"`  // bits: capGossip
	Ask     bool   `cbor:"10,keyasint"` // only asks who is there; no session follows
}

// status closes something: BYE a session, DECLINE an offer, CANCEL a transfer.
type status struct {
	Code code   `cbor:"1,keyasint"`
	Text string `cbor:"2,keyasint,omitempty"` // at most 512 bytes, for logs and details
	Need uint64 `cbor:"3,keyasint,omitempty"` // DECLINE for want of room: bytes needed
	Have uint64 `cbor:"4,keyasint,omitempty"` // and bytes that there are
	// CANCEL of a single file: its entry in the manifest. The transfer goes on.
	Entry *uint32 `cbor:"5,keyasint,omitempty"`
}

type ping struct {
	Nonce uint64 `cbor:"1,keyasint"`
}

type offer struct {
	Transfer [16]byte  `cbor:"1,keyasint"`
	Key      [16]byte  `cbor:"2,keyasint"` // resume key
	Batch    [16]byte  `cbor:"3,keyasint"` // same for copies to several people; zero: none
	Conv     []byte    `cbor:"4,keyasint"` // conversation: empty is the direct one
	Message  [16]byte  `cbor:"5,keyasint"` // id of the row in the conversation
	Purpose  uint64    `cbor:"6,keyasint"` // 0: files for the user
	Names    []topName `cbor:"7,keyasint"` // at most maxNames
	Count    uint64    `cbor:"8,keyasint"` // of top-level names
	Entries  uint64    `cbor:"9,keyasint"`
	Bytes    uint64    `cbor:"10,keyasint"`
	Final    bool      `cbor:"11,keyasint"`
	Wish     Policy    `cbor:"12,keyasint"`
	Parent   []byte    `cbor:"13,keyasint,omitempty"` // id of the transfer that this one adds to; 16 bytes
}

type topName struct {
	_      struct{} `cbor:",toarray"`
	Name   string
	Folder bool
	Size   uint64
}

type accept struct {
	Offer   value  `cbor:"1,keyasint"` // BLAKE3 of the offer's payload as received
	Policy  Policy `cbor:"2,keyasint"`
	Entries uint64 `cbor:"3,keyasint"` // the most that the receiver takes
	Bytes   uint64 `cbor:"4,keyasint"` // the most that the receiver takes
	Have    bool   `cbor:"5,keyasint"` // HAVE pages will follow; wait for them
	Credit  uint64 `cbor:"6,keyasint"` // bytes of DATA payload that may be sent at once
}

type page struct {
	Number  uint64   `cbor:"1,keyasint"` // from 0
	Entries []entry  `cbor:"2,keyasint"`
	Last    bool     `cbor:"3,keyasint"`
	Digest  [32]byte `cbor:"4,keyasint"` // Last only: BLAKE3 of the payloads of all earlier pages
}

// have says what the receiver holds of the files below entry Upto, and of the first
// Chunks chunks of that entry itself.
type have struct {
	Upto     uint64   `cbor:"1,keyasint"`
	Claims   []claim  `cbor:"2,keyasint"`
	Chunks   uint64   `cbor:"3,keyasint,omitempty"`
	Unwanted []uint32 `cbor:"4,keyasint,omitempty"` // files that are not to be sent
}

// claim lists the values of consecutive chunks that the receiver believes to hold.
type claim struct {
	_      struct{} `cbor:",toarray"`
	Entry  uint32
	First  uint32
	Values []byte // 32 for each chunk
}

// files tells the outcome of files at the sender.
type files struct {
	Done   []fileDone   `cbor:"1,keyasint,omitempty"`
	Failed []fileFailed `cbor:"2,keyasint,omitempty"`
}

type fileDone struct {
	_      struct{} `cbor:",toarray"`
	Entry  uint32
	Digest value
}

type fileFailed struct {
	_      struct{} `cbor:",toarray"`
	Entry  uint32
	Reason Reason
	Detail string
}

// end follows when everything was sent.
type end struct {
	Skipped   []skipped `cbor:"1,keyasint"` // entries that are not in the manifest, at most maxReport
	SkipCount uint64    `cbor:"2,keyasint"`
	Links     uint64    `cbor:"3,keyasint"`
}

type skipped struct {
	_      struct{} `cbor:",toarray"`
	Path   string
	Reason Reason
	Detail string
}

// stored names chunks that are written and journalled.
type stored struct {
	Chunks  []chunkRange `cbor:"1,keyasint"`
	Files   uint64       `cbor:"2,keyasint"` // complete so far
	Bytes   uint64       `cbor:"3,keyasint"` // content on disk so far, resumed included
	Resumed uint64       `cbor:"4,keyasint"` // content that an earlier run had left
}

type chunkRange struct {
	_     struct{} `cbor:",toarray"`
	Entry uint32
	First uint32
	Count uint32
}

// pause is the payload of PAUSE and RESUME.
type pause struct{}

type credit struct {
	Bytes uint64 `cbor:"1,keyasint"`
}

// want asks for chunks again.
type want struct {
	Chunks []chunkRange `cbor:"1,keyasint"`
}

type done struct {
	Files     uint64    `cbor:"1,keyasint"`
	Published []renamed `cbor:"2,keyasint"` // at most maxNames
	Skipped   []skipped `cbor:"3,keyasint"` // at most maxReport
	SkipCount uint64    `cbor:"4,keyasint"`
	Failed    uint64    `cbor:"5,keyasint"`           // of SkipCount: did not arrive at all
	Links     uint64    `cbor:"6,keyasint,omitempty"` // of SkipCount: symbolic links that were not made
}

type renamed struct {
	_    struct{} `cbor:",toarray"`
	Name string
	As   string
}

type chat struct {
	ID    [16]byte `cbor:"1,keyasint"`
	Conv  []byte   `cbor:"2,keyasint"`
	Seq   uint64   `cbor:"3,keyasint"`
	At    int64    `cbor:"4,keyasint"` // Unix milliseconds, sender's clock
	Kind  ChatKind `cbor:"5,keyasint"`
	Body  string   `cbor:"6,keyasint"`
	Reply []byte   `cbor:"7,keyasint,omitempty"` // id of the message it answers
}

type ack struct {
	IDs   [][]byte `cbor:"1,keyasint"` // of messages or, for AckCancelled, transfers
	State AckState `cbor:"2,keyasint"`
}

// gossip tells where people are whom its sender has as paired.
type gossip struct {
	People []contact `cbor:"1,keyasint"` // at most MaxContacts
}

type contact struct {
	_     struct{} `cbor:",toarray"`
	ID    ID
	Addrs [][]byte // 4 or 16 bytes and 2 for the port; at most MaxContactAddrs
	Age   uint64   // seconds since they were known to be there
}

const (
	maxNames  = 100 // top-level names shown in an offer
	maxReport = 100 // entries named in a report
	maxText   = 512 // bytes of free text
)

var (
	encodeMode = must(cbor.EncOptions{Sort: cbor.SortCoreDeterministic, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden}.EncMode())
	decodeMode = must(cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8RejectInvalid,
		MaxNestedLevels:  8,
		MaxArrayElements: 16 << 10,
		MaxMapPairs:      64,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// marshal encodes a control message. Our own messages always encode.
func marshal(message any) []byte { return must(encodeMode.Marshal(message)) }

// unmarshal decodes a control payload into message, a pointer to one of the structs
// above, and refuses what its schema does not allow.
func unmarshal(payload []byte, message any) error {
	var keys map[uint64]cbor.RawMessage
	if err := decodeMode.Unmarshal(payload, &keys); err != nil {
		return fmt.Errorf("%w: %.200q", ErrProtocol, err)
	}
	known := knownKeys(reflect.TypeOf(message).Elem())
	for key := range keys {
		if key < 128 && !known[key] {
			return fmt.Errorf("%w: %T with unknown critical key %d", ErrProtocol, message, key)
		}
	}
	if err := decodeMode.Unmarshal(payload, message); err != nil {
		return fmt.Errorf("%w: %.200q", ErrProtocol, err)
	}
	if c, ok := message.(interface{ check() error }); ok {
		if err := c.check(); err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
	}
	return nil
}

var keysByType sync.Map // reflect.Type → map[uint64]bool

func knownKeys(t reflect.Type) map[uint64]bool {
	if known, ok := keysByType.Load(t); ok {
		return known.(map[uint64]bool)
	}
	known := map[uint64]bool{}
	for field := range t.Fields() {
		number, _, _ := strings.Cut(field.Tag.Get("cbor"), ",")
		if key, err := strconv.ParseUint(number, 10, 64); err == nil {
			known[key] = true
		}
	}
	keysByType.Store(t, known)
	return known
}

// The checks below hold whatever the peer sends: sizes add up in int64, lists have
// their limits, texts are bounded.

func (s *status) check() error {
	if len(s.Text) > maxText {
		return fmt.Errorf("text of %d bytes", len(s.Text))
	}
	return nil
}

func (o *offer) check() error {
	var known uint64
	length := 0
	for _, n := range o.Names {
		length += len(n.Name)
		if err := checkComponent(n.Name); err != nil {
			return err
		}
		if known += n.Size; n.Size > maxTotal || known > maxTotal {
			return errors.New("sizes add up to more than 2^62 bytes")
		}
	}
	switch {
	case len(o.Names) > maxNames || len(o.Names) == 0:
		return fmt.Errorf("offer with %d names", len(o.Names))
	case o.Count < uint64(len(o.Names)) || o.Count > uint64(len(o.Names)) && len(o.Names) < maxNames && length < maxControl/2:
		// Fewer than maxNames of more are shown only where they would not fit.
		return fmt.Errorf("offer shows %d of %d names", len(o.Names), o.Count)
	case o.Entries > maxEntries || o.Final && o.Entries < o.Count:
		return fmt.Errorf("offer of %d entries under %d names", o.Entries, o.Count)
	case o.Bytes > maxTotal:
		return fmt.Errorf("offer of %d bytes", o.Bytes)
	case o.Wish > SkipExisting:
		return fmt.Errorf("policy %d", o.Wish)
	case len(o.Conv) > 32:
		return fmt.Errorf("conversation of %d bytes", len(o.Conv))
	case len(o.Parent) != 0 && len(o.Parent) != 16:
		return fmt.Errorf("parent of %d bytes", len(o.Parent))
	}
	return nil
}

func (c *claim) check() error {
	if n := len(c.Values); n == 0 || n%32 != 0 {
		return fmt.Errorf("claim of %d bytes", n)
	}
	return nil
}

func (h *have) check() error {
	for i := range h.Claims {
		if err := h.Claims[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (f *files) check() error {
	for _, row := range f.Failed {
		if len(row.Detail) > maxText {
			return fmt.Errorf("text of %d bytes", len(row.Detail))
		}
	}
	return nil
}

func checkReport(rows []skipped, count uint64) error {
	if len(rows) > maxReport || uint64(len(rows)) > count {
		return fmt.Errorf("report shows %d of %d entries", len(rows), count)
	}
	for _, row := range rows {
		if len(row.Path) > 4*maxPath || len(row.Detail) > maxText {
			return errors.New("report with a text too long")
		}
	}
	return nil
}

func (e *end) check() error { return checkReport(e.Skipped, e.SkipCount) }
func (d *done) check() error {
	if len(d.Published) > maxNames {
		return fmt.Errorf("%d published names", len(d.Published))
	}
	return checkReport(d.Skipped, d.SkipCount)
}

func (c *chat) check() error {
	switch {
	case len(c.Body) > maxChat:
		return fmt.Errorf("message of %d bytes", len(c.Body))
	case len(c.Conv) > 32 || len(c.Reply) > 16:
		return errors.New("message with an id too long")
	}
	return nil
}

func (a *ack) check() error {
	for _, id := range a.IDs {
		if len(id) != 16 {
			return fmt.Errorf("message id of %d bytes", len(id))
		}
	}
	if len(a.IDs) == 0 || a.State < AckStored || a.State > AckCancelled {
		return fmt.Errorf("acknowledgement %d of %d messages", a.State, len(a.IDs))
	}
	return nil
}

// maxChat is the longest body of a message in bytes.
const maxChat = 16 << 10

// clip makes s fit to be sent: valid UTF-8, at most limit bytes, no rune cut.
func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD") // errors of the system carry names as they are
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xc0 == 0x80 {
		limit--
	}
	return s[:limit]
}
