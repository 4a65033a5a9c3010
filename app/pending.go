package app

import (
	"bytes"

	"go.etcd.io/bbolt"

	"yonder/transfer"
)

// maxReceipts bounds how many receipts are added at once for one person.
const maxReceipts = 1000

// receipt is something that a person is still to be told of one of their messages, or of
// a transfer between us.
type receipt struct {
	id    wireID
	state transfer.AckState // AckRead or AckCancelled
}

// outbox returns the first n unconfirmed messages to a person, in the order in
// which they were written.
func (s *store) outbox(person DeviceID, n int) (items []*record) {
	s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketOutbox).Cursor()
		for k, id := c.Seek(person[:]); bytes.HasPrefix(k, person[:]) && len(items) < n; k, id = c.Next() {
			if r := s.find(tx, id); r != nil && r.pending() {
				items = append(items, r)
			}
		}
		return nil
	})
	return items
}

// outboxPeople returns everybody who has unconfirmed messages.
func (s *store) outboxPeople() (people []DeviceID) {
	s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketOutbox).ForEach(func(k, _ []byte) error {
			var id DeviceID
			if copy(id[:], k) == len(id) && (len(people) == 0 || people[len(people)-1] != id) {
				people = append(people, id)
			}
			return nil
		})
	})
	return people
}

// addReceipts notes what a person is to be told.
func (s *store) addReceipts(person DeviceID, list []receipt) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketReceipts)
		for _, r := range list[max(0, len(list)-maxReceipts):] {
			if err := b.Put(join(person[:], r.id[:]), []byte{byte(r.state)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeReceipts removes and returns up to n receipts for a person.
func (s *store) takeReceipts(person DeviceID, n int) (list []receipt, err error) {
	if s.count(bucketReceipts, person) == 0 {
		return nil, nil
	}
	err = s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketReceipts)
		var keys [][]byte
		c := b.Cursor()
		for k, v := c.Seek(person[:]); bytes.HasPrefix(k, person[:]) && len(keys) < n; k, v = c.Next() {
			keys = append(keys, join(k))
			if len(k) != len(person)+len(wireID{}) {
				continue
			}
			list = append(list, receipt{wireID(k[len(person):]), stateOf(v)})
		}
		for _, k := range keys {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// dropReceipt forgets what a person was to be told about one message or transfer.
func (s *store) dropReceipt(person DeviceID, id wireID) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketReceipts).Delete(join(person[:], id[:]))
	})
}

// stateOf reads the value of a receipt; databases of the first version have none for read ones.
func stateOf(v []byte) transfer.AckState {
	if len(v) == 0 {
		return transfer.AckRead
	}
	return transfer.AckState(v[0])
}

// cancelling reports whether a person is still to be told that a transfer was cancelled.
func (s *store) cancelling(person DeviceID) (found bool) {
	s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketReceipts).Cursor()
		for k, v := c.Seek(person[:]); bytes.HasPrefix(k, person[:]) && !found; k, v = c.Next() {
			found = stateOf(v) == transfer.AckCancelled
		}
		return nil
	})
	return found
}

// count returns how many keys of a bucket begin with a person.
func (s *store) count(bucket []byte, person DeviceID) (n int) {
	s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucket).Cursor()
		for k, _ := c.Seek(person[:]); bytes.HasPrefix(k, person[:]); k, _ = c.Next() {
			n++
		}
		return nil
	})
	return n
}
