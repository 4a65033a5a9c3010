package app

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// The buckets of the database. Values are JSON unless said otherwise.
var (
	bucketMeta     = []byte("meta")     // name → raw bytes
	bucketPeople   = []byte("people")   // device id → personRecord
	bucketHistory  = []byte("history")  // device id → bucket: order (8 bytes, big-endian) → record
	bucketIndex    = []byte("index")    // item id → device id, order
	bucketAlias    = []byte("alias")    // item id that a peer's id stands for → item id that it continues
	bucketOpen     = []byte("open")     // item id of a transfer that has not ended → nothing
	bucketOutbox   = []byte("outbox")   // device id, order → item id of a message not yet confirmed
	bucketSequence = []byte("sequence") // device id → number of the last message to it
	bucketReceipts = []byte("receipts") // device id, 16 bytes → state, 1 byte: what its user is still to be told of that message or transfer
	bucketPartials = []byte("partials") // device id, resume key → partialRecord
	bucketDone     = []byte("done")     // device id, transfer id → doneRecord
	allBuckets     = [][]byte{bucketMeta, bucketPeople, bucketHistory, bucketIndex, bucketAlias, bucketOpen, bucketOutbox, bucketSequence, bucketReceipts, bucketPartials, bucketDone}
)

// lockWait is how long an owner is waited for that is just ending.
const lockWait = time.Second

// maxChecked is the size in bytes up to which a database is read whole when it is
// opened, to find damage before it is used.
const maxChecked = 64 << 20

// errLocked is returned by openStore while another process has the database open.
var errLocked = errors.New("the database is in use by another process")

// store is the database of a profile: bbolt, so one process at a time, every change
// on disk when the method returns. Methods may be called from any goroutine.
type store struct {
	db *bbolt.DB
}

// openStore opens or makes the database at path. A damaged one is set aside, which
// aside names. It fails with errLocked while another process holds it.
func openStore(path string) (s *store, aside string, err error) {
	for range 2 {
		var opened os.FileInfo
		db, err := openDatabase(path, &opened)
		switch {
		case err == nil:
			s = &store{db}
			return s, aside, s.prepare()
		case errors.Is(err, bolterrors.ErrTimeout):
			return nil, "", errLocked
		case !errors.Is(err, errDamaged) || aside != "":
			return nil, aside, err
		}
		now, statErr := os.Stat(path)
		if statErr != nil || !os.SameFile(now, opened) { // somebody else set it aside meanwhile
			continue
		}
		if aside, err = setAside(path); err != nil {
			return nil, "", err
		}
	}
	return nil, aside, fmt.Errorf("open %s: still damaged", path)
}

// errDamaged is wrapped by openDatabase when the file is not a sound database.
var errDamaged = errors.New("damaged")

// openDatabase opens path and reads it through. bbolt trusts its file: damage shows
// as a panic or as a fault on the mapped memory, so both become errors here.
func openDatabase(path string, opened *os.FileInfo) (db *bbolt.DB, err error) {
	var file *os.File
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			if file != nil {
				file.Close() // gives back the lock; the mapping is left alone
			}
			db, err = nil, fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      lockWait,
		FreelistType: bbolt.FreelistMapType,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			if err == nil {
				file = f
				*opened, err = f.Stat()
			}
			return f, err
		},
	})
	if err != nil {
		var system syscall.Errno // no room, no memory, no permission: the file is not to blame
		if file == nil || errors.Is(err, bolterrors.ErrTimeout) || errors.As(err, &system) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %v", errDamaged, err)
	}
	err = db.View(func(tx *bbolt.Tx) error { return check(tx, file) })
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("%w: %v", errDamaged, err)
	}
	return db, nil
}

// check reports the first damage of the database in f.
func check(tx *bbolt.Tx, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("%d bytes, want %d", info.Size(), tx.Size())
	}
	if tx.Size() > maxChecked {
		return nil
	}
	var first error
	for err := range tx.Check() { // to be read to its end
		if first == nil {
			first = err
		}
	}
	return first
}

func (s *store) prepare() error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range allBuckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) close() error { return s.db.Close() }

// meta returns a copy of a value of the profile, nil if it was never set.
func (s *store) meta(name string) (value []byte) {
	s.db.View(func(tx *bbolt.Tx) error {
		value = append(value, tx.Bucket(bucketMeta).Get([]byte(name))...)
		return nil
	})
	return value
}

func (s *store) setMeta(name string, value []byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put([]byte(name), value) })
}

// once returns the value called name, which is made and stored if there is none.
func (s *store) once(name string, make func() []byte) ([]byte, error) {
	if value := s.meta(name); value != nil {
		return value, nil
	}
	value := make()
	return value, s.setMeta(name, value)
}

// nextEpoch returns a number that is larger than at every start before, and about
// the time in milliseconds since 1970 where the clock was never set back.
func (s *store) nextEpoch(now time.Time) (epoch uint64, err error) {
	err = s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketMeta)
		if last := b.Get([]byte("epoch")); len(last) == 8 {
			epoch = binary.BigEndian.Uint64(last)
		}
		epoch = max(epoch+1, uint64(max(0, now.UnixMilli())))
		return b.Put([]byte("epoch"), binary.BigEndian.AppendUint64(nil, epoch))
	})
	return epoch, err
}

// decode reads a stored value, false if there is none or it is damaged.
func decode(data []byte, v any) bool { return data != nil && json.Unmarshal(data, v) == nil }

func putJSON(b *bbolt.Bucket, key []byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, data)
}

// join returns the concatenation of keys in memory of its own.
func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
