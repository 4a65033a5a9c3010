package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"lukechampine.com/blake3"
)

// puppet is a peer that does what a test says and not what the protocol says. It shakes
// hands like a node; after that it writes frames by hand.
type puppet struct {
	t testing.TB
	*Session
	id ID
}

// newPuppet connects a puppet with an identity of its own to a node.
func newPuppet(t testing.TB, to *testNode) *puppet {
	t.Helper()
	return identifiedPuppet(t, to, newKey(t))
}

// identifiedPuppet connects a puppet. It gets the whole credit at once, so that
// it may say whole chunks without waiting.
func identifiedPuppet(t testing.TB, to *testNode, identity *Identity) *puppet {
	t.Helper()
	to.first.Store(window)
	p := shakenPuppet(t, to, identity)
	if err := p.greet(false); err != nil {
		t.Fatal(err)
	}
	p.conn.SetDeadline(time.Now().Add(30 * time.Second)) // no test hangs
	return p
}

// shakenPuppet stops behind the TLS handshake.
func shakenPuppet(t testing.TB, to *testNode, identity *Identity) *puppet {
	t.Helper()
	host := &testNode{t: t, level: Unknown, change: make(chan struct{})}
	node, err := NewNode(Config{Identity: identity, Host: host, Epoch: uint64(time.Now().UnixNano())})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", to.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s, err := node.secure(context.Background(), conn, dialling, to.id)
	if err != nil {
		t.Fatal(err)
	}
	return &puppet{t, s, identity.ID()}
}

// say sends one frame with a message, or with bytes as they are.
func (p *puppet) say(typ frameType, stream uint32, message any) {
	p.t.Helper()
	payload, raw := message.([]byte)
	if !raw {
		payload = marshal(message)
	}
	p.raw(frame(typ, stream, payload))
}

// raw sends bytes. The other side may have hung up already, which it says when read.
func (p *puppet) raw(b []byte) {
	p.conn.Write(b)
	p.wire.flush()
}

// hear reads the next frame.
func (p *puppet) hear() (header, []byte, error) {
	h, err := readHeader(p.conn)
	if err != nil {
		return h, nil, err
	}
	payload := make([]byte, h.length)
	_, err = io.ReadFull(p.conn, payload)
	return h, payload, err
}

// expect reads until a frame of the type comes and decodes it.
func (p *puppet) expect(typ frameType, message any) header {
	p.t.Helper()
	for {
		h, payload, err := p.hear()
		if err != nil {
			p.t.Fatalf("waiting for frame %#02x: %v", byte(typ), err)
		}
		if h.typ == typ {
			if err := unmarshal(payload, message); err != nil {
				p.t.Fatalf("frame %#02x: %v", byte(typ), err)
			}
			return h
		}
		if h.typ == frameBye || h.typ == frameCancel || h.typ == frameDecline {
			var m status
			unmarshal(payload, &m)
			p.t.Fatalf("waiting for frame %#02x: got frame %#02x, code %d %q", byte(typ), byte(h.typ), m.Code, m.Text)
		}
	}
}

// ended waits for the end of the session and returns the code of its BYE.
func (p *puppet) ended() code {
	p.t.Helper()
	for {
		h, payload, err := p.hear()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.t.Fatal("the session does not end")
		}
		if err != nil {
			return 0
		}
		if h.typ == frameBye {
			var m status
			if err := unmarshal(payload, &m); err != nil {
				p.t.Fatal(err)
			}
			p.wire.Conn.Close() // as everybody does who has read a BYE
			return m.Code
		}
	}
}

// alive checks that the session still answers.
func (p *puppet) alive() {
	p.t.Helper()
	nonce := uint64(time.Now().UnixNano())
	p.say(framePing, 0, &ping{Nonce: nonce})
	for {
		h, payload, err := p.hear()
		var m ping
		switch {
		case err != nil:
			p.t.Fatalf("the session ended: %v", err)
		case h.typ == frameBye:
			p.t.Fatalf("the session ended: %q", payload)
		case h.typ == framePong && unmarshal(payload, &m) == nil && m.Nonce == nonce:
			return
		}
	}
}

// load is what a puppet offers.
type load struct {
	name    string
	content []byte
}

// offering makes a final offer of files.
func offering(key byte, files ...load) *offer {
	o := &offer{Transfer: [16]byte{key}, Key: [16]byte{key}, Conv: []byte{}, Final: true, Count: uint64(len(files)), Entries: uint64(len(files))}
	for _, f := range files {
		o.Names = append(o.Names, topName{Name: f.name, Size: uint64(len(f.content))})
		o.Bytes += uint64(len(f.content))
	}
	return o
}

// accepted offers files and waits for the accept.
func (p *puppet) accepted(stream uint32, o *offer) accept {
	p.t.Helper()
	p.say(frameOffer, stream, o)
	var m accept
	p.expect(frameAccept, &m)
	if want := blake3.Sum256(marshal(o)); m.Offer != want {
		p.t.Errorf("ACCEPT of %x, want %x", m.Offer, want)
	}
	return m
}

// manifestOf is the only page of a manifest of files.
func manifestOf(files ...load) *page {
	p := &page{Last: true}
	for _, f := range files {
		p.Entries = append(p.Entries, entry{Name: f.name, Size: uint64(len(f.content)), Sec: 1700000000})
	}
	newManifest().digest.Sum(p.Digest[:0])
	return p
}

// fragment makes a DATA payload.
func fragment(entry, chunk, offset uint32, head *chunkHeader, content []byte) []byte {
	b := dataHeader{entry, chunk, offset}.append(nil)
	if head != nil {
		b = head.append(b)
	}
	return append(b, content...)
}

// headOf describes chunk of content as it is sent raw.
func headOf(content []byte, chunk int64) *chunkHeader {
	part := content[chunk*chunkSize:][:chunkLen(int64(len(content)), chunk)]
	return &chunkHeader{raw: uint32(len(part)), encoded: uint32(len(part)), value: chunkValue(part, chunk, len(content) <= chunkSize)}
}

// whole makes the DATA payload of a file of one chunk.
func whole(entry uint32, content []byte) []byte {
	return fragment(entry, 0, 0, headOf(content, 0), content)
}

// outcome says that files were read to their end.
func outcome(contents ...[]byte) *files {
	m := &files{}
	for i, content := range contents {
		m.Done = append(m.Done, fileDone{Entry: uint32(i), Digest: blake3.Sum256(content)})
	}
	return m
}

// noLeaks checks at the end of a test, when its nodes have stopped, that every
// goroutine that it started has ended. It is called first.
func noLeaks(t testing.TB) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// scene is a destination with something beside it that nobody may touch, and a
// bystander in the middle of a transfer while the test goes on.
type scene struct {
	t         *testing.T
	b         *testNode
	dest      string
	outside   string // the parent of dest
	canary    string // description of everything in it but dest
	bystander *puppet
	content   []byte
}

const bystanderStream = 5

func newScene(t *testing.T) *scene {
	noLeaks(t)
	outside := t.TempDir()
	s := &scene{t: t, outside: outside, dest: filepath.Join(outside, "dest"), content: random(2*chunkSize + 5)}
	write(t, filepath.Join(outside, "canary", "x"), []byte("canary"))
	write(t, filepath.Join(outside, "y"), []byte("canary"))
	if err := os.Mkdir(s.dest, 0o755); err != nil {
		t.Fatal(err)
	}
	s.canary = s.around()
	s.b = startNode(t, nil, s.dest, nil)
	s.bystander = newPuppet(t, s.b)
	file := load{"bystander.bin", s.content}
	s.bystander.accepted(bystanderStream, offering(99, file))
	s.bystander.say(framePage, bystanderStream, manifestOf(file))
	s.bystander.say(frameData, bystanderStream, fragment(0, 0, 0, headOf(s.content, 0), s.content[:chunkSize]))
	s.bystander.alive()
	return s
}

// quiet waits until every transfer but the bystander's has ended.
func (s *scene) quiet() {
	s.t.Helper()
	s.b.until("every offer to end", func() bool { return len(s.b.ended) == len(s.b.offers)-1 })
}

// around describes the parent of the destination without it.
func (s *scene) around() string {
	var lines [][]byte
	for line := range bytes.SplitSeq([]byte(tree(s.t, s.outside)), []byte("\n")) {
		if !bytes.HasPrefix(line, []byte(`"dest`)) {
			lines = append(lines, line)
		}
	}
	return string(bytes.Join(lines, []byte("\n")))
}

// visible returns the names in the destination but for the staging folder.
func (s *scene) visible() []string {
	s.t.Helper()
	entries, err := os.ReadDir(s.dest)
	if err != nil {
		s.t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		if e.Name() != incomingFolder {
			names = append(names, e.Name())
		}
	}
	return names
}

// staged returns how many staging folders there are but for the bystander's.
func (s *scene) staged() int {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dest, incomingFolder))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries) - 1
}

// untouched checks that nothing was created, changed or deleted outside the
// destination, and nothing published inside.
func (s *scene) untouched() {
	s.t.Helper()
	if got := s.around(); got != s.canary {
		s.t.Errorf("outside the destination there is now\n%s, want\n%s", got, s.canary)
	}
	if names := s.visible(); len(names) != 0 {
		s.t.Errorf("published: %q", names)
		for _, name := range names {
			os.RemoveAll(filepath.Join(s.dest, name))
		}
	}
}

// finish lets the bystander end its transfer.
func (s *scene) finish() {
	s.t.Helper()
	p := s.bystander
	p.t = s.t
	p.alive()
	for chunk := int64(1); chunk < chunks(int64(len(s.content))); chunk++ {
		part := s.content[chunk*chunkSize:][:chunkLen(int64(len(s.content)), chunk)]
		p.say(frameData, bystanderStream, fragment(0, uint32(chunk), 0, headOf(s.content, chunk), part))
	}
	p.say(frameFiles, bystanderStream, outcome(s.content))
	p.say(frameEnd, bystanderStream, &end{Skipped: []skipped{}})
	p.expect(frameDone, &done{})
	got, err := os.ReadFile(filepath.Join(s.dest, "bystander.bin"))
	if err != nil || !bytes.Equal(got, s.content) {
		s.t.Errorf("the bystander's file: %d bytes, %v", len(got), err)
	}
}
