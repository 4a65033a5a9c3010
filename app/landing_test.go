package app

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yonder/transfer"
)

// TestExpandFolder: whatever somebody is called, it is one folder below the fixed part.
func TestExpandFolder(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.Local)
	base := filepath.Join(t.TempDir(), "from")
	at := func(parts ...string) string { return filepath.Join(append([]string{base}, parts...)...) }
	for _, tt := range []struct{ why, folder, name, want string }{
		{"no placeholder", at("alice"), "Bob", at("alice")},
		{"all of them", at("{name}", "{date}", "{type}"), "Alice Meyer", at("Alice Meyer", "2026-03-01", "Video")},
		{"in one component, with text", at("x-{name} {date}", "in"), "Zoë", at("x-Zoë 2026-03-01", "in")},
		{"Chinese", at("{name}"), "林晓雯", at("林晓雯")},
		{"a separator", at("{name}"), "a/b", at("a_b")},
		{"another one", at("{name}"), `a\b`, at("a_b")},
		{"up", at("{name}"), "..", at("_")},
		{"up, with a separator", at("{name}"), "../../etc", at("__.._etc")},
		{"here", at("{name}"), ".", at("_")},
		{"nothing", at("{name}"), "", at("_")},
		{"absolute", at("{name}"), "/etc", at("_etc")},
		{"a disk of Windows", at("{name}"), "C:", at("C_")},
		{"a stream of Windows", at("{name}"), "f:s", at("f_s")},
		{"hidden", at("{name}"), ".ssh", at("_ssh")},
		{"a device of Windows", at("{name}"), "nul", at("nul_")},
		{"a device with an ending", at("{name}"), "COM1.x", at("COM1_.x")},
		{"a device of two parts", at("CO{name}"), "N", at("CON_")},
		{"NUL and line ends", at("{name}"), "a\x00b\nc", at("a_b_c")},
		{"a direction override", at("{name}"), "exe\u202egpj", at("exegpj")},
		{"spaces and dots at the end", at("{name}"), "a. .", at("a_")},
		{"what Windows cannot store", at("{name}"), `a<b>"|?*`, at("a_b_____")},
		{"not UTF-8", at("{name}"), "a\xff", at("a%FF")},
		{"a placeholder as a name", at("{name}"), "{date}", at("{date}")},
		{"a static part that is hidden is the user's", at(".{name}"), "a", at(".a")},
	} {
		got := expandFolder(tt.folder, tt.name, day, "Video")
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
		if rel, err := filepath.Rel(base, got); err != nil || !filepath.IsLocal(rel) || strings.Count(rel, string(filepath.Separator)) != strings.Count(tt.folder[len(base)+1:], string(filepath.Separator)) {
			t.Errorf("%s: %q is not below %q", tt.why, got, base)
		}
	}
	long := expandFolder(at("{name}{name}"), strings.Repeat("林", 60), day, "")
	if name := filepath.Base(long); len(name) > 255 || filepath.Dir(long) != base {
		t.Errorf("a long name becomes one of %d bytes in %q", len(name), filepath.Dir(long))
	}
	if root := filepath.VolumeName(base) + string(filepath.Separator); expandFolder(root+"{name}", "a", day, "") != root+"a" {
		t.Error("below the root")
	}
}

func FuzzExpandFolder(f *testing.F) {
	for _, name := range []string{"", ".", "..", "/", "a/../b", "\x00", "con", ".ssh", "{name}", "\u202e", "\xff", " . "} {
		f.Add(name)
	}
	base := filepath.VolumeName(f.TempDir()) + string(filepath.Separator) + "from"
	f.Fuzz(func(t *testing.T, name string) {
		got := expandFolder(filepath.Join(base, "{name}", "in"), name, time.Time{}, "")
		rel, err := filepath.Rel(base, got)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(rel, string(filepath.Separator))
		if len(parts) != 2 || parts[1] != "in" || strings.HasPrefix(parts[0], ".") || strings.ContainsAny(parts[0], "/\\:\x00") || len(parts[0]) > 255 {
			t.Errorf("%q becomes %q", name, got)
		}
	})
}

func TestKnownPlaceholders(t *testing.T) {
	for folder, want := range map[string]bool{
		"": true, "/a": true, "/a/{name}": true, "/a/{date}-{type}": true, "/a/{": true, "/a}{": true,
		"/a/{person}": false, "/a/{}": false, "/a/{Name}": false, "/a/{name}{x}": false,
	} {
		if got := knownPlaceholders(folder); got != want {
			t.Errorf("%q: %v", folder, got)
		}
	}
}

func TestKindOf(t *testing.T) {
	for _, tt := range []struct{ names, want string }{
		{"", "Other"}, {"a", "Other"}, {"a.xyz b", "Other"}, {"a.JPG b.heic", "Pictures"}, {"a.jpg b.mp4", "Mixed"}, {"a.jpg b", "Mixed"},
		{"a.mkv", "Video"}, {"a.flac", "Audio"}, {"a.pdf b.docx", "Documents"}, {"a.tar.gz", "Archives"}, {"a/ b/", "Folders"}, {"a.jpg/", "Folders"}, {"a/ b.jpg", "Mixed"},
	} {
		var names []transfer.Name
		for _, name := range strings.Fields(tt.names) {
			bare := strings.TrimSuffix(name, "/")
			names = append(names, transfer.Name{Name: bare, Folder: bare != name})
		}
		if got := kindOf(names); got != tt.want {
			t.Errorf("%q is %s, want %s", tt.names, got, tt.want)
		}
	}
}
