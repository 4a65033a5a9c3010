package transfer

import (
	"errors"
	"path"
	"strings"
	"testing"
	"unicode/utf8"
)

const cjk = "长" // 3 bytes

// TestHostileNames is what a peer may put into a path, and what becomes of it: refused
// on the wire, or stored under a name that is harmless on every system.
func TestHostileNames(t *testing.T) {
	const refused = ""
	tests := []struct {
		reason  string
		path    string
		linux   string // where it is stored; [refused]
		windows string // the same on Windows; empty: as on Linux
	}{
		{"plain", "a/b.txt", "a/b.txt", ""},
		{"Chinese", "资料/你好 世界.txt", "资料/你好 世界.txt", ""},
		{"parent", "..", refused, ""},
		{"leaves", "../x", refused, ""},
		{"leaves in the middle", "a/../../x", refused, ""},
		{"leaves with backslashes", `..\x`, refused, ""},
		{"leaves with backslashes in the middle", `a\..\..\x`, refused, ""},
		{"leaves with both", `a/..\..\x`, refused, ""},
		{"absolute", "/etc/x", refused, ""},
		{"two slashes", "//x", refused, ""},
		{"drive", `C:\x`, refused, ""},
		{"drive with slash", "C:/x", refused, ""},
		{"drive, relative", "C:x", refused, ""},
		{"UNC", `\\srv\s\x`, refused, ""},
		{"UNC with slashes", "//srv/s/x", refused, ""},
		{"verbatim", `\\?\C:\x`, refused, ""},
		{"NT object", `\??\C:\x`, refused, ""},
		{"stream", "f:stream", refused, ""},
		{"data stream", "f::$DATA", refused, ""},
		{"zone", "x:Zone.Identifier", refused, ""},
		{"nothing", "", refused, ""},
		{"this folder", ".", refused, ""},
		{"this folder first", "./a", refused, ""},
		{"this folder inside", "a/./b", refused, ""},
		{"empty component", "a//b", refused, ""},
		{"slash at the end", "a/", refused, ""},
		{"NUL", "a\x00b", refused, ""},
		{"NUL at the end", "a.txt\x00", refused, ""},
		{"not UTF-8", "a\xff\xfe", refused, ""},
		{"overlong slash", "a\xc0\xafb", refused, ""},
		{"surrogate", "a\xed\xa0\x80", refused, ""},
		{"device", "CON", "CON_", ""},
		{"device with an extension", "nul.txt", "nul_.txt", ""},
		{"device with two extensions", "aux.tar.gz", "aux_.tar.gz", ""},
		{"device with many extensions", "con.a.b", "_con.a_.b", ""},
		{"device with a number", "COM1", "COM1_", ""},
		{"device, the last", "lpt9.txt", "lpt9_.txt", ""},
		{"device, and a stream of it", "COM1:x", refused, ""},
		{"device in mixed case", "cOn.TxT", "cOn_.TxT", ""},
		{"device with a superscript", "com¹.log", "com¹_.log", ""},
		{"device with zero", "LPT0", "LPT0_", ""},
		{"device with a digit that Windows does not know", "COM⁴", "COM⁴", ""},
		{"device with two digits", "COM10", "COM10", ""},
		{"console", "CONIN$", "CONIN$_", ""},
		{"console out", "conout$", "conout$_", ""},
		{"device with a space", "aux .txt", "aux_.txt", ""},
		{"device with a space at the end", "NUL ", "NUL_", ""},
		{"device hidden by a zero width space", "N\u200bUL", "NUL_", ""},
		{"device as a folder", "prn/x", "prn_/x", ""},
		{"not a device", "console", "console", ""},
		{"dot at the end", "a.", "a_", ""},
		{"space at the end", "a ", "a_", ""},
		{"dots and spaces at the end", "a. . .", "a_", ""},
		{"three dots", "...", "_", ""},
		{"only spaces", "   ", "_", ""},
		{"space first", "  a", "_a", ""},
		{"override", "photo\u202egpj.exe", "photogpj.exe", ""},
		{"isolate", "a\u2066b\u2069", "ab", ""},
		{"zero width", "a\u200bb\ufeffc", "abc", ""},
		{"only zero width", "\u200b", "_", ""},
		{"zero width hides the parent", ".\u200b.", "_", ""},
		{"tags", "a\U000e0041", "a", ""},
		{"joined emoji stays", "👩\u200d👩", "👩\u200d👩", ""},
		{"escape sequence", "\x1b[2Ja", "_[2Ja", ""},
		{"bell and delete", "a\x07\x7f", "a__", ""},
		{"C1", "a\u009bb", "a_b", ""},
		{"new lines", "a\r\nb", "a__b", ""},
		{"tab", "a\tb", "a_b", ""},
		{"line separator", "a\u2028b\u2029", "a_b_", ""},
		{"option", "-rf", "-rf", ""},
		{"shell", "$(x)`y`;'z'", "$(x)`y`;'z'", ""},
		{"quotes that a shell may take for its own", "a\u2018b\u2019 \u201cc\u201d \"d\" 'e'", "a\u2018b\u2019 \u201cc\u201d \"d\" 'e'", "a\u2018b\u2019 \u201cc\u201d _d_ 'e'"},
		{"home", "~root", "~root", ""},
		{"what Windows cannot store", `a<b>"c|d?e*`, `a<b>"c|d?e*`, "a_b__c_d_e_"},
		{"our own staging", incomingFolder, incomingFolder, ""},
		{"our own journal", "journal", "journal", ""},
		{"composed", "é", "é", ""},
		{"decomposed", "e\u0301", "e\u0301", ""},
		{"started by Explorer", "desktop.ini", "desktop.ini", ""},
		{"started with a disk", "autorun.inf", "autorun.inf", ""},
		{"a shortcut", "report.pdf.lnk", "report.pdf.lnk", ""},
		{"a shortcut to a site", "x.url", "x.url", ""},
		{"a library that is elsewhere", "x.library-ms", "x.library-ms", ""},
		{"a program of a desktop", "x.desktop", "x.desktop", ""},
		{"of Finder", ".DS_Store", ".DS_Store", ""},
		{"of Explorer", "Thumbs.db", "Thumbs.db", ""},
		{"hidden", ".bashrc", ".bashrc", ""},
	}
	for _, test := range tests {
		if err := checkPath(test.path); (err == nil) != (test.linux != refused) {
			t.Errorf("%s: checkPath(%q) = %v", test.reason, test.path, err)
			continue
		} else if err != nil {
			if !errors.Is(err, ErrBadName) {
				t.Errorf("%s: checkPath(%q) = %v, want ErrBadName", test.reason, test.path, err)
			}
			continue
		}
		if test.windows == "" {
			test.windows = test.linux
		}
		for windows, want := range map[bool]string{false: test.linux, true: test.windows} {
			var parts []string
			for component := range strings.SplitSeq(test.path, "/") {
				parts = append(parts, localName(component, windows))
			}
			if got := strings.Join(parts, "/"); got != want {
				t.Errorf("%s: %q is stored as %q, want %q (windows %v)", test.reason, test.path, got, want, windows)
			}
		}
	}
}

func TestPathLimits(t *testing.T) {
	repeat := strings.Repeat
	tests := []struct {
		reason string
		path   string
		ok     bool
	}{
		{"name of 1 KiB", repeat("a", maxComponent), true},
		{"name of 1 KiB + 1", repeat("a", maxComponent+1), false},
		{"512 folders", repeat("a/", maxDepth-1) + "a", true},
		{"513 folders", repeat("a/", maxDepth) + "a", false},
		{"8 KiB", repeat(repeat("a", 1023)+"/", 7) + repeat("a", 1024), true},
		{"8 KiB + 1", repeat(repeat("a", 1023)+"/", 7) + repeat("a", 1023) + "/a", false},
	}
	for _, test := range tests {
		if err := checkPath(test.path); (err == nil) != test.ok {
			t.Errorf("%s: checkPath = %v, want ok %v", test.reason, err, test.ok)
		}
	}
}

// TestPortable is the sender's side: whatever Linux allows in a name can travel.
func TestPortable(t *testing.T) {
	tests := []struct{ reason, in, want string }{
		{"plain", "a.txt", "a.txt"},
		{"Chinese", "你好", "你好"},
		{"backslash", `a\b`, "a_b"},
		{"colon", "12:30", "12_30"},
		{"both", `C:\x`, "C__x"},
		{"not UTF-8", "a\xffb", "a%FFb"},
		{"GBK", "\xc4\xe3\xba\xc3", "%C4%E3%BA%C3"},
		{"a replacement character of its own", "a\uFFFDb", "a\uFFFDb"},
		{"control characters are the receiver's business", "a\nb", "a\nb"},
		{"255 bytes that are not UTF-8", strings.Repeat("\xff", 255), strings.Repeat("%FF", 255)},
		{"longer than any name", strings.Repeat("\xff", 400), strings.Repeat("%FF", 341) + "%"},
	}
	for _, test := range tests {
		got := portable(test.in)
		if got != test.want {
			t.Errorf("%s: portable(%q) = %q, want %q", test.reason, test.in, got, test.want)
		}
		if err := checkComponent(got); err != nil {
			t.Errorf("%s: portable(%q) cannot travel: %v", test.reason, test.in, err)
		}
	}
}

func TestShorten(t *testing.T) {
	repeat := strings.Repeat
	tests := []struct{ reason, in, want string }{
		{"at the limit", repeat("a", 240), repeat("a", 240)},
		{"a byte above", repeat("a", 241), repeat("a", 240)},
		{"keeps its extension", repeat("a", 251) + ".txt", repeat("a", 236) + ".txt"},
		{"keeps a double extension", repeat("a", 250) + ".tar.gz", repeat("a", 233) + ".tar.gz"},
		{"100 Chinese characters", repeat(cjk, 100), repeat(cjk, 80)},
		{"100 Chinese characters and an extension", repeat(cjk, 100) + ".pdf", repeat(cjk, 78) + ".pdf"},
		{"no rune is cut", "a" + repeat(cjk, 100), "a" + repeat(cjk, 79)},
		{"an extension that is none", repeat("a", 200) + "." + repeat("b", 60), repeat("a", 200) + "." + repeat("b", 39)},
		{"no dot is left at the end", repeat("a", 239) + "." + repeat("b", 60), repeat("a", 239)},
		{"no space is left at the end", repeat("a", 230) + repeat(" ", 20) + "b", repeat("a", 230)},
		{"a device is left", "con" + repeat(" ", 250) + "x", "con_"},
		{"a device with an extension is left", "nul" + repeat(" ", 250) + "x.txt", "nul_.txt"},
		{"nothing is left", repeat(".", 250) + repeat("y", 40), "_"},
		{"a long device", "con." + repeat("a", 250), "_con." + repeat("a", 235)},
	}
	for _, test := range tests {
		if got := localName(test.in, false); got != test.want {
			t.Errorf("%s: localName(%q) = %q (%d bytes), want %q", test.reason, test.in, got, len(got), test.want)
		}
	}
}

func TestNumbered(t *testing.T) {
	repeat := strings.Repeat
	tests := []struct {
		reason string
		name   string
		n      int
		folder bool
		want   string
	}{
		{"the name itself", "a.txt", 0, false, "a.txt"},
		{"file", "a.txt", 1, false, "a (1).txt"},
		{"file with two extensions", "a.tar.gz", 2, false, "a (2).tar.gz"},
		{"file without extension", "Makefile", 10, false, "Makefile (10)"},
		{"hidden file", ".bashrc", 1, false, ".bashrc (1)"},
		{"hidden archive", ".tar.gz", 1, false, ".tar.gz (1)"},
		{"folder", "v1.2", 1, true, "v1.2 (1)"},
		{"255 bytes", repeat("a", 251) + ".txt", 1, false, repeat("a", 247) + " (1).txt"},
		{"255 bytes in Chinese", repeat(cjk, 83) + ".txt", 1, false, repeat(cjk, 82) + " (1).txt"},
		{"255 bytes as a folder", repeat(cjk, 85), 12345, true, repeat(cjk, 82) + " (12345)"},
	}
	for _, test := range tests {
		got := numbered(test.name, test.n, test.folder)
		if got != test.want || len(got) > 255 || !utf8.ValidString(got) {
			t.Errorf("%s: numbered(%q, %d) = %q (%d bytes), want %q", test.reason, test.name, test.n, got, len(got), test.want)
		}
	}
}

func FuzzLocalName(f *testing.F) {
	for _, name := range []string{"a.txt", "CON", "aux .txt", "a. . ", " x", "\u202e", strings.Repeat(cjk, 100) + ".tar.gz", "con.a.b",
		strings.Repeat(".", 250) + "y", "nul" + strings.Repeat(" ", 250) + "x", `<>"|?*`, "COM¹"} {
		f.Add(name, true)
		f.Add(name, false)
	}
	f.Fuzz(func(t *testing.T, name string, windows bool) {
		if wire := portable(name); name != "" && name != "." && name != ".." && checkComponent(wire) != nil {
			t.Errorf("portable(%q) = %q: %v", name, wire, checkComponent(wire))
		}
		if checkComponent(name) != nil {
			return
		}
		got := localName(name, windows)
		if err := checkComponent(got); err != nil {
			t.Errorf("localName(%q) = %q: %v", name, got, err)
		}
		if again := localName(got, windows); again != got {
			t.Errorf("localName(%q) = %q, and of that %q", name, got, again)
		}
		if reserved(got) || strings.HasSuffix(got, ".") || strings.HasSuffix(got, " ") || strings.HasPrefix(got, " ") {
			t.Errorf("localName(%q) = %q, which Windows treats specially", name, got)
		}
		for _, n := range []int{0, 1, 99999} {
			for _, folder := range []bool{false, true} {
				alternative := numbered(got, n, folder)
				if len(alternative) > 255 || checkComponent(alternative) != nil || reserved(alternative) {
					t.Errorf("numbered(%q, %d) = %q (%d bytes)", got, n, alternative, len(alternative))
				}
			}
		}
	})
}

// FuzzCheckTarget: a link that is accepted leads to something below the top-level entry
// that it is in, whatever it says.
func FuzzCheckTarget(f *testing.F) {
	for _, target := range []string{"a", "../a", "../../a", "..", "a/../..", "/a", "", "./a", `..\a`, "c:a", ".../a", "..a", "../..", "a/"} {
		f.Add(target, 2)
		f.Add(target, 3)
	}
	f.Fuzz(func(t *testing.T, target string, depth int) {
		if depth < 1 || depth > maxDepth || checkTarget(target, depth) != nil {
			return
		}
		at := "top" + strings.Repeat("/d", depth-1) // the folder of the link
		if to := path.Join(at, target); to != "top" && !strings.HasPrefix(to, "top/") || path.IsAbs(target) {
			t.Errorf("a link in %s to %q leads to %s", at, target, to)
		}
		for part := range strings.SplitSeq(target, "/") {
			if part != "" && part != ".." && checkComponent(part) != nil {
				t.Errorf("the target %q has the part %q", target, part)
			}
		}
	})
}
