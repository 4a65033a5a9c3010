package transfer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
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
const journalMagic = "YONDERJ1"

const (
	recordFile  = 1
	recordChunk = 2
)

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// journalFile is what a journal says about one file.
type journalFile struct {
	id     uint32
	size   int64
	local  string // path in the staging tree
	chunks map[uint32]value
}

// journal appends to an open journal file. Its methods may be called concurrently.
type journal struct {
	mu   sync.Mutex
	f    *os.File
	next uint32 // id of the next file
	buf  []byte
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
func openJournal(f *os.File) (*journal, map[string]*journalFile, error) {
	found, next, length := parseJournal(f)
	if err := f.Truncate(length); err != nil {
		return nil, nil, err
	}
	if _, err := f.Seek(length, io.SeekStart); err != nil {
		return nil, nil, err
	}
	if length == 0 {
		j, err := createJournal(f)
		return j, found, err
	}
	return &journal{f: f, next: next}, found, nil
}

// file records that a file begins and returns its id for [journal.chunk].
func (j *journal) file(path, local string, size int64) (uint32, error) {
	payload := binary.BigEndian.AppendUint32(nil, 0)
	payload = binary.BigEndian.AppendUint64(payload, uint64(size))
	payload = binary.BigEndian.AppendUint16(payload, uint16(len(path)))
	payload = append(append(payload, path...), local...)
	if len(payload) > 1<<16-1 {
		return 0, fmt.Errorf("%w: path of %d bytes", ErrBadName, len(path))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	id := j.next
	j.next++
	binary.BigEndian.PutUint32(payload, id)
	return id, j.writeLocked(recordFile, payload)
}

// chunk records that a chunk is on disk.
func (j *journal) chunk(id, index uint32, v value) error {
	var payload [40]byte
	binary.BigEndian.PutUint32(payload[:], id)
	binary.BigEndian.PutUint32(payload[4:], index)
	copy(payload[8:], v[:])
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.writeLocked(recordChunk, payload[:])
}

func (j *journal) writeLocked(typ byte, payload []byte) error {
	b := append(j.buf[:0], typ)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	b = append(b, payload...)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crcTable))
	j.buf = b
	_, err := j.f.Write(b)
	return err
}

func (j *journal) close() error { return j.f.Close() }

// parseJournal reads records until the first that is damaged or unknown. It returns
// what they say by wire path, the next free file id, and the length of the good part
// in bytes: 0 when even the head is wrong.
func parseJournal(r io.Reader) (found map[string]*journalFile, next uint32, length int64) {
	found = map[string]*journalFile{}
	byID := map[uint32]*journalFile{}
	in := bufio.NewReaderSize(r, 64<<10)
	head := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != journalMagic {
		return found, 0, 0
	}
	length = int64(len(head))
	var record []byte
	for {
		var err error
		if record, err = readRecord(in, record); err != nil {
			return found, next, length
		}
		typ, payload := record[0], record[3:len(record)-4]
		switch {
		case typ == recordFile && len(payload) >= 14:
			id := binary.BigEndian.Uint32(payload)
			size := int64(binary.BigEndian.Uint64(payload[4:]))
			n := int(binary.BigEndian.Uint16(payload[12:]))
			if 14+n > len(payload) || size < 0 || checkPath(string(payload[14:14+n])) != nil || checkPath(string(payload[14+n:])) != nil {
				return found, next, length
			}
			file := &journalFile{id: id, size: size, local: string(payload[14+n:]), chunks: map[uint32]value{}}
			found[string(payload[14:14+n])] = file
			byID[id] = file
			next = max(next, id+1)
		case typ == recordChunk && len(payload) == 40:
			file := byID[binary.BigEndian.Uint32(payload)]
			index := binary.BigEndian.Uint32(payload[4:])
			if file == nil || int64(index) >= chunks(file.size) {
				return found, next, length
			}
			file.chunks[index] = value(payload[8:])
		default:
			return found, next, length
		}
		length += int64(len(record))
	}
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
