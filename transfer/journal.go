package transfer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"sync"
)

// The journal of a partial says which chunks were written, and their values. It is
// append-only, each record carries its checksum, and it is never synced: it is a
// hint that says where to begin. Whatever it claims is hashed again on resume. Its
// format is private to this package; one that cannot be read is ignored.
//
//	"YONDERJ1"
//	type u8 | length u16 | payload | crc32c u32 of all before it in the record
//	type 1, file:  id u32 | size u64 | length of path u16 | path | local path
//	type 2, chunk: id u32 | index u32 | value 32
//	type 3, small: size u64 | value 32 | length of path u16 | path | local path; whole, of one chunk
//	type 4, folder: length of path u16 | path | local path
const journalMagic = "YONDERJ1"

const (
	recordFile   = 1
	recordChunk  = 2
	recordSmall  = 3
	recordFolder = 4
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// earlier is what a journal says that an earlier run left, by wire path.
type earlier struct {
	files   map[string]*journalFile
	folders map[string]*journalFolder
	damaged bool  // the journal is not as it was written
	lost    int64 // bytes of it that were of no use
}

// journalFile is what a journal says about one file.
type journalFile struct {
	size   int64
	local  string // path in the staging tree
	single *value // of a file of one chunk
	chunks map[uint32]value
	used   bool // this run has taken it over
}

// journalFolder is what it says about a folder.
type journalFolder struct {
	local string
	used  bool
}

func (f *journalFile) set(chunk uint32, v value) {
	if f.size <= chunkSize {
		f.single = &v
		return
	}
	if f.chunks == nil {
		f.chunks = map[uint32]value{}
	}
	f.chunks[chunk] = v
}

func (f *journalFile) get(chunk uint32) (v value, ok bool) {
	if f.single != nil && chunk == 0 {
		return *f.single, true
	}
	v, ok = f.chunks[chunk]
	return v, ok
}

// all yields the chunks that are there, in no order.
func (f *journalFile) all() iter.Seq2[uint32, value] {
	return func(yield func(uint32, value) bool) {
		if f.single != nil {
			yield(0, *f.single)
			return
		}
		for chunk, v := range f.chunks {
			if !yield(chunk, v) {
				return
			}
		}
	}
}

// journal appends to an open journal file. Its methods may be called concurrently.
type journal struct {
	mu   sync.Mutex
	f    *os.File
	next uint32 // id of the next file
	buf  records
}

// records are encoded records of a journal that are written together.
type records struct{ b []byte }

func (r *records) add(typ byte, payload ...[]byte) {
	from, n := len(r.b), 0
	for _, part := range payload {
		n += len(part)
	}
	r.b = append(r.b, typ)
	r.b = binary.BigEndian.AppendUint16(r.b, uint16(n))
	for _, part := range payload {
		r.b = append(r.b, part...)
	}
	r.b = binary.BigEndian.AppendUint32(r.b, crc32.Checksum(r.b[from:], crcTable))
}

// small records a file of one chunk that is whole.
func (r *records) small(path, local string, size int64, v value) {
	var head [42]byte
	binary.BigEndian.PutUint64(head[:], uint64(size))
	copy(head[8:], v[:])
	binary.BigEndian.PutUint16(head[40:], uint16(len(path)))
	r.add(recordSmall, head[:], []byte(path), []byte(local))
}

// createJournal writes the head of a new journal.
func createJournal(f *os.File) (*journal, error) {
	if _, err := f.WriteString(journalMagic); err != nil {
		return nil, err
	}
	return &journal{f: f}, nil
}

// openJournal reads an existing journal and continues it behind its last good
// record. A journal that makes no sense is started anew.
func openJournal(f *os.File) (*journal, earlier, error) {
	found, next, length := parseJournal(f)
	if info, err := f.Stat(); err == nil {
		found.lost, found.damaged = info.Size()-length, length == 0 || length < info.Size()
	}
	if err := f.Truncate(length); err != nil {
		return nil, found, err
	}
	if _, err := f.Seek(length, io.SeekStart); err != nil {
		return nil, found, err
	}
	if length == 0 {
		j, err := createJournal(f)
		return j, found, err
	}
	return &journal{f: f, next: next}, found, nil
}

// file records that a file begins and returns its id for [journal.chunk].
func (j *journal) file(path, local string, size int64) (uint32, error) {
	var head [14]byte
	binary.BigEndian.PutUint64(head[4:], uint64(size))
	binary.BigEndian.PutUint16(head[12:], uint16(len(path)))
	j.mu.Lock()
	defer j.mu.Unlock()
	id := j.next
	j.next++
	binary.BigEndian.PutUint32(head[:], id)
	j.buf.b = j.buf.b[:0]
	j.buf.add(recordFile, head[:], []byte(path), []byte(local))
	return id, j.writeLocked(&j.buf)
}

// chunk records that a chunk is on disk.
func (j *journal) chunk(id, index uint32, v value) error {
	var payload [40]byte
	binary.BigEndian.PutUint32(payload[:], id)
	binary.BigEndian.PutUint32(payload[4:], index)
	copy(payload[8:], v[:])
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf.b = j.buf.b[:0]
	j.buf.add(recordChunk, payload[:])
	return j.writeLocked(&j.buf)
}

// folder records a folder that was made.
func (j *journal) folder(path, local string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf.b = j.buf.b[:0]
	j.buf.add(recordFolder, binary.BigEndian.AppendUint16(nil, uint16(len(path))), []byte(path), []byte(local))
	return j.writeLocked(&j.buf)
}

// write appends records.
func (j *journal) write(r *records) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.writeLocked(r)
}

func (j *journal) writeLocked(r *records) error {
	if len(r.b) == 0 {
		return nil
	}
	_, err := j.f.Write(r.b)
	return err
}

func (j *journal) close() error { return j.f.Close() }

// parseJournal reads records until the first that is damaged or unknown. It returns
// what they say by wire path, the next free file id, and the length of the good part
// in bytes: 0 when even the head is wrong.
func parseJournal(r io.Reader) (found earlier, next uint32, length int64) {
	p := journalParser{found: earlier{files: map[string]*journalFile{}, folders: map[string]*journalFolder{}}, byID: map[uint32]*journalFile{}}
	in := bufio.NewReaderSize(r, 64<<10)
	head := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != journalMagic {
		return p.found, 0, 0
	}
	length = int64(len(head))
	var record []byte
	for {
		var err error
		if record, err = readRecord(in, record); err != nil || !p.record(record[0], record[3:len(record)-4]) {
			return p.found, p.next, length
		}
		length += int64(len(record))
	}
}

// journalParser gathers what records say.
type journalParser struct {
	found earlier
	byID  map[uint32]*journalFile
	next  uint32
}

// record takes one record; false when it makes no sense.
func (p *journalParser) record(typ byte, payload []byte) bool {
	switch {
	case typ == recordFile && len(payload) >= 14:
		path, local, ok := twoPaths(payload[12:])
		f := &journalFile{size: int64(binary.BigEndian.Uint64(payload[4:])), local: local}
		if !ok || f.size < 0 {
			return false
		}
		id := binary.BigEndian.Uint32(payload)
		p.found.files[path], p.byID[id] = f, f
		p.next = max(p.next, id+1)
	case typ == recordChunk && len(payload) == 40:
		f := p.byID[binary.BigEndian.Uint32(payload)]
		index := binary.BigEndian.Uint32(payload[4:])
		if f == nil || int64(index) >= chunks(f.size) {
			return false
		}
		f.set(index, value(payload[8:]))
	case typ == recordSmall && len(payload) >= 42:
		path, local, ok := twoPaths(payload[40:])
		size := int64(binary.BigEndian.Uint64(payload))
		if !ok || size <= 0 || size > chunkSize {
			return false
		}
		p.found.files[path] = &journalFile{size: size, local: local, single: (*value)(bytes.Clone(payload[8:40]))}
	case typ == recordFolder && len(payload) >= 2:
		path, local, ok := twoPaths(payload)
		if !ok {
			return false
		}
		p.found.folders[path] = &journalFolder{local: local}
	default:
		return false
	}
	return true
}

// twoPaths reads a wire path, behind its length, and a local one.
func twoPaths(b []byte) (path, local string, ok bool) {
	n := int(binary.BigEndian.Uint16(b))
	if 2+n > len(b) {
		return "", "", false
	}
	path, local = string(b[2:2+n]), string(b[2+n:])
	if path == local {
		local = path // one string, not two
	}
	return path, local, checkPath(path) == nil && checkPath(local) == nil
}

var errBadRecord = errors.New("journal record damaged")

// readRecord reads one whole record into buf, which it may grow.
func readRecord(in *bufio.Reader, buf []byte) ([]byte, error) {
	var head [3]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	n := 3 + int(binary.BigEndian.Uint16(head[1:])) + 4
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	copy(buf, head[:])
	if _, err := io.ReadFull(in, buf[3:]); err != nil {
		return nil, err
	}
	if crc32.Checksum(buf[:n-4], crcTable) != binary.BigEndian.Uint32(buf[n-4:]) {
		return nil, errBadRecord
	}
	return buf, nil
}
