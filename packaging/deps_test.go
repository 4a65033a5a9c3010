package packaging

import (
	"debug/elf"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// opened are the libraries that GLFW knows by name and opens while it runs. What
// the window cannot do without, or does less well without, is in the package's
// dependencies; the others have the reason here. A name that is in the binary but
// not in this table fails the test, so that somebody decides.
var opened = map[string]string{ // name: "" if the package depends on it, else why not
	"libX11.so.6":       "",
	"libX11-xcb.so.1":   "",
	"libXcursor.so.1":   "",
	"libXext.so.6":      "",
	"libXi.so.6":        "",
	"libXinerama.so.1":  "",
	"libXrandr.so.2":    "",
	"libXrender.so.1":   "",
	"libXxf86vm.so.1":   "",
	"libGL.so.1":        "",
	"libGL.so":          "second choice after libGL.so.1",
	"libGLX.so.0":       "second choice after libGL.so.1, on which it depends",
	"libEGL.so.1":       "only for contexts made with EGL; this window uses GLX",
	"libGLESv2.so.2":    "only for contexts made with EGL",
	"libGLESv1_CM.so.1": "only for contexts made with EGL",
	"libGLES_CM.so.1":   "only for contexts made with EGL",
	"libOpenGL.so.0":    "only for contexts made with EGL",
	"libOSMesa.so.6":    "only for contexts without a screen",
	"libOSMesa.so.8":    "only for contexts without a screen",
	"libvulkan.so.1":    "Yonder draws with OpenGL",
}

var soname = regexp.MustCompile(`\blib[A-Za-z0-9_+-]+\.so(\.[0-9]+)?\b`)

// TestDebDependencies compares the dependencies of the Debian package of the window
// build with what its binary links and opens.
func TestDebDependencies(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Debian packages are made from the Linux binary")
	}
	if _, err := exec.LookPath("dpkg"); err != nil {
		t.Skip("only a Debian system knows which package has which library")
	}
	if testing.Short() {
		t.Skip("builds the window")
	}
	flags, err := exec.Command("sh", "flags.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	binary := build(t, strings.Fields(string(flags))...)
	needed, err := binary.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range namesIn(t, binary) {
		switch why, known := opened[name]; {
		case !known:
			t.Errorf("the binary knows %s: decide whether the package depends on it, and add it to the table", name)
		case why == "":
			needed = append(needed, name)
		}
	}
	want := map[string]bool{}
	for _, name := range needed {
		want[packageOf(t, name)] = true
	}
	got := dependencies(t)
	if !maps.Equal(got, want) {
		t.Errorf("depends in linux/nfpm.yaml.in = %v, want %v from %v",
			slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)), needed)
	}
}

// TestHeadlessIsStatic guards that the terminal build runs on any Linux.
func TestHeadlessIsStatic(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks at an ELF file")
	}
	if testing.Short() {
		t.Skip("builds the program")
	}
	t.Setenv("CGO_ENABLED", "0")
	binary := build(t, "-trimpath", "-buildvcs=false", "-tags", "headless")
	if libs, err := binary.ImportedLibraries(); err != nil || len(libs) > 0 {
		t.Errorf("libraries = %v, %v, want none", libs, err)
	}
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary wants a loader")
		}
	}
}

// build compiles the program with flags and opens it.
func build(t *testing.T, flags ...string) *elf.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "yonder")
	cmd := exec.Command("go", slices.Concat([]string{"build"}, flags, []string{"-o", path, "yonder"})...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	binary, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { binary.Close() })
	return binary
}

// namesIn returns the names of shared libraries among the constants of a binary.
func namesIn(t *testing.T, binary *elf.File) []string {
	t.Helper()
	section := binary.Section(".rodata")
	if section == nil {
		t.Fatal("no .rodata")
	}
	data, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, constant := range strings.Split(string(data), "\x00") { // C strings; Go's have no end and would run together
		if name := soname.FindString(constant); name != "" && name == constant {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// packageOf returns the Debian package that has a library.
func packageOf(t *testing.T, library string) string {
	t.Helper()
	out, err := exec.Command("dpkg", "-S", "*/"+library).Output()
	if err != nil {
		t.Fatalf("no installed package has %s (%v): run packaging/deps.sh build", library, err)
	}
	for line := range strings.Lines(string(out)) { // "libxi6:amd64: /usr/lib/x86_64-linux-gnu/libXi.so.6"
		name, path, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && strings.HasSuffix(path, "linux-gnu/"+library) {
			name, _, _ = strings.Cut(name, ":")
			return name
		}
	}
	t.Fatalf("dpkg -S %s: no library in\n%s", library, out)
	return ""
}

// dependencies returns the names in the depends list of linux/nfpm.yaml.in.
func dependencies(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("linux/nfpm.yaml.in")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(text), "\ndepends:\n")
	if !ok {
		t.Fatal("no depends list")
	}
	names := map[string]bool{}
	for line := range strings.Lines(list) {
		item, ok := strings.CutPrefix(line, "  - ")
		if !ok {
			break
		}
		names[strings.Fields(item)[0]] = true
	}
	return names
}
