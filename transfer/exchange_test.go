package transfer

import (
	"bytes"
	"crypto/rand"
	"math"
	"testing"
)

// twoSides returns both sides of an exchange over one connection, before the nonces.
func twoSides(a, b ID, channel [32]byte) (first, second exchange) {
	first = newExchange(true, a, b, channel, [32]byte{})
	return first, newExchange(false, b, a, channel, first.commit)
}

func mustHear(t *testing.T, x *exchange, nonce [32]byte) string {
	t.Helper()
	code, err := x.hear(nonce)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestExchange(t *testing.T) {
	a, b, channel := ID{1}, ID{2}, [32]byte{3}
	first, second := twoSides(a, b, channel)
	if first.nonce == second.nonce {
		t.Error("two sides with one nonce")
	}
	code := mustHear(t, &first, second.nonce)
	if other := mustHear(t, &second, first.nonce); other != code || len(code) != 6 {
		t.Errorf("codes %q and %q", code, other)
	}

	// The vector of PROTOCOL.md.
	first.a, first.b, second.a, second.b = ID(bytes.Repeat([]byte{0xa1}, 32)), ID(bytes.Repeat([]byte{0xb2}, 32)), ID{}, ID{}
	first.nonce, first.channel = [32]byte(bytes.Repeat([]byte{0x0a}, 32)), [32]byte(bytes.Repeat([]byte{0xcc}, 32))
	if code := mustHear(t, &first, [32]byte(bytes.Repeat([]byte{0x0b}, 32))); code != vectorCode {
		t.Errorf("code of the vector: %q, want %q", code, vectorCode)
	}
}

const vectorCode = "700024"

// TestExchangeBinds changes one thing at one side, which must change the code. Two codes are
// the same by chance once in a million, which three tries in a row never are.
func TestExchangeBinds(t *testing.T) {
	for what, change := range map[string]func(first, second *exchange){
		"the connection":     func(_, second *exchange) { second.channel[31] ^= 1 },
		"who began":          func(first, _ *exchange) { first.a[0] ^= 1 },
		"who answered":       func(first, _ *exchange) { first.b[0] ^= 1 },
		"the second's nonce": func(_, second *exchange) { second.nonce[0] ^= 1 },
	} {
		same := 0
		for range 3 {
			first, second := twoSides(ID{1}, ID{2}, [32]byte{3})
			sent := second.nonce
			change(&first, &second)
			if mustHear(t, &first, sent) == mustHear(t, &second, first.nonce) {
				same++
			}
		}
		if same == 3 {
			t.Errorf("%s does not change the code", what)
		}
	}
}

func TestExchangeRefuses(t *testing.T) {
	first, second := twoSides(ID{1}, ID{2}, [32]byte{3})
	tests := []struct {
		reason string
		side   *exchange
		nonce  [32]byte
	}{
		{"zero, from the second", &first, [32]byte{}},
		{"our own, from the second", &first, first.nonce},
		{"zero, from the first", &second, [32]byte{}},
		{"our own, from the first", &second, second.nonce},
		{"another than was committed to", &second, [32]byte{9}},
		{"the commitment itself", &second, first.commit},
	}
	for _, test := range tests {
		if code, err := test.side.hear(test.nonce); err == nil || code != "" {
			t.Errorf("%s: code %q, error %v", test.reason, code, err)
		}
	}
	// A commitment is to a nonce between these two, in these roles.
	for reason, x := range map[string]exchange{
		"other people": newExchange(false, ID{7}, ID{1}, [32]byte{3}, first.commit),
		"other roles":  newExchange(false, ID{1}, ID{2}, [32]byte{3}, first.commit),
	} {
		if _, err := x.hear(first.nonce); err == nil {
			t.Errorf("a commitment between %s was taken", reason)
		}
	}
}

// middle is what somebody between Ann and Bea does, who both mean to compare codes with each
// other. Ann begins. It returns the codes that the two see.
type middle func(t *testing.T, ann, bea func(first bool, commit [32]byte) exchange) (a, b string)

const middleCodes = 256 // short codes, so that luck can be counted

// TestCodesInTheMiddle has somebody sit between two connections 10,000 times, who knows all
// nonces that can be known and chooses its own as well as it can. With codes of 8 bits it must
// not win more often than by luck, which the chance of one in 256 allows.
func TestCodesInTheMiddle(t *testing.T) {
	mallory := ID{0x66}
	const runs = 10_000
	grind := func(want string, x exchange, theirs [32]byte) ([32]byte, bool) {
		for range 8 * middleCodes {
			rand.Read(x.nonce[:])
			if code, err := x.hear(theirs); err == nil && code == want {
				return x.nonce, true
			}
		}
		return x.nonce, false
	}
	toAnn := func(x *exchange) exchange { // Mallory's end of Ann's connection, where it is second
		m := newExchange(false, mallory, ID{1}, x.channel, x.commit)
		m.space = middleCodes
		return m
	}
	tests := []struct {
		name   string
		broken bool // the attacked exchange has no commitment: the harness must win
		run    middle
	}{
		{"Ann first, then Bea", false, func(t *testing.T, ann, bea func(bool, [32]byte) exchange) (string, string) {
			a := ann(true, [32]byte{})
			m := toAnn(&a)
			seen := mustHear(t, &a, m.nonce)
			// Mallory knows Ann's code now, and grinds a nonce for Bea before it commits to it. Bea's
			// nonce is not known yet: the best is to guess it.
			mb := newExchange(true, mallory, ID{2}, [32]byte{0xb0}, [32]byte{})
			mb.space = middleCodes
			mb.nonce, _ = grind(seen, mb, [32]byte{0x77})
			mb.commit = mb.commitment(mb.nonce)
			b := bea(false, mb.commit)
			return seen, mustHear(t, &b, mb.nonce)
		}},
		{"Bea first, then Ann", false, func(t *testing.T, ann, bea func(bool, [32]byte) exchange) (string, string) {
			mb := newExchange(true, mallory, ID{2}, [32]byte{0xb0}, [32]byte{})
			mb.space = middleCodes
			b := bea(false, mb.commit)
			seen := mustHear(t, &mb, b.nonce) // Bea's code, known before Bea has heard the nonce
			a := ann(true, [32]byte{})
			m := toAnn(&a)
			// Mallory may choose its nonce for Ann now. Ann's is not known yet, only its hash.
			m.nonce, _ = grind(seen, m, a.commit)
			code := mustHear(t, &a, m.nonce)
			return code, mustHear(t, &b, mb.nonce)
		}},
		{"nonces passed on", false, func(t *testing.T, ann, bea func(bool, [32]byte) exchange) (string, string) {
			a := ann(true, [32]byte{})
			mb := newExchange(true, mallory, ID{2}, [32]byte{0xb0}, [32]byte{})
			b := bea(false, mb.commit)
			code := mustHear(t, &a, b.nonce)
			return code, mustHear(t, &b, mb.nonce)
		}},
		{"without a commitment", true, func(t *testing.T, ann, bea func(bool, [32]byte) exchange) (string, string) {
			a := ann(true, [32]byte{})
			m := toAnn(&a)
			seen := mustHear(t, &a, m.nonce)
			b := bea(false, [32]byte{})
			mb := newExchange(true, mallory, ID{2}, [32]byte{0xb0}, [32]byte{})
			mb.space = middleCodes
			mb.nonce, _ = grind(seen, mb, b.nonce) // Bea's nonce is known: any code can be had
			b.commit = mb.commitment(mb.nonce)     // as if it had been that all the time
			return seen, mustHear(t, &b, mb.nonce)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			runs := runs
			if testing.Short() {
				runs = 1000
			}
			ann := func(first bool, commit [32]byte) exchange {
				x := newExchange(first, ID{1}, mallory, [32]byte{0xa0}, commit)
				x.space = middleCodes
				return x
			}
			bea := func(first bool, commit [32]byte) exchange {
				x := newExchange(first, ID{2}, mallory, [32]byte{0xb0}, commit)
				x.space = middleCodes
				return x
			}
			won := 0
			for range runs {
				if a, b := test.run(t, ann, bea); a == b {
					won++
				}
			}
			chance := 1.0 / middleCodes
			mean, sigma := float64(runs)*chance, math.Sqrt(float64(runs)*chance*(1-chance))
			t.Logf("the codes were the same in %d of %d runs: luck alone gives %.1f ± %.1f", won, runs, mean, sigma)
			if test.broken {
				if won < runs*9/10 {
					t.Errorf("the harness wins %d of %d even where it must", won, runs)
				}
			} else if float64(won) > mean+5*sigma { // 3 would be exceeded in one of 740 runs of this test
				t.Errorf("somebody in the middle wins %d of %d", won, runs)
			}
		})
	}
}
