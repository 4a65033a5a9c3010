package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"yonder/app"
	"yonder/discovery/vlantest"
)

// TestChatBesideTransfer sends lines of chat, and pauses, while something is on its way over a
// line of 100 kbit/s. They arrive beside it, and it is not called stalled. At the end the line
// becomes fast, so that everything arrives too.
func TestChatBesideTransfer(t *testing.T) {
	file := func(path string, size int64) error {
		return makeFile(path, size, noise(3), 0o644, time.Date(2015, 1, 2, 3, 4, 5, 6, time.UTC))
	}
	files := func(path string, size int64) error {
		for n := range size / 200 {
			name := filepath.Join(path, fmt.Sprint("folder ", n%50), fmt.Sprint("a small file, number ", n))
			if err := makeFile(name, 200, noise(uint64(n)), 0o644, time.Date(2015, 1, 2, 3, 4, 5, 6, time.UTC)); err != nil {
				return err
			}
		}
		return nil
	}
	tests := []struct {
		name  string
		make  func(path string, size int64) error
		queue time.Duration // in the switch
	}{
		{"a large file", file, 50 * time.Millisecond},
		{"a large file, long queues", file, 2 * time.Second},
		{"many small files", files, 50 * time.Millisecond},
	}
	for _, test := range sized(tests[:1], tests) {
		t.Run(test.name, func(t *testing.T) {
			s := prepareScenario(t, sized[int64](4<<20, 16<<20), 100_000, vlantest.Options{})
			if err := test.make(s.source, s.size); err != nil {
				t.Fatal(err)
			}
			s.net.RateQueue(2, s.bits, test.queue)
			s.run()
			s.chatBeside()
		})
	}
}

// chatBeside measures lines and pauses while the transfer runs, and completes it.
func (s *scenario) chatBeside() {
	t := s.t
	s.sender.await("a running transfer", s.most(), isState("running"))
	_, before := s.net.Traffic(1)
	for now := before; now < before+100_000; _, now = s.net.Traffic(1) { // until what can wait before the line does
		select {
		case <-s.sender.ended:
			t.Fatalf("the transfer ended:\n%s", s.sender.text())
		case <-time.After(10 * time.Millisecond):
		}
	}
	until := time.Now().Add(sized[time.Duration](10, 90) * time.Second)
	var took []time.Duration
	for i := 0; i < 3 || time.Now().Before(until); i++ {
		body := fmt.Sprint("line ", i)
		began := time.Now()
		chat := s.start(1, "chat", "二号 two", body)
		e := s.receiver.await(body, time.Minute, func(e lanEvent) bool { return e.Event == "message" && e.Body == body })
		took = append(took, e.heard.Sub(began).Round(time.Millisecond))
		if code := chat.finish(time.Minute); code != exitOK && code != exitInterrupted { // it waits for 10 s only
			t.Errorf("chat ended with %d:\n%s", code, chat.text())
		}
	}
	slices.Sort(took)
	_, now := s.net.Traffic(1)
	t.Logf("%d lines, from the command to the receiver's event: median %v, 90%% %v, most %v; %d KiB went over the line",
		len(took), took[len(took)/2], took[len(took)*9/10], took[len(took)-1], now>>10)
	var stops []time.Duration
	here := s.sender.await("a running transfer", s.most(), isState("running")).ID
	for range sized(3, 15) {
		from, began := s.receiver.mark(), time.Now()
		s.sender.order(`{"pause":%q}`, here)
		e := s.receiver.awaitFrom(from, "the pause", time.Minute, func(e lanEvent) bool { return e.Event == "state" && e.State == "paused" && e.By == "peer" })
		stops = append(stops, e.heard.Sub(began).Round(time.Millisecond))
		from = s.receiver.mark()
		s.sender.order(`{"resume":%q}`, here)
		s.receiver.awaitFrom(from, "the end of the pause", time.Minute, isState("running"))
		time.Sleep(2 * time.Second) // until the line is busy again
	}
	slices.Sort(stops)
	t.Logf("%d pauses, from the order at the sender to the receiver's event: median %v, most %v", len(stops), stops[len(stops)/2], stops[len(stops)-1])
	cuts := 0
	for _, p := range []*process{s.sender, s.receiver} {
		events, _ := p.since(0)
		for _, e := range events {
			switch {
			case e.Problem == nil:
			case e.Problem.Code == app.CodeInterrupted:
				cuts++
			default:
				t.Errorf("beside chat the transfer has the problem %+v", *e.Problem)
			}
		}
	}
	t.Logf("the connection was cut %d times, as both sides count it", cuts)
	if s.sender.over() {
		t.Errorf("the transfer ended on the slow line:\n%s", s.sender.text())
	}
	s.bits = 100_000_000
	s.net.Rate(2, s.bits)
	s.complete()
	lines := map[string]int{}
	events, _ := s.receiver.since(0)
	for _, e := range events {
		if e.Event == "message" {
			lines[e.Body]++
		}
	}
	for i := range took {
		if body := fmt.Sprint("line ", i); lines[body] != 1 {
			t.Errorf("%q came %d times, want once", body, lines[body])
		}
	}
}

// TestManySenders lets eight people send to one at once.
func TestManySenders(t *testing.T) {
	const senders = 8
	l := newLANWith(t, senders+1, vlantest.Options{})
	folder := t.TempDir()
	l.net.Rate(senders+1, 1_000_000_000)
	l.startReceiver(senders+1, folder)
	size := sized[int64](16<<20, 256<<20)
	var running [senders]*process
	root := func(i int) string { return filepath.Join(l.dir, fmt.Sprint("from ", i+1)) }
	for i := range running {
		if _, err := makeMixedTree(root(i), size, uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	for i := range running {
		running[i] = l.start(i+1, "send", "--name", fmt.Sprint("sender ", i+1), "--to", "二号 two", root(i))
	}
	for i, p := range running {
		if code := p.finish(10 * time.Minute); code != exitOK {
			t.Errorf("sender %d ended with %d:\n%s", i+1, code, p.text())
			continue
		}
		done := p.await("done", 0, func(e lanEvent) bool { return e.Event == "done" })
		t.Logf("sender %d: %d MB/s", i+1, done.Rate/1_000_000)
	}
	t.Logf("all within %v", time.Since(began).Round(time.Millisecond))
	for i := range running {
		sameTrees(t, filepath.Join(folder, filepath.Base(root(i))), root(i))
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) != senders {
		t.Errorf("the receiver's folder holds %q, %v; want %d folders", left, err, senders)
	}
	if left, err := filepath.Glob(filepath.Join(folder, ".*")); err != nil || len(left) != 0 {
		t.Errorf("the receiver's folder also holds %q, %v", left, err)
	}
}
