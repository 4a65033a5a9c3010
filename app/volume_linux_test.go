package app

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestVolumeNotMounted: files for a folder on a volume of its own do not land in the mount point
// while it is not mounted, neither when somebody accepts nor without asking; and do afterwards.
func TestVolumeNotMounted(t *testing.T) {
	stick := t.TempDir()
	mount := func() {
		t.Helper()
		if err := unix.Mount("tmpfs", stick, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("cannot mount a file system here: %v", err)
		}
	}
	unmount := func() { unix.Unmount(stick, unix.MNT_DETACH) }
	t.Cleanup(unmount)
	empty := func(why string) {
		t.Helper()
		if entries, err := os.ReadDir(stick); err != nil || len(entries) > 0 {
			t.Errorf("%s: in the mount point there is %v, %v", why, entries, err)
		}
	}
	for _, tt := range []struct {
		why  string
		rule bool
	}{{"the folder of the settings", false}, {"that of a rule", true}} {
		t.Run(tt.why, func(t *testing.T) {
			mount()
			dir := t.TempDir()
			l := newLAN()
			a := l.add(t, func(o *Options) { o.Folder = "" })
			b := l.addAt(t, dir, func(o *Options) { o.Folder = "" })
			if tt.rule {
				must(t, b.Configure(t.Context(), Settings{Folder: t.TempDir()}))
				b.trusts(a.id(), Paired)
				must(t, b.SetRule(t.Context(), a.id(), Rule{Accept: RuleAlways, Folder: filepath.Join(stick, "{date}")}))
			} else {
				must(t, b.Configure(t.Context(), Settings{Folder: stick}))
			}
			unmount()
			b.Close() // it is kept over restarts
			b = l.addAt(t, dir, func(o *Options) { o.Folder = "" })
			fa, fb := follow(t, a), follow(t, b)
			a.see(b)
			fa.sees(b.id())
			sent := send(t, a, b.id(), 0, file(t))
			if tt.rule {
				if p := fa.transferIs(sent, Failed).Problem; p.Code != CodeNoFolder {
					t.Errorf("taken by a rule: %+v", p)
				}
				empty("taken by a rule")
				mount()
				sent = send(t, a, b.id(), 0, file(t))
			} else {
				item := fb.incoming().ID
				err := b.Answer(t.Context(), item, Answer{Accept: true})
				if p := AsProblem(err); p == nil || p.Code != CodeNoFolder || p.Detail != "its disk is not attached" {
					t.Errorf("accepted: %v", err)
				}
				empty("accepted")
				mount()
				must(t, b.Answer(t.Context(), item, Answer{Accept: true}))
			}
			fa.transferIs(sent, Done)
			unmount()
		})
	}
	mount()
	for folder, want := range map[string]string{"/": "", stick: stick, filepath.Join(stick, "not", "there"): stick, filepath.Dir(stick): mountPoint(filepath.Dir(stick))} {
		if got := mountPoint(folder); got != want || got != "" && !isMounted(got) {
			t.Errorf("%s is on the volume at %q, want %q", folder, got, want)
		}
	}
}
