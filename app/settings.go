package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	var problems []*Problem
	for p := s.problem(); p != nil; p = s.problem() {
		problems = append(problems, p)
		s.reset(p.Detail)
	}
	return f, s, problems
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
	if err := json.Unmarshal(data, &f.keys); err != nil {
		return err
	}
	if f.keys == nil { // "null"
		return errors.New("no settings in it")
	}
	return json.Unmarshal(data, s)
}

// save writes s over the file, keeping the keys that it does not know.
func (f *settingsFile) save(s Settings) error {
	keys := make(map[string]json.RawMessage, len(f.keys))
	for k, v := range f.keys {
		keys[k] = v
	}
	for i, t := 0, reflect.TypeFor[Settings](); i < t.NumField(); i++ {
		name, value := jsonName(t.Field(i)), reflect.ValueOf(s).Field(i)
		if value.IsZero() {
			delete(keys, name)
			continue
		}
		raw, err := json.Marshal(value.Interface())
		if err != nil {
			return err
		}
		keys[name] = raw
	}
	data, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFileAtomic(f.path, append(data, '\n'), 0o600); err != nil {
		return err
	}
	f.keys = keys
	return nil
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

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
