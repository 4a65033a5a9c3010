// Command licenses prints the licence texts of everything that a binary of Yonder
// contains besides Yonder: the Go distribution and each module of which a package
// is compiled in. The arguments are those of `go build` that choose files:
//
//	go build -o licenses ./packaging/licenses
//	GOOS=windows CGO_ENABLED=0 ./licenses -tags headless .
//
// A module without a licence text is an error.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// pkg is what `go list -json` says about a package.
type pkg struct {
	Dir    string
	Module *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Dir string }
	}
}

// notice is a module and the folders of it in which licence texts may lie.
type notice struct {
	version string
	dir     string
	folders map[string]bool
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error: licenses:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	out, err := list(args)
	if err != nil {
		return err
	}
	modules, err := collect(out)
	if err != nil {
		return err
	}
	if len(modules) == 0 {
		return errors.New("no modules: is this the folder of the program?")
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	root := strings.TrimSpace(string(goroot))
	modules["The Go distribution"] = &notice{dir: root, folders: map[string]bool{root: true}}

	fmt.Fprintf(w, "This program contains the following works, each under its own licence.\n")
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		if err := modules[path].write(w, path); err != nil {
			return err
		}
	}
	return nil
}

func list(args []string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Dir,Module"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	return out, nil
}

// collect groups the listed packages by module. A module may carry code of others
// in a subfolder with a licence of its own, so every folder between the package
// and the root of the module counts, and so do folders below a package that hold
// no Go: fonts that are embedded, C that is compiled in.
func collect(listing []byte) (map[string]*notice, error) {
	modules := map[string]*notice{}
	dec := json.NewDecoder(bytes.NewReader(listing))
	for {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return modules, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.Module == nil || p.Module.Main { // the standard library, and Yonder
			continue
		}
		n := modules[p.Module.Path]
		if n == nil {
			n = &notice{version: p.Module.Version, dir: p.Module.Dir, folders: map[string]bool{}}
			modules[p.Module.Path] = n
		}
		for dir := p.Dir; len(dir) >= len(n.dir); dir = filepath.Dir(dir) {
			n.folders[dir] = true
		}
		below, err := dataFolders(p.Dir)
		if err != nil {
			return nil, err
		}
		for _, dir := range below {
			n.folders[dir] = true
		}
	}
}

// dataFolders returns the folders directly in dir that hold no Go file.
func dataFolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "testdata" {
			continue
		}
		sub := filepath.Join(dir, e.Name())
		if code, err := filepath.Glob(filepath.Join(sub, "*.go")); err == nil && len(code) == 0 {
			folders = append(folders, sub)
		}
	}
	return folders, nil
}

func (n *notice) write(w io.Writer, path string) error {
	found := 0
	for _, folder := range slices.Sorted(maps.Keys(n.folders)) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !isLicence(e.Name()) {
				continue
			}
			text, err := os.ReadFile(filepath.Join(folder, e.Name()))
			if err != nil {
				return err
			}
			title := strings.TrimSpace(path + " " + n.version)
			if rel, err := filepath.Rel(n.dir, folder); err == nil && rel != "." {
				title += ", " + filepath.ToSlash(rel)
			}
			fmt.Fprintf(w, "\n%s\n%s (%s)\n\n%s\n", strings.Repeat("=", 78), title, e.Name(), bytes.TrimSpace(text))
			found++
		}
	}
	if found == 0 {
		return fmt.Errorf("module %s has no licence text in %s", path, n.dir)
	}
	return nil
}

// isLicence reports whether a file of this name holds a licence or a notice.
func isLicence(name string) bool {
	name = strings.ToUpper(name)
	if ext := filepath.Ext(name); ext == ".GO" || ext == ".C" || ext == ".H" {
		return false
	}
	for _, word := range []string{"LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "PATENTS", "OFL", "UNLICENSE"} {
		if strings.HasPrefix(name, word) {
			return true
		}
	}
	return false
}
