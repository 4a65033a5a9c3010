//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary be the helper that the benchmark starts.
func TestMain(m *testing.M) {
	if code, is := child(os.Args[1:]); is {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestQuick has the real program moved by the real harness: every method that this
// machine has arrives, is measured and leaves nothing behind.
func TestQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and moves 200 MB")
	}
	program := filepath.Join(t.TempDir(), "yonder-headless")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "headless", "-o", program, "yonder")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the headless program: %v\n%s", err, out)
	}
	document := filepath.Join(t.TempDir(), "results.md")
	if err := os.WriteFile(document, []byte("above\n"+beginMark+"\nold\n"+endMark+"\nbelow\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(memoryFolder(), "yonder-bench-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	var stdout, stderr bytes.Buffer
	err = run(t.Context(), []string{"-yonder", program, "-quick", "-isolate=false", "-dir", dir, "-run", "^(large|small|gigabit)$", "-o", document}, &stdout, &stderr)
	if err != nil {
		t.Fatalf("run: %v\n%s", err, stderr.String())
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, want := range []string{
		"- processor: ", "quick run", "### large", "| yonder |", "| plain TCP copy |", "### small", "| tar over TCP |",
		"### gigabit\n\nNot measured: it needs root",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, stdout.String())
		}
	}
	written, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if want := "above\n" + beginMark + "\n" + strings.TrimSpace(stdout.String()) + "\n" + endMark + "\nbelow\n"; string(written) != want {
		t.Errorf("the document is\n%s\nwant\n%s", written, want)
	}
}

func TestRunRefuses(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "-yonder"},
		{[]string{"-yonder", "x", "-rounds", "0"}, "-rounds 0"},
		{[]string{"-yonder", "x", "-run", "("}, "-run"},
		{[]string{"-yonder", filepath.Join(t.TempDir(), "missing")}, "no such file"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), test.args, &out, &out)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("run(%q) = %v, want an error with %q", test.args, err, test.want)
		}
	}
}
