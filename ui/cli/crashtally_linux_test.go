package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// crashTally is what a crash test counts.
type crashTally struct {
	corrupt   int // entries that are not as they were sent, or canaries that changed
	lost      int // entries that are not there
	extra     int // entries inside what was sent that were not
	misplaced int // entries elsewhere: second copies, leftovers of transfers

	transfers int                                       // that came through and were compared
	unseen    int                                       // that came through as their sender was killed
	kills     [anyKill]int                              // by kind
	waits     [anyKill][]time.Duration                  // from the start after a kill to the first new byte
	twice     [anyKill + 1]struct{ kills, bytes int64 } // by kind of the kills of a transfer
}

// add notes what was sent twice in a transfer.
func (y *crashTally) add(kind, kills int, bytes int64) {
	y.twice[kind].kills += int64(kills)
	y.twice[kind].bytes += bytes
}

func (y *crashTally) report(t *testing.T) {
	t.Logf("%d transfers compared, %d more came through as their sender was killed: %d corrupt, %d lost, %d extra, %d misplaced",
		y.transfers, y.unseen, y.corrupt, y.lost, y.extra, y.misplaced)
	for kind, n := range y.kills {
		w := slices.Sorted(slices.Values(y.waits[kind]))
		if len(w) > 0 {
			t.Logf("%d kills of %s; from the start to the first new byte: median %v, 95%% %v, most %v (%d measured)", n, kindNames[kind],
				w[len(w)/2].Round(time.Millisecond), w[len(w)*95/100].Round(time.Millisecond), w[len(w)-1].Round(time.Millisecond), len(w))
		}
	}
	for kind, x := range y.twice {
		if x.kills > 0 {
			t.Logf("kills of %s: %.2f MiB sent twice for each of %d", kindNames[kind], float64(x.bytes)/float64(x.kills)/(1<<20), x.kills)
		}
	}
}

// compare counts how what is there differs from what has to be, and describes each
// difference. sent tells what lies inside of what was sent.
func (y *crashTally) compare(got, want, sent tree) (wrong []string) {
	note := func(count *int, what, name string, more ...any) {
		*count++
		wrong = append(wrong, fmt.Sprint(what, " ", name, fmt.Sprint(more...)))
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		_, inside := sent[top(name)]
		switch e, ok := want[name]; {
		case ok && e != got[name]:
			note(&y.corrupt, "corrupt", name, " is ", got[name], ", was ", e)
		case !ok && inside:
			note(&y.extra, "extra", name)
		case !ok:
			note(&y.misplaced, "misplaced", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			note(&y.lost, "lost", name)
		}
	}
	return wrong
}

// top is the first part of a path.
func top(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// TestCrashTally makes each difference that the crash test looks for.
func TestCrashTally(t *testing.T) {
	sent := tree{}
	for _, name := range []string{"album", "album/page.dat", "run.sh"} {
		sent[name] = treeEntry{size: 7}
	}
	canary := treeEntry{size: 9}
	for _, test := range []struct {
		name   string
		change func(tree)
		want   [4]int // corrupt, lost, extra, misplaced
	}{
		{"nothing", func(tree) {}, [4]int{}},
		{"content", func(g tree) { g["album/page.dat"] = treeEntry{size: 7, sum: [32]byte{1}} }, [4]int{1, 0, 0, 0}},
		{"time", func(g tree) { g["album"] = treeEntry{size: 7, time: time.Unix(1, 0)} }, [4]int{1, 0, 0, 0}},
		{"executable bit", func(g tree) { g["run.sh"] = treeEntry{size: 7, mode: 0o100} }, [4]int{1, 0, 0, 0}},
		{"canary", func(g tree) { g["mine.txt"] = sent["run.sh"] }, [4]int{1, 0, 0, 0}},
		{"canary gone", func(g tree) { delete(g, "mine.txt") }, [4]int{0, 1, 0, 0}},
		{"lost", func(g tree) { delete(g, "album/page.dat") }, [4]int{0, 1, 0, 0}},
		{"extra", func(g tree) { g["album/page (1).dat"] = canary }, [4]int{0, 0, 1, 0}},
		{"second copy", func(g tree) { g["run (1).sh"] = canary }, [4]int{0, 0, 0, 1}},
		{"leftovers", func(g tree) { g[".yonder-incoming"], g[".yonder-incoming/ab"] = canary, canary }, [4]int{0, 0, 0, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := maps.Clone(sent)
			want["mine.txt"] = canary
			got := maps.Clone(want)
			test.change(got)
			var y crashTally
			wrong := y.compare(got, want, sent)
			if is := [4]int{y.corrupt, y.lost, y.extra, y.misplaced}; is != test.want {
				t.Errorf("counted %v, want %v: %q", is, test.want, wrong)
			}
		})
	}
}
