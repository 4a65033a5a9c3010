package discovery

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The longest name that is announced or shown. Both limits hold.
const (
	MaxNameRunes = 32
	MaxNameBytes = 128
)

// maxMarks is how many accents in a row a letter may carry, so that a name stays
// on its line.
const maxMarks = 4

// CleanName makes a device name safe to show on one line: composed (NFC), white
// space run together, without control, formatting, private or bidirectional
// characters, cut between runes to the limits. The result may be empty. Cleaning
// twice changes nothing.
func CleanName(s string) string {
	if len(s) > 4*MaxNameBytes { // bounds the work; far above what survives the cut
		s = s[:4*MaxNameBytes]
	}
	visible := strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && (!unicode.IsPrint(r) || blank(r)) { // not printed: Cc, Cf, Co, Cs, Zl, Zp and what is not assigned
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	var b strings.Builder
	runes, marks, gap := 0, 0, false
	for _, r := range norm.NFC.String(visible) { // after that: what goes may have kept two apart that compose
		if unicode.IsSpace(r) {
			gap = b.Len() > 0
			continue
		}
		if !unicode.IsMark(r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			continue
		}
		need := 1
		if gap {
			need = 2
		}
		if runes+need > MaxNameRunes || b.Len()+need-1+utf8.RuneLen(r) > MaxNameBytes {
			break
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
		runes += need
	}
	return b.String()
}

// blank reports whether r counts as a letter or symbol but shows nothing.
func blank(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return false
}
