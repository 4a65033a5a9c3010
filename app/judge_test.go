package app

import (
	"fmt"
	"testing"
)

// TestJudge has every level with every rule, option, size and limit. The expectation is
// written down another way than the code: as what must and must not be taken.
func TestJudge(t *testing.T) {
	const size = 1000
	limits := []int64{0, size - 1, size, size + 1}
	seen := map[ruling]int{}
	for _, level := range []Level{Unknown, Known, Paired, Mine} {
		for _, rule := range []RuleAccept{RuleAsk, RuleAlways, RuleNever} {
			for _, mode := range []struct {
				accept   Accept
				attended bool
			}{{"", true}, {"", false}, {AcceptAsk, true}, {AcceptPaired, true}, {AcceptAll, true}} {
				for _, most := range limits {
					for _, above := range limits {
						for _, final := range []bool{true, false} {
							q := question{level: level, rule: Rule{Accept: rule, MaxBytes: most}, accept: mode.accept, attended: mode.attended, askAbove: above, bytes: size, final: final}
							got := q.judge()
							seen[got]++
							large := most == size-1 || above == size-1
							want := map[Accept]ruling{"": ask, AcceptAsk: ask, AcceptPaired: nobody, AcceptAll: take}[mode.accept]
							if !mode.attended {
								want = nobody
							} else if level >= Paired && (mode.accept == AcceptPaired || mode.accept == "" && rule == RuleAlways) {
								want = take
							}
							unasked := map[Accept]ruling{"": ask, AcceptPaired: nobody, AcceptAll: nobody}[mode.accept]
							switch {
							case rule == RuleNever:
								want = refuse
							case want == take && large:
								want = unasked
							case want == take && !final && most+above > 0:
								want = await
							}
							if got != want {
								t.Errorf("%+v: %d, want %d", q, got, want)
							}
						}
					}
				}
			}
		}
	}
	for _, r := range []ruling{ask, take, nobody, refuse, await} {
		if seen[r] == 0 {
			t.Errorf("no case is ruled %d", r)
		}
	}
}

// TestJudgeByHand names the cases that people will ask about.
func TestJudgeByHand(t *testing.T) {
	always := Rule{Accept: RuleAlways}
	never := Rule{Accept: RuleNever}
	capped := Rule{Accept: RuleAlways, MaxBytes: 100}
	tests := []struct {
		why  string
		q    question
		want ruling
	}{
		{"nothing is set", question{level: Known, attended: true}, ask},
		{"paired alone changes nothing in a window", question{level: Paired, attended: true}, ask},
		{"always, paired", question{level: Paired, rule: always, attended: true}, take},
		{"always, another device of the user", question{level: Mine, rule: always, attended: true}, take},
		{"always is only a wish before", question{level: Known, rule: always, attended: true}, ask},
		{"always is only a wish for strangers", question{level: Unknown, rule: always, attended: true}, ask},
		{"--accept ask before always", question{level: Paired, rule: always, accept: AcceptAsk, attended: true}, ask},
		{"never before --accept all", question{level: Paired, rule: never, accept: AcceptAll, attended: true}, refuse},
		{"never before --accept ask", question{level: Known, rule: never, accept: AcceptAsk, attended: true}, refuse},
		{"never for a command that only sends", question{level: Known, rule: never}, refuse},
		{"a command that only sends takes nothing", question{level: Mine, rule: always}, nobody},
		{"--accept paired needs no rule", question{level: Paired, accept: AcceptPaired, attended: true}, take},
		{"--accept paired is no wish for others", question{level: Known, rule: always, accept: AcceptPaired, attended: true}, nobody},
		{"as large as the limit", question{level: Paired, rule: capped, attended: true, bytes: 100, final: true}, take},
		{"larger", question{level: Paired, rule: capped, attended: true, bytes: 101, final: true}, ask},
		{"small and still growing", question{level: Paired, rule: capped, attended: true, bytes: 1}, await},
		{"large and still growing", question{level: Paired, rule: capped, attended: true, bytes: 101}, ask},
		{"still growing without a limit", question{level: Paired, rule: always, attended: true, bytes: 101}, take},
		{"the limit for everybody", question{level: Paired, rule: always, attended: true, askAbove: 50, bytes: 51, final: true}, ask},
		{"the smaller of two limits", question{level: Paired, rule: capped, attended: true, askAbove: 200, bytes: 150, final: true}, ask},
		{"a limit where nobody is there", question{level: Unknown, accept: AcceptAll, attended: true, askAbove: 50, bytes: 51, final: true}, nobody},
		{"a limit of the person with --accept paired", question{level: Paired, rule: Rule{MaxBytes: 100}, accept: AcceptPaired, attended: true, bytes: 101, final: true}, nobody},
	}
	for _, test := range tests {
		if got := test.q.judge(); got != test.want {
			t.Errorf("%s: %d, want %d", test.why, got, test.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int64 // negative: refused
	}{
		{"", 0}, {"0", 0}, {" 0 ", 0}, {"0T", 0}, {"1", 1}, {"500M", 500 << 20}, {"5g", 5 << 30}, {"1.5T", 3 << 39}, {"1024T", 1 << 50},
		{"1025T", -1}, {"0.5", -1}, {"-1", -1}, {"5GB", -1}, {"G", -1}, {"1e9", -1}, {"all", -1}, {"1..5M", -1}, {"NaN", -1},
	} {
		got, err := ParseSize(tt.text)
		if (err != nil) != (tt.want < 0) || err == nil && got != tt.want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", tt.text, got, err, tt.want)
		}
		if back, err := ParseSize(FormatSize(got)); err != nil || back != got {
			t.Errorf("%d is written as %q and reads back as %d, %v", got, FormatSize(got), back, err)
		}
	}
	if got := fmt.Sprint(FormatSize(1<<40), FormatSize(1<<50), FormatSize(1500)); got != "1T1024T1500" {
		t.Errorf("sizes are written as %s", got)
	}
}
