package transfer

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// testNode is a node with a host that answers as the test says.
type testNode struct {
	*Node
	t     testing.TB
	id    ID
	addr  netip.AddrPort
	stop  func()
	dir   string
	store *memoryPartials

	mu     sync.Mutex
	level  Level
	decide func(ctx context.Context, in *Incoming) Decision
	offers []*Incoming
	ended  []ending
	chats  []Chat

	versions []bool // what OtherVersion was told
	acks     []AckState
	told     [][]Contact
	shown    []*Pairing
	change   chan struct{}
}

type ending struct {
	in     *Incoming
	report Report
	err    error
}

func (h *testNode) changed() {
	close(h.change)
	h.change = make(chan struct{})
}

func (h *testNode) Level(ID) Level     { h.mu.Lock(); defer h.mu.Unlock(); return h.level }
func (h *testNode) Connected(*Session) {}
func (h *testNode) Disconnected(s *Session, why error) {
	if testing.Verbose() {
		h.t.Logf("session of %s ended: %v", h.id.short(), why)
	}
}
func (h *testNode) Offer(ctx context.Context, in *Incoming) Decision {
	h.mu.Lock()
	h.offers = append(h.offers, in)
	decide := h.decide
	h.changed()
	h.mu.Unlock()
	if in.Partial != nil {
		return Decision{Accept: true, Folder: h.dir, Policy: in.Partial.Policy, Links: in.Partial.Links}
	}
	if decide == nil {
		return Decision{Accept: true, Folder: h.dir}
	}
	return decide(ctx, in)
}
func (h *testNode) Ended(in *Incoming, report Report, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = append(h.ended, ending{in, report, err})
	h.changed()
}
func (h *testNode) Chat(p Peer, m Chat) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.chats = append(h.chats, m)
	h.changed()
	return nil
}
func (h *testNode) OtherVersion(from netip.AddrPort, newer bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.versions = append(h.versions, newer)
}
func (h *testNode) Gossip(p Peer, people []Contact) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, people)
	h.changed()
}
func (h *testNode) Pairing(p *Pairing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shown = append(h.shown, p)
	h.changed()
}
func (h *testNode) Acked(p Peer, ids [][16]byte, state AckState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.acks = append(h.acks, state)
	h.changed()
}

// until waits for a condition over what the host was told.
func (h *testNode) until(what string, ok func() bool) {
	h.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		h.mu.Lock()
		good, change := ok(), h.change
		h.mu.Unlock()
		if good {
			return
		}
		select {
		case <-change:
		case <-deadline:
			h.t.Fatalf("timed out waiting for %s", what)
		}
	}
}

// eventually waits for something that nobody announces.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}

func newKey(t testing.TB) *Identity {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	identity, err := NewIdentity(key)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

// startNode runs a node on loopback until the test ends or stop is called. identity
// may be nil. wrap may put something around its listener.
func startNode(t testing.TB, identity *Identity, dir string, store *memoryPartials, wrap ...func(net.Listener) net.Listener) *testNode {
	t.Helper()
	if identity == nil {
		identity = newKey(t)
	}
	if store == nil {
		store = &memoryPartials{}
	}
	h := &testNode{t: t, id: identity.ID(), dir: dir, store: store, level: Unknown, change: make(chan struct{})}
	var logs slog.Handler = slog.DiscardHandler
	if testing.Verbose() {
		logs = slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	node, err := NewNode(Config{Identity: identity, Self: Self{Name: "Test Node"}, Epoch: uint64(time.Now().UnixNano()), Secret: [32]byte{7}, Host: h, Partials: store, Log: slog.New(logs)})
	if err != nil {
		t.Fatal(err)
	}
	h.Node = node
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = netip.MustParseAddrPort(ln.Addr().String())
	for _, wrap := range wrap {
		ln = wrap(ln)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- node.Run(ctx, ln) }()
	var once sync.Once
	h.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-over:
				if err != nil {
					t.Errorf("Run = %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Error("Run did not return")
			}
		})
	}
	for range 1000 { // until Run has begun
		node.mu.Lock()
		begun := node.ctx != nil
		node.mu.Unlock()
		if begun {
			break
		}
		time.Sleep(time.Millisecond)
	}
	t.Cleanup(h.stop)
	return h
}

func connect(t testing.TB, from, to *testNode) *Session {
	t.Helper()
	s, err := from.Connect(t.Context(), to.id, []netip.AddrPort{to.addr})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tree describes a folder: one line for each entry with everything that must arrive.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		line := fmt.Sprintf("%q dir=%v exec=%v mtime=%d", rel, d.IsDir(), !d.IsDir() && info.Mode()&0o100 != 0, info.ModTime().UnixNano())
		if rel == "." {
			return nil
		}
		if !d.IsDir() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" size=%d sum=%x", len(content), chunkSum(content))
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// sameTree compares two folders and shows where they differ.
func sameTree(t testing.TB, got, want string) {
	t.Helper()
	a, b := strings.Split(tree(t, got), "\n"), strings.Split(tree(t, want), "\n")
	for _, line := range a {
		if !slices.Contains(b, line) {
			t.Errorf("unexpected %s", line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			t.Errorf("missing    %s", line)
		}
	}
}

func write(t testing.TB, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// sampleTree makes a folder with everything that has to survive a transfer.
func sampleTree(t testing.TB, dir string) string {
	root := filepath.Join(dir, "资料 sample")
	write(t, filepath.Join(root, "empty.txt"), nil)
	write(t, filepath.Join(root, "one"), []byte("x"))
	write(t, filepath.Join(root, "子目录", "你好世界.txt"), []byte(strings.Repeat("你好\n", 1000)))
	for i := range 50 {
		write(t, filepath.Join(root, "many", fmt.Sprintf("file%03d", i)), random(i*97))
	}
	for _, size := range []int{chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5} {
		write(t, filepath.Join(root, "sizes", fmt.Sprint(size)), random(size))
	}
	run := write(t, filepath.Join(root, "run.sh"), []byte("#!/bin/sh\n"))
	if err := os.Chmod(run, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "hollow", "inner"), 0o755); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2001, 2, 3, 4, 5, 6, 789000000, time.UTC)
	for _, p := range []string{"one", "hollow/inner", "hollow", "many"} {
		if err := os.Chtimes(filepath.Join(root, p), old, old); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func outgoing(paths ...string) *Outgoing {
	var id [16]byte
	rand.Read(id[:])
	return NewOutgoing(Send{Transfer: id, Message: id, Paths: paths})
}

func TestSendTree(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	root := sampleTree(t, src)
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	out := outgoing(root)
	report, err := connect(t, a, b).Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	sameTree(t, dst, src)
	if report.Files != 58 || report.SkipCount != 0 {
		t.Errorf("report = %+v", report)
	}
	b.until("Ended", func() bool { return len(b.ended) == 1 })
	if e := b.ended[0]; e.err != nil || len(e.report.Published) != 1 || e.report.Published[0].Path != filepath.Join(dst, "资料 sample") {
		t.Errorf("receiver's report = %+v, %v", e.report, e.err)
	}
	p := out.Progress()
	if p.Stored != p.Bytes || p.Phase != Over || p.Files != 58 {
		t.Errorf("progress = %+v", p)
	}
	if left, _ := os.ReadDir(filepath.Join(dst, incomingFolder)); len(left) != 0 || b.store.count() != 0 {
		t.Errorf("left behind: %v, %v", left, b.store.all())
	}
}

func TestNeverOverwrites(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	file := write(t, filepath.Join(src, "a.txt"), []byte("new"))
	write(t, filepath.Join(src, "folder", "x"), []byte("new x"))
	write(t, filepath.Join(dst, "a.txt"), []byte("old"))
	write(t, filepath.Join(dst, "folder", "x"), []byte("old x"))
	a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
	s := connect(t, a, b)
	for range 2 {
		if _, err := s.Send(t.Context(), outgoing(file, filepath.Join(src, "folder"))); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"a.txt": "old", "a (1).txt": "new", "a (2).txt": "new", "folder/x": "old x", "folder (1)/x": "new x", "folder (2)/x": "new x"} {
		if got, err := os.ReadFile(filepath.Join(dst, name)); string(got) != want {
			t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestChat(t *testing.T) {
	a, b := startNode(t, nil, "", nil), startNode(t, nil, "", nil)
	s := connect(t, a, b)
	at := time.Now().Truncate(time.Millisecond)
	if err := s.SendChat(t.Context(), Chat{ID: [16]byte{1}, Seq: 1, At: at, Body: "你好"}); err != nil {
		t.Fatal(err)
	}
	a.until("ack", func() bool { return len(a.acks) == 1 })
	b.until("chat", func() bool { return len(b.chats) == 1 })
	if b.chats[0].Body != "你好" || a.acks[0] != AckStored {
		t.Errorf("chat = %+v, ack = %v", b.chats[0], a.acks[0])
	}
	if err := s.SendChat(t.Context(), Chat{Body: strings.Repeat("x", maxChat+1)}); err != ErrTooLong {
		t.Errorf("SendChat(too long) = %v", err)
	}
	if err := s.SendChat(t.Context(), Chat{Body: strings.Repeat("x", maxChat)}); err != nil {
		t.Errorf("SendChat(longest) = %v", err)
	}
	b.until("longest", func() bool { return len(b.chats) == 2 })
}

func chunkSum(b []byte) value {
	var values []value
	for i := range chunks(int64(len(b))) {
		values = append(values, chunkValue(b[i*chunkSize:min(len(b), int(i+1)*chunkSize)], i, len(b) <= chunkSize))
	}
	return digest(values)
}

// count returns how many partials are remembered.
func (m *memoryPartials) count() int { return len(m.all()) }

// all returns them.
func (m *memoryPartials) all() map[partialKey]Partial {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.rows)
}
