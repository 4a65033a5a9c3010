package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestReadLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, test := range []struct {
		reason, in string
		want       []string
	}{
		{"nothing", "", nil},
		{"all kinds of ends", "a\nb\r\n\nc", []string{"a", "b", "", "c"}},
		{"the longest line", long + "\nnext\n", []string{long, "next"}},
		{"what is longer is cut, and the rest does not become a line", long + "yyy\nnext\n", []string{long, "next"}},
		{"much longer", strings.Repeat(long, 20) + "\nnext", []string{long, "next"}},
	} {
		var got []string
		for line := range readLines(t.Context(), strings.NewReader(test.in)) {
			got = append(got, line)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %d lines %.80q, want %d", test.reason, len(got), got, len(test.want))
		}
	}
}
