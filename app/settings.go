package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DefaultPort is where Yonder listens for connections unless told otherwise. Others are
// always found over UDP port 21925: with another one two devices would never hear each other.
const DefaultPort = 21925

const maxSettingsFile = 1 << 20 // bytes

// settingsFile is settings.json: readable, edited by hand at will, with keys of
// newer versions kept as they are. It is used under App.mu.
type settingsFile struct {
	path string
	keys map[string]json.RawMessage // everything in the file, known or not
}

// loadSettings reads path. What is damaged is set aside and told as a problem;
// fields with impossible values are told and mean the default.
func loadSettings(path string) (*settingsFile, Settings, []*Problem) {
	f := &settingsFile{path: path}
	var s Settings
	err := f.read(&s)
	if errors.Is(err, fs.ErrNotExist) {
		return f, Settings{}, nil
	}
	if err != nil {
		f.keys = nil
		aside, moved := setAside(path)
		p := newProblem(CodeDamaged, path, aside)
		if moved != nil {
			p = newProblem(CodeDamaged, path, cause(err))
		}
		return f, Settings{}, []*Problem{p}
	}
	return f, s, s.mend()
}

func (f *settingsFile) read(s *Settings) error {
	file, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxSettingsFile+1))
	if err != nil {
		return err
	}
	if len(data) > maxSettingsFile {
		return errors.New("too large")
	}
	f.keys, *s, err = parseSettings(data)
	return err
}

// parseSettings reads the content of the file: everything in it, and what is known of that.
func parseSettings(data []byte) (keys map[string]json.RawMessage, s Settings, err error) {
	if err := json.Unmarshal(data, &keys); err != nil {
		return nil, Settings{}, err
	}
	if keys == nil { // "null"
		return nil, Settings{}, errors.New("no settings in it")
	}
	return keys, s, json.Unmarshal(data, &s)
}

// save writes s over the file, keeping the keys that it does not know.
func (f *settingsFile) save(s Settings) error {
	keys, data, err := encodeSettings(f.keys, s)
	if err != nil {
		return err
	}
	if err := writeFileAtomic(f.path, data, 0o600); err != nil {
		return err
	}
	f.keys = keys
	return nil
}

// encodeSettings returns s beside what else was in the file, as a map and as its content.
func encodeSettings(was map[string]json.RawMessage, s Settings) (keys map[string]json.RawMessage, data []byte, err error) {
	keys = maps.Clone(was)
	if keys == nil {
		keys = map[string]json.RawMessage{}
	}
	maps.DeleteFunc(keys, func(key string, _ json.RawMessage) bool { return isSetting(key) })
	for i, t := 0, reflect.TypeFor[Settings](); i < t.NumField(); i++ {
		name, value := jsonName(t.Field(i)), reflect.ValueOf(s).Field(i)
		if value.IsZero() {
			continue
		}
		if keys[name], err = json.Marshal(value.Interface()); err != nil {
			return nil, nil, err
		}
	}
	data, err = json.MarshalIndent(keys, "", "  ")
	return keys, append(data, '\n'), err
}

// mend gives every invalid field its default, and returns what was wrong.
func (s *Settings) mend() (problems []*Problem) {
	for p := s.problem(); p != nil; p = s.problem() {
		problems = append(problems, p)
		s.reset(p.Detail)
	}
	return problems
}

// problem returns what is wrong with the first invalid field, nil if none is.
// It does not look at the disk.
func (s *Settings) problem() *Problem {
	bad := func(value, field, hint string) *Problem {
		p := newProblem(CodeBadSetting, cut(value, 60, 240), field)
		p.Hint = hint
		return p
	}
	switch {
	case s.Name != "" && (cleanName(s.Name) != strings.TrimSpace(s.Name) || cleanName(s.Name) == ""):
		hint := "a name has letters, digits, single spaces, and no control characters"
		if utf8.RuneCountInString(s.Name) > maxNameRunes || len(s.Name) > maxNameBytes {
			hint = fmt.Sprintf("a name has at most %d characters", maxNameRunes)
		}
		return bad(s.Name, "name", hint)
	case s.Folder != "" && (!filepath.IsAbs(s.Folder) || strings.ContainsRune(s.Folder, 0)):
		return bad(s.Folder, "folder", "give the whole path of a folder")
	case !slices.Contains([]string{"", "en", "zh-Hans"}, s.Language):
		return bad(s.Language, "language", `choose "en" or "zh-Hans"`)
	case !slices.Contains([]string{"", "light", "dark"}, s.Theme):
		return bad(s.Theme, "theme", `choose "light" or "dark"`)
	case !slices.Contains([]Policy{"", KeepBoth, Update, SkipExisting}, s.Policy):
		return bad(string(s.Policy), "policy", `choose "keep", "update" or "skip"`)
	case badRate(s.UpLimit):
		return bad(strconv.FormatInt(s.UpLimit, 10), "up_limit", errRate.Error())
	case badRate(s.DownLimit):
		return bad(strconv.FormatInt(s.DownLimit, 10), "down_limit", errRate.Error())
	case badSize(s.AskAbove):
		return bad(strconv.FormatInt(s.AskAbove, 10), "ask_above", errSize.Error())
	case s.Port < 0 || s.Port > 65535:
		return bad(strconv.Itoa(s.Port), "port", "choose a port from 1 to 65535")
	case !slices.Contains(lastingVisibilities, s.Visible):
		return badVisibility(s.Visible)
	case !slices.Contains([]string{"", "both", "mdns", "broadcast", "none"}, s.Discovery):
		return bad(s.Discovery, "discovery", `choose "both", "mdns", "broadcast" or "none"`)
	}
	return nil
}

// reset gives the field with this JSON name its default.
func (s *Settings) reset(field string) {
	for i, t := 0, reflect.TypeFor[Settings](); i < t.NumField(); i++ {
		if jsonName(t.Field(i)) == field {
			reflect.ValueOf(s).Elem().Field(i).SetZero()
		}
	}
}

// isSetting reports whether a key of the file is read as a setting: case does not count.
func isSetting(key string) bool {
	for i, t := 0, reflect.TypeFor[Settings](); i < t.NumField(); i++ {
		if strings.EqualFold(jsonName(t.Field(i)), key) {
			return true
		}
	}
	return false
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
