package ui

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"fyne.io/fyne/v2/lang"
)

//go:embed translations/*.json
var translations embed.FS

// Languages that the window speaks, as they stand in the settings.
const (
	english = "en"
	chinese = "zh-Hans"
)

// phrase is one entry of a translation file: a string, or an object with "one"
// and "other" for what depends on a count.
type phrase struct {
	One   string `json:"one"`
	Other string `json:"other"`
}

// UnmarshalJSON accepts both forms.
func (p *phrase) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &p.Other)
	}
	type plain phrase
	return json.Unmarshal(data, (*plain)(p))
}

// words answers keys such as "people.title" with sentences of one language. Fyne
// chooses its language once, when the program starts; the settings can change ours
// at any time, hence this small catalogue over the same kind of files.
type words struct {
	language string
	phrases  map[string]phrase
	fallback map[string]phrase // English
}

// catalogues reads the embedded files, once.
var catalogues = sync.OnceValue(func() map[string]map[string]phrase {
	all := map[string]map[string]phrase{}
	for _, language := range []string{english, chinese} {
		data, err := translations.ReadFile("translations/" + language + ".json")
		if err != nil {
			panic(err) // the file is part of the program
		}
		var phrases map[string]phrase
		if err := json.Unmarshal(data, &phrases); err != nil {
			panic(fmt.Sprintf("translations/%s.json: %v", language, err))
		}
		all[language] = phrases
	}
	return all
})

// speak returns the catalogue for a setting: "en", "zh-Hans", or "" for what the
// system asks for. Every kind of Chinese gets the Chinese we have.
func speak(setting string) *words {
	language := setting
	if setting == "" {
		language = english
		if strings.HasPrefix(string(lang.SystemLocale()), "zh") {
			language = chinese
		}
	}
	all := catalogues()
	if all[language] == nil {
		language = english
	}
	return &words{language: language, phrases: all[language], fallback: all[english]}
}

// L returns the sentence for key with {placeholders} replaced by the values that
// follow as pairs: L("drop.hint", "name", person.Name). Values are inserted as
// they are and never looked at again.
func (w *words) L(key string, pairs ...any) string {
	return fill(w.phrase(key).Other, pairs)
}

// N is [words.L] for a sentence that depends on a count, which fills {n}.
func (w *words) N(key string, n int64, pairs ...any) string {
	p := w.phrase(key)
	text := p.Other
	if n == 1 && p.One != "" {
		text = p.One
	}
	return fill(text, append([]any{"n", n}, pairs...))
}

// has reports whether key exists in English and therefore everywhere.
func (w *words) has(key string) bool {
	_, ok := w.fallback[key]
	return ok
}

func (w *words) phrase(key string) phrase {
	if p, ok := w.phrases[key]; ok {
		return p
	}
	if p, ok := w.fallback[key]; ok {
		return p
	}
	return phrase{Other: key}
}

// fill replaces every {name} in one pass, so that a value with braces stays text.
func fill(text string, pairs []any) string {
	if len(pairs) == 0 {
		return text
	}
	old := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		old = append(old, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return strings.NewReplacer(old...).Replace(text)
}
