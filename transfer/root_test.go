package transfer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRootHolds looks whether the fence of the standard library stands, with what once got
// through it (GO-2026-4970, 4403, 4602, 4864, GO-2025-3750). All names here are checked before
// they come to it; nothing is to depend on one fence alone.
func TestRootHolds(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "d", "secret")
	write(t, secret, []byte("secret"))
	write(t, filepath.Join(inside, "own", "file"), []byte("own"))
	for name, to := range map[string]string{"folder": filepath.Join(outside, "d"), "file": secret, "dangling": filepath.Join(outside, "new"), "own/up": "../.."} {
		if err := os.Symlink(to, filepath.Join(inside, filepath.FromSlash(name))); err != nil {
			t.Skipf("no links here: %v", err)
		}
	}
	before := tree(t, outside)
	root, err := os.OpenRoot(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{
		"folder", "folder/", "folder/.", "folder//", "folder/secret", "folder/secret/", "file", "dangling", "dangling/",
		"../" + filepath.Base(outside) + "/d/secret", "own/../../x", "own/up/x", "own/up/", "own/up/../" + filepath.Base(outside), outside, secret, "/", "..", "../", "own/..//..",
	} {
		for what, do := range map[string]func() error{
			"open": func() error {
				f, err := root.Open(name)
				if err == nil {
					f.Close()
				}
				return err
			},
			"create": func() error {
				f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
				if err == nil {
					f.Close()
				}
				return err
			},
			"create anew": func() error {
				f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err == nil {
					f.Close()
				}
				return err
			},
			"make a folder": func() error { return root.Mkdir(name+"/new", 0o700) },
			"open a root": func() error {
				r, err := root.OpenRoot(name)
				if err == nil {
					r.Close()
				}
				return err
			},
			"look":           func() error { _, err := root.Stat(name); return err },
			"remove":         func() error { return root.Remove(name + "/secret") },
			"rename into it": func() error { return root.Rename("own/file", name+"/file") },
			"link into it":   func() error { return root.Link("own/file", name+"/file") },
		} {
			if err := do(); err == nil {
				t.Errorf("%s: %q was let through", what, name)
			}
		}
	}
	f, err := root.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := f.ReadDir(-1)
	if err != nil || len(list) != 4 {
		t.Errorf("the folder lists %v, %v", list, err)
	}
	for _, e := range list {
		if info, err := e.Info(); err != nil || e.Name() != "own" && info.Mode().Type() != os.ModeSymlink {
			t.Errorf("%s is %v, %v; what links lead to is not to be looked at", e.Name(), info, err)
		}
	}
	if after := tree(t, outside); after != before {
		t.Errorf("outside there is now\n%s, want\n%s", after, before)
	}
	holds(t, filepath.Join(inside, "own", "file"), "own")
}

// TestNoModeByName: modes are set on open files. By name a link may have taken the place of
// what was looked at, and the mode goes to what it leads to.
func TestNoModeByName(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	byName := map[string]bool{"os.Chmod": true, "os.Chown": true, "os.Chtimes": true}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := f.X.(*ast.Ident); ok && byName[x.Name+"."+f.Sel.Name] || f.Sel.Name == "Chmod" && len(call.Args) == 2 {
				t.Errorf("%s: %s is called with a name", name, f.Sel.Name)
			}
			return true
		})
	}
}
