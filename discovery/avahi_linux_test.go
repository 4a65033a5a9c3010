package discovery

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// avahi is a host's Avahi with a message bus of its own, both apart from those of
// this machine.
type avahi struct {
	t    *testing.T
	lan  *vlantest.LAN
	host int
	bus  string // address
}

const (
	busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path=%s/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`
	avahiConfig = `[server]
host-name=host%d
allow-interfaces=eth0
disallow-other-stacks=%s
[publish]
publish-workstation=no
`
)

// needAvahi skips the test where Avahi is not installed.
func needAvahi(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"dbus-daemon", "avahi-daemon", "avahi-browse", "avahi-publish", "unshare"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs the command %s (packages dbus, avahi-daemon, avahi-utils and util-linux)", tool)
		}
	}
}

// startAvahi starts both daemons in a host and waits until they are ready.
func startAvahi(t *testing.T, lan *vlantest.LAN, host int) *avahi {
	t.Helper()
	return startAvahiWith(t, lan, host, "no")
}

// startAvahiWith is startAvahi that does, alone: "yes", or does not share the port.
func startAvahiWith(t *testing.T, lan *vlantest.LAN, host int, alone string) *avahi {
	t.Helper()
	dir, err := os.MkdirTemp("", "avahi") // the names that t.TempDir gives are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	a := &avahi{t: t, lan: lan, host: host, bus: "unix:path=" + dir + "/bus"}
	for name, text := range map[string]string{"bus.conf": fmt.Sprintf(busConfig, dir), "avahi.conf": fmt.Sprintf(avahiConfig, host, alone)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a.run("dbus-daemon", "--nofork", "--print-address", "--config-file="+dir+"/bus.conf").await("unix:path", soon)
	// Its pid file and socket lie in a fixed place, so it gets a /run that nobody else sees.
	a.run("unshare", "--mount", "sh", "-c",
		"mount -t tmpfs tmpfs /run && exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --file="+dir+"/avahi.conf").
		await("Server startup complete", dead)
	return a
}

// tool is a running program and what it prints.
type tool struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan printed
	log   []string
}

type printed struct {
	at   time.Time
	text string
}

// run starts a program in the host, which ends with the test.
func (a *avahi) run(name string, args ...string) *tool {
	a.t.Helper()
	c := &tool{t: a.t, cmd: a.lan.Command(a.host, name, args...), lines: make(chan printed, 1000)}
	c.cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+a.bus, "LC_ALL=C")
	out, in, err := os.Pipe()
	if err != nil {
		a.t.Fatal(err)
	}
	c.cmd.Stdout, c.cmd.Stderr = in, in
	err = c.cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		a.t.Fatal(err)
	}
	go func() { // ends with the process
		defer close(c.lines)
		defer out.Close()
		for s := bufio.NewScanner(out); s.Scan(); {
			c.lines <- printed{time.Now(), s.Text()}
		}
	}()
	a.t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		_ = c.cmd.Wait()
	})
	return c
}

// browse lists the services of a kind, as a person would on that host.
func (a *avahi) browse(kind string) *tool {
	a.t.Helper()
	return a.run("avahi-browse", "--parsable", "--resolve", kind)
}

// await returns when the program printed a line with all of the parts, separated by spaces.
func (c *tool) await(parts string, limit time.Duration) time.Time {
	c.t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case l, open := <-c.lines:
			if !open {
				c.t.Fatalf("%v ended before it printed %q; it printed %q", c.cmd.Args, parts, c.log)
			}
			c.log = append(c.log, l.text)
			found := true
			for _, part := range strings.Fields(parts) {
				found = found && strings.Contains(l.text, part)
			}
			if found {
				return l.at
			}
		case <-timer.C:
			c.t.Fatalf("%v printed no %q within %v; it printed %q", c.cmd.Args, parts, limit, c.log)
		}
	}
}

// instance is what avahi-browse prints of id's service: "+" found, "=" resolved, "-" gone.
func instance(sign string, id ID) string {
	return sign + ";eth0; ;" + strings.ToLower(id.String()) + "-"
}

// TestAvahiElsewhereListsUs browses with Avahi on host 1, where no Yonder runs, for that on host 2.
func TestAvahiElsewhereListsUs(t *testing.T) {
	t.Parallel()
	needAvahi(t)
	const within = 10 * time.Second
	yonder := func(t *testing.T, lan *vlantest.LAN) *child { return onHost(t, lan, 2, Broadcast|MDNS, "Bea") }
	for _, opts := range []vlantest.Options{{}, {NoIPv4: true}, {NoIPv6: true}} {
		t.Run(fmt.Sprintf("browsed before and after our start, %+v", opts), func(t *testing.T) {
			t.Parallel() // they mostly wait
			lan := vlantest.NewWith(t, 2, opts)
			a := startAvahi(t, lan, 1)
			browse := a.browse("_yonder._tcp")
			time.Sleep(8 * time.Second) // its questions have become rare
			c := yonder(t, lan)
			t.Logf("listed %.1f ms after our start", ms(browse.await(instance("+", c.id), within).Sub(c.begun)))
			t.Logf("resolved %.1f ms after it", ms(browse.await(instance("=", c.id)+" ;4002;", within).Sub(c.begun)))
			at := time.Now()
			a.browse("_yonder._tcp").await(instance("=", c.id)+" ;4002;", within)
			t.Logf("listed by a browser that begins later after %.1f ms", ms(time.Since(at)))
			at = c.end(syscall.SIGTERM)
			t.Logf("dropped %.1f ms after our exit", ms(browse.await(instance("-", c.id), within).Sub(at)))
			c = yonder(t, lan)
			t.Logf("listed %.1f ms after the next start", ms(browse.await(instance("+", c.id), within).Sub(c.begun)))
		})
	}
	t.Run("started after us", func(t *testing.T) {
		t.Parallel()
		lan := vlantest.New(t, 2)
		c := yonder(t, lan)
		quiet(t)
		at := time.Now()
		a := startAvahi(t, lan, 1)
		a.browse("_yonder._tcp").await(instance("=", c.id)+" ;4002;", within)
		t.Logf("listed %.1f ms after Avahi's start", ms(time.Since(at)))
		a.run("avahi-browse", "--parsable", "--all").await("_yonder._tcp", within)
	})
}

// TestAvahiOnTheSameHost runs Avahi beside Yonder on host 1, another Yonder on host 2, and
// on host 3 Avahi alone, which publishes a printer.
func TestAvahiOnTheSameHost(t *testing.T) {
	t.Parallel()
	needAvahi(t)
	for _, first := range []string{"Avahi", "Yonder"} {
		t.Run(first+" comes first", func(t *testing.T) {
			t.Parallel()
			lan := vlantest.New(t, 3)
			startAvahi(t, lan, 3).run("avahi-publish", "--service", "printer", "_ipp._tcp", "631").await("Established", dead)
			var here *avahi
			var ours *child
			if first == "Avahi" {
				here = startAvahi(t, lan, 1)
				ours = onHost(t, lan, 1, MDNS, "Ann")
			} else {
				ours = onHost(t, lan, 1, MDNS, "Ann")
				here = startAvahi(t, lan, 1)
			}
			browse := here.browse("_yonder._tcp")
			quiet(t)
			other := onHost(t, lan, 2, MDNS, "Bea")
			t.Logf("found by another Yonder after %.1f ms", ms(other.await("up", ours.id, dead).Sub(other.begun)))
			t.Logf("finds another Yonder after %.1f ms", ms(ours.await("up", other.id, dead).Sub(other.begun)))
			t.Logf("Avahi beside us lists the other Yonder after %.1f ms", ms(browse.await(instance("+", other.id), dead).Sub(other.begun)))
			at := time.Now()
			here.browse("_ipp._tcp").await("= printer ;631;", dead)
			t.Logf("and a printer that Avahi publishes elsewhere after %.1f ms", ms(time.Since(at)))
			at = other.end(syscall.SIGTERM)
			t.Logf("our exit is noticed by Avahi after %.1f ms", ms(browse.await(instance("-", other.id), dead).Sub(at)))
		})
	}
}

// Where Avahi keeps the port to itself mDNS cannot work, which is told, and announcements do.
func TestAvahiKeepsThePort(t *testing.T) {
	t.Parallel()
	needAvahi(t)
	lan := vlantest.New(t, 2)
	startAvahiWith(t, lan, 1, "yes")
	a := onHost(t, lan, 1, Broadcast|MDNS, "Ann")
	a.await("trouble", ID{}, dead)
	if text := a.last().Err; !strings.Contains(text, "mDNS") || !strings.Contains(text, "address already in use") {
		t.Errorf("what does not work: %q", text)
	}
	b := onHost(t, lan, 2, Broadcast|MDNS, "Bea")
	a.await("up", b.id, soon)
	b.await("up", a.id, soon)
}

// TestServicePublishedByAvahi publishes on host 2, through Avahi, what a Yonder would. The
// one on host 1 asks where that says.
func TestServicePublishedByAvahi(t *testing.T) {
	t.Parallel()
	needAvahi(t)
	lan := vlantest.NewWith(t, 2, vlantest.Options{NoIPv6: true})
	var asked net.PacketConn
	var err error
	lan.Enter(2, func() { asked, err = net.ListenPacket("udp4", lan.Addr(2).String()+":0") })
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	port := asked.LocalAddr().(*net.UDPAddr).Port
	id := testID(9)
	startAvahi(t, lan, 2).run("avahi-publish", "--service", "a Yonder of another make", mdnsService, "4002",
		"v=1", "id="+id.String(), "p=4002", fmt.Sprintf("u=%d", port), "a="+lan.Addr(2).String()).await("Established", dead)
	c := onHost(t, lan, 1, MDNS, "Ann")
	if err := asked.SetReadDeadline(time.Now().Add(dead)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, maxPacket)
	n, from, err := asked.ReadFrom(buf)
	if err != nil {
		t.Fatalf("nobody asks at the address that Avahi publishes: %v", err)
	}
	at := time.Now()
	p, err := parsePacket(buf[:n])
	if err != nil || p.Type != typeQuery || KeyID(p.Key[:]) != c.id {
		t.Errorf("%v sent %+v, %v; want a question of the other host", from, p, err)
	}
	t.Logf("asked %.1f ms after our start", ms(at.Sub(c.begun)))
}
