package transfer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// certificate makes a self-signed one for any key, with a name of the wanted length.
func certificate(t testing.TB, key crypto.Signer, name string) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// forger signs with a key of its own and says that another one is its.
type forger struct {
	crypto.Signer
	public crypto.PublicKey
}

func (f forger) Public() crypto.PublicKey { return f.public }

// forged makes a certificate for a public key whose private key is not known, with extensions.
func forged(t testing.TB, public crypto.PublicKey, own crypto.Signer, extensions ...pkix.Extension) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1, 0), ExtraExtensions: extensions}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, own)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: forger{own, public}}
}

// TestHostileHandshake refuses everything that is not TLS 1.3 with our ALPN and one
// small Ed25519 certificate. Nobody is told who we are before that.
func TestHostileHandshake(t *testing.T) {
	s := newScene(t)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good, huge := certificate(t, edKey, "x"), certificate(t, edKey, strings.Repeat("x", maxCertificate))
	rsaCert, ecCert := certificate(t, rsa2048, "x"), certificate(t, p256, "x")
	two := tls.Certificate{Certificate: [][]byte{good.Certificate[0], good.Certificate[0]}, PrivateKey: edKey}
	stolen := newKey(t).cert.Certificate[0]
	theirs, err := x509.ParseCertificate(stolen)
	if err != nil {
		t.Fatal(err)
	}
	copied := tls.Certificate{Certificate: [][]byte{stolen}, PrivateKey: forger{edKey, theirs.PublicKey}}
	rsa16k := forged(t, &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(5), 16383, 1), E: 65537}, edKey)
	// what begins like an Ed25519 key and is one of a kind that is not known
	odd := tls.Certificate{Certificate: [][]byte{bytes.ReplaceAll(good.Certificate[0], []byte{6, 3, 0x2b, 0x65, 0x70}, []byte{6, 3, 0x2b, 0x65, 0x7a})}, PrivateKey: edKey}
	extended := forged(t, edKey.Public(), edKey, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte("\x1b[31m")})
	junk := tls.Certificate{Certificate: [][]byte{bytes.Repeat([]byte{0x30, 0x84, 0xff}, 500)}, PrivateKey: edKey}
	chain := tls.Certificate{PrivateKey: edKey}
	for len(chain.Certificate) < 1<<20/len(good.Certificate[0]) {
		chain.Certificate = append(chain.Certificate, good.Certificate[0])
	}
	base := func(change func(c *tls.Config)) *tls.Config {
		c := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{alpn}, Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS13}
		change(c)
		return c
	}
	tests := []struct {
		reason string
		config *tls.Config
		ok     bool
	}{
		{"as it should be, dates in 1970", base(func(*tls.Config) {}), true},
		{"TLS 1.2", base(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), false},
		{"another ALPN", base(func(c *tls.Config) { c.NextProtos = []string{"h2", "yonder/2"} }), false},
		{"no ALPN", base(func(c *tls.Config) { c.NextProtos = nil }), false},
		{"no certificate", base(func(c *tls.Config) { c.Certificates = nil }), false},
		{"an RSA key", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{rsaCert} }), false},
		{"an ECDSA key", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{ecCert} }), false},
		{"two certificates", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{two} }), false},
		{"a certificate above 2 KiB", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{huge} }), false},
		{"somebody else's certificate, without their key", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{copied} }), false},
		{"an RSA key of 16,384 bits", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{rsa16k} }), false},
		{"a key of an unknown kind", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{odd} }), false},
		{"garbage for a certificate", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{junk} }), false},
		{"a chain of 1 MiB", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{chain} }), false},
		{"an unknown extension, which means nothing", base(func(c *tls.Config) { c.Certificates = []tls.Certificate{extended} }), true},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			conn := dialNode(t, s.b)
			channel := tls.Client(conn, test.config)
			err := channel.Handshake()
			if err == nil {
				_, err = readHeader(channel) // the HELLO comes only when the server is content
			}
			if (err == nil) != test.ok {
				t.Errorf("handshake = %v, want ok %v", err, test.ok)
			}
			conn.Close()
			s.bystander.alive()
		})
	}
	for reason, text := range map[string]string{
		"plaintext hello": string(frame(frameHello, 0, marshal(&hello{ID: s.bystander.id}))),
		"HTTP":            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"zeros":           strings.Repeat("\x00", 1000),
		"SSH":             "SSH-2.0-OpenSSH_9.2\r\n",
	} {
		t.Run(reason, func(t *testing.T) {
			conn := dialNode(t, s.b)
			conn.Write([]byte(text))
			answer, err := io.ReadAll(conn)
			if len(answer) > 7 || errors.Is(err, context.DeadlineExceeded) { // a TLS alert at most
				t.Errorf("answered with %q, %v", answer, err)
			}
			conn.Close()
			s.bystander.alive()
		})
	}
	s.t, s.bystander.t = t, t
	s.untouched()
	s.finish()
}

// TestNoResumption: a second connection shows the certificate again, whatever the client kept
// of the first one.
func TestNoResumption(t *testing.T) {
	b := startNode(t, nil, t.TempDir(), nil)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{
		InsecureSkipVerify: true, NextProtos: []string{alpn}, Certificates: []tls.Certificate{certificate(t, key, "x")},
		ClientSessionCache: tls.NewLRUClientSessionCache(9), ServerName: "yonder",
	}
	for i := range 3 {
		channel := tls.Client(dialNode(t, b), config)
		if _, err := readHeader(channel); err != nil { // of HELLO, behind any ticket
			t.Fatal(err)
		}
		if state := channel.ConnectionState(); state.DidResume || len(state.PeerCertificates) != 1 {
			t.Errorf("connection %d: resumed %v, %d certificates", i, state.DidResume, len(state.PeerCertificates))
		}
		channel.Close()
	}
}

// dialNode opens a plain connection that ends with the test, or after 10 s.
func dialNode(t testing.TB, to *testNode) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", to.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(8 * time.Second))
	return conn
}

// withField returns a HELLO with one field more.
func withField(m *hello, key uint64) []byte {
	var fields map[uint64]any
	must(0, decodeMode.Unmarshal(marshal(m), &fields))
	fields[key] = "later"
	return marshal(fields)
}

func TestHostileHello(t *testing.T) {
	s := newScene(t)
	mine := newKey(t)
	padded := func(total int) []byte {
		name := strings.Repeat("n", total)
		for {
			b := marshal(&hello{ID: mine.ID(), Name: name})
			if len(b) <= total {
				return b
			}
			name = name[:len(name)-(len(b)-total)]
		}
	}
	tests := []struct {
		reason string
		frame  []byte
		ok     bool
	}{
		{"its own ID", frame(frameHello, 0, marshal(&hello{ID: mine.ID()})), true},
		{"a later minor version, with what it can do", frame(frameHello, 0, marshal(&hello{ID: mine.ID(), Minor: 7, Caps: 1<<64 - 1})), true},
		{"minor version 2^64-1, no clock", frame(frameHello, 0, marshal(&hello{ID: mine.ID(), Minor: 1<<64 - 1, Epoch: 1<<64 - 1, Clock: -1 << 63})), true},
		{"a clock behind all times", frame(frameHello, 0, marshal(&hello{ID: mine.ID(), Epoch: 1<<64 - 1, Clock: 1<<63 - 1})), true},
		{"a field of a later version", frame(frameHello, 0, withField(&hello{ID: mine.ID()}, 128)), true},
		{"a field that must be understood", frame(frameHello, 0, withField(&hello{ID: mine.ID()}, 100)), false},
		{"8 KiB", frame(frameHello, 0, padded(maxHello)), true},
		{"8 KiB + 1", frame(frameHello, 0, padded(maxHello+1)), false},
		{"-1 as length", header{typ: frameHello, length: 1<<32 - 1}.append(nil), false},
		{"another ID than its key", frame(frameHello, 0, marshal(&hello{ID: s.bystander.id})), false},
		{"our own ID", frame(frameHello, 0, marshal(&hello{ID: s.b.id})), false},
		{"no ID", frame(frameHello, 0, marshal(&hello{})), false},
		{"on a stream", frame(frameHello, 1, marshal(&hello{ID: mine.ID()})), false},
		{"empty", frame(frameHello, 0, nil), false},
		{"an offer before it", frame(frameOffer, 1, marshal(offering(1, load{"a", nil}))), false},
		{"chat before it", frame(frameChat, 0, marshal(&chat{Conv: []byte{}})), false},
		{"an unknown optional frame before it", header{typ: 0x7f, flags: flagOptional}.append(nil), false},
	}
	for _, test := range tests {
		t.Run(test.reason, func(t *testing.T) {
			p := shakenPuppet(t, s.b, mine)
			p.conn.SetDeadline(time.Now().Add(8 * time.Second))
			if _, _, err := p.hear(); err != nil { // theirs does not wait for ours
				t.Fatalf("no HELLO from the other side: %v", err)
			}
			p.raw(test.frame)
			p.say(framePing, 0, &ping{Nonce: 1})
			h, _, err := p.hear()
			if ok := err == nil && h.typ == framePong; ok != test.ok {
				t.Errorf("after the HELLO: frame %#02x, %v; want a session %v", byte(h.typ), err, test.ok)
			}
			if !test.ok && s.b.Session(p.id) != nil {
				t.Error("there is a session")
			}
			p.wire.Conn.Close()
			for s.b.Session(p.id) != nil { // the next row comes with the same key
				time.Sleep(time.Millisecond)
			}
			s.bystander.alive()
		})
	}
	s.t, s.bystander.t = t, t
	s.b.mu.Lock()
	if len(s.b.offers) != 1 || len(s.b.chats) != 0 {
		t.Errorf("%d offers and %d messages reached the user, want the bystander's offer", len(s.b.offers), len(s.b.chats))
	}
	s.b.mu.Unlock()
	s.finish()
}

// TestHandshakeDeadline closes a connection that does not say HELLO in 10 s, whatever
// else it does meanwhile. Time is the bubble's.
func TestHandshakeDeadline(t *testing.T) {
	for _, test := range []struct {
		reason string
		tls    bool
		every  time.Duration // 0: silent
	}{
		{"silent from the beginning", false, 0},
		{"a byte of the handshake every 2 s", false, 2 * time.Second},
		{"silent behind TLS", true, 0},
		{"a byte of HELLO every 2 s", true, 2 * time.Second},
	} {
		t.Run(test.reason, func(t *testing.T) {
			server, client := newKey(t), newKey(t)
			synctest.Test(t, func(t *testing.T) {
				host := &testNode{t: t, level: Unknown, change: make(chan struct{})}
				node, err := NewNode(Config{Identity: server, Host: host})
				if err != nil {
					t.Fatal(err)
				}
				near, far := net.Pipe()
				began := time.Now()
				var others sync.WaitGroup
				over := make(chan time.Duration, 1)
				go func() {
					node.serve(t.Context(), &greeting{conn: far})
					over <- time.Since(began)
				}()
				// The bytes that trickle: a TLS record header, or that of a HELLO.
				out, trickle := net.Conn(near), []byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}
				if test.tls {
					channel := tls.Client(near, client.tlsConfig(func(ID) error { return nil }))
					if err := channel.Handshake(); err != nil {
						t.Fatal(err)
					}
					others.Go(func() { io.Copy(io.Discard, channel) })
					out, trickle = channel, frame(frameHello, 0, make([]byte, 20))
				} else {
					others.Go(func() { io.Copy(io.Discard, near) })
				}
				if test.every > 0 {
					others.Go(func() {
						for _, b := range trickle {
							time.Sleep(test.every)
							if _, err := out.Write([]byte{b}); err != nil {
								return
							}
						}
					})
				}
				if took := <-over; took != handshakeLimit {
					t.Errorf("closed after %v, want %v", took, handshakeLimit)
				}
				near.Close()
				others.Wait()
			})
		})
	}
}

// TestConnectionFlood closes the oldest connection that has not said HELLO when there
// are too many, of one address and of all; sessions stay.
func TestConnectionFlood(t *testing.T) {
	s := newScene(t)
	from := func(host byte) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 7, host)}}
		conn, err := d.Dial("tcp", s.b.addr.String())
		if err != nil {
			t.Skipf("no other loopback addresses here: %v", err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	waiting := func(n int) {
		t.Helper()
		for range 2000 {
			s.b.Node.mu.Lock()
			have := len(s.b.greeting)
			s.b.Node.mu.Unlock()
			if have == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Fatalf("not %d connections that wait", n)
	}
	closed := func(conn net.Conn) error { // the end of a connection, or nil while it is open
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err := conn.Read(make([]byte, 1))
		return err
	}
	open := func(conn net.Conn) bool {
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, err := conn.Read(make([]byte, 1))
		var timeout net.Error
		return errors.As(err, &timeout) && timeout.Timeout()
	}
	var one []net.Conn
	for range maxPerAddress {
		one = append(one, from(1))
	}
	waiting(maxPerAddress)
	ninth := from(1)
	if err := closed(one[0]); err == nil || !open(one[1]) || !open(ninth) {
		t.Errorf("9 connections of one address: the oldest = %v, want it closed and the others open", err)
	}
	waiting(maxPerAddress)
	for host := byte(2); host < 5; host++ {
		for range maxPerAddress {
			from(host)
		}
	}
	waiting(maxHandshakes)
	last := from(9)
	if err := closed(one[1]); err == nil || !open(one[2]) || !open(last) {
		t.Errorf("33 connections: the oldest = %v, want it closed and the others open", err)
	}
	waiting(maxHandshakes)
	s.bystander.alive()
	p := newPuppet(t, s.b) // somebody who does shake hands gets in past those who wait
	p.alive()
	if !open(last) {
		t.Error("a connection had to end before another could shake hands")
	}
	s.finish()
}

// TestWrongPeer hears nothing from us when another key answers than was asked for.
func TestWrongPeer(t *testing.T) {
	noLeaks(t)
	a := startNode(t, nil, "", nil)
	impostor := newKey(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	heard := make(chan []byte, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			heard <- nil
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(8 * time.Second))
		channel := tls.Server(conn, impostor.tlsConfig(func(ID) error { return nil }))
		channel.Handshake()
		b, _ := io.ReadAll(channel)
		heard <- b
	}()
	addr := netip.MustParseAddrPort(ln.Addr().String())
	if _, err := a.Connect(t.Context(), newKey(t).ID(), []netip.AddrPort{addr}); !errors.Is(err, ErrWrongPeer) {
		t.Errorf("Connect = %v, want ErrWrongPeer", err)
	}
	if b := <-heard; len(b) != 0 {
		t.Errorf("the other device heard %d bytes: %q", len(b), b)
	}
}

// TestOtherVersions dials programs that speak another major version, or none, and lets
// them dial. Neither side falls back to anything, and who dialled can say what it was.
func TestOtherVersions(t *testing.T) {
	noLeaks(t)
	a, other := startNode(t, nil, "", nil), newKey(t)
	for reason, protocols := range map[string][]string{"only later ones": {"yonder/2", "yonder/3"}, "none of ours": {"h2", "http/1.1"}} {
		config := other.tlsConfig(func(ID) error { return nil })
		config.NextProtos = protocols
		ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() {
			conn, err := ln.Accept()
			if err == nil {
				err = conn.(*tls.Conn).Handshake()
				conn.Close()
			}
			served <- err
		}()
		if _, err := a.Connect(t.Context(), other.ID(), []netip.AddrPort{netip.MustParseAddrPort(ln.Addr().String())}); !errors.Is(err, ErrVersion) {
			t.Errorf("%s: Connect = %v, want ErrVersion", reason, err)
		}
		if err := <-served; err == nil {
			t.Errorf("%s: they shook hands", reason)
		}
		ln.Close()
		conn := tls.Client(dialNode(t, a), config)
		if err := conn.Handshake(); err == nil || !strings.Contains(err.Error(), "no application protocol") {
			t.Errorf("%s: a handshake with us = %v, want an alert about the protocol", reason, err)
		}
	}
	a.mu.Lock()
	if !slices.Equal(a.versions, []bool{true}) {
		t.Errorf("told of versions %v; want once that a newer one is needed, and nothing of other protocols", a.versions)
	}
	a.mu.Unlock()
	old := other.tlsConfig(func(ID) error { return nil })
	old.NextProtos = []string{"yonder/0"}
	if err := tls.Client(dialNode(t, a), old).Handshake(); err == nil {
		t.Error("they shook hands")
	}
	odd := other.tlsConfig(func(ID) error { return nil })
	odd.NextProtos = []string{"yonder/", "yonder/x", "yonder/-1", "yonder/99999999999", "yonder/1 "}
	tls.Client(dialNode(t, a), odd).Handshake()
	a.mu.Lock()
	if !slices.Equal(a.versions, []bool{true, false}) {
		t.Errorf("told of versions %v, want that an older one came last", a.versions)
	}
	a.mu.Unlock()
	both := other.tlsConfig(func(ID) error { return nil })
	both.NextProtos = []string{"yonder/2", alpn}
	if conn := tls.Client(dialNode(t, a), both); conn.Handshake() != nil || conn.ConnectionState().NegotiatedProtocol != alpn {
		t.Error("a program that also speaks our version does not speak it with us")
	}
}

// TestConnectErrors names what kept a connection from being made.
func TestConnectErrors(t *testing.T) {
	noLeaks(t)
	a, b, blocking := startNode(t, nil, "", nil), startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	blocking.level = Blocked
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := netip.MustParseAddrPort(ln.Addr().String())
	ln.Close()
	tests := []struct {
		reason string
		want   ID
		addrs  []netip.AddrPort
		err    error
	}{
		{"nobody listens", b.id, []netip.AddrPort{gone}, ErrUnreachable},
		{"no address", b.id, nil, ErrUnreachable},
		{"ourselves", a.id, []netip.AddrPort{a.addr}, ErrSelf},
		{"ourselves, by address", ID{}, []netip.AddrPort{a.addr}, ErrSelf},
		{"another device", b.id, []netip.AddrPort{blocking.addr}, ErrWrongPeer},
		{"the second address is right", b.id, []netip.AddrPort{gone, b.addr}, nil},
	}
	for _, test := range tests {
		s, err := a.Connect(t.Context(), test.want, test.addrs)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: Connect = %v, want %v", test.reason, err, test.err)
		}
		if s != nil && s.Peer().ID != b.id {
			t.Errorf("%s: connected with another device", test.reason)
		}
	}
	if s, err := a.Connect(t.Context(), blocking.id, []netip.AddrPort{blocking.addr}); err == nil {
		<-s.Done() // it says so behind the hellos
		if err := s.failure(); !errors.Is(err, ErrBlocked) {
			t.Errorf("a session with somebody who blocks us ended with %v, want ErrBlocked", err)
		}
	} else if !errors.Is(err, ErrBlocked) {
		t.Errorf("Connect to somebody who blocks us = %v, want ErrBlocked", err)
	}
}
