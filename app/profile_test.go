package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestIdentity(t *testing.T) {
	path := filepath.Join(t.TempDir(), identityFile)
	key, made, notice, err := loadIdentity(path)
	if err != nil || !made || notice != nil {
		t.Fatalf("first start: made %v, notice %v, %v", made, notice, err)
	}
	info, _ := os.Stat(path)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	again, made, notice, err := loadIdentity(path)
	if err != nil || made || notice != nil || !again.Equal(key) {
		t.Errorf("second start: made %v, notice %v, %v, same key %v", made, notice, err, again.Equal(key))
	}
	if runtime.GOOS != "windows" {
		os.Chmod(path, 0o644)
		_, _, notice, err = loadIdentity(path)
		info, _ = os.Stat(path)
		if err != nil || notice == nil || notice.Code != CodeKeyReadable || info.Mode().Perm() != 0o600 {
			t.Errorf("0644: notice %v, %v, now %v", notice, err, info.Mode())
		}
	}
	good, _ := os.ReadFile(path)
	for _, tt := range []struct{ why, data string }{
		{"empty", ""},
		{"half of it", string(good[:len(good)/2])},
		{"garbage", "\x00\x01\x02"},
		{"another kind of PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
		{"not a key inside", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
		{"an ECDSA key", "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\nOF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n-----END PRIVATE KEY-----\n"},
	} {
		os.WriteFile(path, []byte(tt.data), 0o600)
		_, _, _, err := loadIdentity(path)
		p := AsProblem(err)
		if p == nil || p.Code != CodeDamaged || p.Object != path || p.Hint == "" {
			t.Errorf("%s: %+v, want %s naming the file", tt.why, p, CodeDamaged)
		}
		if now, _ := os.ReadFile(path); string(now) != tt.data {
			t.Errorf("%s: the damaged file was changed", tt.why)
		}
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestSettingsFile(t *testing.T) {
	for _, tt := range []struct {
		why, data string
		want      Settings
		bad       bool   // set aside
		field     string // told as invalid
	}{
		{"as written", `{"name":"Bo","port":4000}`, Settings{Name: "Bo", Port: 4000}, false, ""},
		{"a key of a newer version", `{"name":"Bo","aura":{"x":[1]}}`, Settings{Name: "Bo"}, false, ""},
		{"empty", "", Settings{}, true, ""},
		{"half written", `{"name":"B`, Settings{}, true, ""},
		{"wrong type", `{"port":"abc"}`, Settings{}, true, ""},
		{"no object", `[1]`, Settings{}, true, ""},
		{"null", `null`, Settings{}, true, ""},
		{"garbage", "\x00\xff", Settings{}, true, ""},
		{"too large", `{"name":"` + strings.Repeat("x", maxSettingsFile) + `"}`, Settings{}, true, ""},
		{"impossible port", `{"port":70000,"theme":"dark"}`, Settings{Theme: "dark"}, false, "port"},
		{"impossible name", `{"name":"a\u0000"}`, Settings{}, false, "name"},
		{"two impossible fields", `{"theme":"pink","port":-1}`, Settings{}, false, "theme"},
	} {
		path := filepath.Join(t.TempDir(), settingsName)
		os.WriteFile(path, []byte(tt.data), 0o600)
		_, got, problems := loadSettings(path)
		if got != tt.want {
			t.Errorf("%s: settings %+v, want %+v", tt.why, got, tt.want)
		}
		kept, _ := os.ReadFile(path + ".bad")
		if bad := string(kept) == tt.data && len(problems) == 1 && problems[0].Code == CodeDamaged && problems[0].Detail == path+".bad"; bad != tt.bad && tt.data != "" {
			t.Errorf("%s: set aside %v (%v), want %v", tt.why, bad, problems, tt.bad)
		}
		if tt.field != "" && (len(problems) == 0 || problems[0].Code != CodeBadSetting || problems[0].Detail != tt.field) {
			t.Errorf("%s: problems %+v, want %s naming %q", tt.why, problems, CodeBadSetting, tt.field)
		}
	}
}

func TestSettingsKeepUnknownKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), settingsName)
	os.WriteFile(path, []byte(`{"name":"Bo","theme":"dark","aura":{"x":[1]}}`), 0o600)
	f, s, _ := loadSettings(path)
	s.Theme, s.Port = "", 4000
	if err := f.save(s); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	var keys map[string]any
	if err := json.Unmarshal(data, &keys); err != nil {
		t.Fatal(err)
	}
	_, theme := keys["theme"]
	if _, aura := keys["aura"]; !aura || theme || keys["port"] != 4000.0 || keys["name"] != "Bo" {
		t.Errorf("saved as %s", data)
	}
	if !strings.Contains(string(data), "\n  \"name\"") {
		t.Errorf("not readable: %s", data)
	}
}

func TestSetAsideNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for i, want := range []string{".bad", ".bad.2", ".bad.3"} {
		os.WriteFile(path, []byte{byte(i)}, 0o600)
		if got, err := setAside(path); err != nil || got != path+want {
			t.Errorf("setAside = %s, %v; want %s", got, err, path+want)
		}
	}
	if first, _ := os.ReadFile(path + ".bad"); len(first) != 1 || first[0] != 0 {
		t.Errorf("the first one was overwritten with %v", first)
	}
}

func TestEpochGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), databaseFile)
	var last uint64
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, at := range []time.Time{now, now, now.Add(-20 * 365 * 24 * time.Hour), {}, now.Add(time.Hour)} {
		s, _, err := openStore(path)
		if err != nil {
			t.Fatal(err)
		}
		epoch, err := s.nextEpoch(at)
		if err != nil || epoch <= last {
			t.Errorf("epoch at %v = %d, %v; want more than %d", at, epoch, err, last)
		}
		last = epoch
		s.close()
	}
	if want := uint64(now.Add(time.Hour).UnixMilli()); last != want {
		t.Errorf("epoch = %d, want the time %d again", last, want)
	}
}

func TestDamagedDatabase(t *testing.T) {
	whole := filepath.Join(t.TempDir(), databaseFile)
	s, _, err := openStore(whole)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		r := &record{Item: Item{ID: NewItemID(), Person: DeviceID{1}, Message: &Message{Body: strings.Repeat("x", 500)}}}
		if err := s.put(0, r); err != nil {
			t.Fatal(i, err)
		}
	}
	s.close()
	good, _ := os.ReadFile(whole)
	cut := func(n int) []byte { return append([]byte(nil), good[:n]...) }
	hole := func(from, to int) []byte {
		d := cut(len(good))
		for i := from; i < to; i++ {
			d[i] = 0xA5
		}
		return d
	}
	for _, tt := range []struct {
		why  string
		data []byte
		bad  bool
	}{
		{"whole", good, false},
		{"empty: never used", nil, false},
		{"garbage", []byte(strings.Repeat("garbage", 5000)), true},
		{"one byte", []byte{1}, true},
		{"text", []byte("this is not a database\n"), true},
		{"cut in the first page", cut(100), true},
		{"cut after two pages", cut(8192), true},
		{"cut in the middle", cut(len(good) / 2), true},
		{"both meta pages", hole(0, 8192), true},
		{"all but the meta pages", hole(8192, len(good)), true},
		{"zeroes behind the meta pages", append(cut(8192), make([]byte, len(good)-8192)...), true},
	} {
		path := filepath.Join(t.TempDir(), databaseFile)
		os.WriteFile(path, tt.data, 0o600)
		s, aside, err := openStore(path)
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		if (aside != "") != tt.bad {
			t.Errorf("%s: set aside as %q, want %v", tt.why, aside, tt.bad)
		}
		if kept, _ := os.ReadFile(aside); tt.bad && len(kept) < len(tt.data) {
			t.Errorf("%s: %d of %d bytes were kept", tt.why, len(kept), len(tt.data))
		}
		if err := s.setMeta("x", []byte("y")); err != nil || string(s.meta("x")) != "y" {
			t.Errorf("%s: the new one does not work: %v", tt.why, err)
		}
		s.close()
	}
}

func TestLockedDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), databaseFile)
	s, _, err := openStore(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if _, aside, err := openStore(path); err != errLocked || aside != "" {
		t.Errorf("openStore while it is open = %q, %v; want %v", aside, err, errLocked)
	}
}

func TestMissingIdentityIsTold(t *testing.T) {
	dir := t.TempDir()
	open(t, Options{Dir: dir}).Close()
	os.Remove(filepath.Join(dir, identityFile))
	f := follow(t, open(t, Options{Dir: dir}))
	if p := f.problem(CodeDamaged); p.Object != filepath.Join(dir, identityFile) {
		t.Errorf("problem = %+v", p)
	}
}

func TestFriendlyNames(t *testing.T) {
	if len(adjectives) < 64 || len(animals) < 64 {
		t.Errorf("%d × %d words, want at least 64 × 64", len(adjectives), len(animals))
	}
	for _, list := range [][]string{adjectives, animals} {
		seen := map[string]bool{}
		for _, w := range list {
			if seen[w] || cleanName(w) != w || strings.ToUpper(w[:1])+strings.ToLower(w[1:]) != w {
				t.Errorf("word %q is there twice or not clean", w)
			}
			seen[w] = true
		}
	}
	names := map[string]bool{}
	for i := range 200 {
		id := DeviceID{byte(i)}
		if once, again := friendlyName(id), friendlyName(id); once != again {
			t.Fatal("not the same name twice")
		}
		names[friendlyName(id)] = true
	}
	if len(names) < 180 {
		t.Errorf("200 devices share %d names", len(names))
	}
}
