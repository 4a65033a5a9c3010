package discovery

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// examplePacket is the one that PROTOCOL.md shows in bytes.
func examplePacket() *packet {
	return &packet{
		Type: typeAnnounce, Name: "小明的电脑", Epoch: 1_790_000_000_123, Seq: 7, TCPPort: 21925, UDPPort: 50123,
		Proto: Range{1, 1}, Caps: 0, Period: 5 * time.Second,
		Addrs: []netip.Addr{netip.MustParseAddr("192.168.1.20"), netip.MustParseAddr("fe80::1234:5678:9abc:def0")},
	}
}

func sign(t testing.TB, key byte, p *packet) []byte {
	t.Helper()
	copy(p.Key[:], testKey(key).Public().(ed25519.PublicKey))
	data, err := p.encode(testKey(key))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestKeyIDIsOfTheSubjectPublicKeyInfo(t *testing.T) {
	key := testKey(1).Public().(ed25519.PublicKey)
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if want := append(append([]byte(nil), spkiPrefix...), key...); !bytes.Equal(spki, want) {
		t.Errorf("SubjectPublicKeyInfo is %x, KeyID hashes %x", spki, want)
	}
	id := KeyID(key)
	if got, err := ParseID(strings.ToLower(id.String())); err != nil || got != id {
		t.Errorf("ParseID(%q) = %v, %v", strings.ToLower(id.String()), got, err)
	}
	for _, bad := range []string{"", "AAAA", id.String() + "A", id.String()[:51] + "B", strings.Repeat("1", 52)} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) was accepted", bad)
		}
	}
}

// The bytes may never change: they are what other versions send. Ed25519
// signatures are the same every time.
func TestPacketGoldenVector(t *testing.T) {
	data := sign(t, 1, examplePacket())
	doc, err := os.ReadFile("PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(doc), "```hex\n")
	block, _, _ = strings.Cut(block, "```")
	var shown strings.Builder
	for _, line := range strings.Split(block, "\n") {
		bytes, _, _ := strings.Cut(line, "#")
		shown.WriteString(strings.Join(strings.Fields(bytes), ""))
	}
	if got := hex.EncodeToString(data); got != shown.String() {
		t.Errorf("the example packet is\n%s\nPROTOCOL.md shows\n%s", got, shown.String())
	}
}

func TestPacketComesBack(t *testing.T) {
	full := examplePacket()
	full.Type, full.Echo, full.Caps = typeReply, nonce{1, 2, 3, 4, 5, 6, 7, 8}, 0xdeadbeef
	for len(full.Addrs) < maxListed {
		full.Addrs = append(full.Addrs, netip.MustParseAddr("2001:db8::1"))
	}
	full.Name = strings.Repeat("漢", MaxNameRunes)
	full.Way, full.Ways, full.Tells = ByMulticast6.set(), 7, true
	tests := []struct {
		why string
		p   *packet
	}{
		{"an announcement", examplePacket()},
		{"the longest answer there is", full},
		{"a question", &packet{Type: typeQuery, Epoch: 1, Seq: 1, Nonce: nonce{7: 1}}},
		{"an examination", &packet{Type: typeQuery, Epoch: 1, Seq: 1, Nonce: nonce{7: 1}, Examine: true}},
		{"an answer of somebody who hears nothing", &packet{Type: typeReply, Epoch: 1, Seq: 1, Echo: nonce{1}, Tells: true}},
		{"a goodbye without name or address", &packet{Type: typeBye, Epoch: 1, Seq: 2}},
	}
	for _, tt := range tests {
		data := sign(t, 3, tt.p)
		got, err := parsePacket(data)
		if err != nil || !reflect.DeepEqual(got, tt.p) {
			t.Errorf("%s: %+v, %v, want %+v", tt.why, got, err, tt.p)
		}
		if !verifyPacket(tt.p, data) {
			t.Errorf("%s: the signature does not verify", tt.why)
		}
		if len(data) > maxQueryLen || tt.p.Type == typeQuery && len(data) != maxQueryLen {
			t.Errorf("%s: %d bytes", tt.why, len(data))
		}
		for i := range data {
			bad := bytes.Clone(data)
			bad[i] ^= 1
			if p, err := parsePacket(bad); err == nil && verifyPacket(p, bad) {
				t.Fatalf("%s: byte %d changed and the signature still verifies", tt.why, i)
			}
		}
	}
}

// frame wraps fields into a datagram with a signature of zeros.
func frame(kind packetType, fields ...[]byte) []byte {
	body := bytes.Join(fields, nil)
	b := append(packetMagic[:], packetVersion, byte(kind))
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(append(b, body...), make([]byte, ed25519.SignatureSize)...)
}

func field(kind uint8, v ...byte) []byte { return appendField(nil, kind, v) }

func TestParsePacketRefuses(t *testing.T) {
	key, epoch, seq := field(fieldKey, make([]byte, 32)...), field(fieldEpoch, make([]byte, 8)...), field(fieldSeq, make([]byte, 8)...)
	good := frame(typeAnnounce, key, epoch, seq)
	edit := func(at int, v byte) []byte { b := bytes.Clone(good); b[at] = v; return b }
	padded := func(n int) []byte {
		return frame(typeAnnounce, key, epoch, seq, field(200, make([]byte, n-len(good)-3)...))
	}
	tests := []struct {
		why  string
		data []byte
		ok   bool
	}{
		{"the least there is", good, true},
		{"nothing", nil, false},
		{"cut off by one byte", good[:len(good)-1], false},
		{"one byte too many", append(bytes.Clone(good), 0), false},
		{"another program's", edit(0, 'X'), false},
		{"a version that we cannot know", edit(4, 2), false},
		{"no such type", edit(5, 0), false},
		{"a type after the last", edit(5, 5), false},
		{"a body shorter than it says", edit(7, good[7]+1), false},
		{"as long as can be", padded(maxPacket), true},
		{"one byte longer", padded(maxPacket + 1), false},
		{"an unknown field", frame(typeAnnounce, key, field(99, 1, 2, 3), epoch, seq), true},
		{"an unknown field twice", frame(typeAnnounce, key, field(99), field(99), epoch, seq), false},
		{"a field twice", frame(typeAnnounce, key, epoch, seq, seq), false},
		{"no key", frame(typeAnnounce, epoch, seq), false},
		{"no epoch", frame(typeAnnounce, key, seq), false},
		{"no sequence number", frame(typeAnnounce, key, epoch), false},
		{"a key of 31 bytes", frame(typeAnnounce, field(fieldKey, make([]byte, 31)...), epoch, seq), false},
		{"a port of 3 bytes", frame(typeAnnounce, key, epoch, seq, field(fieldTCP, 1, 2, 3)), false},
		{"ways of 1 byte", frame(typeAnnounce, key, epoch, seq, field(fieldWays, 1)), false},
		{"an examination with a value", frame(typeQuery, key, epoch, seq, field(fieldNonce, 1, 0, 0, 0, 0, 0, 0, 0), field(fieldExamine, 1)), false},
		{"carriers that nobody knows yet", frame(typeAnnounce, key, epoch, seq, field(fieldWays, 128, 255)), true},
		{"an empty port", frame(typeAnnounce, key, epoch, seq, field(fieldTCP)), false},
		{"a field that overruns", frame(typeAnnounce, key, epoch, seq, []byte{99, 0, 2, 1}), false},
		{"a field header cut off", frame(typeAnnounce, key, epoch, seq, []byte{99, 0}), false},
		{"a length of 65535", frame(typeAnnounce, key, epoch, seq, []byte{99, 255, 255}), false},
		{"8 addresses", frame(typeAnnounce, key, epoch, seq, field(fieldAddrs, bytes.Repeat([]byte{4, 1, 2, 3, 4}, 8)...)), true},
		{"9 addresses", frame(typeAnnounce, key, epoch, seq, field(fieldAddrs, bytes.Repeat([]byte{4, 1, 2, 3, 4}, 9)...)), false},
		{"an address cut off", frame(typeAnnounce, key, epoch, seq, field(fieldAddrs, 6, 1, 2, 3)), false},
		{"an address of no family", frame(typeAnnounce, key, epoch, seq, field(fieldAddrs, 5, 1, 2, 3, 4)), false},
		{"a question without nonce", frame(typeQuery, key, epoch, seq), false},
		{"a question with the zero nonce", frame(typeQuery, key, epoch, seq, field(fieldNonce, make([]byte, 8)...)), false},
		{"a name of no UTF-8 is cleaned, not refused", frame(typeAnnounce, key, epoch, seq, field(fieldName, 0xff, 'a')), true},
	}
	for _, tt := range tests {
		if p, err := parsePacket(tt.data); (err == nil) != tt.ok {
			t.Errorf("%s: %+v, %v, want ok %v", tt.why, p, err, tt.ok)
		}
	}
}

// What was accepted is encoded to something that says the same.
func FuzzParsePacket(f *testing.F) {
	f.Add(sign(f, 1, examplePacket()))
	f.Add(sign(f, 2, &packet{Type: typeQuery, Epoch: 1, Seq: 1, Nonce: nonce{1}}))
	f.Add(frame(typeBye, field(fieldKey, make([]byte, 32)...), field(99, 1, 2)))
	key := testKey(1)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePacket(data)
		if err != nil {
			return
		}
		again, err := p.encode(key)
		if err != nil {
			t.Fatal(err)
		}
		back, err := parsePacket(again)
		if err != nil || !reflect.DeepEqual(back, p) {
			t.Fatalf("%+v became %+v (%v)", p, back, err)
		}
	})
}

func TestCleanName(t *testing.T) {
	tests := []struct{ why, in, want string }{
		{"plain", "Ann's laptop", "Ann's laptop"},
		{"Chinese", "小明的电脑", "小明的电脑"},
		{"composed", "Zoe\u0308", "Zoë"},
		{"spaces run together and are trimmed", " \t a \u00a0\u3000 b \n", "a b"},
		{"control characters would move the cursor", "a\x1b[31mb\x00\x07\x7f\u009b", "a[31mb"},
		{"bidirectional overrides would turn text around", "a\u202egpj.exe\u2066", "agpj.exe"},
		{"zero width hides differences", "An\u200bn\ufeff\u2060", "Ann"},
		{"a filler looks like nothing", "\u3164\u2800", ""},
		{"no UTF-8", "a\xff\xfeb", "ab"},
		{"32 characters fit", strings.Repeat("漢", 32), strings.Repeat("漢", 32)},
		{"the 33rd does not", strings.Repeat("漢", 33), strings.Repeat("漢", 32)},
		{"128 bytes fit", strings.Repeat("𠀀", 32), strings.Repeat("𠀀", 32)},
		{"no space at the end of what was cut", strings.Repeat("x", 31) + " y", strings.Repeat("x", 31)},
		{"accents do not pile up", "a" + strings.Repeat("\u0321", 20), "a" + strings.Repeat("\u0321", maxMarks)},
		{"10 KB", strings.Repeat("a", 10_000), strings.Repeat("a", 32)},
	}
	for _, tt := range tests {
		if got := CleanName(tt.in); got != tt.want {
			t.Errorf("%s: CleanName(%q) = %q, want %q", tt.why, tt.in, got, tt.want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, seed := range []string{"Ann", "小明的电脑", "e\u0301\u200d\u0301", " \u202e x", "\u1100\u1160\u11a8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := CleanName(in)
		if again := CleanName(got); again != got {
			t.Fatalf("CleanName(%q) = %q, and of that %q", in, got, again)
		}
		if n := len([]rune(got)); n > MaxNameRunes || len(got) > MaxNameBytes {
			t.Fatalf("CleanName(%q) has %d runes, %d bytes", in, n, len(got))
		}
	})
}
