package app_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goList returns what one line of go list prints for each package.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok {
			t.Fatalf("go list %s: %s", strings.Join(args, " "), e.Stderr)
		}
		t.Skipf("no go command here: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// present returns the packages of this module.
func present(t *testing.T) []string {
	return goList(t, "-e", "-f", "{{if .GoFiles}}{{.ImportPath}}{{end}}", "./...")
}

const (
	fyne    = "fyne.io/fyne/"
	fyneApp = "fyne.io/fyne/v2/app"
)

// TestArrows holds the shape of the program: discovery and transfer know nobody,
// app knows both, ui and ui/cli know app, and only ui/desktop opens a window.
func TestArrows(t *testing.T) {
	here := present(t)
	forbidden := []struct{ from, to, why string }{
		{"yonder/discovery", "yonder/transfer", "finding does not depend on moving"},
		{"yonder/transfer", "yonder/discovery", "moving does not depend on finding"},
		{"yonder/discovery", "yonder/app", "the engine does not know who coordinates it"},
		{"yonder/transfer", "yonder/app", "the engine does not know who coordinates it"},
		{"yonder/discovery", fyne, "the engine runs without a window"},
		{"yonder/transfer", fyne, "the engine runs without a window"},
		{"yonder/app", fyne, "the engine runs without a window"},
		{"yonder/app", "yonder/ui", "front ends talk to app, never the other way round"},
		{"yonder/ui/cli", fyne, "terminal commands run without a window"},
		{"yonder/ui", fyneApp, "it is drawn in tests without a display"},
	}
	for _, f := range forbidden {
		if !slices.Contains(here, f.from) {
			t.Logf("%s is not there", f.from)
			continue
		}
		for _, dep := range goList(t, "-e", "-deps", "-test=false", "./"+strings.TrimPrefix(f.from, "yonder/")) {
			if dep == f.to || strings.HasSuffix(f.to, "/") && strings.HasPrefix(dep, f.to) {
				t.Errorf("%s depends on %s, but %s", f.from, dep, f.why)
			}
		}
	}
}

// TestDirectImports looks at what packages name themselves: front ends reach the
// engine only through app, and one package alone opens windows.
func TestDirectImports(t *testing.T) {
	lines := goList(t, "-e", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	seen := 0
	for _, line := range lines {
		fields := strings.Fields(line)
		pkg, imports := fields[0], fields[1:]
		for _, imp := range imports {
			engine := imp == "yonder/discovery" || imp == "yonder/transfer"
			if engine && strings.HasPrefix(pkg, "yonder/ui") {
				t.Errorf("%s imports %s: front ends talk to app only", pkg, imp)
			}
			if imp == fyneApp && pkg != "yonder/ui/desktop" {
				t.Errorf("%s imports %s: only ui/desktop may", pkg, imp)
			}
			if engine {
				seen++
			}
		}
	}
	if seen < 2 { // app imports both: the test sees imports at all
		t.Errorf("found %d imports of the engine, want those of app", seen)
	}
}

// TestHeadlessHasNoWindow looks at the whole program as it is built for machines
// without a screen.
func TestHeadlessHasNoWindow(t *testing.T) {
	for _, dep := range goList(t, "-e", "-deps", "-tags", "headless", ".") {
		if strings.HasPrefix(dep, fyne) || dep == "yonder/ui" {
			t.Errorf("the headless build contains %s", dep)
		}
	}
}
