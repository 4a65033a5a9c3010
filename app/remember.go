package app

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"
)

// personRecord is what is remembered of a person.
type personRecord struct {
	ID        DeviceID     `json:"id"`
	Name      string       `json:"name"`
	System    string       `json:"system,omitempty"`
	Level     Level        `json:"level"`
	Unread    int          `json:"unread,omitempty"`
	LastSeen  time.Time    `json:"last_seen,omitzero"`
	Addresses []knownPlace `json:"addresses,omitempty"` // newest first, at most maxPlaces
	Hints     []string     `json:"hints,omitempty"`     // "IP:PORT" where they were last; best first, at most maxHints

	Rule      Rule   `json:"rule,omitzero"`
	RuleBase  string `json:"rule_base,omitempty"`  // the part of Rule.Folder that existed when it was chosen; it is never made
	RuleMount string `json:"rule_mount,omitempty"` // where the volume of RuleBase was mounted then; empty: it is that of the root
}

// maxPlaces is how many addresses are remembered for one person.
const maxPlaces = 8

// knownPlace is an address at which a connection proved a person's key.
type knownPlace struct {
	Addr   string    `json:"addr"` // "IP:PORT"
	Proved time.Time `json:"proved,omitzero"`
	Manual bool      `json:"manual,omitempty"` // the user typed it
	Typed  string    `json:"typed,omitempty"`  // as the user wrote it, such as "nas.lan:21925"
}

// people returns everybody who is remembered.
func (s *store) people() (people []personRecord) {
	s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPeople).ForEach(func(k, v []byte) error {
			if r, ok := decodePerson(v); ok && bytes.Equal(k, r.ID[:]) {
				people = append(people, r)
			}
			return nil
		})
	})
	return people
}

// decodePerson reads a stored person, false if it is none. What makes no sense in it means
// as little trust as there can be.
func decodePerson(data []byte) (r personRecord, ok bool) {
	if !decode(data, &r) {
		return personRecord{}, false
	}
	r.Name = nameOr(r.Name, r.ID)
	if r.Level < Blocked || r.Level > Mine {
		r.Level = Unknown
	}
	if r.Rule.problem() == nil {
		return r, true
	}
	if r.Rule.Accept != RuleNever {
		r.Rule.Accept = RuleAsk
	}
	r.Rule = Rule{Accept: r.Rule.Accept}
	return r, true
}

func (s *store) putPerson(r *personRecord) error {
	return s.db.Update(func(tx *bbolt.Tx) error { return putJSON(tx.Bucket(bucketPeople), r.ID[:], r) })
}

// forget removes a person and everything about the conversation with them.
func (s *store) forget(id DeviceID) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		history := tx.Bucket(bucketHistory)
		if b := history.Bucket(id[:]); b != nil {
			if err := trim(tx, b, 0); err != nil {
				return err
			}
			err := b.ForEach(func(_, v []byte) error { // what trim leaves: transfers that have not ended
				r := decodeRecord(v)
				if r == nil {
					return nil
				}
				if err := tx.Bucket(bucketOpen).Delete([]byte(r.ID)); err != nil {
					return err
				}
				return tx.Bucket(bucketIndex).Delete([]byte(r.ID))
			})
			if err != nil {
				return err
			}
			if err := history.DeleteBucket(id[:]); err != nil {
				return err
			}
		}
		for _, name := range [][]byte{bucketOutbox, bucketReceipts} {
			if err := deletePrefix(tx.Bucket(name), id[:]); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketPeople).Delete(id[:])
	})
}

func deletePrefix(b *bbolt.Bucket, prefix []byte) error {
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.Seek(prefix); k != nil && len(k) >= len(prefix) && string(k[:len(prefix)]) == string(prefix); k, _ = c.Next() {
		keys = append(keys, join(k))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
