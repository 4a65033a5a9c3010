package transfer

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
)

func (h *testNode) trust(level Level) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.level = level
}

// speaks shakes hands by TLS with a node and reports whether it then says anything.
func speaks(t *testing.T, to *testNode, identity *Identity) bool {
	t.Helper()
	conn := dialNode(t, to)
	channel := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpn}, Certificates: []tls.Certificate{identity.cert}, MinVersion: tls.VersionTLS13})
	if err := channel.Handshake(); err != nil {
		t.Fatal(err)
	}
	if got := channel.ConnectionState().PeerCertificates[0].Subject.String(); got != "CN=yonder" {
		t.Errorf("the certificate names %q", got)
	}
	n, err := channel.Read(make([]byte, 1))
	if n == 0 && err != io.EOF {
		t.Errorf("the end is %v, want an orderly one", err)
	}
	return n > 0
}

func TestAdmitFrom(t *testing.T) {
	tests := []struct {
		reason string
		least  Level
		level  Level // of whoever connects
		in     bool
	}{
		{"everybody is let in unless told otherwise", Blocked, Unknown, true},
		{"a stranger", Paired, Unknown, false},
		{"somebody dealt with before", Paired, Known, false},
		{"somebody paired", Paired, Paired, true},
		{"an own device", Paired, Mine, true},
		{"blocked people are not told more than others", Paired, Blocked, false},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			noLeaks(t)
			a, b := startNode(t, nil, t.TempDir(), nil), startNode(t, nil, t.TempDir(), nil)
			b.trust(test.level)
			b.AdmitFrom(test.least)
			if said := speaks(t, b, newKey(t)); said != test.in {
				t.Errorf("inside TLS it says something: %v, want %v", said, test.in)
			}
			s, err := a.Connect(t.Context(), b.id, []netip.AddrPort{b.addr})
			if (err == nil) != test.in {
				t.Fatalf("Connect = %v, want in %v", err, test.in)
			}
			if err != nil && (!errors.Is(err, ErrTurnedAway) || !errors.Is(err, ErrUnreachable)) {
				t.Errorf("Connect = %v, want ErrTurnedAway, which is an ErrUnreachable", err)
			}
			if _, err := a.Prove(t.Context(), b.addr, b.id); (err == nil) != test.in {
				t.Errorf("Prove = %v, want in %v", err, test.in)
			}
			if s != nil {
				s.Close()
			}
		})
	}
}

// What the one who hides dials is a session like any other, in both directions.
func TestTurningAwayDoesNotConcernWhatWeDial(t *testing.T) {
	noLeaks(t)
	dirA, dirB := t.TempDir(), t.TempDir()
	a, b := startNode(t, nil, dirA, nil), startNode(t, nil, dirB, nil)
	b.AdmitFrom(Paired)
	there := write(t, filepath.Join(t.TempDir(), "there.bin"), random(3*chunkSize))
	back := write(t, filepath.Join(t.TempDir(), "back.bin"), random(chunkSize))
	s := connect(t, b, a)
	if _, err := s.Send(t.Context(), outgoing(there)); err != nil {
		t.Fatalf("sending to a stranger: %v", err)
	}
	reply, err := a.Connect(t.Context(), b.id, nil) // the session that is open
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reply.Send(t.Context(), outgoing(back)); err != nil {
		t.Errorf("the stranger sends back on the same session: %v", err)
	}
	if err := reply.SendChat(t.Context(), Chat{ID: [16]byte{1}, Body: "thanks"}); err != nil {
		t.Error(err)
	}
	b.until("the message", func() bool { return len(b.chats) == 1 })
	s.Close()
	eventually(t, "the end of the session", func() bool { return a.Session(b.id) == nil && b.Session(a.id) == nil })
	if _, err := a.Connect(t.Context(), b.id, []netip.AddrPort{b.addr}); !errors.Is(err, ErrTurnedAway) {
		t.Errorf("the stranger dials afterwards: %v, want ErrTurnedAway", err)
	}
}

func TestClosingTheDoorEndsIdleSessions(t *testing.T) {
	noLeaks(t)
	dst := t.TempDir()
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	idle := newPuppet(t, b)
	content := random(2 * chunkSize)
	moving := newPuppet(t, b)
	file := load{"moving.bin", content}
	moving.accepted(1, offering(1, file))
	dialled := connect(t, b, a)
	b.AdmitFrom(Paired)
	if code := idle.ended(); code != 9 {
		t.Errorf("the idle session of a stranger ends with %d, want 9", code)
	}
	moving.say(framePage, 1, manifestOf(file))
	for chunk := range chunks(int64(len(content))) {
		part := content[chunk*chunkSize:][:chunkLen(int64(len(content)), chunk)]
		moving.say(frameData, 1, fragment(0, uint32(chunk), 0, headOf(content, chunk), part))
	}
	moving.say(frameFiles, 1, outcome(content))
	moving.say(frameEnd, 1, &end{Skipped: []skipped{}})
	moving.expect(frameDone, &done{}) // what was accepted comes to its end
	if code := moving.ended(); code != 9 {
		t.Errorf("after its transfer the session ends with %d, want 9", code)
	}
	select {
	case <-dialled.Done():
		t.Error("a session that we dialled was closed too")
	default:
	}
}

// Who only asks who is there does not say what it is called.
func TestAskingTellsNoName(t *testing.T) {
	noLeaks(t)
	a := startNode(t, nil, t.TempDir(), nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	identity := newKey(t)
	heard := make(chan hello, 1)
	go func() {
		defer close(heard)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		channel := tls.Server(conn, identity.tlsConfig(func(ID) error { return nil }))
		h, err := readHeader(channel)
		if err != nil {
			return
		}
		payload := make([]byte, h.length)
		var m hello
		if _, err := io.ReadFull(channel, payload); err == nil && unmarshal(payload, &m) == nil {
			heard <- m
		}
	}()
	at := netip.MustParseAddrPort(ln.Addr().String())
	_, _ = a.Prove(t.Context(), at, identity.ID()) // it gets no answer
	m, ok := <-heard
	if !ok || !m.Ask || m.Name != "" || m.System != "" || m.Version != "" || m.Port != 0 {
		t.Errorf("heard %+v, %v; want a question and no name", m, ok)
	}
}
