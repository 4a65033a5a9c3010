package app

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// TestDamagedValues: a value of the database that is damaged, or of a later version, is left
// out, and the program runs with the others.
func TestDamagedValues(t *testing.T) {
	me := DeviceID{9}
	good := &record{Item: Item{ID: "good", Person: me, Message: &Message{Body: "here", State: Delivered}}}
	write := func(bucket []byte, key, value string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(key), []byte(value)) }
	}
	// history puts value where an item called "bad" is, with what points to it.
	history := func(value string, pointer []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			place := join(me[:], []byte("\x00\x00\x00\x00\x00\x00\x00\x09"))
			b := tx.Bucket(bucketHistory).Bucket(me[:])
			if err := b.Put(place[32:], []byte(value)); err != nil {
				return err
			}
			if err := tx.Bucket(bucketIndex).Put([]byte("bad"), place); err != nil {
				return err
			}
			if pointer == nil {
				return nil
			}
			key := []byte("bad")
			if string(pointer) == string(bucketOutbox) {
				key = place
			}
			return tx.Bucket(pointer).Put(key, []byte("bad"))
		}
	}
	id := string(me[:])
	person := func(rest string) string { return `{"id":"` + me.String() + `",` + rest + `}` }
	for _, tt := range []struct {
		why    string
		damage func(*bbolt.Tx) error
	}{
		{"nothing", func(*bbolt.Tx) error { return nil }},
		{"a person that is no JSON", write(bucketPeople, id, "\x00")},
		{"a person without anything", write(bucketPeople, id, "{}")},
		{"a person at the place of another", write(bucketPeople, "\x01", person(`"name":"a"`))},
		{"a level that there is not", write(bucketPeople, id, person(`"level":99`))},
		{"a negative one", write(bucketPeople, id, person(`"level":-1`))},
		{"a rule that there is not", write(bucketPeople, id, person(`"level":2,"rule":{"accept":"everything","folder":"x"}`))},
		{"an item that is no JSON", history("x", bucketOpen)},
		{"an item that is null", history("null", bucketOpen)},
		{"a transfer that is open and none", history(`{"id":"bad","message":{"body":"x"}}`, bucketOpen)},
		{"neither message nor transfer", history(`{"id":"bad"}`, bucketOutbox)},
		{"both", history(`{"id":"bad","message":{},"transfer":{}}`, bucketOpen)},
		{"to be sent, and a transfer", history(`{"id":"bad","outgoing":true,"transfer":{}}`, bucketOutbox)},
		{"an item of somebody else", history(`{"id":"bad","person":"`+DeviceID{8}.String()+`","message":{"body":"x"}}`, nil)},
		{"an index that points nowhere", write(bucketIndex, "bad", "x")},
		{"something open that is not there", write(bucketOpen, "nothing", "")},
		{"a message to somebody whose id is cut", write(bucketOutbox, "ab", "good")},
		{"a receipt that is cut", write(bucketReceipts, id+"x", "\x01")},
		{"a partial that is no JSON", write(bucketPartials, id+"x", "x")},
		{"a partial that is null", write(bucketPartials, id+"0123456789abcdef", "null")},
		{"a transfer that is through, of the wrong types", write(bucketDone, id+"0123456789abcdef", `{"Staging":[1]}`)},
		{"addresses that are none", write(bucketMeta, typedKey, `[{"addr":""},{"addr":"a@b:1"},{}]`)},
		{"addresses of the wrong types", write(bucketMeta, typedKey, `{"x":1}`)},
		{"a number of starts that is cut", write(bucketMeta, "epoch", "abc")},
	} {
		dir := t.TempDir()
		s, _, err := openStore(filepath.Join(dir, databaseFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.putPerson(&personRecord{ID: me, Name: "Known", Level: Known}); err != nil {
			t.Fatal(err)
		}
		if err := s.put(0, good); err != nil {
			t.Fatal(err)
		}
		if err := s.db.Update(tt.damage); err != nil {
			t.Fatal(err)
		}
		s.close()
		a := open(t, Options{Dir: dir, Owner: true}).(*ownerApp)
		for _, p := range follow(t, a).state.People {
			if p.Level > Known || p.Name == "" || p.ID != me || p.Rule != (Rule{}) {
				t.Errorf("%s: %+v", tt.why, p)
			}
		}
		page, err := a.History(t.Context(), me, "", 10)
		if err != nil || len(page.Items) != 1 || page.Items[0].ID != "good" {
			t.Errorf("%s: %+v, %v", tt.why, page, err)
		}
		if got, err := a.store.takeReceipts(me, 9); err != nil || len(got) > 0 {
			t.Errorf("%s: receipts %v, %v", tt.why, got, err)
		}
		a.store.outbox(me, 9)
		if err := a.store.put(3, &record{Item: Item{ID: "new", Person: me, Message: &Message{Body: "new"}}}); err != nil {
			t.Errorf("%s: %v", tt.why, err)
		}
		if err := a.store.forget(me); err != nil {
			t.Errorf("%s: %v", tt.why, err)
		}
		a.Close()
	}
}

// FuzzStored reads values of the database: what is taken for one can be used, and is written
// as it was read.
func FuzzStored(f *testing.F) {
	for _, seed := range []string{
		`{"id":"` + DeviceID{1}.String() + `","name":"Bo","level":3,"rule":{"accept":"always","folder":"/a/{name}","max_bytes":5},"addresses":[{"addr":"10.0.0.2:21925"}]}`,
		`{"id":"ab","person":"` + DeviceID{1}.String() + `","outgoing":true,"message":{"body":"hi","state":"queued"},"seq":3}`,
		`{"id":"ab","transfer":{"state":"running","names":["a"],"folders":[false],"bytes":7,"left":-1},"retry":600000000000}`,
		`{"Folder":"/d","Staging":".yonder-incoming/x","Names":["a"],"Peer":"` + DeviceID{1}.String() + `"}`,
		`{"At":"2026-03-01T12:00:00Z","Files":2,"Published":[{"Name":"a"}]}`,
		"null", "{}", "[", `{"level":99}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := decodeRecord(data); r != nil {
			r.pending()
			if r.Transfer != nil {
				r.mayGoOn()
				r.Transfer.Short()
			}
			again, err := json.Marshal(r.clone())
			if err != nil {
				t.Fatal(err)
			}
			if b := decodeRecord(again); b == nil || !sameJSON(b, r) {
				t.Errorf("%q is read as %+v, written and read as %+v", data, r, b)
			}
		}
		if p, ok := decodePerson(data); ok {
			if p.Level < Blocked || p.Level > Mine || p.Name == "" || strings.ContainsAny(p.Name, "\n\x1b") || p.Rule.problem() != nil {
				t.Errorf("%q is read as %+v", data, p)
			}
			newPerson(p)
		}
		var partial partialRecord
		if decode(data, &partial) {
			partial.partial()
			continues(partial.partial(), &Transfer{Folder: partial.Folder, Names: partial.Names})
		}
		var done doneRecord
		decode(data, &done)
	})
}

// FuzzSettings reads settings.json: what is invalid in it means the default, and what is
// not known is kept when it is written.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		`{"name":"Bo","port":4000,"aura":{"x":[1]}}`, `{"theme":"pink","port":-1,"up_limit":-5}`, `{"visible":"ten-minutes","everyone_until":"2026-03-01T12:00:00Z"}`,
		`{"folder":"relative","ask_above":-1,"language":"xx","discovery":"x","policy":"y"}`, "null", "{}", "", `{"name":1}`, `{"NAME":"a","name":"b"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, s, err := parseSettings(data)
		if err != nil {
			return
		}
		if s.mend(); s.problem() != nil {
			t.Fatalf("%q: still invalid: %v", data, s.problem())
		}
		_, out, err := encodeSettings(keys, s)
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		kept, again, err := parseSettings(out)
		if err != nil || !sameJSON(again, s) {
			t.Errorf("%q is written as %q: %+v, want %+v (%v)", data, out, again, s, err)
		}
		for key, value := range keys {
			var was, is any
			json.Unmarshal(value, &was)
			json.Unmarshal(kept[key], &is)
			if _, there := kept[key]; !isSetting(key) && (!there || !reflect.DeepEqual(was, is)) {
				t.Errorf("%q: %q was %s and is %s", data, key, value, kept[key])
			}
		}
	})
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
