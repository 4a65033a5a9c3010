package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text of other people fit for one line of a terminal: control
// characters, invalid bytes and invisible characters that change the direction
// or hide something are shown as escapes, so that "\x1b[2J" is five visible
// signs and the real ending of "photo\u202egpj.exe" can be read.
func clean(s string) string {
	return escape(s, false)
}

// cleanLines is [clean] for the body of a message: its lines are kept, and tabs
// become spaces.
func cleanLines(s string) []string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = escape(strings.ReplaceAll(line, "\t", "    "), true)
	}
	return lines
}

// escape writes each unsafe character of s as \xNN, \uNNNN or \UNNNNNNNN. Joiners
// are kept where prose needs them for emoji and for Persian and Indic letters.
func escape(s string, joiners bool) string {
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unsafe(r), joiners && (r == '\u200c' || r == '\u200d'):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// unsafe reports characters that a terminal acts upon or that cannot be seen.
func unsafe(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
