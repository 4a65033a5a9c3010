package computer

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"yonder/discovery/vlantest"
)

// childEnv makes the test program say what it sees on a host instead of running tests.
const childEnv = "YONDER_COMPUTER_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "listen": // until it is killed
		if _, err := net.Listen("tcp", ":21925"); err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString("listening\n")
		time.Sleep(time.Hour)
	case "firewalls":
		for _, f := range Firewalls(context.Background(), Ports{21925, 21925}, []string{"eth0"}) {
			if f.Name == "nftables" {
				os.Stdout.WriteString(string(f.TCP) + " " + string(f.UDP) + " " + f.Where)
			}
		}
	case "route":
		if ifi, ok := DefaultInterface(); ok {
			os.Stdout.WriteString(ifi.Name)
		}
	case "owner":
		p := PortOwner("tcp", 21925)
		os.Stdout.WriteString(p.Name)
	default:
		os.Exit(m.Run())
	}
}

// on runs one question of TestMain on a host.
func on(t *testing.T, lan *vlantest.LAN, host int, what string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := lan.Command(host, exe)
	cmd.Env = append(os.Environ(), childEnv+"="+what)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestOnRealHosts(t *testing.T) {
	lan := vlantest.NewWith(t, 2, vlantest.Options{})
	if got := on(t, lan, 1, "firewalls"); got != "" {
		t.Errorf("without rules: %q", got)
	}
	lan.Filter(1, "meta l4proto { tcp, udp } th dport 21925 drop")
	if got, want := on(t, lan, 1, "firewalls"), "blocked blocked inet vlantest in"; got != want {
		t.Errorf("with both ports dropped: %q, want %q", got, want)
	}
	lan.Filter(1, "tcp dport 21925 reject")
	if got, want := on(t, lan, 1, "firewalls"), "blocked open inet vlantest in"; got != want {
		t.Errorf("with TCP refused: %q, want %q", got, want)
	}

	if got := on(t, lan, 1, "route"); got != "eth0" {
		t.Errorf("the way to the Internet is by %q", got)
	}
	lan.IP(1, "route", "del", "default")
	if got := on(t, lan, 1, "route"); got != "" {
		t.Errorf("without a default route the way is by %q", got)
	}

	if got := on(t, lan, 2, "owner"); got != "" {
		t.Errorf("a free port is taken by %q", got)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	taker := lan.Command(2, exe)
	taker.Env = append(os.Environ(), childEnv+"=listen")
	out, err := taker.StdoutPipe()
	if err == nil {
		err = taker.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taker.Process.Kill(); taker.Wait() })
	if _, err := out.Read(make([]byte, 20)); err != nil {
		t.Fatal(err)
	}
	if got := on(t, lan, 2, "owner"); got != "computer.test" {
		t.Errorf("the port is taken by %q, want this test program", got)
	}
}

func TestToolsAreStopped(t *testing.T) {
	if _, err := exec.LookPath("sleep"); err != nil {
		t.Skip("needs the command sleep")
	}
	begun := time.Now()
	if _, err := run(t.Context(), "sleep", "60"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run of what does not end: %v after %v", err, time.Since(begun))
	}
	out, err := run(t.Context(), "head", "-c", "5000000", "/dev/zero")
	if err != nil || len(out) != maxOutput {
		t.Errorf("of a tool that prints without end %d bytes are kept, %v", len(out), err)
	}
	if _, err := run(t.Context(), "no-such-tool"); err == nil {
		t.Error("a tool that is not there ran")
	}
}
