package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"yonder/app"
)

// paired stores in the profile of a host that these people are paired.
func (l *lan) paired(host int, ids ...string) {
	l.t.Helper()
	db, err := bbolt.Open(filepath.Join(l.dir, fmt.Sprint("profile", host, l.fresh), "yonder.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		l.t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, text := range ids {
			id, err := app.ParseDeviceID(text)
			if err != nil {
				return err
			}
			record := map[string]any{}
			b := tx.Bucket([]byte("people"))
			if old := b.Get(id[:]); old != nil {
				if err := json.Unmarshal(old, &record); err != nil {
					return err
				}
			}
			record["id"], record["level"] = id, app.Paired
			data, err := json.Marshal(record)
			if err == nil {
				err = b.Put(id[:], data)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

// settings writes those of a host that nothing uses now.
func (l *lan) settings(host int, content string) {
	l.t.Helper()
	path := filepath.Join(l.dir, fmt.Sprint("profile", host, l.fresh), "settings.json")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// TestLANGossip: Ann and Bea are in one network, Cem is behind a router, and Bea alone has
// an address of him. All are paired with each other, so Ann finds Cem once she talks with Bea,
// and sends to him directly; not if she wants no gossip, and nor does Dan, who is not paired
// with Cem.
func TestLANGossip(t *testing.T) {
	waits(t)
	const most = time.Minute
	near, far := newRouted(t, 3, 1)
	const ann, bea, dan, cem = 1, 2, 3, 1 // hosts; cem's is far
	source := filepath.Join(near.dir, "hello.txt")
	if err := os.WriteFile(source, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	listening := func(e lanEvent) bool { return e.Event == "listening" }
	run := func(l *lan, host int, name, folder string) *process {
		p := l.start(host, "receive", "--name", name, "--accept", "all", "--save", folder)
		p.await("listening", most, listening)
		return p
	}
	ids := map[string]string{}
	for _, p := range []struct {
		l    *lan
		host int
		name string
	}{{near, ann, "Ann"}, {near, bea, "Bea"}, {near, dan, "Dan"}, {far, cem, "Cem"}} {
		first := run(p.l, p.host, p.name, t.TempDir()) // makes the profile
		ids[p.name] = first.await("listening", 0, listening).ID
		first.signal(os.Interrupt)
		first.finish(most)
	}
	near.paired(ann, ids["Bea"], ids["Cem"])
	near.paired(bea, ids["Ann"], ids["Dan"], ids["Cem"])
	near.paired(dan, ids["Bea"])
	far.paired(cem, ids["Ann"], ids["Bea"])
	far.settings(cem, `{"no_gossip":true}`) // or he would find Ann by what Bea tells him
	folder := t.TempDir()
	run(far, cem, "Cem", folder)
	run(near, bea, "Bea", t.TempDir())
	if _, code := near.run(bea, "send", "--to", far.net.Addr(cem).String(), source); code != exitOK {
		t.Fatalf("Bea sends to Cem by address: exit %d", code)
	}
	isCem := func(e lanEvent) bool {
		return e.Event == "peer" && e.ID == ids["Cem"] && e.Change != "left" && e.Source != ""
	}

	near.settings(ann, `{"no_gossip":true}`)
	for _, step := range []struct {
		host  int
		name  string
		finds bool
	}{{ann, "Ann", false}, {dan, "Dan", false}, {ann, "Ann", true}} {
		p := run(near, step.host, step.name, t.TempDir())
		watch := near.start(step.host, "peers", "--watch")
		watch.await("Bea", most, func(e lanEvent) bool { return e.Event == "peer" && e.ID == ids["Bea"] && e.Source != "" })
		if _, code := near.run(step.host, "chat", ids["Bea"], "hello"); code != exitOK {
			t.Fatalf("%s talks with Bea: exit %d", step.name, code)
		}
		if step.finds {
			if e := watch.await("Cem", most, isCem); e.Source != "gossip" || e.Name != "Cem" {
				t.Errorf("she finds %q by %q", e.Name, e.Source)
			}
			if _, code := near.run(step.host, "send", "--to", "Cem", source); code != exitOK {
				t.Errorf("she sends to him: exit %d", code)
			}
		} else {
			time.Sleep(3 * time.Second) // nothing to wait for: that nothing comes is the point
			events, _ := watch.since(0)
			for _, e := range events {
				if isCem(e) && e.Source != "remembered" {
					t.Errorf("%s finds Cem by %s", step.name, e.Source)
				}
			}
		}
		for _, end := range []*process{watch, p} {
			end.signal(os.Interrupt)
			end.finish(most)
		}
		near.settings(ann, `{}`)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
		t.Errorf("Cem has %v, %v; want both files", entries, err)
	}
}
