package ui

import (
	"strings"

	"yonder/app"
)

// problem tells a problem in the language of the window: what happened, and what
// can be done now. Codes without a sentence, which only a newer engine can send,
// fall back to the engine's own English.
func (w *words) problem(p *app.Problem) (sentence, next string) {
	if p == nil {
		return "", ""
	}
	key := "problem." + p.Code
	if !w.has(key) {
		return cleanName(p.Text), cleanName(p.Hint)
	}
	object := shorten(cleanName(p.Object), 60)
	if object == "" {
		object = w.L("problem.something")
	}
	if p.Code == app.CodeVersion && w.has(key+"."+p.Detail) {
		return w.L(key, "object", object, "detail", ""), w.L(key + "." + p.Detail)
	}
	detail := ""
	if d := cleanName(strings.ReplaceAll(p.Detail, "\n", ", ")); d != "" {
		detail = w.L("problem.detail", "detail", shorten(d, 160))
	} else if p.Code == app.CodeInternal && p.Text != "" {
		detail = w.L("problem.detail", "detail", shorten(cleanName(p.Text), 160))
	}
	return w.L(key, "object", object, "detail", detail), w.L(key + ".next")
}

// shorten keeps at most n runes of s, cutting from the middle.
func shorten(s string, n int) string {
	return elideMiddle(s, func(s string) bool { return len([]rune(s)) <= n })
}
