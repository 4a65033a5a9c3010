package app

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Limits of what comes from others, after cleaning.
const (
	maxNameRunes = 32
	maxNameBytes = 128
	maxPathRunes = 512      // shown of a path
	maxBody      = 16 << 10 // bytes of one message
	maxMarks     = 4        // combining marks on one letter
)

// cleanName makes a remote or typed device name fit to be stored and shown in one
// line: valid UTF-8 in NFC, no control, direction or invisible characters, single
// spaces, at most 32 runes and 128 bytes. It may return "".
func cleanName(s string) string {
	if len(s) > 16*maxNameBytes { // no work for what is cut off anyway
		s = s[:16*maxNameBytes]
	}
	s = norm.NFC.String(dropInvisible(strings.ToValidUTF8(s, ""))) // what goes may have kept two apart that compose
	s = strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
	return strings.TrimSpace(cut(limitMarks(s), maxNameRunes, maxNameBytes))
}

// nameOr returns the cleaned name, or the short form of the id if nothing is left of it.
func nameOr(name string, id DeviceID) string {
	if name = cleanName(name); name != "" {
		return name
	}
	return id.Short()
}

// cleanText makes a message safe to show as plain text: valid UTF-8, lines ended by
// \n, no other control characters than tab, none that reorder the text around them.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r == '\uFEFF', r == '\u2028', r == '\u2029', reorders(r):
			return -1
		}
		return r
	}, s)
	return limitMarks(s)
}

// cleanPath makes a relative path or file name of a peer visible: what could hide
// or reorder something is shown as U+FFFD.
func cleanPath(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if invisible(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	return cut(limitMarks(s), maxPathRunes, 4*maxPathRunes)
}

// sameName is what two names have in common if a reader takes them for the same:
// compatibility forms, case, spaces and the commonest look-alike letters folded.
func sameName(s string) string {
	s = cases.Fold().String(norm.NFKC.String(cleanName(s)))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '_' || r == '.' {
			return -1
		}
		if latin, ok := lookAlikes[r]; ok {
			return latin
		}
		return r
	}, s)
}

// foldName is the form in which typed names are compared: case and Unicode forms
// do not matter, everything else does.
func foldName(s string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(strings.TrimSpace(s))))
}

// lookAlikes maps small Cyrillic and Greek letters, and digits, to what they pass for.
var lookAlikes = func() map[rune]rune {
	m := map[rune]rune{'0': 'o', '1': 'l', 'ı': 'i'}
	from := []rune("асеорхуіјѕкмтвнԁԛԝ" + "αοενρτυικχ")
	to := []rune("aceopxyijskmtbhdqw" + "aoevptuikx")
	for i, r := range from {
		m[r] = to[i]
	}
	return m
}()

func dropInvisible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
}

// invisible reports whether r takes no place on the screen or moves others.
func invisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs, unicode.Variation_Selector):
		return true
	case r == '\u034F', r == '\u115F', r == '\u1160', r == '\u17B4', r == '\u17B5',
		r == '\u2800', r == '\u3164', r == '\uFFA0': // joiners, fillers and blanks that are letters or marks by class
		return true
	}
	return false
}

// reorders reports whether r overrides, embeds or isolates a direction of writing.
func reorders(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// limitMarks drops combining marks after the fourth in a row.
func limitMarks(s string) string {
	run := 0
	return strings.Map(func(r rune) rune {
		if !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Me, r) {
			run = 0
			return r
		}
		if run++; run > maxMarks {
			return -1
		}
		return r
	}, s)
}

// cut shortens s to at most the given numbers of runes and bytes, at a rune.
func cut(s string, runes, bytes int) string {
	n := 0
	for i, r := range s {
		if n == runes || i+utf8.RuneLen(r) > bytes {
			return s[:i]
		}
		n++
	}
	return s
}
