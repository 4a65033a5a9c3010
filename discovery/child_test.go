package discovery

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"
)

// childEnv makes the test program a host's discovery process instead of running tests.
const childEnv = "YONDER_DISCOVERY_CHILD"

// childConfig says what the process does.
type childConfig struct {
	Key     byte
	Self    Self
	Sources Source
	Cache   []Known

	Baseline bool // only what the mDNS library does by itself
	Examine  bool // once, when somebody is there: the outcome is the event "status"
	Vitals   bool // again and again: the event "vitals"
}

// childLine is one line of its output.
type childLine struct {
	Event string // "running", or an EventKind
	ID    string
	Name  string
	Why   Reason
	Addrs []string
	Via   string
	Err   string
	At    int64 // Unix ns, the same clock for all processes of the machine

	Status *Status // without errors, which JSON cannot carry
	Vitals *vitals
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		if err := runChild(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		_ = flag.Set("test.parallel", "8") // the tests between hosts mostly wait
	}
	os.Exit(m.Run())
}

// runChild discovers until SIGTERM and prints what happens.
func runChild(config string) error {
	var cfg childConfig
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if cfg.Baseline {
		out := json.NewEncoder(os.Stdout)
		_ = out.Encode(childLine{Event: "running", At: time.Now().UnixNano()})
		return runBaseline(ctx, cfg, out)
	}
	s, err := New(testKey(cfg.Key), cfg.Self, Config{Sources: cfg.Sources, Cache: cfg.Cache})
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(childLine{Event: "running", At: time.Now().UnixNano()}) // the parent sees it missing
	events := s.Events(ctx)
	var printing sync.WaitGroup
	examined := !cfg.Examine
	printing.Go(func() {
		for e := range events {
			if e.Kind == Up && !examined {
				examined = true
				printing.Go(func() { printExamination(ctx, s, out) })
			}
			line := childLine{Event: e.Kind.String(), Name: e.Peer.Name, Why: e.Why, Err: text(e.Err), At: time.Now().UnixNano()}
			if !e.Peer.ID.IsZero() {
				line.ID = e.Peer.ID.String()
			}
			for _, a := range e.Peer.Addrs {
				line.Addrs = append(line.Addrs, a.AddrPort.String())
				line.Via = e.Peer.Addrs[0].Source.String()
			}
			_ = out.Encode(line)
		}
	})
	if cfg.Vitals {
		printing.Go(func() { printVitals(ctx, s, out) })
	}
	err = s.Run(ctx)
	printing.Wait()
	return err
}

// printExamination examines the network and prints what came of it.
func printExamination(ctx context.Context, s *Service, out *json.Encoder) {
	st, err := s.Examine(ctx)
	line := childLine{Event: "status", Err: text(errors.Join(err, st.Err)), Status: &st, At: time.Now().UnixNano()}
	st.Err = nil
	for i := range st.Links {
		st.Links[i].Err = nil
		for by := range st.Links[i].By {
			st.Links[i].By[by].Err = nil
		}
	}
	_ = out.Encode(line)
}

// child is a running process.
type child struct {
	t     *testing.T
	id    ID
	cmd   *exec.Cmd
	lines chan childLine
	begun time.Time // when its Run began
	log   []childLine
}

// launch starts cmd, which runs the test program, as a discovery process.
func launch(t *testing.T, cmd *exec.Cmd, cfg childConfig) *child {
	t.Helper()
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, id: testID(cfg.Key), cmd: cmd, lines: make(chan childLine, 10_000)}
	go c.read(out) // ends with the process
	t.Cleanup(func() { c.end(syscall.SIGKILL) })
	c.begun = c.await("running", ID{}, 20*time.Second)
	return c
}

func (c *child) read(out io.Reader) {
	defer close(c.lines)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var l childLine
		if json.Unmarshal(lines.Bytes(), &l) == nil {
			c.lines <- l
		}
	}
}

// end sends a signal, waits for the process to end and returns when it was sent.
func (c *child) end(sig syscall.Signal) time.Time {
	at := time.Now()
	if c.cmd.ProcessState == nil {
		_ = c.cmd.Process.Signal(sig) // it may have ended
		_ = c.cmd.Wait()
	}
	return at
}

// await returns when that event about id (zero: any) happened, as the process saw it.
func (c *child) await(event string, id ID, limit time.Duration) time.Time {
	c.t.Helper()
	at, ok := c.look(event, id, limit)
	if !ok {
		c.t.Fatalf("%s: no %q about %s within %v; it told: %+v", c.id.Short(), event, id.Short(), limit, c.log)
	}
	return at
}

func (c *child) look(event string, id ID, limit time.Duration) (time.Time, bool) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case l, ok := <-c.lines:
			if !ok {
				return time.Time{}, false
			}
			c.log = append(c.log, l)
			if l.Event == event && (id.IsZero() || l.ID == id.String()) {
				return time.Unix(0, l.At), true
			}
		case <-timer.C:
			return time.Time{}, false
		}
	}
}

// gather takes in what was told meanwhile.
func (c *child) gather() {
	for {
		select {
		case l, ok := <-c.lines:
			if !ok {
				return
			}
			c.log = append(c.log, l)
		default:
			return
		}
	}
}

// last returns the last line about an event that await found.
func (c *child) last() childLine { return c.log[len(c.log)-1] }
