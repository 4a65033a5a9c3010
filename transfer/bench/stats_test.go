//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{3}, 3},
		{[]float64{4, 1}, 2.5},
		{[]float64{9, 1, 5}, 5},
		{[]float64{1, 100, 2, 4}, 3},
	} {
		given := slices.Clone(test.values)
		if got := median(test.values); got != test.want {
			t.Errorf("median(%v) = %v, want %v", test.values, got, test.want)
		}
		if !slices.Equal(given, test.values) {
			t.Errorf("median changed %v into %v", given, test.values)
		}
	}
}

func TestCosts(t *testing.T) {
	second := func(n float64) sample {
		return sample{wall: time.Duration(n * float64(time.Second)), cpu: 2 * time.Second, mem: [2]int64{10e6, 20e6}, done: time.Second}
	}
	got := costs(&link{rate: 1000 * mbit, about: "a wire"}, 100e6, []outcome{
		{"yonder", []sample{second(1), second(4), second(2)}},
		{"a|b", []sample{second(2), second(4), second(8)}},
	}, []string{"A note."})
	want := `| program | seconds (min–max) | MB/s | of the line rate | CPU s per GB | sender MB | receiver MB | yonder is … as fast |
|---|---:|---:|---:|---:|---:|---:|---:|
| yonder | 2 (1–4) | 50 | 40.0 % | 20.00 | 10 (10–10) | 20 (20–20) |  |
| a\|b | 4 (2–8) | 25 | 20.0 % | 20.00 | 10 (10–10) | 20 (20–20) | 2.00× (1.00×–4.00×) |

Link: a wire. Of yonder's time, its ` + "`done`" + ` came after 1 s; by its own clock it moved for 0 s. A note.
`
	if got != want {
		t.Errorf("costs:\n%s\nwant:\n%s", got, want)
	}
}

func TestBetween(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a\n" + beginMark + "\nold\n" + endMark + "\nb", "a\n" + beginMark + "\nnew\n" + endMark + "\nb"},
		{beginMark + endMark, beginMark + "\nnew\n" + endMark},
		{"a\n" + beginMark + "\nb", ""},
		{endMark + "\n" + beginMark, ""}, // in the wrong order
		{"", ""},
	} {
		got, err := between(test.text, "\nnew\n\n")
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("between(%q) = %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}

func TestLines(t *testing.T) {
	var got []string
	w := events(func(e event) { got = append(got, e.Event+e.State+e.Text) })
	for _, part := range []string{`{"event":"st`, `ate","state":"running"}` + "\n" + `{"event":"done","new":[1]}`, "\nnonsense\n", `{"event":"cut`} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	if len(got) != 3 || got[0] != "staterunning" || got[1] != "done" || !strings.HasPrefix(got[2], `error"nonsense" is not JSON`) {
		t.Errorf("events: %q", got)
	}
}

func TestCPUModel(t *testing.T) {
	if got, want := cpuModel("processor\t: 0\nmodel name\t: Some  CPU @ 2GHz\nmodel name\t: other\n"), "Some CPU @ 2GHz"; got != want {
		t.Errorf("cpuModel = %q, want %q", got, want)
	}
	if got := cpuModel(""); !strings.HasPrefix(got, "unknown ") {
		t.Errorf("cpuModel of nothing = %q", got)
	}
}
