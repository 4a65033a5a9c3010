package app

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"io/fs"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"lukechampine.com/blake3"
)

// The frames that a speaker uses, as transfer/PROTOCOL.md numbers them.
const (
	sayHello   = 0x01
	sayOffer   = 0x10
	sayUpdate  = 0x11
	sayAccept  = 0x12
	sayDecline = 0x13
	sayPage    = 0x14
	sayData    = 0x16
	sayFiles   = 0x17
	sayEnd     = 0x18
	sayDone    = 0x1c
	sayCancel  = 0x1d
	sayPack    = 0x20
)

// speaker is a changed program: it says what it likes in frames of the protocol.
type speaker struct {
	t    *testing.T
	conn *tls.Conn
	id   DeviceID
}

// fields is a message: by the numbers of its fields.
type fields map[uint64]any

// speak connects a stranger to b.
func speak(t *testing.T, b *ownerApp) *speaker {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", b.loopback(), &tls.Config{
		InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"yonder/1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	s := &speaker{t, conn, sha256.Sum256(spki)}
	s.say(sayHello, 0, fields{1: s.id[:], 2: 0, 3: 1, 4: "Stranger", 5: "Linux", 6: "1", 7: 0, 8: time.Now().UnixMilli(), 9: 0, 10: false})
	if !s.hears(sayHello) {
		t.Fatal("no HELLO came back")
	}
	return s
}

// say sends a frame. The other side may have closed the connection.
func (s *speaker) say(typ byte, stream uint32, message any) {
	s.t.Helper()
	payload, ok := message.([]byte)
	if !ok {
		var err error
		if payload, err = cbor.Marshal(message); err != nil {
			s.t.Fatal(err)
		}
	}
	b := binary.BigEndian.AppendUint32([]byte{typ, 0}, stream)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	s.conn.Write(append(b, payload...))
}

// hears waits for a frame, false if the connection ends before.
func (s *speaker) hears(typ byte) bool {
	for {
		var head [10]byte
		if _, err := io.ReadFull(s.conn, head[:]); err != nil {
			return false
		}
		if _, err := io.CopyN(io.Discard, s.conn, int64(binary.BigEndian.Uint32(head[6:]))); err != nil {
			return false
		}
		if head[0] == typ {
			return true
		}
	}
}

const onStream = 1

// offer offers one file.
func (s *speaker) offer(name string, content []byte) {
	s.says(sayOffer, []any{name, false, len(content)}, 1, len(content), true)
}

// says makes an offer of one thing, or says anew how large it is.
func (s *speaker) says(typ byte, top []any, entries, size int, final bool) {
	id := append(make([]byte, 15), 7)
	s.say(typ, onStream, fields{1: id, 2: id, 3: make([]byte, 16), 4: []byte{}, 5: id, 6: 0, 7: []any{top}, 8: 1, 9: entries, 10: size, 11: final, 12: 0})
}

// file sends all that belongs to a file of one chunk, in folders if there are any.
func (s *speaker) file(name string, content []byte, folders ...string) {
	nothing, digest := blake3.Sum256(nil), blake3.Sum256(content)
	var rows []any
	for depth, folder := range folders {
		rows = append(rows, []any{depth, folder, 1, false, 0, 1700000000, 0, ""})
	}
	rows = append(rows, []any{len(folders), name, 0, false, len(content), 1700000000, 0, ""})
	s.say(sayPage, onStream, fields{1: 0, 2: rows, 3: true, 4: nothing[:]})
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(folders))) // entry
	chunk = append(chunk, make([]byte, 8+1)...)                       // chunk 0, offset 0; raw
	chunk = binary.BigEndian.AppendUint32(chunk, uint32(len(content)))
	chunk = binary.BigEndian.AppendUint32(chunk, uint32(len(content)))
	s.say(sayData, onStream, append(append(chunk, digest[:]...), content...))
	s.say(sayFiles, onStream, fields{1: []any{[]any{len(folders), digest[:]}}})
	s.say(sayEnd, onStream, fields{1: []any{}, 2: 0, 3: 0})
}

// stream sends the file in both forms that there are, as if it had been accepted.
func (s *speaker) stream(name string, content []byte) {
	pack := binary.BigEndian.AppendUint32(make([]byte, 4+1), uint32(len(content)))
	pack = append(binary.BigEndian.AppendUint32(pack, uint32(len(content))), content...)
	s.say(sayPack, onStream, pack)
	s.file(name, content)
}

// TestStrangerStreams: a stranger sends a file without having been asked to, in every way there
// is to do that. Afterwards there is no file, no folder, no partial and no journal on the disk,
// and no row of one in the database. The same bytes behind an accept do arrive.
func TestStrangerStreams(t *testing.T) {
	content := bytes.Repeat([]byte("unasked "), 2_000) // less than what may come before more is asked for
	const name = "unasked.txt"
	waits := func(t *testing.T, f *follower) Item {
		item := f.incoming()
		f.transferIs(item.ID, Offered)
		return item
	}
	taken := func(t *testing.T, s *speaker, b *ownerApp, f *follower) Item {
		item := waits(t, f)
		must(t, b.Answer(t.Context(), item.ID, Answer{Accept: true}))
		if !s.hears(sayAccept) {
			t.Fatal("no ACCEPT")
		}
		f.transferIs(item.ID, Running)
		return item
	}
	for _, tt := range []struct {
		why     string
		arrives bool
		does    func(t *testing.T, s *speaker, b *ownerApp, f *follower)
	}{
		{"accepted", true, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			taken(t, s, b, f)
			s.file(name, content)
			if !s.hears(sayDone) {
				t.Error("no DONE")
			}
		}},
		{"without an offer", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) { s.stream(name, content) }},
		{"while nobody has answered", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			waits(t, f)
			s.stream(name, content)
		}},
		{"after it was declined", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			must(t, b.Answer(t.Context(), waits(t, f).ID, Answer{}))
			if !s.hears(sayDecline) {
				t.Fatal("no DECLINE")
			}
			s.stream(name, content)
		}},
		{"after it was declined, in a new connection", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			must(t, b.Answer(t.Context(), waits(t, f).ID, Answer{}))
			if !s.hears(sayDecline) {
				t.Fatal("no DECLINE")
			}
			speak(t, b).stream(name, content)
		}},
		{"after its own cancel", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			waits(t, f)
			s.say(sayCancel, onStream, fields{1: 8})
			s.stream(name, content)
		}},
		{"after its cancel in the middle", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			item := taken(t, s, b, f)
			s.say(sayCancel, onStream, fields{1: 8})
			f.transferIs(item.ID, Cancelled)
			s.stream(name, content)
		}},
		{"after the receiver's cancel in the middle", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			item := taken(t, s, b, f)
			must(t, b.Cancel(t.Context(), item.ID))
			if !s.hears(sayCancel) {
				t.Fatal("no CANCEL")
			}
			s.stream(name, content)
		}},
		{"with a cancel before the answer comes", false, func(t *testing.T, s *speaker, b *ownerApp, f *follower) {
			s.offer(name, content)
			item := waits(t, f)
			s.say(sayCancel, onStream, fields{1: 8})
			s.stream(name, content)
			b.Answer(t.Context(), item.ID, Answer{Accept: true}) // it may be gone already
		}},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			b := openReal(t, t.TempDir(), 0, nil)
			f := followReal(t, b)
			s := speak(t, b)
			tt.does(t, s, b, f)
			s.conn.CloseWrite()
			io.Copy(io.Discard, s.conn) // until the other side has dealt with all of it
			b.Close()

			var left []string
			filepath.WalkDir(b.opt.Folder, func(path string, e fs.DirEntry, err error) error {
				if path != b.opt.Folder {
					left = append(left, path)
				}
				return err
			})
			if tt.arrives != (len(left) == 1 && filepath.Base(left[0]) == name) || !tt.arrives && len(left) > 0 {
				t.Errorf("in the folder: %q", left)
			}
			again, _, err := openStore(filepath.Join(b.profile.dir, databaseFile))
			if err != nil {
				t.Fatal(err)
			}
			defer again.close()
			if rows := again.partials(); len(rows) > 0 {
				t.Errorf("partials in the database: %+v", rows)
			}
			if rows := again.leftovers(); len(rows) > 0 && !tt.arrives {
				t.Errorf("finished transfers in the database: %+v", rows)
			}
		})
	}
}

// TestRealGrowth: somebody whose offers are taken up to a size begins with a small one, which
// grows. It is never taken before its total is known, and above the size it is asked about.
func TestRealGrowth(t *testing.T) {
	const limit, name = 10_000, "grows.txt"
	content := bytes.Repeat([]byte("x"), limit)
	for _, tt := range []struct {
		why   string
		sizes []int // after the first, in turn; the last is final
		taken bool
	}{
		{"it grows to the size", []int{10, limit - 1, limit}, true},
		{"it grows above the size", []int{10, limit, limit + 1}, false},
		{"far above it, in one step", []int{1 << 40}, false},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			b := openReal(t, t.TempDir(), 0, nil)
			f := followReal(t, b)
			s := speak(t, b)
			f.until("the connection", func() bool { p, _ := f.person(s.id); return p.Connected })
			b.mu.Lock()
			b.setLevel(s.id, Paired)
			b.mu.Unlock()
			must(t, b.SetRule(t.Context(), s.id, Rule{Accept: RuleAlways, MaxBytes: limit}))
			folder := []any{"f", true, 0}
			s.says(sayOffer, folder, 2, 1, false)
			for i, size := range tt.sizes {
				s.says(sayUpdate, folder, 2, size, i == len(tt.sizes)-1)
			}
			if tt.taken {
				if !s.hears(sayAccept) {
					t.Fatal("no ACCEPT")
				}
				s.file(name, content, "f")
				f.transferIs(f.incoming().ID, Done)
				return
			}
			item := f.incoming()
			f.until("the question", func() bool {
				item := f.items[item.ID].Transfer
				return item.State == Offered && !item.Decided && item.Final
			})
			must(t, b.Answer(t.Context(), item.ID, Answer{}))
			if !s.hears(sayDecline) {
				t.Error("no DECLINE")
			}
			f.transferIs(item.ID, Declined)
		})
	}
}
