package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yonder/app"
	"yonder/discovery/vlantest"
)

// sendsTo sends a small file from host 1 and compares what arrives in folder.
func (l *lan) sendsTo(to, folder string) {
	l.t.Helper()
	source := filepath.Join(l.dir, "source", fmt.Sprint(time.Now().UnixNano(), ".bin"))
	writeFile(l.t, source, 300_000)
	p := l.start(1, "send", "--to", to, source)
	if code := p.finish(time.Minute); code != exitOK {
		l.t.Errorf("send to %s ended with %d:\n%s", to, code, p.text())
		return
	}
	sameTrees(l.t, folder, filepath.Dir(source), filepath.Base(source))
}

// TestFamilies sends to a name and to an address where there is only one kind of
// addresses; over IPv6 these are of the link, with a zone.
func TestFamilies(t *testing.T) {
	for _, test := range []struct {
		name string
		opts vlantest.Options
	}{
		{"IPv4 only", vlantest.Options{NoIPv6: true}},
		{"IPv6 only", vlantest.Options{NoIPv4: true}},
		{"no router", vlantest.Options{NoRoutes: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, folder := newLANWith(t, 2, test.opts), t.TempDir()
			l.startReceiver(2, folder)
			l.sendsTo("二号 two", folder)
			addr := fmt.Sprint(l.net.Addr(2), ":21925")
			if test.opts.NoIPv4 {
				out, err := l.net.Command(2, "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link").Output()
				fields := strings.Fields(string(out))
				if err != nil || len(fields) < 4 {
					t.Fatalf("addresses of host 2: %q, %v", out, err)
				}
				ip, _, _ := strings.Cut(fields[3], "/")
				addr = "[" + ip + "%eth0]:21925"
			}
			l.fresh = "another"
			l.sendsTo(addr, folder)
		})
	}
}

// TestTwoUsersOfOneHost runs two programs of two people on one host, the second of which
// cannot have the usual port. Both are found and receive their own.
func TestTwoUsersOfOneHost(t *testing.T) {
	l := newLAN(t)
	one, two := t.TempDir(), t.TempDir()
	l.startReceiver(2, one)
	l.fresh = "second user"
	second := l.start(2, "receive", "--name", "三号 three", "--accept", "all", "--save", two)
	second.await("listening", time.Minute, func(e lanEvent) bool { return e.Event == "listening" })
	l.fresh = ""
	l.sendsTo("二号 two", one)
	l.sendsTo("三号 three", two)
}

// fails sends a file from host 1 that must not get through, and returns the exit code and
// what was said.
func (l *lan) fails(to, source string) (exit int, code, hint string) {
	l.t.Helper()
	p := l.start(1, "send", "--to", to, "--retry", "0", source)
	exit = p.finish(2 * time.Minute)
	events, _ := p.since(0)
	for _, e := range events {
		switch {
		case e.Event == "error":
			return exit, e.Code, e.Hint
		case e.Problem != nil:
			code, hint = e.Problem.Code, e.Problem.Hint
		}
	}
	return exit, code, hint
}

// denyTCP is a rule for a host that lets nobody connect to it.
const denyTCP = "tcp flags & (syn | ack) == syn counter drop"

// TestFirewalledReceiver lets nobody connect to the receiver. The sender says so and names
// the firewall. When the receiver has connected by itself, what is sent goes over that
// connection.
func TestFirewalledReceiver(t *testing.T) {
	waits(t)
	l, folder := newLAN(t), t.TempDir()
	l.net.Filter(2, denyTCP)
	l.startReceiver(2, folder)
	source := filepath.Join(l.dir, "source", "a.bin")
	writeFile(t, source, 1000)
	for _, to := range []string{"二号 two", fmt.Sprint(l.net.Addr(2), ":21925")} {
		if exit, code, hint := l.fails(to, source); exit == exitOK || code != app.CodeUnreachable || !strings.Contains(hint, "firewall") {
			t.Errorf("send to %s ended with %d, %s and the hint %q; want %s and the firewall named", to, exit, code, hint, app.CodeUnreachable)
		}
	}

	first := l.start(1, "receive", "--name", "一号 one", "--accept", "all", "--save", t.TempDir())
	first.await("listening", time.Minute, func(e lanEvent) bool { return e.Event == "listening" })
	chat := l.start(2, "chat", "一号 one", "hello")
	if code := chat.finish(time.Minute); code != exitOK {
		t.Fatalf("chat ended with %d:\n%s", code, chat.text())
	}
	l.sendsTo("二号 two", folder)
}

// TestNoMulticast lets neither multicasts nor broadcasts through. Nobody is found, which
// is said with what to do about it, and an address that is given works.
func TestNoMulticast(t *testing.T) {
	waits(t)
	l, folder := newLAN(t), t.TempDir()
	l.net.Loss(1, 100)
	l.net.Loss(2, 100)
	l.startReceiver(2, folder)
	source := filepath.Join(l.dir, "source", "a.bin")
	writeFile(t, source, 1000)
	if exit, code, hint := l.fails("二号 two", source); exit != exitNotFound || code != app.CodeNotFound || !strings.Contains(hint, "host:port") {
		t.Errorf("send ended with %d, %s and the hint %q; want %d and the advice to give an address", exit, code, hint, exitNotFound)
	}
	l.sendsTo(fmt.Sprint(l.net.Addr(2), ":21925"), folder)
}
