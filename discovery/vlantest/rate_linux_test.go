package vlantest

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestRate moves 1 MB over a link of 8 Mbit/s, which takes a second, and counts it. A
// machine that is busy can only be slower.
func TestRate(t *testing.T) {
	const size = 1_000_000
	lan := New(t, 2)
	lan.Rate(1, 8_000_000)
	var listener net.Listener
	lan.Enter(2, func() {
		var err error
		if listener, err = net.Listen("tcp", lan.Addr(2).String()+":4000"); err != nil {
			t.Error(err)
		}
	})
	if listener == nil {
		t.FailNow()
	}
	defer listener.Close()
	var out net.Conn
	lan.Enter(1, func() {
		var err error
		if out, err = net.Dial("tcp", listener.Addr().String()); err != nil {
			t.Error(err)
		}
	})
	if out == nil {
		t.FailNow()
	}
	in, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	began := time.Now()
	go func() { // ends when everything is on its way, or in is closed
		out.Write(make([]byte, size)) // what is missing is found by whoever reads
		out.Close()
	}()
	n, err := io.Copy(io.Discard, in)
	took := time.Since(began)
	if err != nil || n != size {
		t.Fatalf("%d bytes arrived, %v; want %d", n, err, size)
	}
	if took < 800*time.Millisecond {
		t.Errorf("%d bytes took %v over 8 Mbit/s", size, took)
	}
	_, sent := lan.Traffic(1)
	if got, _ := lan.Traffic(2); got < size || got > size*5/4 || sent < size {
		t.Errorf("Traffic says %d bytes out and %d in, want a little more than %d", sent, got, size)
	}
	lan.Rate(1, 0)
}

func TestCounters(t *testing.T) {
	const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       1       2    0    0    0     0          0         0        3       4    0    0    0     0       0          0
  eth0: 1234567     100    0    0    0     0          0         0  7654321     200    0    0    0     0       0          0
`
	if in, out, err := counters(text, "eth0"); in != 1234567 || out != 7654321 || err != nil {
		t.Errorf("counters of eth0 = %d, %d, %v", in, out, err)
	}
	if _, _, err := counters(text, "eth1"); err == nil {
		t.Error("an interface that is not there has counters")
	}
}
