package app

import (
	"bytes"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"yonder/transfer"
)

// partialRecord is how an unfinished incoming transfer is stored, with readable ids.
type partialRecord struct {
	transfer.Partial
	Peer DeviceID
	Key  wireID
}

func (r partialRecord) partial() transfer.Partial {
	r.Partial.Peer, r.Partial.Key = transfer.ID(r.Peer), r.Key
	return r.Partial
}

// FindPartial implements [transfer.PartialStore].
func (s *store) FindPartial(peer transfer.ID, key [16]byte) (transfer.Partial, bool) {
	var r partialRecord
	ok := false
	s.db.View(func(tx *bbolt.Tx) error {
		ok = decode(tx.Bucket(bucketPartials).Get(join(peer[:], key[:])), &r)
		return nil
	})
	return r.partial(), ok
}

// PutPartial implements [transfer.PartialStore].
func (s *store) PutPartial(p transfer.Partial) error {
	r := partialRecord{Partial: p, Peer: DeviceID(p.Peer), Key: p.Key}
	return s.db.Update(func(tx *bbolt.Tx) error {
		return putJSON(tx.Bucket(bucketPartials), join(p.Peer[:], p.Key[:]), r)
	})
}

// RemovePartial implements [transfer.PartialStore].
func (s *store) RemovePartial(peer transfer.ID, key [16]byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPartials).Delete(join(peer[:], key[:]))
	})
}

// doneRecord is an incoming transfer that is through, kept for a sender that was cut
// off before it knew.
type doneRecord struct {
	At        time.Time
	Folder    string
	Staging   string
	Files     int64
	Published []transfer.Published
}

// keepDone is how long such a sender may stay away.
const keepDone = 7 * 24 * time.Hour

// PutDone implements [transfer.PartialStore]. What is too old goes with it.
func (s *store) PutDone(peer transfer.ID, key [16]byte, done transfer.Finished) error {
	r := doneRecord{At: time.Now(), Folder: done.Folder, Staging: done.Staging, Files: done.Files, Published: done.Published}
	return s.db.Update(func(tx *bbolt.Tx) error {
		if err := tx.Bucket(bucketPartials).Delete(join(peer[:], key[:])); err != nil {
			return err
		}
		b := tx.Bucket(bucketDone)
		c := b.Cursor()
		for k, v := c.Seek(peer[:]); bytes.HasPrefix(k, peer[:]); k, v = c.Next() {
			var old doneRecord
			if !decode(v, &old) || time.Since(old.At) > keepDone {
				if err := c.Delete(); err != nil {
					return err
				}
			}
		}
		return putJSON(b, join(peer[:], done.Transfer[:]), r)
	})
}

// leftovers returns the transfers that are through, to look whether anything is left of
// where they arrived: the program may have ended before it was removed.
func (s *store) leftovers() (list []transfer.Finished) {
	s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketDone).ForEach(func(_, v []byte) error {
			var r doneRecord
			if decode(v, &r) && r.Staging != "" {
				list = append(list, transfer.Finished{Folder: r.Folder, Staging: r.Staging})
			}
			return nil
		})
	})
	return list
}

// FindDone implements [transfer.PartialStore].
func (s *store) FindDone(peer transfer.ID, id [16]byte) (transfer.Finished, bool) {
	var r doneRecord
	ok := false
	s.db.View(func(tx *bbolt.Tx) error {
		ok = decode(tx.Bucket(bucketDone).Get(join(peer[:], id[:])), &r)
		return nil
	})
	return transfer.Finished{Transfer: id, Files: r.Files, Published: r.Published}, ok
}

// partialsOf returns the unfinished transfers from one person.
func (s *store) partialsOf(person DeviceID) (partials []transfer.Partial) {
	s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketPartials).Cursor()
		for k, v := c.Seek(person[:]); bytes.HasPrefix(k, person[:]); k, v = c.Next() {
			var r partialRecord
			if decode(v, &r) {
				partials = append(partials, r.partial())
			}
		}
		return nil
	})
	return partials
}

// partials returns all unfinished transfers.
func (s *store) partials() (partials []transfer.Partial) {
	s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPartials).ForEach(func(_, v []byte) error {
			var r partialRecord
			if decode(v, &r) {
				partials = append(partials, r.partial())
			}
			return nil
		})
	})
	return partials
}

// continues reports whether p is what an interrupted incoming transfer left behind.
func continues(p transfer.Partial, t *Transfer) bool {
	if p.Folder != t.Folder || len(p.Names) != len(t.Names) {
		return false
	}
	names := slices.Clone(p.Names)
	for i := range names {
		names[i] = cleanPath(names[i])
	}
	slices.Sort(names)
	return slices.Equal(names, slices.Sorted(slices.Values(t.Names)))
}
