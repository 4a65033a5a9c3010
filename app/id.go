package app

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strings"
)

// DeviceID names a device: the SHA-256 of the SubjectPublicKeyInfo of its key.
// It is compared in full; the short form is for eyes only.
type DeviceID [32]byte

var idEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// String returns the 52 characters of base32 that are shown, typed and stored.
func (id DeviceID) String() string { return idEncoding.EncodeToString(id[:]) }

// Short returns the first 8 characters of [DeviceID.String], for display only.
func (id DeviceID) Short() string { return id.String()[:8] }

// IsZero reports whether id names nobody.
func (id DeviceID) IsZero() bool { return id == DeviceID{} }

// MarshalText implements [encoding.TextMarshaler] with the 52-character form.
func (id DeviceID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]; case does not matter.
func (id *DeviceID) UnmarshalText(text []byte) error {
	parsed, err := ParseDeviceID(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}

// ParseDeviceID reads the full 52-character form in either case.
func ParseDeviceID(s string) (DeviceID, error) {
	var id DeviceID
	raw, err := idEncoding.DecodeString(strings.ToUpper(strings.TrimSpace(s)))
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("device id %.80q: want 52 characters of A-Z and 2-7", s)
	}
	copy(id[:], raw)
	if id.String() != strings.ToUpper(strings.TrimSpace(s)) { // trailing bits that encode nothing
		return DeviceID{}, fmt.Errorf("device id %.80q: not in canonical form", s)
	}
	return id, nil
}

// ItemID names one message or transfer of a conversation: 16 random bytes in hexadecimal.
type ItemID string

// NewItemID returns a fresh random id.
func NewItemID() ItemID {
	var raw [16]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	return ItemID(hex.EncodeToString(raw[:]))
}
