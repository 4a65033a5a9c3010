package main

import (
	"strings"
	"testing"
)

func TestIsLicence(t *testing.T) {
	tests := []struct {
		name string
		want bool
		why  string
	}{
		{"LICENSE", true, "the usual one"},
		{"License.txt", true, "case and ending do not matter"},
		{"LICENCE.md", true, "British"},
		{"COPYING.LESSER", true, "GNU"},
		{"NOTICE", true, "Apache wants it kept"},
		{"PATENTS", true, "golang.org/x"},
		{"license.go", false, "code"},
		{"README.md", false, "not a licence"},
	}
	for _, tt := range tests {
		if got := isLicence(tt.name); got != tt.want {
			t.Errorf("isLicence(%q) = %v, want %v: %s", tt.name, got, tt.want, tt.why)
		}
	}
}

// TestFonts guards that what Fyne embeds is named too, not only its code.
func TestFonts(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"fyne.io/fyne/v2/theme"}, &out); err != nil {
		t.Fatal(err)
	}
	if want := "theme/font (LICENSE_Inter.txt)"; !strings.Contains(out.String(), want) {
		t.Errorf("output lacks %q", want)
	}
}

// TestRun guards that each module of this program itself is named with a text.
func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"yonder/packaging/meta"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/BurntSushi/toml v", "The MIT License", "The Go distribution"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if strings.Contains(out.String(), "fyne.io") {
		t.Error("output names a module that is not compiled in")
	}
	if err := run([]string{"yonder/no/such/package"}, &out); err == nil {
		t.Error("an unknown package gave no error")
	}
}
