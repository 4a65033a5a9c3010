//go:build linux

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestWire has a file go through namespaces, whose counters have to show it.
func TestWire(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	b := &bench{ctx: t.Context(), isolate: true, dir: t.TempDir(), rounds: 1, scale: 1, log: t.Output()}
	l, err := b.wire(1000 * mbit)
	if cannot := unavailable(""); errors.As(err, &cannot) {
		t.Skip(cannot)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.remove()
	const size = 3_000_000
	text, err := b.compareFile(l, size, plainCopy())
	if err != nil || !strings.Contains(text, "| plain TCP copy |") {
		t.Errorf("compareFile = %q, %v", text, err)
	}
	received, sent, err := l.from.bytes()
	if err != nil || sent < size || received == 0 || received > size {
		t.Errorf("the sender's interface received %d and sent %d bytes, %v; a file had %d", received, sent, err, size)
	}
	l.remove()
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil || bytes.Contains(out, []byte(l.from.namespace)) || bytes.Contains(out, []byte(l.to.namespace)) {
		t.Errorf("ip netns list: %v\n%s", err, out)
	}
}

// TestPipelineFails has one side fail: the other one, which waits for it, is ended.
func TestPipelineFails(t *testing.T) {
	b := &bench{ctx: t.Context()}
	h := host{addr: "127.0.0.1"}
	l := &link{from: h, to: h}
	for _, failing := range []string{"sender", "receiver"} {
		var p pipeline
		get, addr, err := b.receiver(l, &p, "get", "-")
		if err != nil {
			t.Fatal(err)
		}
		put, err := b.self("put", t.TempDir()+"/missing", addr)
		if err != nil {
			t.Fatal(err)
		}
		if failing == "receiver" {
			get.Args[2], put.Args[2] = "nonsense", "get" // and the sender waits for a connection
			file, _, err := h.listen()
			if err != nil {
				t.Fatal(err)
			}
			put.ExtraFiles = []*os.File{file}
			p.inherited = append(p.inherited, file)
		}
		p.receivers, p.senders = []*exec.Cmd{get}, []*exec.Cmd{put}
		if _, err := p.run(l); err == nil || strings.Contains(err.Error(), "killed") {
			t.Errorf("the %s fails: %v, want its own error", failing, err)
		}
	}
}

// TestPlainCopies moves boundaries of the pieces.
func TestPlainCopies(t *testing.T) {
	if testing.Short() {
		t.Skip("starts dozens of processes, each of which takes a second to end under the race detector")
	}
	b := &bench{ctx: t.Context(), dir: t.TempDir(), log: t.Output()}
	l, err := b.loopback()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 1, piece - 1, piece, piece + 1, 2*piece + 500} {
		source := t.TempDir() + "/file"
		if err := writeNoise(source, noise(1), size); err != nil {
			t.Fatal(err)
		}
		for _, m := range []method{plainCopy(), tarCopy()} {
			s, err := b.once(l, source, m) // compares what arrived
			if err != nil || s.wall <= 0 || s.cpu <= 0 {
				t.Errorf("%s of %d bytes: %+v, %v", m.name, size, s, err)
			}
		}
	}
}
