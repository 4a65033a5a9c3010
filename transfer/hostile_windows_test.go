package transfer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// junction makes a junction, which anybody may; symbolic links need a right.
func junction(t *testing.T, path, target string) {
	t.Helper()
	if out, err := exec.Command("cmd", "/c", "mklink", "/J", path, target).CombinedOutput(); err != nil {
		t.Skipf("mklink /J: %v: %s", err, out)
	}
}

// TestJunctions finds junctions in the source: to somewhere else, to the folder above, and
// to a whole volume, as mount points are. They are named as links and not followed.
func TestJunctions(t *testing.T) {
	p := newPair(t)
	f, outside := filepath.Join(p.src, "f"), t.TempDir()
	write(t, filepath.Join(f, "a"), []byte("a"))
	write(t, filepath.Join(outside, "secret"), []byte("secret"))
	junction(t, filepath.Join(f, "out"), outside)
	junction(t, filepath.Join(f, "up"), f)
	volume := filepath.VolumeName(outside) + `\`
	junction(t, filepath.Join(f, "volume"), volume)
	var want []string
	for _, name := range []string{"out", "up", "volume"} {
		want = append(want, fmt.Sprintf("f/%s %d", name, SkipLink))
	}
	report := p.send(t, f)
	if got := reasons(report); !slices.Equal(got, want) || report.Files != 1 || report.Links != 3 {
		t.Errorf("report = %+v, want one file and %q", report, want)
	}
	onlyThese(t, p.dst, "f/a")
}

// TestPlantedJunctions finds junctions where it wants to write. Nothing behind them is
// touched.
func TestPlantedJunctions(t *testing.T) {
	for policy := KeepBoth; policy <= SkipExisting; policy++ {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			p := newPair(t)
			p.updating(policy)
			outside := t.TempDir()
			write(t, filepath.Join(outside, "x"), []byte("untouched"))
			before := tree(t, outside)
			junction(t, filepath.Join(p.dst, "f"), outside)
			write(t, filepath.Join(p.src, "f", "x"), []byte("new x"))
			p.send(t, filepath.Join(p.src, "f"))
			holds(t, filepath.Join(p.dst, "f (1)", "x"), "new x")
			if after := tree(t, outside); after != before {
				t.Errorf("behind the junction there is now\n%s, want\n%s", after, before)
			}
		})
	}
}

// TestLongPathsOfWindows sends a path that is longer than the 260 characters that most
// programs of Windows take.
func TestLongPathsOfWindows(t *testing.T) {
	p := newPair(t)
	name := filepath.Join(slices.Repeat([]string{strings.Repeat("d", 60)}, 8)...)
	path := filepath.Join(p.src, "f", name, "x")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Skipf("no such paths here: %v", err)
	}
	write(t, path, []byte("deep"))
	if report := p.send(t, filepath.Join(p.src, "f")); report.Files != 1 || report.Failed != 0 {
		t.Errorf("report = %+v, want one file", report)
	}
	holds(t, filepath.Join(p.dst, "f", name, "x"), "deep")
}

// TestMarkOfTheWeb: what arrives carries the mark that Windows asks about before it runs a
// program, small files and large ones.
func TestMarkOfTheWeb(t *testing.T) {
	p := newPair(t)
	for name, size := range map[string]int{"small.exe": 10, "large.exe": chunkSize + 1, "x.lnk": 10, "desktop.ini": 10} {
		write(t, filepath.Join(p.src, "f", name), random(size))
	}
	probe := write(t, filepath.Join(p.dst, "probe"), nil)
	if err := os.WriteFile(probe+":probe", []byte("x"), 0o600); err != nil {
		t.Skipf("the disk of this test has no streams: %v", err)
	}
	p.send(t, filepath.Join(p.src, "f"))
	for _, path := range children(t, filepath.Join(p.dst, "f")) {
		if mark, err := os.ReadFile(path + ":Zone.Identifier"); err != nil || !strings.Contains(string(mark), "ZoneId=3") {
			t.Errorf("%s is marked with %q, %v", path, mark, err)
		}
	}
}

// TestDevicesOfWindows sends files whose names are devices here. They arrive as files
// beside each other, under names that are none.
func TestDevicesOfWindows(t *testing.T) {
	s := newScene(t)
	var tops []load
	for _, name := range []string{"AUX", "COM1.txt", "COM¹", "CONOUT$", "NUL", "con.a.b", "lpt9 .x", "prn"} {
		tops = append(tops, load{name, []byte("content of " + name)})
	}
	sortLoads(tops)
	p := newPuppet(t, s.b)
	p.accepted(1, offering(1, tops...))
	for _, f := range framesOf(1, tops...) {
		p.raw(f)
	}
	var m done
	if p.expect(frameDone, &m); m.Files != uint64(len(tops)) || len(m.Published) != len(tops) {
		t.Fatalf("DONE = %+v, want %d files", m, len(tops))
	}
	for i, row := range m.Published {
		holds(t, filepath.Join(s.dest, row.As), string(tops[i].content))
		if reserved(row.As) {
			t.Errorf("%q arrived as %q, which is a device", row.Name, row.As)
		}
	}
	s.finish()
}
