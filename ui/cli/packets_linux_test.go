package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"yonder/app"
	"yonder/discovery/vlantest"
)

// problems returns the codes of what a process said has gone wrong.
func (p *process) problems() (codes []string) {
	events, _ := p.since(0)
	for _, e := range events {
		if e.Problem != nil {
			codes = append(codes, e.Problem.Code)
		}
	}
	return codes
}

// onlyCuts fails when something else than an interrupted connection, or what else is
// expected, was told, and returns how often one was.
func (s *scenario) onlyCuts(also ...string) (cuts int) {
	s.t.Helper()
	for _, p := range []*process{s.sender, s.receiver} {
		for _, code := range p.problems() {
			if cuts++; code != app.CodeInterrupted && !slices.Contains(also, code) {
				s.t.Errorf("%s told of the problem %s", p.what, code)
			}
		}
	}
	return cuts
}

// TestLossyNetwork loses packets in both directions. The file arrives, however long it
// takes, and nothing is given up.
func TestLossyNetwork(t *testing.T) {
	waits(t)
	for _, test := range []struct {
		percent int
		size    int64
	}{
		{1, sized[int64](20<<20, 400<<20)},
		{5, sized[int64](5<<20, 50<<20)},
		{20, sized[int64](200<<10, 2<<20)},
	} {
		t.Run(fmt.Sprint(test.percent, "%"), func(t *testing.T) {
			s := readyScenario(t, test.size, 100_000_000, vlantest.Options{})
			s.net.PacketLoss(1, test.percent)
			s.net.PacketLoss(2, test.percent)
			s.send()
			s.sender.finish(s.most() + 5*time.Minute)
			took := time.Since(s.began)
			s.complete()
			t.Logf("%d KiB in %v, cut %d times", test.size>>10, took.Round(time.Millisecond), s.onlyCuts())
		})
	}
}

// TestDamagedPackets changes bytes on the way so that no checksum of the network tells.
// The connection is cut each time; what is on the disk in the end is what was sent.
func TestDamagedPackets(t *testing.T) {
	s := readyScenario(t, sized[int64](40<<20, 400<<20), 200_000_000, vlantest.Options{})
	s.send()
	s.sender.await("a first part", s.most(), beyond(s.size/20))
	s.net.Damage(2, sized(20, 10))
	s.sender.await("a cut", s.most(), isState("waiting"))
	s.sender.await("nearly all", s.most()+5*time.Minute, func(e lanEvent) bool {
		return beyond(s.size*3/4)(e) || len(s.sender.problems()) >= sized(3, 30)
	})
	s.net.Damage(2, 0)
	s.complete()
	cuts := s.onlyCuts(app.CodeUnreachable) // where a handshake was damaged
	t.Logf("the connection was cut %d times, as both sides count it", cuts)
	if cuts == 0 {
		t.Error("nothing was damaged")
	}
}

// TestDuplicatedPackets brings every packet twice.
func TestDuplicatedPackets(t *testing.T) {
	s := readyScenario(t, sized[int64](40<<20, 400<<20), 200_000_000, vlantest.Options{})
	s.net.Duplicate(1, 2)
	s.net.Duplicate(2, 1)
	s.send()
	if wire := s.complete().Wire; wire != s.size {
		t.Errorf("%d bytes carried for a file of %d", wire, s.size)
	}
	if cuts := s.onlyCuts(); cuts != 0 {
		t.Errorf("the connection was cut %d times", cuts)
	}
}

// TestSmallPackets sends over a network of the smallest packets that IPv6 allows.
func TestSmallPackets(t *testing.T) {
	s := readyScenario(t, sized[int64](20<<20, 400<<20), 100_000_000, vlantest.Options{})
	s.net.MTU(1, 1280)
	s.net.MTU(2, 1280)
	s.send()
	s.complete()
	if cuts := s.onlyCuts(); cuts != 0 {
		t.Errorf("the connection was cut %d times", cuts)
	}
}

// TestLargePacketsVanish takes away all packets above 1,300 bytes and tells nobody, as a
// tunnel on the way does whose ICMP is filtered: from the beginning, when the two find each
// other and cannot shake hands, and in the middle. The sender ends in the time that it was
// given and names the network, and nothing is published; once large packets pass, the same
// command completes it.
func TestLargePacketsVanish(t *testing.T) {
	waits(t)
	for _, middle := range []bool{false, true} {
		t.Run(fmt.Sprint("in the middle ", middle), func(t *testing.T) {
			s := readyScenario(t, sized[int64](64<<20, 100<<20), 100_000_000, vlantest.Options{}) // half of it takes longer than any pause of a busy computer
			vanish := func(size int) {
				s.net.Swallow(1, size)
				s.net.Swallow(2, size)
			}
			if !middle {
				vanish(1300)
			}
			s.sender = s.start(1, "send", "--to", "二号 two", "--retry", "5s", s.source)
			if middle {
				s.half()
				vanish(1300)
			}
			code := s.sender.finish(3 * time.Minute)
			done := s.sender.await("done", 0, func(e lanEvent) bool { return e.Event == "done" })
			if code == exitOK || done.Problem == nil {
				t.Fatalf("send ended with %d:\n%s", code, s.sender.text())
			}
			if said := done.Problem.Text + done.Problem.Hint; !strings.Contains(said, "network") && !strings.Contains(said, "connection") {
				t.Errorf("send ended with %+v, want the network named", done.Problem)
			}
			t.Logf("ended with %d: %s", code, done.Problem.Text)
			if entries, err := os.ReadDir(s.folder); err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != ".yonder-incoming" {
				t.Errorf("the receiver's folder holds %v, %v; want nothing that is complete", entries, err)
			}
			vanish(0)
			s.send()
			s.complete()
		})
	}
}

// TestRateDrops makes a fast line slower by a factor of 18,000 in the middle, as one does
// that falls back to a modem, which keeps two seconds of traffic. Bytes still move, so nothing
// times out and nothing is called stalled.
func TestRateDrops(t *testing.T) {
	waits(t)
	s := readyScenario(t, sized[int64](150<<20, 400<<20), 1_000_000_000, vlantest.Options{})
	s.net.SinglePackets()
	s.send()
	s.sender.await("a first part", s.most(), beyond(s.size/10))
	s.net.RateQueue(2, 56_000, 2*time.Second)
	_, before := s.net.Traffic(1)
	time.Sleep(sized[time.Duration](40, 300) * time.Second) // what this test is about
	_, after := s.net.Traffic(1)
	if s.sender.over() {
		t.Errorf("the transfer ended on the slow line:\n%s", s.sender.text())
	}
	for _, p := range []*process{s.sender, s.receiver} {
		if codes := p.problems(); len(codes) != 0 {
			t.Errorf("%s told of %q while bytes moved:\n%s", p.what, codes, p.text())
		}
	}
	t.Logf("%d KiB went over the slow line", (after-before)>>10)
	s.net.Rate(2, s.bits)
	s.complete()
}

// TestConnectionForgotten ends the connection in the middle as routers do: by resets, and
// by another translation of the sender's port. It goes on by itself.
func TestConnectionForgotten(t *testing.T) {
	waits(t)
	for name, fault := range map[string]func(s *scenario){
		"reset": func(s *scenario) {
			s.net.Reset(2, true)
			s.sender.await("a cut", s.most(), isState("waiting"))
			s.net.Reset(2, false)
		},
		"rebound": func(s *scenario) { s.net.Rebind(1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := readyScenario(t, sized[int64](40<<20, 200<<20), 100_000_000, vlantest.Options{NoIPv6: true})
			s.net.Masquerade(1)
			s.send()
			s.half()
			stored, from := s.stored(), s.sender.mark()
			cut := time.Now()
			fault(s)
			t.Logf("bytes moved %v after the connection was forgotten", s.newByte(from, stored+1<<20, cut))
			s.complete()
		})
	}
}
