package app

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// maxReceipts bounds how many read receipts wait for one person.
const maxReceipts = 1000

// outbox returns the first n unconfirmed messages to a person, in the order in
// which they were written.
func (s *store) outbox(person DeviceID, n int) (items []*record) {
	s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketOutbox).Cursor()
		for k, id := c.Seek(person[:]); bytes.HasPrefix(k, person[:]) && len(items) < n; k, id = c.Next() {
			if r := s.find(tx, id); r != nil {
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

// addReceipts notes that messages were read whose sender is to be told.
func (s *store) addReceipts(person DeviceID, ids []wireID) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketReceipts)
		for _, id := range ids[max(0, len(ids)-maxReceipts):] {
			if err := b.Put(join(person[:], id[:]), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeReceipts removes and returns up to n receipts for a person.
func (s *store) takeReceipts(person DeviceID, n int) (ids []wireID, err error) {
	if s.count(bucketReceipts, person) == 0 {
		return nil, nil
	}
	err = s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketReceipts)
		var keys [][]byte
		c := b.Cursor()
		for k, _ := c.Seek(person[:]); bytes.HasPrefix(k, person[:]) && len(keys) < n; k, _ = c.Next() {
			keys = append(keys, join(k))
		}
		for _, k := range keys {
			ids = append(ids, wireID(k[len(person):]))
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
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
