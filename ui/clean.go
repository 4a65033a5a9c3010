package ui

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks one letter may carry on the screen. Real
// scripts need fewer; towers of hundreds only cover the lines around them.
const maxMarks = 6

// cleanName makes a remote name, file name or path safe to show on one line:
// everything that would act instead of being seen is spelled out as \u202e.
func cleanName(s string) string {
	return clean(s, func(r rune) bool { return !invisible(r) })
}

// cleanBody does the same for a message, which may have lines and may need the
// joiners and direction marks that some scripts and emoji are written with.
func cleanBody(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\t", "    ")
	return clean(s, func(r rune) bool {
		switch r {
		case '\n', '\u200c', '\u200d', '\u200e', '\u200f', '\ufe0f':
			return true
		}
		return !invisible(r)
	})
}

func clean(s string, keep func(rune) bool) string {
	var b strings.Builder
	marks := 0
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
				continue
			}
		}
		if unicode.Is(unicode.Mn, r) {
			if marks++; marks > maxMarks {
				continue
			}
		} else {
			marks = 0
		}
		switch {
		case keep(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// invisible reports whether r has no glyph of its own: controls, formats (bidi,
// zero width, tags), and line or paragraph separators.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) ||
		r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' // Hangul fillers
}

// elideMiddle shortens a name until fits says yes, cutting from its middle so that
// the beginning and the extension stay readable. It returns "…" when nothing fits.
func elideMiddle(name string, fits func(string) bool) string {
	if fits(name) {
		return name
	}
	runes := []rune(name)
	tail := len([]rune(path.Ext(name)))
	if tail > 0 && tail <= 10 {
		tail += 4 // a few letters before the dot, which is where numbers are
	} else {
		tail = len(runes) / 3
	}
	best := "…"
	for low, high := 0, len(runes)-1; low <= high; {
		kept := (low + high) / 2 // runes that stay
		back := min(tail, kept*2/3)
		short := elided(runes, kept-back, back)
		if fits(short) {
			best, low = short, kept+1
		} else {
			high = kept - 1
		}
	}
	return best
}

// elideEnd shortens running text from its end.
func elideEnd(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	runes := []rune(text)
	best := "…"
	for low, high := 0, len(runes)-1; low <= high; {
		kept := (low + high) / 2
		short := elided(runes, kept, 0)
		if fits(short) {
			best, low = short, kept+1
		} else {
			high = kept - 1
		}
	}
	return best
}

// elided keeps front and back runes and never begins the back with a mark that
// belongs to a letter that was cut.
func elided(runes []rune, front, back int) string {
	tail := runes[len(runes)-back:]
	for len(tail) > 0 && (unicode.Is(unicode.M, tail[0]) || tail[0] == '\u200d') {
		tail = tail[1:]
	}
	return strings.TrimRight(string(runes[:front]), " ") + "…" + string(tail)
}
