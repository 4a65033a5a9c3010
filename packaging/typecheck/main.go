// Command typecheck checks that the window build is correct Go for another system,
// without that system's C compiler or SDK:
//
//	go run ./packaging/typecheck darwin/arm64
//
// It loads what `go build` with cgo would compile there and runs Go's type checker
// over it, believing every use of C. Function bodies are checked in this module
// only. That finds what a build on Linux cannot: a file for macOS that no longer
// fits. It does not replace building on a Mac.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// listed is what `go list -json` says about a package.
type listed struct {
	Dir, ImportPath   string
	GoFiles, CgoFiles []string
	ImportMap         map[string]string // vendored paths of the standard library
	Module            *struct{ Main bool }
	Error             *struct{ Err string }
}

func main() {
	if len(os.Args) != 2 || !strings.Contains(os.Args[1], "/") {
		fmt.Fprintln(os.Stderr, "usage: typecheck GOOS/GOARCH")
		os.Exit(2)
	}
	system, machine, _ := strings.Cut(os.Args[1], "/")
	problems, err := check(system, machine, "./...")
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: typecheck:", err)
		os.Exit(1)
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// check returns the errors in the packages of this module that pattern names, as
// they would be compiled for a system and machine.
func check(system, machine, pattern string) (problems []error, err error) {
	sizes := types.SizesFor("gc", machine)
	if sizes == nil {
		return nil, fmt.Errorf("unknown machine %q", machine)
	}
	cmd := exec.Command("go", "list", "-deps", "-e", "-json=Dir,ImportPath,GoFiles,CgoFiles,ImportMap,Module,Error", pattern)
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := checker{sizes: sizes, files: token.NewFileSet(), done: map[string]*types.Package{"unsafe": types.Unsafe}}
	for dec := json.NewDecoder(out); ; { // dependencies come before what needs them
		var p listed
		if err = dec.Decode(&p); err != nil {
			break
		}
		problems = append(problems, c.check(p)...)
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return problems, cmd.Wait()
}

// checker holds what has been checked so far.
type checker struct {
	sizes types.Sizes
	files *token.FileSet
	done  map[string]*types.Package // by import path
}

// check checks one package and returns what is wrong in it, if it is one of ours.
func (c *checker) check(p listed) (problems []error) {
	if p.ImportPath == "unsafe" {
		return nil
	}
	ours := p.Module != nil && p.Module.Main
	note := func(err error) {
		if ours {
			problems = append(problems, err)
		}
	}
	if p.Error != nil {
		note(errors.New(p.Error.Err))
	}
	var files []*ast.File
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		file, err := parser.ParseFile(c.files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			note(err)
			continue
		}
		files = append(files, file)
	}
	config := types.Config{
		FakeImportC:      true,
		IgnoreFuncBodies: !ours,
		Importer:         from{c.done, p.ImportMap},
		Sizes:            c.sizes,
		Error:            note,
	}
	c.done[p.ImportPath], _ = config.Check(p.ImportPath, c.files, files, nil) // every error went to note
	return problems
}

// from finds imported packages among those that were checked.
type from struct {
	done map[string]*types.Package
	over map[string]string
}

// Import implements [types.Importer].
func (f from) Import(path string) (*types.Package, error) {
	if other, ok := f.over[path]; ok {
		path = other
	}
	if p := f.done[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("package %s was not listed", path)
}
