package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheck runs over a module of its own whose file for macOS may be wrong.
func TestCheck(t *testing.T) {
	tests := []struct {
		file string // the macOS half
		want string // part of the one problem; empty: none
		why  string
	}{
		{"package m\n\nfunc native() int { return 1 }\n", "", "correct"},
		{"package m\n\n// int f(void);\nimport \"C\"\n\nfunc native() int { return int(C.f()) }\n", "", "C is believed"},
		{"package m\n\nfunc native() string { return \"\" }\n", "cannot use native()", "does not fit its caller"},
		{"package m\n\nfunc native() int { return later }\n", "undefined: later", "bodies are checked too"},
		{"package m\n\nfunc other() int { return 1 }\n", "undefined: native", "the function has gone"},
		{"package m\n\nimport \"os\"\n\nfunc native() int { os.Exit(0); return syscall.Getpid() }\n", "undefined: syscall", "an import is missing"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"go.mod":      "module m\n\ngo 1.26\n",
			"m.go":        "package m\n\nvar N int = native()\n",
			"m_darwin.go": tt.file,
			"m_linux.go":  "package m\n\nfunc native() int { return 0 }\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Chdir(dir)
		problems, err := check("darwin", "arm64", "./...")
		if err != nil {
			t.Fatalf("%s: %v", tt.why, err)
		}
		switch {
		case tt.want == "" && len(problems) > 0:
			t.Errorf("%s: problems %v, want none", tt.why, problems)
		case tt.want != "" && (len(problems) != 1 || !strings.Contains(problems[0].Error(), tt.want)):
			t.Errorf("%s: problems %v, want one with %q", tt.why, problems, tt.want)
		}
		if problems, err := check("linux", "amd64", "./..."); err != nil || len(problems) > 0 {
			t.Errorf("%s: on Linux problems %v, %v, want none", tt.why, problems, err)
		}
	}
	if _, err := check("darwin", "abacus", "./..."); err == nil {
		t.Error("an unknown machine gave no error")
	}
}
