package cli

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// order writes a line to the standard input of a process.
func (p *process) order(format string, args ...any) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.input, format+"\n", args...); err != nil {
		p.t.Fatal(err)
	}
}

// TestLANControl drives two programs between two hosts as a program would: each side
// pauses, one file is left out, a cable is pulled while the sender pauses, and the rest
// arrives only after it resumes.
func TestLANControl(t *testing.T) {
	waits(t)
	l := newLAN(t)
	source, folder := filepath.Join(t.TempDir(), "many"), t.TempDir()
	if err := os.Mkdir(source, 0o700); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 2<<20)
	rand.Read(data)
	for i := range 30 {
		if err := os.WriteFile(filepath.Join(source, fmt.Sprintf("%02d", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	most := time.Minute
	receiver := l.start(2, "receive", "--accept", "ask", "--save", folder, "--no-discovery")
	receiver.await("listening", most, func(e lanEvent) bool { return e.Event == "listening" })
	sender := l.start(1, "send", "--to", fmt.Sprint(l.net.Addr(2), ":21925"), "--no-discovery", "--limit", "4M", source)
	there := receiver.await("offer", most, func(e lanEvent) bool { return e.Event == "offer" }).ID
	receiver.order(`{"accept":%q,"policy":"skip"}`, there)
	here := sender.await("progress", most, beyond(0)).ID

	pausedBy := func(who string) func(lanEvent) bool {
		return func(e lanEvent) bool { return e.Event == "state" && e.State == "paused" && e.By == who }
	}
	sender.order(`{"pause":%q}`, here)
	sender.await("its pause", most, pausedBy("us"))
	receiver.await("the sender's pause", most, pausedBy("peer"))
	receiver.order(`{"pause":%q}`, there)
	sender.await("both pauses", most, pausedBy("both"))

	sender.order(`{"files":%q}`, here)
	last := sender.await("the last file", most, func(e lanEvent) bool { return e.Event == "file" && e.Name == "many/29" })
	sender.order(`{"leave_out":%q,"entry":%d}`, here, *last.Entry)
	from := sender.mark()
	receiver.order(`{"resume":%q}`, there)
	sender.awaitFrom(from, "its pause alone", most, pausedBy("us"))

	l.net.Unplug(2)
	receiver.kill()
	l.net.Plug(2)
	receiver = l.start(2, "receive", "--accept", "ask", "--save", folder, "--no-discovery")
	receiver.await("listening", most, func(e lanEvent) bool { return e.Event == "listening" })
	if info, err := os.Stat(filepath.Join(folder, "many")); err == nil {
		t.Errorf("%s is there before it was resumed", info.Name())
	}
	sender.order(`{"resume":%q}`, here)
	done := sender.await("done", most, func(e lanEvent) bool { return e.Event == "done" })
	if code := sender.finish(most); code != 0 || done.State != "done" {
		t.Errorf("send ended %s with exit code %d, want done with 0:\n%s", done.State, code, sender.text())
	}
	left, err := os.ReadDir(filepath.Join(folder, "many"))
	if err != nil || len(left) < 29 {
		t.Errorf("%d files arrived, %v; want at least all but the one that was left out of the first try", len(left), err)
	}
}
