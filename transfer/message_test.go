package transfer

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// messages has one example of every message, with every field set. Their bytes are in
// testdata/messages.txt.
func messages() []any {
	id := func(b byte) [16]byte { return [16]byte(bytes.Repeat([]byte{b}, 16)) }
	sum := func(b byte) value { return value(bytes.Repeat([]byte{b}, 32)) }
	return []any{
		&hello{ID: ID(sum(1)), Minor: 2, Epoch: 3, Name: "Amber Otter 琥珀", System: "Linux", Version: "0.1.0", Port: 21925, Clock: 1700000000000, Caps: 5, Ask: true},
		&status{Code: 11, Text: "disk full"},
		&ping{Nonce: 1 << 63},
		&offer{Transfer: id(1), Key: id(2), Batch: id(3), Conv: []byte{4}, Message: id(5), Purpose: 6,
			Names: []topName{{Name: "a.txt", Size: 7}, {Name: "资料", Folder: true}}, Count: 2, Entries: 9, Bytes: 10, Final: true, Wish: SkipExisting, Parent: bytes.Repeat([]byte{6}, 16)},
		&accept{Offer: sum(1), Policy: Update, Entries: 2, Bytes: 3, Have: true, Credit: window},
		&page{Number: 1, Entries: []entry{{Name: "资料", Kind: kindFolder, Sec: 1700000000}, {Depth: 1, Name: "run.sh", Exec: true, Size: 1 << 40, Sec: -1, Nsec: 999999999}, {Depth: 1, Name: "z", Kind: kindLink, Target: "run.sh"}},
			Last: true, Digest: sum(2)},
		&have{Upto: 3, Claims: []claim{{Entry: 2, First: 1, Values: bytes.Repeat([]byte{9}, 64)}}, Chunks: 3, Unwanted: []uint32{1}},
		&pause{},
		&files{Done: []fileDone{{Entry: 1, Digest: sum(3)}}, Failed: []fileFailed{{Entry: 2, Reason: SkipChanged, Detail: "changed"}}},
		&end{Skipped: []skipped{{Path: "a/b", Reason: SkipLink, Detail: "link"}}, SkipCount: 2, Links: 1},
		&stored{Chunks: []chunkRange{{Entry: 1, First: 2, Count: 3}}, Files: 4, Bytes: 5, Resumed: 6},
		&credit{Bytes: window},
		&want{Chunks: []chunkRange{{Entry: 1, First: 2, Count: 3}}},
		&done{Files: 1, Published: []renamed{{Name: "a", As: "a (1)"}}, Skipped: []skipped{{Path: "b", Reason: SkipFailed, Detail: "no space"}}, SkipCount: 2, Failed: 1, Links: 1},
		&chat{ID: id(1), Conv: []byte{2}, Seq: 3, At: 1700000000000, Kind: ChatTransfer, Body: "你好", Reply: bytes.Repeat([]byte{4}, 16)},
		&ack{IDs: [][]byte{bytes.Repeat([]byte{1}, 16)}, State: AckRead},
		&gossip{People: []contact{{ID: ID(sum(4)), Addrs: [][]byte{{192, 0, 2, 7, 0x55, 0xa5}, bytes.Repeat([]byte{0x20}, 18)}, Age: 3}}},
	}
}

// nameOf is the name of a message's type.
func nameOf(message any) string { return reflect.TypeOf(message).Elem().Name() }

// fresh returns a new message of the same type.
func fresh(message any) any { return reflect.New(reflect.TypeOf(message).Elem()).Interface() }

func TestMessageForm(t *testing.T) {
	raw, err := os.ReadFile("testdata/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	golden := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, form, _ := strings.Cut(strings.TrimSpace(line), " ")
		golden[name] = form
	}
	for _, m := range messages() {
		form := marshal(m)
		if got := hex.EncodeToString(form); got != golden[nameOf(m)] {
			t.Errorf("%s encodes as\n%s, want\n%s", nameOf(m), got, golden[nameOf(m)])
		}
		back := fresh(m)
		if err := unmarshal(form, back); err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("%s decodes as %+v, %v, want %+v", nameOf(m), back, err, m)
		}
	}
}

// TestUnmarshalStrict breaks each rule of the encoding in turn.
func TestUnmarshalStrict(t *testing.T) {
	deep := "a11880" + strings.Repeat("81", 8) + "00" // key 128: skipped, but not unread
	tests := []struct {
		reason  string
		hex     string
		message any
		ok      bool
	}{
		{"as it should be", "a10105", &ping{}, true},
		{"a field that is missing is zero", "a0", &ping{}, true},
		{"an unknown key from 128 on", "a20105188000", &ping{}, true},
		{"a high unknown key", "a201051b7fffffffffffffff00", &ping{}, true},
		{"an unknown key below 128", "a20105187f00", &ping{}, false},
		{"a negative key", "a201052000", &ping{}, false},
		{"a text key", "a20105616100", &ping{}, false},
		{"a key twice", "a201050106", &ping{}, false},
		{"nothing", "", &ping{}, false},
		{"cut short", "a1011b0000", &ping{}, false},
		{"bytes behind it", "a1010500", &ping{}, false},
		{"no map", "8105", &ping{}, false},
		{"a map of indefinite length", "bf0105ff", &ping{}, false},
		{"a tag", "a101c24105", &ping{}, false},
		{"a tag around it all", "d9d9f7a10105", &ping{}, false},
		{"a number of another sign", "a10120", &ping{}, false},
		{"a number too large", "a101c249010000000000000000", &ping{}, false},
		{"a text where a number belongs", "a1016135", &ping{}, false},
		{"a number where a text belongs", "a2010b0205", &status{}, false},
		{"invalid UTF-8", "a2010b0261ff", &status{}, false},
		{"a text of indefinite length", "a2010b027f6161ff", &status{}, false},
		{"8 levels", strings.Replace(deep, strings.Repeat("81", 8), strings.Repeat("81", 7), 1), &ping{}, true},
		{"9 levels", deep, &ping{}, false},
		{"an array that claims 2^63 elements", "a1019b8000000000000000", &ack{}, false},
		{"an array that claims 2^32-1 elements", "a1019affffffff", &want{}, false},
		{"a text that claims 2^64-1 bytes", "a2010b027bffffffffffffffff", &status{}, false},
		{"an id of 15 bytes", "a2014f" + strings.Repeat("00", 15) + "0605", &chat{}, false},
		{"an id of 17 bytes", "a20151" + strings.Repeat("00", 17) + "0600", &chat{}, false},
		{"a row with an element too few", "a10181820102", &want{}, false},
		{"a row with an element too many", "a1018184010203" + "04", &want{}, false},
		{"a row that is no array", "a10181a0", &want{}, false},
		{"a port above 65535", "a1071a00010000", &hello{}, false},
	}
	for _, test := range tests {
		b, err := hex.DecodeString(test.hex)
		if err != nil {
			t.Fatal(err)
		}
		err = unmarshal(b, test.message)
		if (err == nil) != test.ok {
			t.Errorf("%s: unmarshal(%s) = %v, want ok %v", test.reason, test.hex, err, test.ok)
		}
		if err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: error %v does not wrap ErrProtocol", test.reason, err)
		}
	}
}

// TestMessageChecks looks at the limits that the schema does not express, at n and n+1.
func TestMessageChecks(t *testing.T) {
	text := func(n int) string { return strings.Repeat("x", n) }
	goodOffer := func(change func(o *offer)) *offer {
		o := &offer{Conv: []byte{}, Names: []topName{{Name: "a", Size: 1}}, Count: 1, Entries: 1, Bytes: 1, Final: true}
		change(o)
		return o
	}
	named := func(n int, name string) func(*offer) {
		return func(o *offer) {
			o.Names = nil
			for i := range n {
				o.Names = append(o.Names, topName{Name: fmt.Sprintf("%s%03d", name, i)})
			}
			o.Count, o.Entries = uint64(n), uint64(n)
		}
	}
	rows := func(n int) (list []skipped) {
		for range n {
			list = append(list, skipped{Path: "p", Reason: SkipLink})
		}
		return list
	}
	tests := []struct {
		reason  string
		message any
		ok      bool
	}{
		{"text of 512 bytes", &status{Text: text(maxText)}, true},
		{"text of 513 bytes", &status{Text: text(maxText + 1)}, false},
		{"offer", goodOffer(func(*offer) {}), true},
		{"offer without a name", goodOffer(func(o *offer) { o.Names, o.Count = []topName{}, 0 }), false},
		{"offer of 100 names", goodOffer(named(maxNames, "")), true},
		{"offer of 101 names", goodOffer(named(maxNames+1, "")), false},
		{"offer that shows 100 of 101 names", goodOffer(func(o *offer) { named(maxNames, "")(o); o.Count, o.Entries = 101, 101 }), true},
		{"offer that shows 99 of 100 short names", goodOffer(func(o *offer) { named(99, "")(o); o.Count, o.Entries = 100, 100 }), false},
		{"offer that shows as many long names as fit", goodOffer(func(o *offer) { named(40, text(1000))(o); o.Count, o.Entries = 1000, 1000 }), true},
		{"offer that counts fewer names than it shows", goodOffer(func(o *offer) { named(3, "")(o); o.Count = 2 }), false},
		{"offer of 2^62 bytes", goodOffer(func(o *offer) { o.Bytes = maxTotal }), true},
		{"offer of 2^62+1 bytes", goodOffer(func(o *offer) { o.Bytes = maxTotal + 1 }), false},
		{"offer of 2^63 bytes", goodOffer(func(o *offer) { o.Bytes = 1 << 63 }), false},
		{"offer of -1 bytes", goodOffer(func(o *offer) { o.Bytes = 1<<64 - 1 }), false},
		{"name of 2^62 bytes", goodOffer(func(o *offer) { o.Names[0].Size = maxTotal }), true},
		{"name of 2^63 bytes", goodOffer(func(o *offer) { o.Names[0].Size = 1 << 63 }), false},
		{"name of -1 bytes", goodOffer(func(o *offer) { o.Names[0].Size = 1<<64 - 1 }), false},
		{"names whose sizes overflow together", goodOffer(func(o *offer) {
			named(5, "")(o)
			for i := range o.Names {
				o.Names[i].Size = maxTotal
			}
		}), false},
		{"offer of 2 M entries", goodOffer(func(o *offer) { o.Entries = maxEntries }), true},
		{"offer of 2 M + 1 entries", goodOffer(func(o *offer) { o.Entries = maxEntries + 1 }), false},
		{"final offer with fewer entries than names", goodOffer(func(o *offer) { o.Entries = 0 }), false},
		{"first offer of a scan", goodOffer(func(o *offer) { o.Entries, o.Final = 0, false }), true},
		{"the last policy", goodOffer(func(o *offer) { o.Wish = SkipExisting }), true},
		{"an unknown policy", goodOffer(func(o *offer) { o.Wish = SkipExisting + 1 }), false},
		{"conversation of 32 bytes", goodOffer(func(o *offer) { o.Conv = make([]byte, 32) }), true},
		{"conversation of 33 bytes", goodOffer(func(o *offer) { o.Conv = make([]byte, 33) }), false},
		{"a name that leaves", goodOffer(func(o *offer) { o.Names[0].Name = ".." }), false},
		{"a name that is a path", goodOffer(func(o *offer) { o.Names[0].Name = "a/b" }), false},
		{"claim of one chunk", &have{Claims: []claim{{Values: make([]byte, 32)}}}, true},
		{"claim of nothing", &have{Claims: []claim{{Values: []byte{}}}}, false},
		{"claim of half a chunk", &have{Claims: []claim{{Values: make([]byte, 48)}}}, false},
		{"outcome with 512 bytes", &files{Failed: []fileFailed{{Detail: text(maxText)}}}, true},
		{"outcome with 513 bytes", &files{Failed: []fileFailed{{Detail: text(maxText + 1)}}}, false},
		{"report of 100 entries", &end{Skipped: rows(maxReport), SkipCount: maxReport}, true},
		{"report of 101 entries", &end{Skipped: rows(maxReport + 1), SkipCount: maxReport + 1}, false},
		{"report of more than it counts", &end{Skipped: rows(2), SkipCount: 1}, false},
		{"report with a path of 32 KiB", &end{Skipped: []skipped{{Path: text(4 * maxPath)}}, SkipCount: 1}, true},
		{"report with a path of 32 KiB + 1", &end{Skipped: []skipped{{Path: text(4*maxPath + 1)}}, SkipCount: 1}, false},
		{"done with 100 names", &done{Published: make([]renamed, maxNames), Skipped: []skipped{}}, true},
		{"done with 101 names", &done{Published: make([]renamed, maxNames+1), Skipped: []skipped{}}, false},
		{"done with a detail of 513 bytes", &done{Skipped: []skipped{{Detail: text(maxText + 1)}}, SkipCount: 1}, false},
		{"message of 16 KiB", &chat{Conv: []byte{}, Body: text(maxChat)}, true},
		{"message of 16 KiB + 1", &chat{Conv: []byte{}, Body: text(maxChat + 1)}, false},
		{"message in a conversation of 33 bytes", &chat{Conv: make([]byte, 33)}, false},
		{"message that answers an id of 17 bytes", &chat{Conv: []byte{}, Reply: make([]byte, 17)}, false},
		{"ack", &ack{IDs: [][]byte{make([]byte, 16)}, State: AckRefused}, true},
		{"ack of nothing", &ack{IDs: [][]byte{}, State: AckStored}, false},
		{"ack of an id of 15 bytes", &ack{IDs: [][]byte{make([]byte, 15)}, State: AckStored}, false},
		{"ack of an id of 17 bytes", &ack{IDs: [][]byte{make([]byte, 17)}, State: AckStored}, false},
		{"ack without a state", &ack{IDs: [][]byte{make([]byte, 16)}}, false},
		{"gossip about nobody", &gossip{}, true},
		{"gossip about 32 people", &gossip{People: make([]contact, MaxContacts)}, true},
		{"gossip about 33 people", &gossip{People: make([]contact, MaxContacts+1)}, false},
		{"gossip with 4 addresses of one device", &gossip{People: []contact{{Addrs: [][]byte{make([]byte, 6), make([]byte, 18), make([]byte, 6), make([]byte, 18)}}}}, true},
		{"gossip with 5 addresses of one device", &gossip{People: []contact{{Addrs: [][]byte{make([]byte, 6), make([]byte, 6), make([]byte, 6), make([]byte, 6), make([]byte, 6)}}}}, false},
		{"gossip with an address of 5 bytes", &gossip{People: []contact{{Addrs: [][]byte{make([]byte, 5)}}}}, false},
		{"gossip with an empty address", &gossip{People: []contact{{Addrs: [][]byte{{}}}}}, false},
		{"gossip with an address of 17 bytes", &gossip{People: []contact{{Addrs: [][]byte{make([]byte, 17)}}}}, false},
		{"gossip with an address of 19 bytes", &gossip{People: []contact{{Addrs: [][]byte{make([]byte, 19)}}}}, false},
		{"ack with an unknown state", &ack{IDs: [][]byte{make([]byte, 16)}, State: AckCancelled + 1}, false},
	}
	for _, test := range tests {
		err := unmarshal(marshal(test.message), fresh(test.message))
		if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: unmarshal = %v, want ok %v", test.reason, err, test.ok)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	seen := map[code]bool{}
	for _, row := range wireErrors {
		if seen[row.code] {
			t.Errorf("code %d is used twice", row.code)
		}
		seen[row.code] = true
		if got := toCode(fmt.Errorf("outer: %w", row.err)); got != row.code {
			t.Errorf("toCode(%v) = %d, want %d", row.err, got, row.code)
		}
		want := row.err
		if row.peer != nil {
			want = row.peer
		}
		if got := fromCode(row.code); got != want {
			t.Errorf("fromCode(%d) = %v, want %v", row.code, got, want)
		}
	}
	if got := toCode(errors.New("something else")); got != codeInternal {
		t.Errorf("toCode of an error of its own = %d, want %d", got, codeInternal)
	}
	for _, c := range []code{0, 200, codeInternal, 1 << 63} {
		if got := fromCode(c); got != ErrInternal {
			t.Errorf("fromCode(%d) = %v, want ErrInternal", c, got)
		}
	}
}

func TestClip(t *testing.T) {
	tests := []struct {
		reason, in string
		limit      int
		want       string
	}{
		{"short", "abc", 3, "abc"},
		{"one byte", "abc", 2, "ab"},
		{"inside a rune", "a你好", 5, "a你"},
		{"behind a rune", "a你好", 4, "a你"},
		{"no room for a rune", "你", 2, ""},
		{"not UTF-8: a system's error about such a file", "open \xff\xfe: gone", 20, "open \uFFFD: gone"},
	}
	for _, test := range tests {
		if got := clip(test.in, test.limit); got != test.want {
			t.Errorf("%s: clip(%q, %d) = %q, want %q", test.reason, test.in, test.limit, got, test.want)
		}
	}
}

// FuzzUnmarshal feeds every message type: nothing panics, and what is accepted encodes
// into something that decodes to the same.
func FuzzUnmarshal(f *testing.F) {
	for i, m := range messages() {
		f.Add(uint8(i), marshal(m))
	}
	f.Add(uint8(0), []byte{0xbf, 0xff})
	f.Add(uint8(3), bytes.Repeat([]byte{0x81}, 100))
	kinds := messages()
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		m := fresh(kinds[int(which)%len(kinds)])
		if err := unmarshal(b, m); err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Errorf("unmarshal(%s, %x) = %v", nameOf(m), b, err)
			}
			return
		}
		form := marshal(m)
		again := fresh(m)
		if err := unmarshal(form, again); err != nil {
			t.Fatalf("%s %x was accepted, but its own encoding %x is not: %v", nameOf(m), b, form, err)
		}
		if got := marshal(again); !bytes.Equal(got, form) {
			t.Errorf("%s %x encodes as %x and then as %x", nameOf(m), b, form, got)
		}
	})
}
