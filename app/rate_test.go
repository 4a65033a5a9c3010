package app

import (
	"slices"
	"testing"
	"testing/synctest"
)

func TestParseRate(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int64 // negative: refused
	}{
		{"", 0}, {"0", 0}, {" 0 ", 0}, {"0M", 0},
		{"1024", 1024}, {"1K", 1024}, {"1k", 1024}, {"500K", 500 << 10}, {"5M", 5 << 20}, {"1.5G", 3 << 29}, {"1024G", 1 << 40},
		{"1023", -1}, {"1", -1}, {"0.5K", -1}, {"1025G", -1}, {"K", -1}, {"-5M", -1}, {"+5M", -1}, {"5MB", -1}, {"5 M/s", -1},
		{"1e6", -1}, {"0x400", -1}, {"NaN", -1}, {"Inf", -1}, {"1..5M", -1}, {"5X", -1}, {"٥M", -1}, {"1_000_000", -1},
	} {
		got, err := ParseRate(tt.text)
		if tt.want < 0 {
			if err == nil {
				t.Errorf("ParseRate(%q) = %d, want an error", tt.text, got)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("ParseRate(%q) = %d, %v; want %d", tt.text, got, err, tt.want)
		}
		if back, err := ParseRate(FormatRate(got)); err != nil || back != got {
			t.Errorf("%d is written as %q and reads back as %d, %v", got, FormatRate(got), back, err)
		}
	}
}

func (n *fakeNode) ratesAre(t *testing.T, why string, up, down int64) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.rates, []int64{up, down}) {
		t.Errorf("%s: the engine has %v, want %d and %d", why, n.rates, up, down)
	}
}

// TestLimitsAreLive: from the start, at once when they change, and what a command line
// says holds until somebody chooses something else.
func TestLimitsAreLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLAN(), t.TempDir()
		h := l.addAt(t, dir, nil)
		h.node.ratesAre(t, "at first", 0, 0)
		if err := h.Configure(t.Context(), Settings{UpLimit: 5 << 20, DownLimit: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		h.node.ratesAre(t, "configured", 5<<20, 1<<20)
		h.Close()
		h = l.addAt(t, dir, nil)
		h.node.ratesAre(t, "after a restart", 5<<20, 1<<20)
		h.Close()
		h = l.addAt(t, dir, func(o *Options) { o.DownLimit = 2 << 20 })
		h.node.ratesAre(t, "with a command line", 5<<20, 2<<20)
		if err := h.Configure(t.Context(), Settings{UpLimit: 4 << 20, DownLimit: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		h.node.ratesAre(t, "the other one changed", 4<<20, 2<<20)
		if err := h.Configure(t.Context(), Settings{}); err != nil {
			t.Fatal(err)
		}
		h.node.ratesAre(t, "taken away", 0, 0)
	})
}

func TestBackendLimits(t *testing.T) {
	backends(t, func(t *testing.T, b Backend, h, other *host) {
		f, fo := follow(t, b), follow(t, other)
		f.sees(other.id())
		for field, s := range map[string]Settings{"up_limit": {UpLimit: 5}, "down_limit": {DownLimit: -1}} {
			if err := b.Configure(t.Context(), s); codeOf(err) != CodeBadSetting || AsProblem(err).Detail != field {
				t.Errorf("Configure(%+v) = %v, want %s about %s", s, err, CodeBadSetting, field)
			}
		}
		req := SendRequest{To: []DeviceID{other.id()}, Paths: []string{file(t)}, Limit: -3}
		if _, err := b.Send(t.Context(), req); codeOf(err) != CodeBadSetting {
			t.Errorf("Send with a negative limit = %v, want %s", err, CodeBadSetting)
		}
		req.Limit = 3 << 20
		ids, err := b.Send(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		f.transferIs(ids[0], Offered)
		h.mu.Lock()
		rate := h.runs[ids[0]].engine.(*fakeOutgoing).rate
		h.mu.Unlock()
		if rate != req.Limit {
			t.Errorf("the transfer is limited to %d, want %d", rate, req.Limit)
		}
		accept(t, other, fo.incoming().ID)
		f.transferIs(ids[0], Done)
	})
}
