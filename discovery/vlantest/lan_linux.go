package vlantest

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// Options change what [NewWith] makes. The zero value is what [New] makes.
type Options struct {
	NoRoutes bool // no default, multicast and broadcast routes: a LAN without a router
	NoIPv4   bool // link-local IPv6 only
	NoIPv6   bool
	Bare     bool // hosts with nothing but loopback
	Net      byte // the third number of the IPv4 addresses
}

// LAN is a network of hosts, numbered from 1. Host i has the interface eth0 with
// the address 10.77.N.i/24, N as in [Options], and, once the system made it, a link-local IPv6 address.
type LAN struct {
	t      testing.TB
	prefix string
	hosts  int
	opts   Options
}

var made atomic.Int32 // networks of this process

// New makes a network of 1 to 250 hosts that is removed when the test ends.
func New(t testing.TB, hosts int) *LAN { return NewWith(t, hosts, Options{}) }

// NewWith is [New] with options.
func NewWith(t testing.TB, hosts int, opts Options) *LAN {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	for _, tool := range []string{"ip", "bridge", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs the command %s (packages iproute2 and nftables)", tool)
		}
	}
	l := &LAN{t: t, prefix: fmt.Sprintf("ydt%d-%d", os.Getpid(), made.Add(1)), hosts: hosts, opts: opts}
	if out, err := exec.Command("ip", "netns", "add", l.switchNS()).CombinedOutput(); err != nil {
		t.Skipf("cannot make network namespaces here: %v: %s", err, out)
	}
	t.Cleanup(l.remove)
	l.raiseNeighbours(2 * hosts * hosts)
	l.must("ip", "-n", l.switchNS(), "link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
	l.must("ip", "-n", l.switchNS(), "link", "set", "br0", "up")
	for i := 1; i <= hosts; i++ {
		l.must("ip", "netns", "add", l.Namespace(i))
		l.must("ip", "-n", l.Namespace(i), "link", "set", "lo", "up")
		if !opts.Bare {
			l.Connect(i)
		}
	}
	return l
}

// raiseNeighbours makes room in the kernel's tables of neighbours, which all
// namespaces share. When they are full even broadcasts are lost. Usually they
// have 1024 entries, enough for 20 hosts.
func (l *LAN) raiseNeighbours(want int) {
	if want <= 1024 {
		return
	}
	for _, family := range []string{"ipv4", "ipv6"} {
		for _, n := range []string{"1", "2", "3"} {
			file := "/proc/sys/net/" + family + "/neigh/default/gc_thresh" + n
			text, err := os.ReadFile(file)
			if have, _ := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && have >= want {
				continue
			}
			if err := os.WriteFile(file, []byte(strconv.Itoa(want)), 0o644); err != nil {
				l.t.Logf("the kernel's table of neighbours may be too small: %v", err)
				return
			}
		}
	}
}

func (l *LAN) switchNS() string { return l.prefix + "-switch" }

// Namespace returns the name of host's namespace, as the ip command knows it.
func (l *LAN) Namespace(host int) string { return fmt.Sprintf("%s-%d", l.prefix, host) }

// Addr returns the IPv4 address of host.
func (l *LAN) Addr(host int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 77, l.opts.Net, byte(host)})
}

func port(host int) string { return fmt.Sprintf("p%d", host) }

// Connect gives host the interface eth0. New has done so already; it is needed after [LAN.Disconnect].
func (l *LAN) Connect(host int) {
	l.t.Helper()
	ns, sw := l.Namespace(host), l.switchNS()
	l.must("ip", "-n", sw, "link", "add", port(host), "type", "veth", "peer", "name", "eth0", "netns", ns)
	six := "0"
	if l.opts.NoIPv6 {
		six = "1"
	}
	l.must("ip", "netns", "exec", ns, "sh", "-c", // duplicate address detection takes a second that no test is about
		"echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad; echo "+six+" >/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
	l.must("ip", "-n", sw, "link", "set", port(host), "master", "br0", "up")
	l.must("ip", "-n", ns, "link", "set", "eth0", "up")
	if l.opts.NoIPv4 {
		return
	}
	l.must("ip", "-n", ns, "addr", "add", l.Addr(host).String()+"/24", "brd", "+", "dev", "eth0")
	if !l.opts.NoRoutes {
		l.must("ip", "-n", ns, "route", "add", "default", "via", l.gateway().String(), "dev", "eth0") // nobody answers there before Join
	}
}

// Disconnect removes host's interface altogether, like a network adapter that is pulled out.
func (l *LAN) Disconnect(host int) {
	l.t.Helper()
	l.must("ip", "-n", l.switchNS(), "link", "del", port(host))
}

// Unplug pulls host's cable: the host sees the link go. Plug puts it back.
func (l *LAN) Unplug(host int) {
	l.t.Helper()
	l.must("ip", "-n", l.switchNS(), "link", "set", port(host), "down")
}

// Plug undoes Unplug.
func (l *LAN) Plug(host int) {
	l.t.Helper()
	l.must("ip", "-n", l.switchNS(), "link", "set", port(host), "up")
}

// Partition cuts host off silently: its link stays up and nothing passes.
func (l *LAN) Partition(host int) {
	l.t.Helper()
	l.must("bridge", "-n", l.switchNS(), "link", "set", "dev", port(host), "state", "0")
}

// Heal undoes Partition.
func (l *LAN) Heal(host int) {
	l.t.Helper()
	l.must("bridge", "-n", l.switchNS(), "link", "set", "dev", port(host), "state", "3")
}

// Loss has host lose percent of the multicasts and broadcasts that reach it, as
// wireless networks do; 0 undoes it.
func (l *LAN) Loss(host, percent int) {
	l.t.Helper()
	if percent == 0 {
		l.Filter(host, "")
		return
	}
	l.Filter(host, fmt.Sprintf(`meta pkttype { multicast, broadcast } numgen random mod 100 <= %d counter drop`, percent-1))
}

// Filter gives host one nftables rule for what comes in on eth0, in place of the one before; "" for none.
func (l *LAN) Filter(host int, rule string) {
	l.t.Helper()
	_ = l.Command(host, "nft", "delete", "table", "inet", "vlantest").Run() // fails if there is none
	if rule != "" {
		l.must("ip", "netns", "exec", l.Namespace(host), "nft",
			`table inet vlantest { chain in { type filter hook input priority -300; iifname "eth0" `+rule+`; }; }`)
	}
}

// FilterSwitch gives the switch one nftables rule for what it passes on, in place of the
// one before; "" for none. What it drops its hosts do not see, nor that it was dropped.
func (l *LAN) FilterSwitch(rule string) {
	l.t.Helper()
	in := func(args ...string) *exec.Cmd {
		return exec.Command("ip", append([]string{"netns", "exec", l.switchNS(), "nft"}, args...)...)
	}
	_ = in("delete", "table", "bridge", "vlantest").Run() // fails if there is none
	if rule == "" {
		return
	}
	if out, err := in(`table bridge vlantest { chain on { type filter hook forward priority 0; ` + rule + `; }; }`).CombinedOutput(); err != nil {
		l.t.Skipf("this kernel's bridge cannot filter: %v: %s", err, out)
	}
}

// Behind moves host into a network of its own, 10.78.0.0/24, where it is 10.78.0.(its number).
// The host router leads there, and is the default router of all others.
func (l *LAN) Behind(host, router int) {
	l.t.Helper()
	l.Disconnect(host)
	ns, far := l.Namespace(router), fmt.Sprintf("10.78.0.%d/24", host)
	l.must("ip", "-n", ns, "link", "add", "eth1", "type", "veth", "peer", "name", "eth0", "netns", l.Namespace(host))
	l.must("ip", "netns", "exec", ns, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	l.IP(router, "addr", "add", "10.78.0.254/24", "brd", "+", "dev", "eth1")
	l.IP(router, "link", "set", "eth1", "up")
	l.IP(host, "addr", "add", far, "brd", "+", "dev", "eth0")
	l.IP(host, "link", "set", "eth0", "up")
	l.IP(host, "route", "add", "default", "via", "10.78.0.254")
	for i := 1; i <= l.hosts; i++ {
		if i != host && i != router {
			l.IP(i, "route", "replace", "default", "via", l.Addr(router).String())
		}
	}
}

// IP runs the ip command in host, as in IP(1, "addr", "flush", "dev", "eth0").
func (l *LAN) IP(host int, args ...string) {
	l.t.Helper()
	l.must("ip", append([]string{"-n", l.Namespace(host)}, args...)...)
}

// Command returns a command that runs in host. Signals reach the program itself.
func (l *LAN) Command(host int, name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", l.Namespace(host), name}, args...)...)
}

// Enter calls f in host: sockets that f itself opens belong there. Goroutines
// that f starts do not.
func (l *LAN) Enter(host int, f func()) {
	l.t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- err
			return
		}
		defer home.Close()
		if err := enter("/run/netns/" + l.Namespace(host)); err != nil {
			done <- err
			return
		}
		f()
		if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(err) // the thread cannot be used for anything else, and it may be the main one, which cannot end
		}
		runtime.UnlockOSThread()
		done <- nil
	}()
	if err := <-done; err != nil {
		l.t.Fatal(err)
	}
}

// enter moves this thread into a network namespace.
func enter(path string) error {
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter %s: %w", path, err)
	}
	return nil
}

// must runs a command and fails the test if that fails.
func (l *LAN) must(name string, args ...string) {
	l.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		l.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// remove takes the network away. What still runs in a host is ended first.
func (l *LAN) remove() {
	for i := 1; i <= l.hosts; i++ {
		pids, _ := exec.Command("ip", "netns", "pids", l.Namespace(i)).Output()
		for _, pid := range strings.Fields(string(pids)) {
			if pid == strconv.Itoa(os.Getpid()) {
				continue // f of Enter is still running
			}
			_ = exec.Command("kill", "-9", pid).Run() // it may have ended by itself
		}
		_ = exec.Command("ip", "netns", "del", l.Namespace(i)).Run() // not there if New failed halfway
	}
	if out, err := exec.Command("ip", "netns", "del", l.switchNS()).CombinedOutput(); err != nil {
		l.t.Errorf("remove the virtual network: %v: %s", err, out)
	}
}
