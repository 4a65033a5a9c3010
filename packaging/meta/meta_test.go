package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func readOurs(t *testing.T) *App {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	app, err := readApp("../../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func rendered(t *testing.T, app *App, path string) string {
	t.Helper()
	var out strings.Builder
	if err := app.render(&out, path); err != nil {
		t.Fatalf("render %s: %v", path, err)
	}
	if strings.Contains(out.String(), "<no value>") || strings.Contains(out.String(), "{{") {
		t.Errorf("%s: a value is missing:\n%s", path, out.String())
	}
	return out.String()
}

// TestXML guards that every XML description is well formed and names the program.
func TestXML(t *testing.T) {
	app := readOurs(t)
	tests := map[string][]string{ // file: what it must contain
		"../linux/metainfo.xml.in":      {"<id>app.yonder.Yonder</id>", `version="` + app.Version + `" date="2023-11-14"`},
		"../linux/firewalld.xml.in":     {`protocol="tcp" port="21925"`, `protocol="udp" port="21925"`},
		"../windows/yonder.manifest.in": {app.Version + `.1"`, "asInvoker", "longPathAware"},
		"../macos/Info.plist.in":        {"<string>app.yonder.Yonder</string>", "<string>_yonder._tcp</string>", "NSLocalNetworkUsageDescription"},
	}
	for path, wants := range tests {
		text := rendered(t, app, path)
		dec := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", path, err)
				break
			}
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
}

// TestDesktopFile guards what desktops refuse: keys twice, lists without an end,
// translations of a key that has no original.
func TestDesktopFile(t *testing.T) {
	text := rendered(t, readOurs(t), "../linux/yonder.desktop.in")
	keys := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "[Desktop Entry]" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if _, twice := keys[key]; !ok || twice || value == "" {
			t.Errorf("line %q: want a key, once, with a value", line)
		}
		keys[key] = value
	}
	for key, want := range map[string]string{
		"Type": "Application", "Name": "Yonder", "Exec": "yonder %F", "Icon": "app.yonder.Yonder", "StartupWMClass": "Yonder",
	} {
		if keys[key] != want {
			t.Errorf("%s = %q, want %q", key, keys[key], want)
		}
	}
	for key := range keys {
		base, locale, translated := strings.Cut(key, "[")
		if translated && (keys[base] == "" || locale != "zh_CN]") {
			t.Errorf("%s: want a zh_CN translation of a key that is there", key)
		}
		switch base {
		case "Keywords", "Categories", "MimeType":
			if !strings.HasSuffix(keys[key], ";") {
				t.Errorf("%s = %q: want a semicolon at the end", key, keys[key])
			}
		}
	}
	for _, key := range []string{"GenericName[zh_CN]", "Comment[zh_CN]", "Keywords[zh_CN]"} {
		if keys[key] == "" {
			t.Errorf("no %s", key)
		}
	}
}

// TestPackages guards that the two Debian packages exclude each other, and that
// only the one with a window brings a menu entry and libraries.
func TestPackages(t *testing.T) {
	app := readOurs(t)
	app.Set = map[string]string{"Arch": "amd64", "Stage": "stage", "Binary": "bin", "Libc": "2.34"}
	tests := []struct{ kind, name, conflicts string }{
		{"window", "yonder", "yonder-headless"},
		{"headless", "yonder-headless", "yonder"},
	}
	for _, tt := range tests {
		app.Set["Kind"] = tt.kind
		var got struct {
			Name, Version                string
			Conflicts, Replaces, Depends []string
			Contents                     []struct{ Dst string }
		}
		if err := yaml.Unmarshal([]byte(rendered(t, app, "../linux/nfpm.yaml.in")), &got); err != nil {
			t.Fatalf("%s: %v", tt.kind, err)
		}
		if got.Name != tt.name || got.Version != app.Version {
			t.Errorf("%s: %s %s, want %s %s", tt.kind, got.Name, got.Version, tt.name, app.Version)
		}
		if len(got.Conflicts) != 1 || got.Conflicts[0] != tt.conflicts || len(got.Replaces) != 1 || got.Replaces[0] != tt.conflicts {
			t.Errorf("%s: conflicts %q, replaces %q, want %q", tt.kind, got.Conflicts, got.Replaces, tt.conflicts)
		}
		window := tt.kind == "window"
		if (len(got.Depends) > 0) != window {
			t.Errorf("%s: depends %q", tt.kind, got.Depends)
		}
		var program, menu bool
		for _, c := range got.Contents {
			program = program || c.Dst == "/usr/bin/yonder"
			menu = menu || strings.HasPrefix(c.Dst, "/usr/share/applications/")
		}
		if !program || menu != window {
			t.Errorf("%s: program %v, menu entry %v", tt.kind, program, menu)
		}
	}
}

// TestRenderRefuses guards that a forgotten value stops the build.
func TestRenderRefuses(t *testing.T) {
	app := readOurs(t) // Set has no Exe
	if err := app.render(io.Discard, "../windows/yonder.rc.in"); err == nil {
		t.Error("a description without its values was rendered")
	}
	app.Set = map[string]string{"Exe": "yonder.exe", "Description": "Yonder"}
	if text := rendered(t, app, "../windows/yonder.rc.in"); !strings.Contains(text, "FILEVERSION 0,1,0,1\n") {
		t.Errorf("no version in\n%s", text)
	}
}

// TestChangelog guards that the version that is built is the one described.
func TestChangelog(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	first := regexp.MustCompile(`(?m)^## (\S+)`).FindStringSubmatch(string(text))
	if version := readOurs(t).Version; first == nil || first[1] != version {
		t.Errorf("newest entry of CHANGELOG.md = %q, want %q", first, version)
	}
}

func TestReadApp(t *testing.T) {
	const good = "[Details]\nName='N'\nID='a.b.C'\nVersion='1.20.3'\nBuild=7\nIcon='i.png'\n[LinuxAndBSD]\nGenericName='g'\nComment='c'\n"
	tests := []struct {
		text string
		ok   bool
		why  string
	}{
		{good, true, "all there"},
		{strings.Replace(good, "Name='N'", "", 1), false, "no name"},
		{strings.Replace(good, "1.20.3", "1.20", 1), false, "two numbers"},
		{strings.Replace(good, "1.20.3", "1.20.3-beta", 1), false, "Windows takes numbers only"},
		{strings.Replace(good, "1.20.3", "01.20.3", 1), false, "leading zero"},
		{strings.Replace(good, "1.20.3", "1.20.10000", 1), false, "five digits"},
		{strings.Replace(good, "Build=7", "Build=0", 1), false, "builds count from 1"},
		{strings.Replace(good, "Build=7", "Build=65535", 1), true, "largest"},
		{strings.Replace(good, "Build=7", "Build=65536", 1), false, "too large for 16 bits"},
		{"[Details", false, "not TOML"},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "FyneApp.toml")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readApp(path); (err == nil) != tt.ok {
			t.Errorf("%s: readApp = %v, want ok %v", tt.why, err, tt.ok)
		}
	}
}

func TestVars(t *testing.T) {
	var out strings.Builder
	app := &App{Name: "It's; $(x)", Version: "1.2.3", Build: 4}
	if err := app.writeVars(&out); err != nil {
		t.Fatal(err)
	}
	if want := `NAME='It'\''s; $(x)'` + "\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("vars = %q, want %q first: a shell evaluates this", out.String(), want)
	}
	if !strings.Contains(out.String(), "VERSION='1.2.3'\nBUILD='4'\n") {
		t.Errorf("vars = %q", out.String())
	}
}
