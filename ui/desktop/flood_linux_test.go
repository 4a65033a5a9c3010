//go:build !headless

package desktop

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"yonder/app"
)

// The parts that this test binary plays besides the program, by environment variables.
const (
	playFlood = "YONDER_TEST_FLOOD" // address of who is flooded
	playPulse = "YONDER_TEST_PULSE" // file that starts the measuring; ".out" has what was measured
)

// pulse measures how soon the goroutine that draws the window and takes its input gets to
// something, each 20 ms from when the file is there until it is not any more.
func pulse(path string) {
	there := func() bool {
		_, err := os.Stat(path)
		return err == nil
	}
	for !there() {
		time.Sleep(50 * time.Millisecond)
	}
	var times []time.Duration
	for there() {
		began := time.Now()
		fyne.DoAndWait(func() {})
		times = append(times, time.Since(began))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(times)
	at := func(part float64) float64 { return times[int(part*float64(len(times)-1))].Seconds() * 1000 }
	text := fmt.Sprintf("%d questions answered: half within %.1f ms, 99 %% within %.1f ms, the last after %.1f ms", len(times), at(0.5), at(0.99), at(1))
	os.WriteFile(path+".tmp", []byte(text), 0o600)
	os.Rename(path+".tmp", path+".out")
}

// flood is eight strangers who offer a file a thousand times a minute together, until standard
// input ends. It prints how many offers were made, and how many are in which state at last.
func flood(addr string) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	dir, err := os.MkdirTemp("", "flood-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "take this.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		return err
	}
	var strangers []app.Backend
	var victim app.DeviceID
	states := map[app.ItemID]app.TransferState{}
	events := make(chan app.Event)
	for i := range 8 { // as many as may be connected from one address
		b, err := app.Open(ctx, app.Options{Dir: filepath.Join(dir, fmt.Sprint(i)), Name: fmt.Sprintf("Stranger %d", i), Discovery: "none", Owner: true})
		if err != nil {
			return err
		}
		defer b.Close()
		p, err := b.Find(ctx, addr, 10*time.Second)
		if err != nil {
			return err
		}
		victim = p.ID
		strangers = append(strangers, b)
		go func() {
			for ev := range b.Events(ctx) {
				select {
				case events <- ev:
				case <-ctx.Done():
				}
			}
		}()
	}
	fmt.Println("ready")
	made, tick := 0, time.NewTicker(time.Minute/1000)
	for {
		select {
		case <-tick.C:
			made++
			strangers[made%len(strangers)].Send(ctx, app.SendRequest{To: []app.DeviceID{victim}, Paths: []string{file}, Retry: 0})
		case ev := <-events:
			if ev.Item != nil && ev.Item.Transfer != nil {
				states[ev.Item.ID] = ev.Item.Transfer.State
			}
		case <-ctx.Done():
			count := map[app.TransferState]int{}
			for _, s := range states {
				count[s]++
			}
			return json.NewEncoder(os.Stdout).Encode(map[string]any{"Offers": made, "States": count})
		}
	}
}

// TestWindowUnderFlood reports how soon a real window answers while eight strangers offer a
// thousand things a minute, and while nobody does. It asserts what the user is asked: of each
// stranger one thing, of all together five.
func TestWindowUnderFlood(t *testing.T) {
	s := newStage(t, 2)
	long := 10 * time.Second
	if os.Getenv("YONDER_LARGE") != "" {
		long = time.Minute
	}
	mark := filepath.Join(t.TempDir(), "pulse")
	t.Setenv(playPulse, mark)
	amber := s.person(1, "Amber Otter", "light")
	os.Unsetenv(playPulse)
	s.settled(amber.window)
	measure := func(during time.Duration) string {
		t.Helper()
		if err := os.WriteFile(mark, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(during)
		os.Remove(mark)
		var text []byte
		until(t, "the window to say how soon it answered", func() (ok bool) {
			var err error
			text, err = os.ReadFile(mark + ".out")
			return err == nil
		})
		os.Remove(mark + ".out")
		return string(text)
	}
	quiet := measure(long / 2)

	t.Setenv(playFlood, s.lan.Addr(1).String()+":21925")
	strangers := s.program(2)
	os.Unsetenv(playFlood)
	in, err := strangers.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := strangers.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	strangers.Stderr = os.Stderr
	if err := strangers.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { strangers.Process.Kill() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the strangers say %q, %v", lines.Text(), lines.Err())
	}
	flooded := measure(long)
	keep(t, "flood", s.picture(amber.window))
	in.Close()
	lines.Scan()
	var made struct {
		Offers int
		States map[app.TransferState]int
	}
	if err := json.Unmarshal(lines.Bytes(), &made); err != nil {
		t.Fatalf("the strangers say %q: %v", lines.Text(), err)
	}
	if err := strangers.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("with nobody around %s", quiet)
	t.Logf("while %d offers came in %v %s; they are %v", made.Offers, long, flooded, made.States)
	if n := made.States[app.Offered]; n < 1 || n > 5 {
		t.Errorf("%d offers wait for an answer, want up to 5", n)
	}
	if made.Offers < int(long.Seconds()*1000/60)/2 {
		t.Errorf("only %d offers were made in %v", made.Offers, long)
	}
}
