package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// What `make crash-test` sets.
const (
	envCycles = "YONDER_CRASH_CYCLES" // kills; without it this is a short test
	envSeed   = "YONDER_CRASH_SEED"   // of the moments and of who is killed
	envSize   = "YONDER_CRASH_MIB"    // of content in a transfer; few make kills at its beginning and end more likely
)

const (
	crashRate  = 200_000_000     // bits per second between the two
	longest    = 3 * time.Second // into a transfer, until the kill; less if it does not take that long
	stuckAfter = 2 * time.Minute // for what takes seconds; then it counts as stuck
)

// Who is killed in one cycle.
const (
	killReceiver = iota
	killSender
	killBoth
	anyKill // not a kind, and how many there are
)

var kindNames = [anyKill + 1]string{"receiver", "sender", "both", "any of them"}

// TestCrash kills the receiver, the sender, or both at random moments of a transfer
// and starts them again, over and over; whatever gets through in between must be
// exactly what was sent, and nothing else may be there. The sender tries by itself when
// the receiver was killed; when it was killed itself, the same command is given again.
func TestCrash(t *testing.T) {
	cycles, seed := number(t, envCycles, 4), number(t, envSeed, uint64(time.Now().UnixNano()))
	size := uint64(80)
	if os.Getenv(envCycles) != "" {
		size = 300
	}
	size = number(t, envSize, size)
	t.Logf("%s=%d %s=%d %s=%d", envCycles, cycles, envSeed, seed, envSize, size)
	c := newCrash(t, int64(size)<<20, seed)
	c.measure()
	for c.cycle = 1; c.cycle <= int(cycles); c.cycle++ {
		c.once()
	}
	c.begin()
	c.complete()
	c.tally.report(t)
}

// number reads an environment variable.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// crash is a running crash test.
type crash struct {
	t    *testing.T
	lan  *lan
	seed uint64

	paths    []string // what is sent: top-level paths
	sent     tree     // the same with all below
	canaries tree     // what was in the receiver's folder before
	folder   string   // of the receiver
	kept     string   // folder for all of it when the test fails
	log      *os.File // what the processes printed, each when it has ended

	receiver, sender *process // nil: was killed, or has ended
	seen             int      // events of the sender that were looked at

	// Of the transfer that is under way.
	kind    int       // of its kills; anyKill: any
	kills   int       // so far
	highest int64     // bytes that the receiver was known to have
	before  int64     // bytes on the cable when it was first begun
	killed  int       // kind of the last kill
	waiting bool      // the last kill was not followed by a start yet
	since   time.Time // of the start after it; zero when new bytes came since

	cycle    int
	whole    time.Duration // what a transfer takes without a kill
	overhead float64       // bytes on the cable for each byte of content, with nothing sent twice
	tally    crashTally
}

// begin starts who is not running.
func (c *crash) begin() {
	if c.waiting {
		c.waiting, c.since = false, time.Now()
	}
	if c.receiver == nil {
		c.receiver = c.lan.startReceiver(2, c.folder, "--log-level", "debug")
	}
	if c.sender == nil {
		c.seen = 0
		c.sender = c.lan.start(1, append([]string{"send", "--log-level", "debug", "--retry", "60s", "--to", "二号 two"}, c.paths...)...)
	}
}

// measure sends everything once without a kill: what that takes on the cable is what
// has to be.
func (c *crash) measure() {
	began := time.Now()
	c.begin()
	c.complete()
	c.overhead = float64(c.before) / float64(c.sent.size())
	c.tally = crashTally{}
	c.whole = time.Since(began)
	c.t.Logf("%d entries, %d MiB, took %v without a kill; %.4f bytes on the cable for each",
		len(c.sent), c.sent.size()>>20, c.whole.Round(time.Millisecond), c.overhead)
}

// once is one cycle: a kill at a random moment. Transfers that complete before it
// are looked at, and the next one begins.
func (c *crash) once() {
	rng := rand.New(rand.NewPCG(c.seed, uint64(c.cycle))) // whatever came before
	choice := rng.IntN(anyKill)
	early := rng.IntN(4) == 0 // the moment counts from the start, else from when bytes move
	for {
		moment := time.Duration(rng.Int64N(int64(min(longest, c.whole))))
		c.begin()
		if !early {
			c.moving()
		}
		select {
		case <-time.After(moment): // the moment of the kill is what this test is about
		case <-c.sender.ended:
		}
		if !c.sender.over() {
			break
		}
		c.complete()
	}
	c.killed = choice
	if c.kind != anyKill {
		c.killed = c.kind
	}
	c.kill()
}

// moving returns when the transfer runs again after the last kill, or its sender has
// ended: it may have heard of the end just before the receiver was killed.
func (c *crash) moving() {
	late := time.After(stuckAfter)
	for {
		events, news := c.sender.since(c.seen)
		if slices.ContainsFunc(events, isState("running")) {
			return
		}
		select {
		case <-news:
		case <-c.sender.ended:
			return
		case <-late:
			c.t.Fatalf("cycle %d: the transfer does not go on:\n%s", c.cycle, c.sender.text())
		}
	}
}

// kill kills whose turn it is, at once.
func (c *crash) kill() {
	if c.killed != killSender {
		c.receiver.signal(os.Kill)
	}
	if c.killed != killReceiver {
		c.sender.signal(os.Kill)
	}
	c.kills++
	c.tally.kills[c.killed]++
	if c.killed != killSender {
		c.receiver.kill()
		c.keep(c.receiver)
		c.receiver = nil
	}
	if c.killed != killReceiver {
		c.sender.kill()
		c.look()
		c.keep(c.sender)
		c.sender = nil
		c.settle()
	} else {
		c.look()
	}
	c.waiting, c.since = true, time.Time{}
}

// look takes the events of the sender that came since it was called last.
func (c *crash) look() {
	events, _ := c.sender.since(c.seen)
	c.seen += len(events)
	for _, e := range events {
		if !beyond(c.highest)(e) {
			continue
		}
		c.highest = e.Stored
		if !c.since.IsZero() {
			c.tally.waits[c.killed] = append(c.tally.waits[c.killed], e.heard.Sub(c.since))
			c.since = time.Time{}
		}
	}
}

// complete waits for the end of the transfer and looks at what has arrived.
func (c *crash) complete() {
	code := c.sender.finish(stuckAfter)
	c.look()
	if code != exitOK {
		c.t.Fatalf("cycle %d: the sender ended with %d:\n%s", c.cycle, code, c.sender.text())
	}
	c.keep(c.sender)
	c.sender = nil
	c.checkAll()
	_, now := c.lan.net.Traffic(1)
	if c.kills > 0 {
		twice := int64(float64(now-c.before)/c.overhead) - c.sent.size()
		c.tally.add(c.kind, c.kills, twice)
	}
	c.next()
}

// next forgets a transfer that is through. The kills of the next one are of another kind.
func (c *crash) next() {
	c.kind = (c.kind + 1) % (anyKill + 1)
	c.kills, c.highest = 0, 0
	_, c.before = c.lan.net.Traffic(1)
}

// keep writes down what a process printed.
func (c *crash) keep(p *process) {
	if p != nil {
		fmt.Fprintf(c.log, "== cycle %d: %s\n%s\n", c.cycle, p.what, p.text())
	}
}
