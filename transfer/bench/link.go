//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// host is one end of a link.
type host struct {
	namespace string // "": the one of this process
	addr      string // where the other end reaches it
	iface     string // by which it reaches the other end
}

// link is two hosts that reach each other.
type link struct {
	from, to host
	rate     int64 // bits per second in each direction; 0: as fast as the machine is
	about    string
}

// loopback makes a link of one host with itself, in a namespace of its own if possible.
func (b *bench) loopback() (*link, error) {
	if !b.isolate {
		h := host{addr: "127.0.0.1", iface: "lo"}
		return &link{from: h, to: h, about: "the machine's own loopback"}, nil
	}
	h := host{namespace: namespaceName("lo"), addr: "127.0.0.1", iface: "lo"}
	l := &link{from: h, to: h, about: "loopback in a namespace of its own"}
	return l, l.make([][]string{
		{"ip", "netns", "add", h.namespace},
		{"ip", "-n", h.namespace, "link", "set", "lo", "up"},
	})
}

// wire makes a link of two hosts. A rate of 0 is no limit.
func (b *bench) wire(rate int64) (*link, error) {
	if !b.isolate {
		return nil, unavailable("it needs root, to make network namespaces")
	}
	l := &link{
		from: host{namespace: namespaceName("a"), addr: "10.78.0.1", iface: "eth0"},
		to:   host{namespace: namespaceName("b"), addr: "10.78.0.2", iface: "eth0"},
		rate: rate, about: "two namespaces and a veth between them",
	}
	var steps [][]string
	for _, h := range []host{l.from, l.to} {
		steps = append(steps,
			[]string{"ip", "netns", "add", h.namespace},
			[]string{"ip", "-n", h.namespace, "link", "set", "lo", "up"})
	}
	steps = append(steps, []string{"ip", "-n", l.from.namespace, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", l.to.namespace})
	for _, h := range []host{l.from, l.to} {
		steps = append(steps,
			[]string{"ip", "-n", h.namespace, "addr", "add", h.addr + "/24", "dev", "eth0"},
			[]string{"ip", "-n", h.namespace, "link", "set", "eth0", "up"})
		if rate > 0 {
			// The bucket holds a few of the largest segments, the queue what passes in 20 ms.
			steps = append(steps, []string{"tc", "-n", h.namespace, "qdisc", "add", "dev", "eth0", "root",
				"tbf", "rate", fmt.Sprint(rate), "burst", "256kb", "latency", "20ms"})
		}
	}
	if rate > 0 {
		l.about += fmt.Sprintf(", tbf of %d Mbit/s at both ends", rate/1e6)
	}
	return l, l.make(steps)
}

func namespaceName(end string) string { return fmt.Sprintf("ybn%d-%s", os.Getpid(), end) }

// make runs the commands that make l, and removes it again if one of them fails.
func (l *link) make(steps [][]string) error {
	for _, step := range steps {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			l.remove()
			return unavailable(fmt.Sprintf("%s: %v: %s", strings.Join(step, " "), err, strings.TrimSpace(string(out))))
		}
	}
	return nil
}

// remove takes the namespaces away. What still runs in them goes on without a network.
func (l *link) remove() {
	for _, h := range []host{l.from, l.to} {
		if h.namespace != "" {
			_ = exec.Command("ip", "netns", "del", h.namespace).Run() // it may not have been made
		}
	}
}

// enter calls f in h: what f itself opens or starts belongs there.
func (h host) enter(f func() error) error {
	if h.namespace == "" {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with this goroutine, and nobody else gets it.
		runtime.LockOSThread()
		done <- func() error {
			ns, err := os.Open("/run/netns/" + h.namespace)
			if err != nil {
				return err
			}
			defer ns.Close()
			if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("enter %s: %w", h.namespace, err)
			}
			return f()
		}()
	}()
	return <-done
}

// listen returns a socket that listens in h, for a child to inherit, and its address.
func (h host) listen() (file *os.File, addr *net.TCPAddr, err error) {
	err = h.enter(func() error {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.ParseIP(h.addr)})
		if err != nil {
			return err
		}
		defer l.Close()
		addr = l.Addr().(*net.TCPAddr)
		file, err = l.File()
		return err
	})
	return file, addr, err
}

// freePort returns a port of h that nobody listens on.
func (h host) freePort() (int, error) {
	file, addr, err := h.listen()
	if err != nil {
		return 0, err
	}
	return addr.Port, file.Close()
}

// bytes returns what h received and sent on the link since it was made.
func (h host) bytes() (received, sent int64, err error) {
	err = h.enter(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/dev")
		if err != nil {
			return err
		}
		received, sent, err = interfaceBytes(string(text), h.iface)
		return err
	})
	return received, sent, err
}
