package app

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	for _, tt := range []struct{ why, in, want string }{
		{"plain", "Amber Otter", "Amber Otter"},
		{"Chinese", "小王的电脑", "小王的电脑"},
		{"spaces around and inside", "  a \t b\n", "a b"},
		{"composed", "e\u0301", "é"},
		{"control characters", "a\x00\x1b[31mb\x07", "a[31mb"},
		{"override of direction", "a\u202egpj.exe", "agpj.exe"},
		{"isolates and marks of direction", "\u2066a\u2069\u200e\u200f\u061c", "a"},
		{"zero width", "a\u200b\u200c\u200d\ufeffb", "ab"},
		{"soft hyphen and tags", "a\u00adb\U000E0041", "ab"},
		{"fillers that look like nothing", "\u3164\u115f\u1160\uffa0\u2800\u034f", ""},
		{"variation selectors", "a\ufe0f\U000E0100b", "ab"},
		{"invalid UTF-8", "a\xff\xfeb", "ab"},
		{"line and paragraph separators", "a\u2028b\u2029c", "a b c"},
		{"nothing", "", ""},
		{"only spaces", " \u3000\u00a0 ", ""},
		{"32 runes", strings.Repeat("x", 32), strings.Repeat("x", 32)},
		{"33 runes", strings.Repeat("x", 33), strings.Repeat("x", 32)},
		{"32 runes of 4 bytes are 128 bytes", strings.Repeat("🦦", 33), strings.Repeat("🦦", 32)},
		{"a space at the cut", strings.Repeat("x", 31) + " yz", strings.Repeat("x", 31)},
		{"10 KB", strings.Repeat("y", 10<<10), strings.Repeat("y", 32)},
		{"a tower of marks", "a" + strings.Repeat("\u0301\u0327", 500), "á\u0327\u0301\u0327\u0301"},
	} {
		got := cleanName(tt.in)
		if tt.why == "a tower of marks" { // its order is that of NFC
			if n := utf8.RuneCountInString(got); n > 1+maxMarks {
				t.Errorf("%s: %d runes are left, want at most %d", tt.why, n, 1+maxMarks)
			}
			continue
		}
		if got != tt.want {
			t.Errorf("%s: cleanName(%q) = %q, want %q", tt.why, tt.in, got, tt.want)
		}
	}
	id := DeviceID{1}
	if got := nameOr("\u200b", id); got != id.Short() {
		t.Errorf("nameOr of nothing visible = %q, want the short id", got)
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"Amber Otter", "a\xff", "\u202e", "e\u0301\u0301\u0301\u0301\u0301\u0301", strings.Repeat("赵 ", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanName(s)
		if !utf8.ValidString(got) || len(got) > maxNameBytes || utf8.RuneCountInString(got) > maxNameRunes {
			t.Errorf("cleanName(%q) = %q: not valid or too long", s, got)
		}
		for _, r := range got {
			if invisible(r) {
				t.Errorf("cleanName(%q) = %q keeps %U", s, got, r)
			}
		}
		if again := cleanName(got); again != got {
			t.Errorf("cleanName(%q) = %q, but again %q", s, got, again)
		}
	})
}

func TestCleanText(t *testing.T) {
	for _, tt := range []struct{ why, in, want string }{
		{"lines and tabs stay", "a\n\tb", "a\n\tb"},
		{"other line ends", "a\r\nb\rc", "a\nb\nc"},
		{"terminal sequences", "\x1b]0;x\x07\x1b[2Ja\x08", "]0;x[2Ja"},
		{"C1 controls", "a\u009b31mb", "a31mb"},
		{"NUL", "a\x00b", "ab"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
		{"overrides", "a\u202eb\u2067c\u2069", "abc"},
		{"Persian needs its joiner", "می\u200cخواهم", "می\u200cخواهم"},
		{"emoji families too", "👩\u200d👧", "👩\u200d👧"},
		{"a tower of marks", "a" + strings.Repeat("\u0301", 100000), "a" + strings.Repeat("\u0301", maxMarks)},
	} {
		if got := cleanText(tt.in); got != tt.want {
			t.Errorf("%s: cleanText(%.40q) = %.40q, want %.40q", tt.why, tt.in, got, tt.want)
		}
	}
}

func TestCleanPath(t *testing.T) {
	for _, tt := range []struct{ why, in, want string }{
		{"plain", "a/旅行 2026.txt", "a/旅行 2026.txt"},
		{"a hidden extension", "photo\u202egpj.exe", "photo\uFFFDgpj.exe"},
		{"a line end", "a\nb", "a\uFFFDb"},
		{"not UTF-8", "a\xff", "a\uFFFD"},
		{"very long", strings.Repeat("x", 5000), strings.Repeat("x", maxPathRunes)},
	} {
		if got := cleanPath(tt.in); got != tt.want {
			t.Errorf("%s: cleanPath(%.40q) = %.40q, want %.40q", tt.why, tt.in, got, tt.want)
		}
	}
}

func TestSameName(t *testing.T) {
	for _, tt := range []struct {
		why, a, b string
		same      bool
	}{
		{"case", "Amber Otter", "amber otter", true},
		{"spaces", "Amber Otter", "AmberOtter", true},
		{"Cyrillic letters", "Amber Otter", "Аmbеr Оttеr", true},
		{"Greek letters", "Otto", "Οttο", true},
		{"full width", "Otter", "Ｏｔｔｅｒ", true},
		{"digits for letters", "Bello", "Be1l0", true},
		{"composed or not", "Zoé", "Zoe\u0301", true},
		{"zero width", "Otter", "Ot\u200bter", true},
		{"different", "Amber Otter", "Amber Tern", false},
		{"different in Chinese", "小王", "小汪", false},
	} {
		if got := sameName(tt.a) == sameName(tt.b); got != tt.same {
			t.Errorf("%s: %q and %q look the same: %v, want %v", tt.why, tt.a, tt.b, got, tt.same)
		}
	}
}
