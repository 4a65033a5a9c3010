package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRealAlways goes the whole way with two real engines: an offer is accepted always, codes
// are compared, the next offers come by themselves into the folder of the person, an update
// replaces a file there, one that is too large is asked about, and never is never.
func TestRealAlways(t *testing.T) {
	a, b := openReal(t, t.TempDir(), 0, nil), openReal(t, t.TempDir(), 0, func(o *Options) { o.Folder = "" })
	fa, fb := followReal(t, a), followReal(t, b)
	usual, dir := t.TempDir(), t.TempDir()
	must(t, b.Configure(t.Context(), Settings{Folder: usual}))
	to := meet(t, a, b).ID
	from := a.me.ID
	path := filepath.Join(t.TempDir(), "notes.txt")
	put := func(text string) {
		t.Helper()
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	update := func() ItemID {
		t.Helper()
		ids, err := a.Send(t.Context(), SendRequest{To: []DeviceID{to}, Paths: []string{path}, Policy: Update})
		must(t, err)
		return ids[0]
	}
	has := func(where, want string) {
		t.Helper()
		if got, err := os.ReadFile(where); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v; want %q", where, got, err, want)
		}
	}

	put("one")
	sent := send(t, a, to, time.Minute, path)
	first := fb.incoming().ID
	must(t, b.Answer(t.Context(), first, Answer{Accept: true, Always: true}))
	fa.transferIs(sent, Done)
	has(filepath.Join(usual, "notes.txt"), "one")
	code := fb.pairingIs(PairingComparing).Code
	if there := fa.pairingIs(PairingComparing).Code; there != code {
		t.Fatalf("the codes are %s and %s", code, there)
	}
	must(t, a.AnswerPairing(t.Context(), to, code, true), b.AnswerPairing(t.Context(), from, code, true))
	fa.pairingIs(PairingDone)
	fb.pairingIs(PairingDone)

	rule := Rule{Accept: RuleAlways, Folder: filepath.Join(dir, "{type}"), MaxBytes: 8, Update: true}
	must(t, b.SetRule(t.Context(), from, rule))
	fa.transferIs(update(), Done)
	landed := filepath.Join(dir, "Documents", "notes.txt")
	has(landed, "one")
	put("two")
	fa.transferIs(update(), Done)
	has(landed, "two")
	if entries, err := os.ReadDir(filepath.Dir(landed)); err != nil || len(entries) != 1 {
		t.Errorf("in the folder are %v, %v", entries, err)
	}

	put("more than eight bytes")
	sent = update()
	fb.until("a question", func() bool {
		for id, i := range fb.items {
			if i.Transfer.State == Offered && !i.Transfer.Decided {
				first = id
				return true
			}
		}
		return false
	})
	has(landed, "two")
	must(t, b.Answer(t.Context(), first, Answer{Accept: true}))
	fa.transferIs(sent, Done)
	has(landed, "two") // whoever answers by hand says what is replaced
	has(filepath.Join(dir, "Documents", "notes (1).txt"), "more than eight bytes")

	rule.Accept = RuleNever
	must(t, b.SetRule(t.Context(), from, rule))
	before := len(fb.items)
	if p := fa.transferIs(update(), Declined).Problem; p.Code != CodeDeclined {
		t.Errorf("declined with %+v", p)
	}
	if len(fb.items) != before {
		t.Error("the receiver was told")
	}
}
