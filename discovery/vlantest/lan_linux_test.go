package vlantest

import (
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestHostsReachEachOtherUntilCut(t *testing.T) {
	lan := New(t, 2)
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
	dial := func() (err error) {
		lan.Enter(1, func() {
			var c net.Conn
			// Only addresses, so the dialler stays in this goroutine and its namespace.
			if c, err = net.DialTimeout("tcp", listener.Addr().String(), time.Second); err == nil {
				c.Close()
			}
		})
		return err
	}
	if err := dial(); err != nil {
		t.Errorf("before the cut: %v", err)
	}
	lan.Partition(2)
	if err := dial(); err == nil {
		t.Error("a host that is cut off was reached")
	}
	lan.Heal(2)
	if err := dial(); err != nil {
		t.Errorf("after the cut was healed: %v", err)
	}
	lan.Unplug(1)
	if err := dial(); err == nil {
		t.Error("an unplugged host reached another")
	}
}

func TestRouterPassesWhatGoesToOneAddress(t *testing.T) {
	near, far := New(t, 1), NewWith(t, 1, Options{Net: 1})
	var listener net.Listener
	far.Enter(1, func() {
		var err error
		if listener, err = net.Listen("tcp", far.Addr(1).String()+":4000"); err != nil {
			t.Error(err)
		}
	})
	if listener == nil {
		t.FailNow()
	}
	defer listener.Close()
	dial := func(within time.Duration) (err error) {
		near.Enter(1, func() {
			var c net.Conn
			if c, err = net.DialTimeout("tcp", listener.Addr().String(), within); err == nil {
				c.Close()
			}
		})
		return err
	}
	if err := dial(time.Second); err == nil {
		t.Error("another network is reached without a router")
	}
	near.Join(far)
	// The host asks for the router's address once a second, and the switch may take as long to use the new port.
	if err := dial(10 * time.Second); err != nil {
		t.Errorf("through the router: %v", err)
	}
}

func TestRemoveLeavesNothing(t *testing.T) {
	var prefix string
	t.Run("network", func(t *testing.T) {
		lan := New(t, 2)
		prefix = lan.prefix
		if err := lan.Command(1, "sleep", "60").Start(); err != nil {
			t.Error(err)
		}
	})
	if prefix == "" {
		t.Skip("no network was made")
	}
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil || strings.Contains(string(out), prefix) {
		t.Errorf("ip netns list: %v\n%s", err, out)
	}
}
