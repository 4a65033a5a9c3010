package transfer

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"lukechampine.com/blake3"
)

// valuesOf cuts content into chunks and hashes each.
func valuesOf(content []byte) []value {
	size := int64(len(content))
	values := make([]value, max(1, chunks(size)))
	for i := range values {
		part := content[int64(i)*chunkSize:][:chunkLen(size, int64(i))]
		values[i] = chunkValue(part, int64(i), size <= chunkSize)
	}
	return values
}

// The vectors are normative: chunk values and digests over the pattern i % 251.
func TestChunkVectors(t *testing.T) {
	tests := []struct {
		size   int
		digest string
		values []string // of more than one chunk; one chunk's value is the digest
	}{
		{0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", nil},
		{1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213", nil},
		{1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7", nil},
		{1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444", nil},
		{1048576, "74cb441fd087764ca9c3694da742ebe30cbeb3060a17009ca81825c7a8d10343", nil},
		{1048577, "2f053cd7472cf0cd2f9adaf45c1180255b91b9a865404a63671a0ee5f792ed33", []string{
			"8a576541118ebf5fad8d683c09b63402288a71616ecc72514abf780822136023",
			"c9c46c08771af7fa62d0dd0771306ffa15e31193e59c318d4b348f81f32b8b4b",
		}},
		{2097153, "52dc212cb4cc61cb94d25bd7b1d47b256e4c3a6d68956df50c235c37a2aeacd7", []string{
			"8a576541118ebf5fad8d683c09b63402288a71616ecc72514abf780822136023",
			"e01e387e729abf35ba39644daebfa3a124ab9fee5a6445295e0309cc4fda53a7",
			"2d586961f786914acc39350552b657390728ba0ae871563a7eac61ed6d5caacd",
		}},
		{3145728, "c9e03344ea01f416e5fd2c4aa87b32f2b13e731d034be31898de3ce251926b1c", []string{
			"8a576541118ebf5fad8d683c09b63402288a71616ecc72514abf780822136023",
			"e01e387e729abf35ba39644daebfa3a124ab9fee5a6445295e0309cc4fda53a7",
			"bdcf82608b11c686cb5a2618dc95a16978b73622e9a943dd26af5bdbf7f4b41b",
		}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.size), func(t *testing.T) {
			values := valuesOf(pattern(test.size))
			if got := digest(values); hex.EncodeToString(got[:]) != test.digest {
				t.Errorf("digest of %d bytes = %x, want %s", test.size, got, test.digest)
			}
			if test.values == nil {
				test.values = []string{test.digest}
			}
			if len(values) != len(test.values) {
				t.Fatalf("%d bytes have %d chunks, want %d", test.size, len(values), len(test.values))
			}
			for i, v := range values {
				if hex.EncodeToString(v[:]) != test.values[i] {
					t.Errorf("value of chunk %d of %d bytes = %x, want %s", i, test.size, v, test.values[i])
				}
			}
		})
	}
}

func TestDigestIsBLAKE3(t *testing.T) {
	sizes := []int{0, 1, 63, 64, 65, 1023, 1024, 1025, 2047, 2048, 2049, 16<<10 - 1, 16 << 10, 16<<10 + 1, 17<<10 + 1,
		32 << 10, 33<<10 + 5, 1<<19 - 1, 1<<19 + 1, 1<<20 - 1025, 1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<20 + 1024, 1<<20 + 1025,
		2<<20 - 1, 2 << 20, 2<<20 + 1, 3<<20 - 1, 3 << 20, 3<<20 + 16<<10 + 1, 4 << 20, 5<<20 + 7, 7 << 20, 8<<20 + 1, 9<<20 + 1023}
	content := pattern(sizes[len(sizes)-1])
	for _, size := range sizes {
		if got, want := digest(valuesOf(content[:size])), blake3.Sum256(content[:size]); got != want {
			t.Errorf("digest of %d bytes = %x, want %x", size, got, want)
		}
	}
}

func TestChunkValuesInAnyOrder(t *testing.T) {
	content := pattern(6*chunkSize + 99)
	size := int64(len(content))
	values := make([]value, chunks(size))
	for _, i := range rand.Perm(len(values)) {
		values[i] = chunkValue(content[i*chunkSize:][:chunkLen(size, int64(i))], int64(i), false)
	}
	if got, want := digest(values), blake3.Sum256(content); got != want {
		t.Errorf("digest of chunks hashed in random order = %x, want %x", got, want)
	}
}

func TestChunkValueDependsOnPlace(t *testing.T) {
	content := pattern(chunkSize)
	tests := []struct {
		reason string
		index  int64
		only   bool
	}{
		{"the same bytes at another place of a file", 1, false},
		{"the same bytes as a whole file", 0, true},
		{"the same bytes behind 4 GiB", 4096, false},
	}
	first := chunkValue(content, 0, false)
	for _, test := range tests {
		if chunkValue(content, test.index, test.only) == first {
			t.Errorf("%s have the same value", test.reason)
		}
	}
	wrong := valuesOf(pattern(3 * chunkSize))
	right := digest(wrong)
	wrong[0], wrong[1] = wrong[1], wrong[0]
	if digest(wrong) == right {
		t.Error("chunks that changed places give the same digest")
	}
}

func TestChunkLengths(t *testing.T) {
	tests := []struct {
		size   int64
		chunks int64
		last   int
	}{
		{0, 0, 0},
		{1, 1, 1},
		{chunkSize - 1, 1, chunkSize - 1},
		{chunkSize, 1, chunkSize},
		{chunkSize + 1, 2, 1},
		{2 * chunkSize, 2, chunkSize},
		{maxFile, 1<<32 - 1, chunkSize},
	}
	for _, test := range tests {
		got := chunks(test.size)
		if got != test.chunks || got > 0 && chunkLen(test.size, got-1) != test.last {
			t.Errorf("%d bytes: %d chunks, last %d; want %d, %d", test.size, got, chunkLen(test.size, got-1), test.chunks, test.last)
		}
	}
}
