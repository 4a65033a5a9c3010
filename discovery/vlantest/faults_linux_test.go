package vlantest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// datagrams sends each payload from host 1 to host 2 and returns what arrives.
func datagrams(t *testing.T, lan *LAN, payloads ...[]byte) (arrived [][]byte) {
	t.Helper()
	var in *net.UDPConn
	var out net.Conn
	var err error
	lan.Enter(2, func() {
		if in, err = net.ListenUDP("udp4", &net.UDPAddr{IP: lan.Addr(2).AsSlice(), Port: 4000}); err != nil {
			t.Error(err)
		}
	})
	lan.Enter(1, func() {
		if out, err = net.Dial("udp4", lan.Addr(2).String()+":4000"); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	defer in.Close()
	defer out.Close()
	in.SetReadBuffer(1 << 20)
	for _, b := range payloads {
		if _, err := out.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for in.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); ; {
		b := make([]byte, 2000)
		n, err := in.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return arrived
		} else if err != nil {
			t.Fatal(err)
		}
		arrived = append(arrived, b[:n])
	}
}

func TestPacketFaults(t *testing.T) {
	lan := New(t, 2)
	many := make([][]byte, 400)
	for i := range many {
		many[i] = make([]byte, 300)
	}
	if got := len(datagrams(t, lan, many...)); got != 400 {
		t.Fatalf("without faults %d of 400 datagrams arrive", got)
	}
	lan.PacketLoss(2, 30)
	if got := len(datagrams(t, lan, many...)); got < 200 || got > 360 {
		t.Errorf("with a loss of 30%% %d of 400 datagrams arrive", got)
	}
	lan.Swallow(2, 1300)
	if got := datagrams(t, lan, make([]byte, 1000), make([]byte, 1350), make([]byte, 1272)); len(got) != 2 || len(got[1]) != 1272 {
		t.Errorf("where 1300 bytes pass %d datagrams arrive, want those of 1000 and 1272", len(got))
	}
	lan.Damage(2, 1000)
	got := datagrams(t, lan, make([]byte, 300))
	if len(got) != 1 || got[0][92] != 0xa5 || got[0][91] != 0 || got[0][93] != 0 {
		t.Errorf("a damaged datagram arrives as %x", got)
	}
	lan.Damage(2, 0)
	lan.Duplicate(1, 2)
	if got := len(datagrams(t, lan, many[:20]...)); got != 40 {
		t.Errorf("20 datagrams that are duplicated arrive as %d", got)
	}
	lan.MTU(1, 1280)
	var eth0 *net.Interface
	var err error
	lan.Enter(1, func() { eth0, err = net.InterfaceByName("eth0") })
	if err != nil || eth0.MTU != 1280 {
		t.Errorf("host 1 has %+v, %v; want an MTU of 1280", eth0, err)
	}
}

// TestConnectionFaults ends a connection by resets, and by a router that forgets it.
func TestConnectionFaults(t *testing.T) {
	for name, fault := range map[string]func(lan *LAN){
		"reset":   func(lan *LAN) { lan.Reset(2, true) },
		"rebound": func(lan *LAN) { lan.Rebind(1) },
	} {
		t.Run(name, func(t *testing.T) {
			lan := New(t, 2)
			lan.Masquerade(1)
			var listener net.Listener
			var out net.Conn
			var err error
			lan.Enter(2, func() { listener, err = net.Listen("tcp", lan.Addr(2).String()+":4000") })
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			lan.Enter(1, func() { out, err = net.Dial("tcp", lan.Addr(2).String()+":4000") })
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			in, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			if in.RemoteAddr().String() == out.LocalAddr().String() {
				t.Errorf("a masqueraded connection comes from %v, which is its own port", in.RemoteAddr())
			}
			fault(lan)
			out.SetDeadline(time.Now().Add(20 * time.Second))
			out.Write([]byte("x"))
			if _, err := io.ReadAll(out); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the connection ended with %v, want a reset", err)
			}
		})
	}
}
