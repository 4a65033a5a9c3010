package packaging

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/semver"
)

// goList returns the lines that go list prints.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "GOFLAGS=")
	out, err := cmd.Output()
	if e, ok := err.(*exec.ExitError); ok {
		t.Fatalf("go list %s: %s", strings.Join(args, " "), e.Stderr)
	} else if err != nil {
		t.Skipf("no go command here: %v", err)
	}
	return strings.Fields(string(out))
}

// What the modules that are compiled in had, and since which version they have it no more.
// It is compared without a network; `make vulnerabilities` asks the database of Go.
var mended = []struct{ module, version, advisories string }{
	{"golang.org/x/image", "v0.45.0", "GO-2026-5031 GO-2026-5032 GO-2026-5061 GO-2026-5062 GO-2026-5066 GO-2026-6222: pictures that panic or take all memory"},
	{"golang.org/x/text", "v0.39.0", "GO-2026-5970: text without end for the normalisation"},
	{"golang.org/x/net", "v0.61.0", "GO-2026-6617"},
	{"golang.org/x/sys", "v0.45.0", "GO-2026-5024"},
	{"github.com/miekg/dns", "v1.0.4", "GO-2020-0006: a connection that says nothing blocks the others"},
}

// goMended is the first Go without GO-2026-4970, 4403, 4602 and 4864 (ways out of os.Root),
// and GO-2026-4870, 6090 and 5856 (crypto/tls).
const goMended = "v1.26.6"

// What is not compiled in at all, and why that is to stay.
var absent = []struct{ path, why string }{
	{"archive/zip", "GO-2026-4342: what is received is not unpacked"},
	{"archive/tar", "GO-2025-4014, GO-2026-4869: what is received is not unpacked"},
	{"golang.org/x/image/webp", "GO-2026-5061: no picture that was received is decoded"},
	{"golang.org/x/crypto/ssh", "GO-2025-3487"},
	{"github.com/gorilla/websocket", "GO-2020-0019"},
	{"github.com/flynn/noise", "GO-2022-0425: the channel is TLS of the standard library"},
	{"github.com/cyphar/filepath-securejoin", "GHSA-6xv5-86q9-7xr8: folders are held with os.Root"},
	{"html/template", "nothing is served as a page"},
}

// TestAdvisories compares what is compiled in, with and without the window and for every
// system, with the advisories of it.
func TestAdvisories(t *testing.T) {
	if version := goList(t, "-m", "-f", "v{{.GoVersion}}")[0]; semver.Compare(version, goMended) < 0 {
		t.Errorf("go.mod takes Go %s; the first without what is known is %s", version, goMended)
	}
	if version := "v" + strings.TrimPrefix(strings.Fields(runtime.Version())[0], "go"); semver.IsValid(version) && semver.Compare(version, goMended) < 0 {
		t.Errorf("this is Go %s; the first without what is known is %s", version, goMended)
	}
	versions := map[string]string{}
	for _, tags := range []string{"x11,gles", "headless"} {
		for _, system := range []string{"linux", "windows", "darwin"} {
			t.Setenv("GOOS", system)
			t.Setenv("GOARCH", "amd64")
			t.Setenv("CGO_ENABLED", map[bool]string{true: "0", false: "1"}[tags == "headless"])
			packages := goList(t, "-e", "-deps", "-tags", tags, ".")
			if len(packages) < 100 || !slices.Contains(packages, "yonder/transfer") {
				t.Fatalf("%s on %s: %d packages", tags, system, len(packages))
			}
			for _, a := range absent {
				for _, p := range packages {
					if p == a.path || strings.HasPrefix(p, a.path+"/") {
						t.Errorf("%s on %s has %s (%s)", tags, system, p, a.why)
					}
				}
			}
			for _, module := range goList(t, "-e", "-deps", "-tags", tags, "-f", "{{with .Module}}{{if .Version}}{{.Path}}@{{.Version}}{{end}}{{end}}", ".") {
				path, version, _ := strings.Cut(module, "@")
				versions[path] = version
			}
		}
	}
	for _, m := range mended {
		switch got := versions[m.module]; {
		case got == "":
			t.Errorf("%s is not compiled in any more: take its line away", m.module)
		case semver.Compare(got, m.version) < 0:
			t.Errorf("%s is %s and has %s; take %s or later", m.module, got, m.advisories, m.version)
		}
	}
}
