package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// wireID is the id of a message or transfer as both sides know it.
type wireID [16]byte

func (id wireID) isZero() bool { return id == wireID{} }

func (id wireID) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(id[:])), nil }

func (id *wireID) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(id) {
		return fmt.Errorf("id %.40q: want 32 hexadecimal digits", text)
	}
	copy(id[:], raw)
	return nil
}

// placeSize is the length in bytes of a place in the history: a device id and a number.
const placeSize = 32 + 8

// record is an item as it is stored, with what only the engine needs.
type record struct {
	Item
	Remote wireID        `json:"remote,omitzero"`  // incoming: the sender's id of it; outgoing: ours, same as ID
	Batch  wireID        `json:"batch,omitzero"`   // outgoing transfer: same for all people of one Send
	Seq    uint64        `json:"seq,omitempty"`    // outgoing message: its number in the conversation
	Retry  time.Duration `json:"retry,omitempty"`  // outgoing transfer: as in [SendRequest]
	Wish   Policy        `json:"wish,omitempty"`   // outgoing transfer: as in [SendRequest]
	Links  bool          `json:"links,omitempty"`  // outgoing transfer: as in [SendRequest]
	Window bool          `json:"window,omitempty"` // outgoing transfer: sent by a process with a window
	GoOn   bool          `json:"go_on,omitempty"`  // outgoing transfer, Interrupted: only by the end of the program
	Cut    bool          `json:"cut,omitempty"`    // outgoing transfer, Interrupted: by the end of the program and nothing else
	Limit  int64         `json:"limit,omitempty"`  // outgoing transfer: as in [SendRequest]
	Wire   wireID        `json:"wire,omitzero"`    // transfer: what its receiver knows it by
	Began  time.Time     `json:"began,omitzero"`   // outgoing transfer: when Wire was chosen
}

// pending reports whether r is an outgoing message that its receiver has not confirmed.
func (r *record) pending() bool {
	return r.Outgoing && r.Message != nil && (r.Message.State == Queued || r.Message.State == Sent)
}

// mayGoOn reports whether a transfer that the end of the program cuts goes on by itself
// at the next start: nobody stopped it, and it was to be tried again.
func (r *record) mayGoOn() bool {
	return r.Outgoing && r.Transfer.State == Interrupted && !r.Transfer.Paused && r.Window && r.Retry > 0
}

// clone returns a copy that may be changed; slices in it are shared and are only
// ever replaced.
func (r *record) clone() *record {
	c := *r
	c.Item = r.Item.clone()
	return &c
}

func (i Item) clone() Item {
	if i.Message != nil {
		m := *i.Message
		i.Message = &m
	}
	if i.Transfer != nil {
		t := *i.Transfer
		i.Transfer = &t
	}
	return i
}

// incomingID returns our id for something that a peer calls remote. Two peers that
// use the same id, by chance or on purpose, never mean the same item.
func incomingID(person DeviceID, remote wireID) ItemID {
	sum := sha256.Sum256(join([]byte("yonder incoming item"), person[:], remote[:]))
	return ItemID(hex.EncodeToString(sum[:16]))
}

// put writes records in one step: each at its place in the history, or as the newest
// if it is new. keep bounds how many items a conversation holds; the oldest that
// have ended make room for a new one; 0: no bound.
func (s *store) put(keep int, records ...*record) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		for _, r := range records {
			if err := s.putOne(tx, keep, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) putOne(tx *bbolt.Tx, keep int, r *record) error {
	b, err := tx.Bucket(bucketHistory).CreateBucketIfNotExists(r.Person[:])
	if err != nil {
		return err
	}
	key := tx.Bucket(bucketIndex).Get([]byte(r.ID))
	if len(key) != placeSize {
		if key, err = s.appendTo(tx, b, r, keep); err != nil {
			return err
		}
	}
	order := key[len(r.Person):]
	if err := putJSON(b, order, r); err != nil {
		return err
	}
	if err := toggle(tx.Bucket(bucketOpen), []byte(r.ID), r.Transfer != nil && !r.Transfer.State.Ended(), nil); err != nil {
		return err
	}
	return toggle(tx.Bucket(bucketOutbox), join(r.Person[:], order), r.pending(), []byte(r.ID))
}

// appendTo gives r the next place, which it returns with the person before it.
func (s *store) appendTo(tx *bbolt.Tx, b *bbolt.Bucket, r *record, keep int) ([]byte, error) {
	if keep > 0 {
		if err := trim(tx, b, keep-1); err != nil {
			return nil, err
		}
	}
	n, err := b.NextSequence()
	if err != nil {
		return nil, err
	}
	if r.Outgoing && r.Message != nil && r.Seq == 0 {
		seq := tx.Bucket(bucketSequence)
		if last := seq.Get(r.Person[:]); len(last) == 8 {
			r.Seq = binary.BigEndian.Uint64(last)
		}
		r.Seq++
		if err := seq.Put(r.Person[:], binary.BigEndian.AppendUint64(nil, r.Seq)); err != nil {
			return nil, err
		}
	}
	key := binary.BigEndian.AppendUint64(join(r.Person[:]), n)
	return key, tx.Bucket(bucketIndex).Put([]byte(r.ID), key)
}

// trim deletes the oldest items that have ended until at most n are left.
func trim(tx *bbolt.Tx, b *bbolt.Bucket, n int) error {
	count := 0
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		count++
	}
	var old [][]byte
	for k, v := c.First(); k != nil && count-len(old) > n; k, v = c.Next() {
		r := decodeRecord(v)
		if r != nil && r.Transfer != nil && !r.Transfer.State.Ended() {
			continue
		}
		old = append(old, join(k))
		if r == nil {
			continue
		}
		if err := tx.Bucket(bucketIndex).Delete([]byte(r.ID)); err != nil {
			return err
		}
	}
	for _, k := range old {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

func toggle(b *bbolt.Bucket, key []byte, on bool, value []byte) error {
	if on {
		return b.Put(key, value)
	}
	return b.Delete(key)
}

// record returns a stored item, nil if there is none.
func (s *store) record(id ItemID) (r *record) {
	s.db.View(func(tx *bbolt.Tx) error {
		r = s.find(tx, []byte(id))
		return nil
	})
	return r
}

func (s *store) find(tx *bbolt.Tx, id []byte) *record {
	key := tx.Bucket(bucketIndex).Get(id)
	if len(key) != placeSize {
		return nil
	}
	b := tx.Bucket(bucketHistory).Bucket(key[:32])
	if b == nil {
		return nil
	}
	return decodeRecord(b.Get(key[32:]))
}

// decodeRecord reads a stored item, nil if there is none, or nothing that could be shown.
func decodeRecord(data []byte) *record {
	r := new(record)
	if !decode(data, r) || r.ID == "" || (r.Message == nil) == (r.Transfer == nil) {
		return nil
	}
	return r
}

// page returns up to limit items older than before ("": the newest), oldest first.
func (s *store) page(person DeviceID, before ItemID, limit int) (items []*record, more bool) {
	s.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketHistory).Bucket(person[:])
		if b == nil {
			return nil
		}
		c := b.Cursor()
		var k, v []byte
		if key := tx.Bucket(bucketIndex).Get([]byte(before)); before == "" {
			k, v = c.Last()
		} else if len(key) == placeSize && bytes.Equal(key[:32], person[:]) {
			c.Seek(key[32:])
			k, v = c.Prev()
		}
		for ; k != nil; k, v = c.Prev() {
			if len(items) == limit {
				more = true
				break
			}
			if r := decodeRecord(v); r != nil && r.Person == person {
				items = append(items, r)
			}
		}
		return nil
	})
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return items, more
}

// open returns the transfers that have not ended.
func (s *store) open() (items []*record) {
	s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketOpen).ForEach(func(id, _ []byte) error {
			if r := s.find(tx, id); r != nil && r.Transfer != nil {
				items = append(items, r)
			}
			return nil
		})
	})
	return items
}

// setAlias lets what the peer calls id from now on be the older item to.
func (s *store) setAlias(id, to ItemID) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketAlias).Put([]byte(id), []byte(to)) })
}

// alias returns the item that id continues: id itself unless setAlias said otherwise.
func (s *store) alias(id ItemID) ItemID {
	s.db.View(func(tx *bbolt.Tx) error {
		if to := tx.Bucket(bucketAlias).Get([]byte(id)); to != nil {
			id = ItemID(to)
		}
		return nil
	})
	return id
}
