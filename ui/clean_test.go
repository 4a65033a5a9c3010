package ui

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	tests := []struct{ why, in, want string }{
		{"ordinary", "report.pdf", "report.pdf"},
		{"Chinese", "会议记录（终稿）.docx", "会议记录（终稿）.docx"},
		{"right-to-left override hides an extension", "exe\u202egpj.scr", `exe\u202egpj.scr`},
		{"isolates", "a\u2066b\u2069", `a\u2066b\u2069`},
		{"zero width", "pay\u200bpal", `pay\u200bpal`},
		{"terminal escape", "\x1b[2Jx", `\u001b[2Jx`},
		{"line break stays on one line", "a\nb\r\tc", `a\u000ab\u000d\u0009c`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"C1 control", "a\u0085b", `a\u0085b`},
		{"language tag characters", "a\U000e0041", `a\U000e0041`},
		{"broken UTF-8", "a\xff\xfeb", `a\xff\xfeb`},
		{"a real replacement character stays", "a\ufffdb", "a\ufffdb"},
		{"blank that is no space", "\u3164", `\u3164`},
		{"accent", "Zoe\u0308", "Zoe\u0308"},
		{"tower of marks", "o" + strings.Repeat("\u0301", 50), "o" + strings.Repeat("\u0301", maxMarks)},
	}
	for _, tt := range tests {
		if got := cleanName(tt.in); got != tt.want {
			t.Errorf("%s: cleanName(%q) = %q, want %q", tt.why, tt.in, got, tt.want)
		}
	}
}

func TestCleanBody(t *testing.T) {
	tests := []struct{ why, in, want string }{
		{"lines stay", "a\nb\r\nc", "a\nb\nc"},
		{"tab", "a\tb", "a    b"},
		{"family emoji keep their joiners", "👩\u200d👧", "👩\u200d👧"},
		{"Persian needs its non-joiner", "می\u200cخواهم", "می\u200cخواهم"},
		{"override", "a\u202eb", `a\u202eb`},
		{"escape and bell", "\x1b]0;x\a", `\u001b]0;x\u0007`},
		{"NUL", "a\x00b", `a\u0000b`},
		{"markup is text", "[x](file:///etc) **b** <i>", "[x](file:///etc) **b** <i>"},
	}
	for _, tt := range tests {
		if got := cleanBody(tt.in); got != tt.want {
			t.Errorf("%s: cleanBody(%q) = %q, want %q", tt.why, tt.in, got, tt.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "a", "\xff", "\u202e", "e\u0301\u0301", "你好\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := cleanName(s)
		if !utf8.ValidString(name) {
			t.Errorf("cleanName(%q) = %q is no UTF-8", s, name)
		}
		for _, r := range name {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Errorf("cleanName(%q) keeps %U", s, r)
			}
		}
		if again := cleanName(name); again != name {
			t.Errorf("cleanName(%q) is not stable: %q, then %q", s, name, again)
		}
		if body := cleanBody(s); !utf8.ValidString(body) {
			t.Errorf("cleanBody(%q) = %q is no UTF-8", s, body)
		}
	})
}

func TestElideMiddle(t *testing.T) {
	tests := []struct {
		why, in string
		room    int
		want    string
	}{
		{"fits exactly", "abcdef", 6, "abcdef"},
		{"one short", "abcdef", 5, "ab…ef"},
		{"the extension stays", "a-very-long-file-name.tar.gz", 14, "a-very….tar.gz"},
		{"number before the extension stays", "IMG_20260312_000123.jpg", 13, "IMG_…0123.jpg"},
		{"what looks like an extension but is a sentence", "Hello there. This is a long title", 12, "Hell…g title"},
		{"Chinese", "二〇二六年三月会议记录终稿.docx", 12, "二〇二六…终稿.docx"},
		{"no room at all", "abcdef", 0, "…"},
		{"room for one", "abcdef", 1, "…"},
		{"empty", "", 3, ""},
		{"no mark begins the end", "abcdefgh\u0301\u0301\u0301", 5, "abcd…"},
	}
	for _, tt := range tests {
		got := elideMiddle(tt.in, func(s string) bool { return utf8.RuneCountInString(s) <= tt.room })
		if got != tt.want {
			t.Errorf("%s: elideMiddle(%q, %d) = %q, want %q", tt.why, tt.in, tt.room, got, tt.want)
		}
	}
}

func TestElideEnd(t *testing.T) {
	if got, want := elideEnd("one two three", func(s string) bool { return len([]rune(s)) <= 5 }), "one…"; got != want {
		t.Errorf("elideEnd = %q, want %q", got, want)
	}
}
