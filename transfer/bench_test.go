package transfer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// fastDir returns a folder in memory where there is one, so that the disk is not what
// is measured.
func fastDir(b *testing.B) string {
	dir, err := os.MkdirTemp("/dev/shm", "yonder-bench-")
	if err != nil {
		return b.TempDir()
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// BenchmarkSend moves a selection between two nodes on loopback, from the offer until
// everything is in its place.
func BenchmarkSend(b *testing.B) {
	benchmarks := []struct {
		name string
		make func(dir string) (size int64)
	}{
		{"256MiB", func(dir string) int64 {
			write(b, filepath.Join(dir, "big.bin"), random(256<<20))
			return 256 << 20
		}},
		{"2000files", func(dir string) (size int64) {
			for i := range 2000 {
				content := random(1 + i*7%8192)
				write(b, filepath.Join(dir, fmt.Sprint(i%20), fmt.Sprint(i)), content)
				size += int64(len(content))
			}
			return size
		}},
	}
	for _, bench := range benchmarks {
		b.Run(bench.name, func(b *testing.B) {
			src, dst := filepath.Join(fastDir(b), "source"), fastDir(b)
			b.SetBytes(bench.make(src))
			from, to := startNode(b, nil, "", nil), startNode(b, nil, "", nil)
			s := connect(b, from, to)
			for i := 0; b.Loop(); i++ {
				folder := filepath.Join(dst, fmt.Sprint(i))
				if err := os.Mkdir(folder, 0o755); err != nil {
					b.Fatal(err)
				}
				to.deciding(func(context.Context, *Incoming) Decision { return Decision{Accept: true, Folder: folder} })
				if _, err := s.Send(b.Context(), outgoing(src)); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				os.RemoveAll(folder)
				b.StartTimer()
			}
		})
	}
}
