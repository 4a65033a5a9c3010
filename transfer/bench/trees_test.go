//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPlanTree(t *testing.T) {
	const files, folders, total = 500, 10, 5_000_000
	plan := planTree(3, files, folders, total)
	if !slices.Equal(plan, planTree(3, files, folders, total)) {
		t.Error("the same seed gave another tree")
	}
	if slices.Equal(plan, planTree(4, files, folders, total)) {
		t.Error("another seed gave the same tree")
	}
	names, tops := map[string]bool{}, map[string]bool{}
	var sum int64
	var sizes []float64
	for _, file := range plan {
		names[file.name] = true
		top, _, _ := strings.Cut(file.name, "/")
		tops[top] = true
		sum += file.size
		sizes = append(sizes, float64(file.size))
		if file.size < 0 {
			t.Errorf("%s has %d bytes", file.name, file.size)
		}
	}
	if len(names) != files || len(tops) != folders || sum != total {
		t.Errorf("%d names in %d folders with %d bytes, want %d, %d, %d", len(names), len(tops), sum, files, folders, total)
	}
	if mean, middle := float64(total)/files, median(sizes); middle > mean/2 {
		t.Errorf("half of the files are larger than %.0f bytes, the mean is %.0f: that is not log-normal", middle, mean)
	}
}

// TestTrees writes a tree twice and then changes one thing after the other in one of them.
func TestTrees(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "tree"), filepath.Join(t.TempDir(), "tree")
	plan := planTree(1, 40, 4, 200_000)
	for _, root := range []string{a, b} {
		if err := writeTree(root, 2, plan); err != nil {
			t.Fatal(err)
		}
	}
	if err := same(a, b); err != nil {
		t.Fatalf("the same tree written twice: %v", err)
	}
	name := filepath.Join(b, filepath.FromSlash(plan[0].name))
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(content)
	other[len(other)-1] ^= 1
	for _, change := range []struct {
		what string
		do   func() error
		undo func() error
	}{
		{"one bit", func() error { return os.WriteFile(name, other, 0o644) }, func() error { return os.WriteFile(name, content, 0o644) }},
		{"a shorter file", func() error { return os.WriteFile(name, content[1:], 0o644) }, func() error { return os.WriteFile(name, content, 0o644) }},
		{"a longer file", func() error { return os.WriteFile(name, append(content, 0), 0o644) }, func() error { return os.WriteFile(name, content, 0o644) }},
		{"another name", func() error { return os.Rename(name, name+"x") }, func() error { return os.Rename(name+"x", name) }},
		{"one file more", func() error { return os.WriteFile(name+"x", nil, 0o644) }, func() error { return os.Remove(name + "x") }},
		{"a folder for a file", func() error { return os.Rename(name, name+"x") }, nil},
	} {
		if err := change.do(); err != nil {
			t.Fatal(err)
		}
		if change.undo == nil {
			if err := os.Mkdir(name, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(name+"x", filepath.Join(name, "x")); err != nil {
				t.Fatal(err)
			}
		}
		if same(a, b) == nil || same(b, a) == nil {
			t.Errorf("%s was not noticed", change.what)
		}
		if change.undo != nil {
			if err := change.undo(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	const size, count, region = 100_000, 10, 1000
	name := filepath.Join(t.TempDir(), "file")
	if err := writeNoise(name, noise(1), size); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := damage(name, 5, count, region); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(name)
	if err != nil || len(after) != size {
		t.Fatalf("%d bytes, %v", len(after), err)
	}
	for part := range count {
		a, b := before[part*size/count:(part+1)*size/count], after[part*size/count:(part+1)*size/count]
		changed := 0
		for i := range a {
			if a[i] != b[i] {
				changed++
			}
		}
		if changed > region || changed < region*9/10 { // one byte in 256 stays by chance
			t.Errorf("part %d: %d bytes changed, want nearly %d", part, changed, region)
		}
	}
	if err := damage(name, 5, count, size/count+1); err == nil {
		t.Error("regions that do not fit were accepted")
	}
}

func TestCopyText(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"a", "b/c", "d"} {
		file := filepath.Join(from, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("0123456789"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a", filepath.Join(from, "b/link")); err != nil {
		t.Fatal(err)
	}
	files, size, err := copyText(to, from, 20)
	if files != 2 || size != 20 || err != nil {
		t.Errorf("copyText = %d, %d, %v, want 2 files with 20 bytes", files, size, err)
	}
	if err := os.RemoveAll(filepath.Join(from, "d")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(from, "b/link")); err != nil {
		t.Fatal(err)
	}
	if err := same(from, to); err != nil {
		t.Error(err)
	}
}
