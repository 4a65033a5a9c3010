package transfer

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// sampleJournal writes a journal with three files, one of them named twice, and
// returns its bytes and the offsets at which its records end.
func sampleJournal(t testing.TB) (content []byte, ends []int64) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	j, err := createJournal(f)
	if err != nil {
		t.Fatal(err)
	}
	note := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		at, _ := f.Seek(0, io.SeekCurrent)
		ends = append(ends, at)
	}
	note(nil)
	a, err := j.file("资料/a", "资料/a", 3*chunkSize)
	note(err)
	note(j.chunk(a, 0, value{1}))
	note(j.chunk(a, 2, value{2}))
	b, err := j.file("b", "b (1)", 5)
	note(err)
	note(j.chunk(b, 0, value{3}))
	again, err := j.file("资料/a", "资料/a", 2*chunkSize)
	note(err)
	note(j.chunk(again, 1, value{4}))
	note(j.folder("资料", "资料 (1)"))
	var pack records
	pack.small("资料/小.c", "资料/小.c", 7, value{5})
	note(j.write(&pack))
	pack = records{}
	pack.small("d", "d_", 8, value{6})
	note(j.write(&pack))
	content, err = os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return content, ends
}

func TestJournalRoundTrip(t *testing.T) {
	content, _ := sampleJournal(t)
	found, next, length := parseJournal(bytes.NewReader(content))
	want := earlier{files: map[string]*journalFile{
		"资料/a":   {size: 2 * chunkSize, local: "资料/a", chunks: map[uint32]value{1: {4}}}, // the last record counts
		"b":      {size: 5, local: "b (1)", single: &value{3}},
		"资料/小.c": {size: 7, local: "资料/小.c", single: &value{5}},
		"d":      {size: 8, local: "d_", single: &value{6}},
	}, folders: map[string]*journalFolder{"资料": {local: "资料 (1)"}}}
	if !reflect.DeepEqual(found, want) || next != 3 || length != int64(len(content)) {
		t.Errorf("parseJournal = %+v, %d, %d", found, next, length)
	}
}

// TestJournalTruncated cuts it at each byte: what is in front of the cut is read, and
// writing goes on there.
func TestJournalTruncated(t *testing.T) {
	content, ends := sampleJournal(t)
	path := filepath.Join(t.TempDir(), "journal")
	for cut := range len(content) + 1 {
		good := int64(0)
		for _, end := range ends {
			if end <= int64(cut) {
				good = end
			}
		}
		if _, _, length := parseJournal(bytes.NewReader(content[:cut])); length != good {
			t.Fatalf("cut at %d: %d good bytes, want %d", cut, length, good)
		}
		write(t, path, content[:cut])
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		j, before, err := openJournal(f)
		if err != nil {
			t.Fatalf("cut at %d: openJournal: %v", cut, err)
		}
		id, err := j.file("new", "new", 1)
		if err == nil {
			err = j.chunk(id, 0, value{9})
		}
		if err != nil {
			t.Fatal(err)
		}
		j.close()
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		after, _, length := parseJournal(bytes.NewReader(whole))
		if length != int64(len(whole)) || len(after.files) != len(before.files)+1 || after.files["new"] == nil || *after.files["new"].single != (value{9}) {
			t.Fatalf("cut at %d: continued journal holds %+v, %d of %d bytes good", cut, after, length, len(whole))
		}
	}
}

// TestJournalFlipped flips each bit: nothing is read that was not written.
func TestJournalFlipped(t *testing.T) {
	content, ends := sampleJournal(t)
	for i := range content {
		for bit := range 8 {
			damaged := bytes.Clone(content)
			damaged[i] ^= 1 << bit
			good := int64(0)
			for _, end := range ends {
				if end <= int64(i) {
					good = end
				}
			}
			if _, _, length := parseJournal(bytes.NewReader(damaged)); length != good {
				t.Fatalf("bit %d of byte %d flipped: %d good bytes, want %d", bit, i, length, good)
			}
		}
	}
}

// record makes a journal record with a right checksum.
func record(typ byte, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{typ}, uint16(len(payload)))
	b = append(b, payload...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crcTable))
}

func fileRecord(id uint32, size uint64, path, local string) []byte {
	b := binary.BigEndian.AppendUint32(nil, id)
	b = binary.BigEndian.AppendUint64(b, size)
	b = binary.BigEndian.AppendUint16(b, uint16(len(path)))
	return record(recordFile, append(append(b, path...), local...))
}

func chunkRecord(id, index uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, id)
	return record(recordChunk, append(binary.BigEndian.AppendUint32(b, index), make([]byte, 32)...))
}

func smallRecord(size uint64, path, local string) []byte {
	b := binary.BigEndian.AppendUint64(nil, size)
	b = append(b, make([]byte, 32)...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(path)))
	return record(recordSmall, append(append(b, path...), local...))
}

// TestJournalNonsense: records with right checksums that claim impossible things end
// the reading.
func TestJournalNonsense(t *testing.T) {
	tests := []struct {
		reason string
		record []byte
		ok     bool
	}{
		{"another file", fileRecord(8, 1, "x", "x"), true},
		{"a chunk", chunkRecord(7, 1), true},
		{"a chunk behind the end", chunkRecord(7, 2), false},
		{"a chunk of an unknown file", chunkRecord(6, 0), false},
		{"a size of -1", fileRecord(8, 1<<64-1, "x", "x"), false},
		{"a path that leaves", fileRecord(8, 1, "../x", "x"), false},
		{"a local path that leaves", fileRecord(8, 1, "x", "../../x"), false},
		{"an absolute local path", fileRecord(8, 1, "x", "/etc/passwd"), false},
		{"an empty path", fileRecord(8, 1, "", "x"), false},
		{"a path longer than its record", record(recordFile, append(make([]byte, 12), 0xff, 0xff)), false},
		{"a short file record", record(recordFile, make([]byte, 13)), false},
		{"a short chunk record", record(recordChunk, make([]byte, 39)), false},
		{"a long chunk record", record(recordChunk, make([]byte, 41)), false},
		{"a small file", smallRecord(chunkSize, "x", "x"), true},
		{"a small file of two chunks", smallRecord(chunkSize+1, "x", "x"), false},
		{"a small file without content", smallRecord(0, "x", "x"), false},
		{"a small file of -1 bytes", smallRecord(1<<64-1, "x", "x"), false},
		{"a small file that leaves", smallRecord(1, "x", "../x"), false},
		{"a short record of a small file", record(recordSmall, make([]byte, 41)), false},
		{"a folder", record(recordFolder, []byte("\x00\x01xx")), true},
		{"a folder that leaves", record(recordFolder, []byte("\x00\x01x..")), false},
		{"a short record of a folder", record(recordFolder, []byte{0}), false},
		{"a record of a later version", record(5, []byte("later")), false},
	}
	head := append([]byte(journalMagic), fileRecord(7, chunkSize+1, "a", "a")...)
	for _, test := range tests {
		b := append(bytes.Clone(head), test.record...)
		want := int64(len(head))
		if test.ok {
			want = int64(len(b))
		}
		if _, _, length := parseJournal(bytes.NewReader(b)); length != want {
			t.Errorf("%s: %d good bytes, want %d", test.reason, length, want)
		}
	}
	for _, other := range []string{"", "YONDERJ", "YONDERJ2" + string(head[8:]), "garbage garbage garbage"} {
		if found, next, length := parseJournal(bytes.NewReader([]byte(other))); length != 0 || next != 0 || len(found.files)+len(found.folders) != 0 {
			t.Errorf("journal that begins with %.8q: %v, %d, %d; want nothing", other, found, next, length)
		}
	}
}

func FuzzJournal(f *testing.F) {
	content, ends := sampleJournal(f)
	f.Add(content)
	f.Add(content[:ends[3]])
	f.Add([]byte(journalMagic))
	f.Add(append([]byte(journalMagic), fileRecord(1<<32-1, 1, "a", "a")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, _, length := parseJournal(bytes.NewReader(b))
		if length < 0 || length > int64(len(b)) {
			t.Fatalf("%d of %d bytes good", length, len(b))
		}
		for path, file := range found.files {
			if checkPath(path) != nil || checkPath(file.local) != nil || file.size < 0 {
				t.Errorf("journal gives %q as %+v", path, file)
			}
			for index := range file.all() {
				if int64(index) >= chunks(file.size) {
					t.Errorf("%q of %d bytes has chunk %d", path, file.size, index)
				}
			}
		}
		again, _, same := parseJournal(bytes.NewReader(b[:length]))
		if same != length || len(again.files) != len(found.files) || len(again.folders) != len(found.folders) {
			t.Errorf("the good part reads differently: %d files in %d bytes, then %d in %d", len(found.files), length, len(again.files), same)
		}
	})
}
