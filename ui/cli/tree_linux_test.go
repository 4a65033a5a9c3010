package cli

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// tree is what a transfer has to keep of a folder, by paths below it. The folder
// itself is ".".
type tree map[string]treeEntry

// treeEntry is one file, folder or link.
type treeEntry struct {
	mode fs.FileMode // type, and the executable bit of its owner for files
	time time.Time
	size int64 // bytes of a file
	sum  [sha256.Size]byte
}

func (e treeEntry) String() string {
	return fmt.Sprintf("%v %v %d %.4x", e.mode, e.time, e.size, e.sum)
}

// readTree describes root and everything below.
func readTree(root string) (tree, error) {
	rows := tree{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := treeEntry{mode: info.Mode().Type(), time: info.ModTime()}
		if info.Mode().IsRegular() {
			e.mode = info.Mode() & 0o100
			if e.size, e.sum, err = sumFile(path); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(root, path)
		rows[name] = e
		return err
	})
	return rows, err
}

// size is the content of all files, in bytes.
func (t tree) size() (n int64) {
	for _, e := range t {
		n += e.size
	}
	return n
}

func sumFile(path string) (size int64, sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, sum, err
	}
	defer f.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, f)
	hash.Sum(sum[:0])
	return size, sum, err
}

// noise is content that no compression makes smaller, the same for the same seed.
func noise(seed uint64) io.Reader {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return rand.NewChaCha8(key)
}

// makeFile writes size bytes of noise, with everything that a transfer keeps.
func makeFile(path string, size int64, content io.Reader, mode fs.FileMode, mtime time.Time) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, content, size)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chtimes(path, mtime, mtime)
	}
	return err
}

// makeMixedTree fills root with what people send together: three large files that make
// up most of size, hundreds of small ones in nested folders, empty files and folders,
// programs. It returns the top-level paths. The same seed makes the same tree.
func makeMixedTree(root string, size int64, seed uint64) (top []string, err error) {
	rng, content := rand.New(rand.NewPCG(seed, 1)), noise(seed)
	begin := time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
	file := func(name string, size int64, mode fs.FileMode) {
		if err == nil {
			mtime := begin.Add(time.Duration(rng.Int64N(int64(20 * 365 * 24 * time.Hour))))
			err = makeFile(filepath.Join(root, filepath.FromSlash(name)), size, content, mode, mtime)
		}
	}
	file("album/video.bin", size/2, 0o644)
	file("album/disk image.bin", size/4, 0o644)
	file("archive.bin", size/8, 0o600)
	for i := range 320 { // about an eighth of size
		mode := fs.FileMode(0o644)
		if i%16 == 0 {
			mode = 0o755
		}
		file(fmt.Sprintf("album/第%d册/%02d/page-%03d.dat", i%4, i%13, i), rng.Int64N(size/8/160+1), mode)
	}
	for i := range 12 {
		file(fmt.Sprintf("album/empty/%d.txt", i), 0, 0o644)
	}
	file("run.sh", 40, 0o755)
	file("nothing.txt", 0, 0o644)
	for _, name := range []string{"album/empty folder/below", "hollow"} {
		if err == nil {
			err = os.MkdirAll(filepath.Join(root, filepath.FromSlash(name)), 0o755)
		}
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(root)
	for _, e := range entries {
		top = append(top, filepath.Join(root, e.Name()))
	}
	return top, err
}
