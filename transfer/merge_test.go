package transfer

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestPolicies(t *testing.T) {
	src := t.TempDir()
	root := filepath.Join(src, "folder")
	write(t, filepath.Join(root, "same.txt"), []byte("the same"))
	write(t, filepath.Join(root, "changed.txt"), []byte("new content"))
	write(t, filepath.Join(root, "new.txt"), []byte("new file"))
	write(t, filepath.Join(root, "newdir", "x"), []byte("x"))
	write(t, filepath.Join(root, "deep", "changed"), []byte("new"))
	write(t, filepath.Join(root, "clash"), []byte("a file, a folder there"))
	write(t, filepath.Join(root, "link"), []byte("a file, a link there"))
	file := write(t, filepath.Join(src, "single.txt"), []byte("new single"))
	tests := []struct {
		policy Policy
		want   map[string]string
		exists int // entries reported as existing
	}{
		{Update, map[string]string{
			"folder/same.txt": "the same", "folder/changed.txt": "new content", "folder/new.txt": "new file", "folder/newdir/x": "x",
			"folder/deep/changed": "new", "folder/deep/mine": "mine", "folder/mine": "mine", "folder/clash/inside": "mine",
			"folder/clash (1)": "a file, a folder there", "folder/link (1)": "a file, a link there", "single.txt": "new single"}, 0},
		{SkipExisting, map[string]string{
			"folder/same.txt": "the same", "folder/changed.txt": "old", "folder/new.txt": "new file", "folder/newdir/x": "x",
			"folder/deep/changed": "old", "folder/deep/mine": "mine", "folder/mine": "mine", "folder/clash/inside": "mine",
			"folder/clash (1)": "a file, a folder there", "folder/link (1)": "a file, a link there", "single.txt": "old single"}, 4},
	}
	for _, test := range tests {
		dst, outside := t.TempDir(), t.TempDir()
		write(t, filepath.Join(outside, "victim"), []byte("untouched"))
		write(t, filepath.Join(dst, "folder", "same.txt"), []byte("the same"))
		write(t, filepath.Join(dst, "folder", "changed.txt"), []byte("old"))
		write(t, filepath.Join(dst, "folder", "deep", "changed"), []byte("old"))
		write(t, filepath.Join(dst, "folder", "deep", "mine"), []byte("mine"))
		write(t, filepath.Join(dst, "folder", "mine"), []byte("mine"))
		write(t, filepath.Join(dst, "folder", "clash", "inside"), []byte("mine"))
		write(t, filepath.Join(dst, "single.txt"), []byte("old single"))
		if err := os.Symlink(filepath.Join(outside, "victim"), filepath.Join(dst, "folder", "link")); err != nil {
			t.Fatal(err)
		}
		old := time.Date(2010, 1, 2, 3, 4, 5, 0, time.UTC)
		same := filepath.Join(dst, "folder", "same.txt")
		if err := os.Chtimes(same, old, old); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(same)
		a, b := startNode(t, nil, "", nil), startNode(t, nil, dst, nil)
		b.decide = func(context.Context, *Incoming) Decision {
			return Decision{Accept: true, Folder: dst, Policy: test.policy}
		}
		s := connect(t, a, b)
		for range 2 { // the second time changes nothing that the first one left
			report, err := s.Send(t.Context(), outgoing(root, file))
			if err != nil {
				t.Fatal(err)
			}
			exists := 0
			for _, row := range report.Skipped {
				if row.Reason == SkipExists {
					exists++
				}
			}
			if exists < test.exists || report.Failed != 0 {
				t.Errorf("policy %d: %d entries existed, %d failed; want at least %d and none", test.policy, exists, report.Failed, test.exists)
			}
			os.Remove(filepath.Join(dst, "folder", "clash (2)")) // both are kept each time
			os.Remove(filepath.Join(dst, "folder", "link (2)"))
		}
		var names []string
		filepath.WalkDir(dst, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				rel, _ := filepath.Rel(dst, path)
				names = append(names, rel)
			}
			return err
		})
		for name, want := range test.want {
			if got, err := os.ReadFile(filepath.Join(dst, name)); string(got) != want {
				t.Errorf("policy %d: %s holds %q, %v; want %q", test.policy, name, got, err, want)
			}
		}
		for _, name := range names {
			if _, ok := test.want[name]; !ok {
				t.Errorf("policy %d: unexpected %s", test.policy, name)
			}
		}
		if after, _ := os.Stat(same); !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("policy %d: an identical file was replaced", test.policy)
		}
		if got, _ := os.ReadFile(filepath.Join(outside, "victim")); string(got) != "untouched" {
			t.Errorf("policy %d: written through a link", test.policy)
		}
	}
}
