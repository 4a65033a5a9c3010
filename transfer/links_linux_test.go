package transfer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// TestLinks sends links as links where both sides ask for it, and only those that stay
// inside what is sent.
func TestLinks(t *testing.T) {
	links := map[string]string{
		"f/beside":    "a",
		"f/d/up":      "../a",
		"f/d/nowhere": "missing",
		"f/folder":    "d",
		"f/outside":   "../a",
		"f/d/far":     "../../a",
		"f/absolute":  "/etc/passwd",
		"f/d/tricky":  "x/../../..",
		"f/d/资料":      "../d/up",
		"f/through":   "d/up",
		"f/d/itself":  "itself",
		"f/d/top":     "..",
	}
	safe := []string{"f/beside", "f/d/itself", "f/d/nowhere", "f/d/top", "f/d/up", "f/d/资料", "f/folder", "f/through"}
	for _, test := range []struct {
		sends, takes bool
		made         []string
		skipped      int64
	}{
		{true, true, safe, 4},
		{true, false, nil, 12},
		{false, true, nil, 12},
		{false, false, nil, 12},
	} {
		t.Run(fmt.Sprintf("sends %v takes %v", test.sends, test.takes), func(t *testing.T) {
			p := newPair(t)
			write(t, filepath.Join(p.src, "f", "a"), []byte("a"))
			write(t, filepath.Join(p.src, "f", "d", "b"), []byte("b"))
			for name, target := range links {
				if target != "" {
					if err := os.Symlink(target, filepath.Join(p.src, name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			p.b.deciding(func(context.Context, *Incoming) Decision {
				return Decision{Accept: true, Folder: p.dst, Links: test.takes}
			})
			out := NewOutgoing(Send{Paths: []string{filepath.Join(p.src, "f")}, Links: test.sends})
			report := p.sendOut(t, out)
			if report.Files != 2 || report.Failed != 0 || report.Links != test.skipped || report.SkipCount != test.skipped {
				t.Errorf("report = %+v, want 2 files and %d links skipped", report, test.skipped)
			}
			var made []string
			filepath.WalkDir(p.dst, func(path string, d os.DirEntry, err error) error {
				if err == nil && d.Type()&os.ModeSymlink != 0 {
					rel, _ := filepath.Rel(p.dst, path)
					made = append(made, rel)
					if target, _ := os.Readlink(path); target != links[rel] {
						t.Errorf("%s points to %q, want %q", rel, target, links[rel])
					}
				}
				return err
			})
			slices.Sort(made)
			if !slices.Equal(made, test.made) {
				t.Errorf("links made: %q, want %q", made, test.made)
			}
		})
	}
}

func TestCheckTarget(t *testing.T) {
	for _, test := range []struct {
		target string
		depth  int
		ok     bool
	}{
		{"a", 1, true}, {"a/b", 1, true}, {"..", 1, false}, {"..", 2, true}, {"../a", 1, false}, {"../a", 2, true},
		{"../../a", 2, false}, {"../../a", 3, true}, {"a/..", 3, false}, {"a/../b", 3, false}, {"/a", 3, false}, {"", 3, false},
		{".", 3, false}, {"./a", 3, false}, {"a//b", 3, false}, {"../", 3, true}, {"a/", 3, false}, {`..\a`, 3, false}, {"c:a", 3, false},
		{"a\x00b", 3, false}, {"..a", 1, true}, {".../a", 1, true},
	} {
		if err := checkTarget(test.target, test.depth); (err == nil) != test.ok {
			t.Errorf("checkTarget(%q, %d) = %v, want ok %v", test.target, test.depth, err, test.ok)
		}
	}
}

// TestSparse: a file with holes arrives with holes, and its zeros are not sent.
func TestSparse(t *testing.T) {
	p := newPair(t)
	path := filepath.Join(p.src, "a")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const size = 256 << 20
	for _, at := range []int64{0, 100<<20 + 5, 200<<20 + 300<<10, size - 10} {
		if _, err := f.WriteAt([]byte("content"), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out := outgoing(path)
	p.sendOut(t, out)
	sameTree(t, p.src, p.dst)
	if wire := out.Progress().Wire; wire > 4*chunkSize {
		t.Errorf("%d bytes on the wire", wire)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(filepath.Join(p.dst, "a"), &st); err != nil || st.Blocks*512 > 8*holeSize {
		t.Errorf("the copy takes %d bytes on disk, %v", st.Blocks*512, err)
	}
}

// TestLinkThenFolder sends twice into one folder: first a link, then a folder of that name with
// something in it, and the other way round. What the link leads to, and what the folder holds,
// stays as it was, whatever the policy.
func TestLinkThenFolder(t *testing.T) {
	for policy := KeepBoth; policy <= SkipExisting; policy++ {
		for _, first := range []string{"link", "folder"} {
			t.Run(fmt.Sprintf("%s first, policy %d", first, policy), func(t *testing.T) {
				noLeaks(t)
				dst, src := t.TempDir(), t.TempDir()
				shape := map[string]func(top string){
					"link": func(top string) {
						write(t, filepath.Join(top, "in", "x"), []byte("behind the link"))
						if err := os.Symlink("in", filepath.Join(top, "l")); err != nil {
							t.Fatal(err)
						}
					},
					"folder": func(top string) {
						write(t, filepath.Join(top, "in", "x"), []byte("behind the link"))
						write(t, filepath.Join(top, "l", "x"), []byte("in the folder"))
					},
				}
				second := map[string]string{"link": "folder", "folder": "link"}[first]
				one, two := filepath.Join(src, "1", "f"), filepath.Join(src, "2", "f")
				shape[first](one)
				shape[second](two)
				a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
				b.deciding(func(context.Context, *Incoming) Decision {
					return Decision{Accept: true, Folder: dst, Policy: policy, Links: true}
				})
				s := connect(t, a, b)
				for i, path := range []string{one, two} {
					id := [16]byte{1, byte(i)}
					if _, err := s.Send(t.Context(), NewOutgoing(Send{Transfer: id, Message: id, Paths: []string{path}, Links: true})); err != nil {
						t.Fatal(err)
					}
				}
				holds(t, filepath.Join(dst, "f", "in", "x"), "behind the link")
				info, err := os.Lstat(filepath.Join(dst, "f", "l"))
				if err != nil || info.IsDir() != (first == "folder") {
					t.Fatalf("l is %v now, %v; it was a %s", info, err, first)
				}
				if first == "folder" {
					holds(t, filepath.Join(dst, "f", "l", "x"), "in the folder")
				}
			})
		}
	}
}
