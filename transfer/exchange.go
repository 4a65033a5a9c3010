package transfer

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// codes is how many different codes there are: six digits.
const codes = 1_000_000

// exchange agrees on the code that two people compare. The first side shows a hash of its
// nonce, the second its nonce, and then the first what it has hashed. So neither can choose
// its nonce by the other's: who sits between two connections gets the same code on both by
// chance only. It has no clock and no network.
type exchange struct {
	first   bool     // this side began
	a, b    ID       // of the side that began, and the other
	channel [32]byte // of the connection, the same at both ends of it and nowhere else
	nonce   [32]byte // ours
	commit  [32]byte // to the nonce of the side that began
	space   uint64   // how many codes there are
}

// newExchange begins on the first side, or answers commit on the other one.
func newExchange(first bool, ours, theirs ID, channel, commit [32]byte) exchange {
	x := exchange{first: first, a: ours, b: theirs, channel: channel, commit: commit, space: codes}
	rand.Read(x.nonce[:]) // never fails since Go 1.24
	if first {
		x.commit = x.commitment(x.nonce)
	} else {
		x.a, x.b = theirs, ours
	}
	return x
}

// commitment is what the first side shows of its nonce.
func (x *exchange) commitment(nonce [32]byte) [32]byte {
	return sha256.Sum256(slices.Concat([]byte("yonder/1 pairing commitment"), x.a[:], x.b[:], nonce[:]))
}

var errNonce = errors.New("nonce is zero or our own")

// hear takes the nonce of the other side and returns the code. On the second side it must
// be the one that was committed to.
func (x *exchange) hear(theirs [32]byte) (string, error) {
	if theirs == [32]byte{} || theirs == x.nonce {
		return "", errNonce
	}
	na, nb := x.nonce, theirs
	if !x.first {
		if x.commitment(theirs) != x.commit {
			return "", errors.New("nonce is not the one that was committed to")
		}
		na, nb = theirs, x.nonce
	}
	b, err := hkdf.Key(sha256.New, slices.Concat(na[:], nb[:]), x.channel[:], "yonder/1 pairing code"+string(x.a[:])+string(x.b[:]), 8)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(b)%x.space), nil
}
