package cli

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ reason, in, want string }{
		{"plain text is left alone", "Quiet Heron 贝塔 é 😀", "Quiet Heron 贝塔 é 😀"},
		{"escape sequences", "\x1b[2J\x1b]0;title\a", `\x1b[2J\x1b]0;title\x07`},
		{"the one-byte escape of 8-bit terminals", "\u009b2J", `\x9b2J`},
		{"a line is one line", "a\r\nb\tc\u2028d\u0085", `a\x0d\x0ab\x09c\u2028d\x85`},
		{"the hidden ending of a name", "photo\u202egpj.exe", `photo\u202egpj.exe`},
		{"isolates and marks of direction", "\u2066a\u2069\u200f\u061c", `\u2066a\u2069\u200f\u061c`},
		{"characters of no width", "a\u200bb\ufeffc\u00add\u200de", `a\u200bb\ufeffc\xadd\u200de`},
		{"tags above the basic plane", "a\U000e0041", `a\U000e0041`},
		{"bytes that are no text", "a\xff\xfeb", `a\xff\xfeb`},
		{"the replacement character is a character", "a\uFFFDb", "a\uFFFDb"},
		{"delete and nul", "\x7f\x00", `\x7f\x00`},
	} {
		if got := clean(test.in); got != test.want {
			t.Errorf("%s: clean(%q) = %q, want %q", test.reason, test.in, got, test.want)
		}
	}
}

func TestCleanLines(t *testing.T) {
	got := cleanLines("a\r\nb\tc\n\x1b[1m👩\u200d🚀\u202e")
	want := []string{"a", "b    c", "\\x1b[1m👩\u200d🚀\\u202e"}
	if !slices.Equal(got, want) {
		t.Errorf("cleanLines = %q, want %q", got, want)
	}
}

// FuzzClean looks for text that reaches a terminal with something in it that the
// terminal acts upon.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"a", "\x1b[2J", "\u202e", "\xff\u009b", "\U000e0001\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range append(cleanLines(s), clean(s)) {
			if !utf8.ValidString(out) {
				t.Errorf("%q becomes %q, which is not UTF-8", s, out)
			}
			if i := strings.IndexFunc(out, func(r rune) bool { return unsafe(r) && r != '\u200c' && r != '\u200d' }); i >= 0 {
				t.Errorf("%q becomes %q, unsafe at %d", s, out, i)
			}
		}
		if strings.ContainsFunc(clean(s), unsafe) {
			t.Errorf("clean(%q) = %q is unsafe", s, clean(s))
		}
	})
}
