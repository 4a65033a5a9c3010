package cli

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// TestLANVisibility looks at a receiver from another host: at what it announces, at what
// "peers" lists, at what it says to a stranger who connects, and whether it still sends.
func TestLANVisibility(t *testing.T) {
	waits(t)
	const name = "二号 two" // of the receiver
	tests := []struct {
		visible   string
		datagrams bool // it announces itself
		named     bool // and says its name
		listed    bool
		answers   bool // it says something inside TLS
	}{
		{"everyone", true, true, true, true},
		{"10m", true, true, true, true},
		{"paired", true, false, true, false},
		{"nobody", false, false, false, false},
	}
	l := newLAN(t)
	source := filepath.Join(l.dir, "hello.txt")
	if err := os.WriteFile(source, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.visible, func(t *testing.T) {
			l.t, l.fresh = t, tt.visible
			heard := l.eavesdrop(1)
			receiver := l.startReceiver(2, t.TempDir(), "--visible", tt.visible)
			id := receiver.await("listening", 0, func(e lanEvent) bool { return e.Event == "listening" }).ID

			events, _ := l.run(1, "peers", "--wait", "4s") // its questions get no answer either
			var peer *lanEvent
			for _, e := range events {
				if e.Event == "peer" && e.ID == id {
					peer = &e
				}
			}
			switch {
			case (peer != nil) != tt.listed:
				t.Errorf("peers lists it: %+v, want listed %v", events, tt.listed)
			case peer != nil && (peer.Name == name) != tt.named:
				t.Errorf("peers calls it %q, want its name %v", peer.Name, tt.named)
			}
			said, names := heard.stop(l.net.Addr(2).AsSlice(), name)
			if (said > 0) != tt.datagrams || (names > 0) != tt.named {
				t.Errorf("%d datagrams came from it, %d with its name", said, names)
			}
			t.Logf("%d datagrams, %d of them with the name", said, names)

			if answer := l.asksMDNS(1, l.net.Addr(2).AsSlice()); (answer != nil) != tt.datagrams || bytes.Contains(answer, []byte(name)) {
				t.Errorf("it answers mDNS with %q", answer)
			}
			inside := l.inside(1, net.JoinHostPort(l.net.Addr(2).String(), "21925"))
			if (len(inside) > 0) != tt.answers || bytes.Contains(inside, []byte(name)) != tt.answers {
				t.Errorf("to a stranger it says %d bytes inside TLS: %q", len(inside), inside)
			}
			last, code := l.run(1, "send", "--retry", "0", "--to", l.net.Addr(2).String(), source)
			if tt.answers != (code == exitOK) {
				t.Errorf("sending to it by address: exit %d", code)
			}
			if e := last[len(last)-1]; !tt.answers && (code != exitNotFound || e.Code != "peer-private") {
				t.Errorf("sending to it by address: exit %d, %+v", code, e)
			}
			receiver.signal(os.Interrupt)
			receiver.finish(time.Minute)

			folder := t.TempDir()
			stranger := l.startReceiver(1, folder)
			window := l.start(2, "receive", "--visible", tt.visible) // holds the profile while send uses it
			window.await("listening", time.Minute, func(e lanEvent) bool { return e.Event == "listening" })
			if _, code := l.run(2, "send", "--retry", "0", "--to", l.net.Addr(1).String(), source); code != exitOK {
				t.Errorf("sending from it: exit %d", code)
			}
			if got, err := os.ReadFile(filepath.Join(folder, "hello.txt")); err != nil || string(got) != "hello" {
				t.Errorf("sent by it: %q, %v", got, err)
			}
			for _, p := range []*process{stranger, window} {
				p.signal(os.Interrupt)
				p.finish(time.Minute)
			}
		})
	}
}

// eavesdropper hears what goes to everybody at a host.
type eavesdropper struct {
	conns []*net.UDPConn
	done  sync.WaitGroup

	mu    sync.Mutex
	heard []heard
}

type heard struct {
	from net.IP
	data []byte
}

// eavesdrop listens to announcements at a host until stop.
func (l *lan) eavesdrop(host int) *eavesdropper {
	l.t.Helper()
	e := &eavesdropper{}
	l.net.Enter(host, func() {
		for network, group := range map[string]string{"udp4": "224.0.0.199", "udp6": "ff12::5959"} {
			ifi, err := net.InterfaceByName("eth0")
			var conn *net.UDPConn
			if err == nil {
				conn, err = net.ListenMulticastUDP(network, ifi, &net.UDPAddr{IP: net.ParseIP(group), Port: 21925})
			}
			if err != nil {
				l.t.Error(err)
				return
			}
			e.conns = append(e.conns, conn)
		}
	})
	for _, conn := range e.conns {
		e.done.Go(func() { e.read(conn) })
	}
	return e
}

func (e *eavesdropper) read(conn *net.UDPConn) {
	buf := make([]byte, 2000)
	for {
		n, from, err := conn.ReadFromUDP(buf)
		if err != nil {
			return
		}
		e.mu.Lock()
		e.heard = append(e.heard, heard{from.IP, bytes.Clone(buf[:n])})
		e.mu.Unlock()
	}
}

// stop returns how many datagrams came from an address, and how many of all had a name in them.
func (e *eavesdropper) stop(from net.IP, name string) (said, names int) {
	for _, conn := range e.conns {
		conn.Close()
	}
	e.done.Wait()
	for _, h := range e.heard {
		if h.from.Equal(from) {
			said++
		}
		if bytes.Contains(h.data, []byte(name)) {
			names++
		}
	}
	return said, names
}

// asksMDNS asks from a host who offers the service, and returns what comes from an address
// within a second.
func (l *lan) asksMDNS(host int, from net.IP) (answer []byte) {
	l.t.Helper()
	question := new(dns.Msg)
	question.SetQuestion("_yonder._tcp.local.", dns.TypePTR)
	packed, err := question.Pack()
	if err != nil {
		l.t.Fatal(err)
	}
	l.net.Enter(host, func() {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: l.net.Addr(host).AsSlice()})
		if err != nil {
			l.t.Error(err)
			return
		}
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := conn.WriteToUDP(packed, &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}); err != nil {
			l.t.Error(err)
		}
		buf := make([]byte, 9000)
		for {
			n, at, err := conn.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if at.IP.Equal(from) {
				answer = append(answer, buf[:n]...)
			}
		}
	})
	return answer
}

// inside shakes hands by TLS with an address from a host, as a stranger, and returns what
// comes inside until a second after.
func (l *lan) inside(host int, addr string) (said []byte) {
	l.t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		l.t.Fatal(err)
	}
	l.net.Enter(host, func() {
		conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
		if err != nil {
			l.t.Error(err)
			return
		}
		defer conn.Close()
		channel := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"yonder/1"},
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
		channel.SetDeadline(time.Now().Add(10 * time.Second))
		if err := channel.Handshake(); err != nil {
			l.t.Error(err)
			return
		}
		channel.SetReadDeadline(time.Now().Add(time.Second))
		said, err = io.ReadAll(channel)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			l.t.Errorf("read from %s: %v", addr, err)
		}
	})
	return said
}
