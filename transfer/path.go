package transfer

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names travel in one portable form: UTF-8 components joined by slashes, relative,
// below a top-level name of the offer. What a sender's system allows beyond that
// it rewrites before it offers ([portable]); a receiver refuses what breaks the rule
// ([checkPath]) and then gives each component a name that is harmless on every
// system ([localName]). The first two are the same everywhere; only the last knows
// what Windows cannot store.

const (
	maxComponent = 1 << 10 // bytes of one name on the wire; 255 on disk
	maxPath      = 8 << 10 // bytes of a whole path on the wire
	maxDepth     = 512     // components of a path
	maxTarget    = 4 << 10 // bytes of a link's target on the wire
	maxName      = 240     // bytes of one name on disk: leaves room for " (1)" in 255
)

// checkPath refuses a path that is not in portable form.
func checkPath(p string) error {
	if len(p) > maxPath {
		return fmt.Errorf("%w: path of %d bytes", ErrBadName, len(p))
	}
	depth := 0
	for component := range strings.SplitSeq(p, "/") {
		if err := checkComponent(component); err != nil {
			return err
		}
		if depth++; depth > maxDepth {
			return fmt.Errorf("%w: more than %d folders deep", ErrBadName, maxDepth)
		}
	}
	return nil
}

// checkComponent refuses a name that is empty, special, or holds a byte that means
// something to a file system somewhere.
func checkComponent(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("%w: %q", ErrBadName, name)
	case len(name) > maxComponent:
		return fmt.Errorf("%w: name of %d bytes", ErrBadName, len(name))
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: %q is not UTF-8", ErrBadName, clip(name, 80))
	case strings.ContainsAny(name, "/\\:\x00"):
		return fmt.Errorf("%w: %q", ErrBadName, clip(name, 80))
	}
	return nil
}

// checkTarget refuses the target of a link, in an entry at depth, that is not a relative
// path in portable form or that leaves the top-level entry that the link is in. ".." may
// only come first: behind another link it would lead from where that one leads to.
func checkTarget(target string, depth int) error {
	if len(target) > maxTarget {
		return fmt.Errorf("%w: target of %d bytes", ErrBadName, len(target))
	}
	up, rest := 0, target
	for rest == ".." || strings.HasPrefix(rest, "../") {
		up, rest = up+1, strings.TrimPrefix(strings.TrimPrefix(rest, ".."), "/")
	}
	if up >= depth {
		return fmt.Errorf("%w: %q leads outside", ErrBadName, clip(target, 80))
	}
	if rest == "" && up > 0 {
		return nil
	}
	return checkPath(rest)
}

// portable rewrites a name of the local system into one that [checkComponent] takes.
// Characters that no other system may get become "_", bytes that are not UTF-8
// become %XX.
func portable(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, "%%%02X", name[i])
		case r == '\\' || r == ':' || r == '/' || r == 0:
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return clip(b.String(), maxComponent)
}

// localName returns the name under which a received component is stored: without
// characters that lie to the eye or to a terminal, without the names and endings
// that Windows treats specially, short enough for every file system. windows also
// replaces the characters that only Windows cannot store.
func localName(name string, windows bool) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case deceptive(r):
			// dropped: nothing visible is lost
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || windows && strings.ContainsRune(`<>"|?*`, r):
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
	}
	s := b.String()
	if trimmed := strings.TrimRight(s, ". "); trimmed != s {
		s = trimmed + "_"
	}
	if strings.HasPrefix(s, " ") {
		s = "_" + strings.TrimLeft(s, " ")
	}
	s = shorten(s, maxName) // before the rest: what is left may be special
	if s == "" {
		s = "_"
	}
	if reserved(s) {
		stem, ext := splitExt(s)
		s = strings.TrimRight(stem, " ") + "_" + ext
		if reserved(s) { // "con.x.y": the part before the first dot counts
			s = "_" + s
		}
	}
	return shorten(s, maxName)
}

// LocalName returns the name of a folder that is to be called as somebody calls themselves:
// one component, harmless on every system whatever they call themselves.
func LocalName(name string) string { return localName(portable(name), true) }

// deceptive reports characters that change how the text around them looks:
// direction overrides and isolates, and those without width.
func deceptive(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
		return true
	case r == 0x200b, r == 0x2060, r == 0xfeff, r == 0x00ad:
		return true
	}
	return r >= 0xe0000 && r <= 0xe007f // tags
}

// reserved reports the names that are devices on Windows, with any extension, in any
// case, with trailing spaces and with superscript digits.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(name, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, prefix := range []string{"COM", "LPT"} {
		if digit, ok := strings.CutPrefix(stem, prefix); ok && utf8.RuneCountInString(digit) == 1 && strings.Contains("0123456789¹²³", digit) {
			return true
		}
	}
	return false
}

// splitExt splits a name before its extension, which keeps its dot. A leading dot
// starts no extension; an overlong one is none.
func splitExt(name string) (stem, ext string) {
	ext = path.Ext(name)
	if ext == name || len(ext) > 32 {
		return name, ""
	}
	if double := path.Ext(strings.TrimSuffix(name, ext)); double == ".tar" {
		ext = double + ext
	}
	if ext == name {
		return name, ""
	}
	return strings.TrimSuffix(name, ext), ext
}

// shorten cuts a name to limit bytes at a rune and keeps its extension.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	stem, ext := splitExt(name)
	return strings.TrimRight(clip(stem, limit-len(ext)), ". ") + ext
}

// numbered returns the n-th alternative of a name: "a.txt", "a (1).txt", "a (2).txt".
func numbered(name string, n int, folder bool) string {
	if n == 0 {
		return name
	}
	stem, ext := name, ""
	if !folder {
		stem, ext = splitExt(name)
	}
	suffix := " (" + strconv.Itoa(n) + ")"
	return clip(stem, 255-len(ext)-len(suffix)) + suffix + ext
}
