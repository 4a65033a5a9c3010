package transfer

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"lukechampine.com/blake3"
)

// pattern is the content of the vectors in PROTOCOL.md.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

// vectors returns the rows of the table of values.
func vectors() string {
	var b strings.Builder
	for _, size := range []int{0, 1, 1024, 1025, chunkSize, chunkSize + 1, 2*chunkSize + 1, 3 * chunkSize} {
		content := pattern(size)
		var values []string
		for i := range chunks(int64(size)) {
			v := chunkValue(content[i*chunkSize:min(size, int(i+1)*chunkSize)], i, size <= chunkSize)
			values = append(values, hex.EncodeToString(v[:4]))
		}
		fmt.Fprintf(&b, "| %d bytes | %s | %x |\n", size, strings.Join(values, ", "), blake3.Sum256(content))
	}
	return b.String()
}

// example returns the frames of the example exchange, each under its title.
func example(t *testing.T) string {
	content := []byte("Hello, Yonder!\n")
	sum := blake3.Sum256(content)
	id := func(b byte) (id [16]byte) { return [16]byte(bytes.Repeat([]byte{b}, 16)) }
	key := ID(bytes.Repeat([]byte{0xd1}, 32))
	const stream = 1
	offered := marshal(&offer{Transfer: id(0x11), Key: id(0x22), Conv: []byte{}, Message: id(0x33),
		Names: []topName{{Name: "hello.txt", Size: 15}}, Count: 1, Entries: 1, Bytes: 15, Final: true})
	m := newManifest()
	if _, err := m.add(node{name: "hello.txt", size: 15, sec: 1700000000, nsec: 5, parent: -1}); err != nil {
		t.Fatal(err)
	}
	m.finish()
	paged, _, _, _ := m.page(0, false)
	packed := packHeader{raw: packRow + 15, encoded: packRow + 15}.append(make([]byte, packOffsetSize))
	packed = append(append(append(packed, 0, 0, 0, 0), sum[:]...), content...)
	data := dataHeader{}.append(nil)
	data = chunkHeader{raw: 15, encoded: 15, value: sum}.append(data)
	data = append(data, content...)
	frames := []struct {
		title string
		frame []byte
	}{
		{"HELLO, from the side that dialled", frame(frameHello, 0, marshal(&hello{ID: key, Epoch: 7, Name: "Amber Otter", System: "Linux", Version: "0.1.0", Port: 21925, Clock: 1700000000000}))},
		{"OFFER", frame(frameOffer, stream, offered)},
		{"ACCEPT", frame(frameAccept, stream, marshal(&accept{Offer: blake3.Sum256(offered), Entries: 1, Bytes: 15, Credit: window}))},
		{"MANIFEST", frame(framePage, stream, paged)},
		{"PACK", frame(framePack, stream, packed)},
		{"or, as any larger file would travel, DATA", frame(frameData, stream, data)},
		{"and FILES", frame(frameFiles, stream, marshal(&files{Done: []fileDone{{Entry: 0, Digest: sum}}}))},
		{"END", frame(frameEnd, stream, marshal(&end{Skipped: []skipped{}}))},
		{"STORED", frame(frameStored, stream, marshal(&stored{Chunks: []chunkRange{{Count: 1}}, Files: 1, Bytes: 15}))},
		{"DONE", frame(frameDone, stream, marshal(&done{Files: 1, Published: []renamed{{Name: "hello.txt", As: "hello.txt"}}, Skipped: []skipped{}}))},
		{"CHAT", frame(frameChat, 0, marshal(&chat{ID: id(0x44), Conv: []byte{}, Seq: 1, At: time.UnixMilli(1700000001000).UnixMilli(), Body: "你好"}))},
		{"ACK", frame(frameAck, 0, marshal(&ack{IDs: [][]byte{bytes.Repeat([]byte{0x44}, 16)}, State: AckStored}))},
		{"GOSSIP", gossipFrame([]Contact{{ID: ID(bytes.Repeat([]byte{0xd2}, 32)), Addrs: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.7:21925")}}})},
		{"BYE", frame(frameBye, 0, marshal(&status{Code: 9, Text: "idle"}))},
	}
	var b strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&b, "%s\n```\n", f.title)
		for line := range bytes.SplitSeq([]byte(wrap(hex.EncodeToString(f.frame), 96)), []byte("\n")) {
			fmt.Fprintf(&b, "%s\n", line)
		}
		b.WriteString("```\n")
	}
	return b.String()
}

func wrap(s string, width int) string {
	var lines []string
	for len(s) > width {
		lines = append(lines, s[:width])
		s = s[width:]
	}
	return strings.Join(append(lines, s), "\n")
}

// TestProtocolDocument keeps the numbers in PROTOCOL.md true: the vectors, the example,
// the frame table and the error codes.
func TestProtocolDocument(t *testing.T) {
	raw, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(raw)
	if want := vectors(); !strings.Contains(doc, want) {
		t.Errorf("the vectors of PROTOCOL.md should be\n%s", want)
	}
	if want := example(t); !strings.Contains(doc, want) {
		t.Errorf("the example of PROTOCOL.md should be\n%s", want)
	}
	for typ, rule := range gate {
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^\| .*\b%02x\b.* \| .*\b%s\b`, byte(typ), rule.name)).MatchString(doc) {
			t.Errorf("frame %02x %s is not in the table", byte(typ), rule.name)
		}
	}
	for _, row := range wireErrors {
		if !strings.Contains(doc, fmt.Sprintf("| %d | ", row.code)) {
			t.Errorf("code %d (%v) is not in the table", row.code, row.err)
		}
	}
}
