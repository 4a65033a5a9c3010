//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// noise returns bytes that cannot be compressed and are the same for the same seed.
func noise(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

// planned is a file of a tree that does not exist yet.
type planned struct {
	name string // relative, with slashes
	size int64
}

// planTree spreads files over folders, total bytes in all. Sizes are log-normal: a few
// large files have most of the bytes, as in people's folders.
func planTree(seed uint64, files, folders int, total int64) []planned {
	const sigma = 1.5
	random := rand.New(noise(seed))
	weights := make([]float64, files)
	var sum float64
	for i := range weights {
		weights[i] = math.Exp(sigma * random.NormFloat64())
		sum += weights[i]
	}
	plan := make([]planned, files)
	left := total
	for i := range plan {
		size := min(left, int64(weights[i]/sum*float64(total)))
		left -= size
		plan[i] = planned{fmt.Sprintf("folder %03d/file %06d.bin", i%folders, i), size}
	}
	plan[files-1].size += left // what rounding has left
	return plan
}

// writeTree writes the files of plan into folder root, filled with noise.
func writeTree(root string, seed uint64, plan []planned) error {
	from := noise(seed)
	for _, file := range plan {
		name := filepath.Join(root, filepath.FromSlash(file.name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := writeNoise(name, from, file.size); err != nil {
			return err
		}
	}
	return nil
}

// writeNoise writes a file of size bytes, without holes.
func writeNoise(name string, from io.Reader, size int64) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, io.LimitReader(from, size), make([]byte, min(size+1, 1<<20)))
	return errors.Join(err, file.Close())
}

// damage overwrites size bytes in each of count equal parts of a file, at a random place
// that has nothing to do with blocks of any size.
func damage(name string, seed uint64, count, size int64) error {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	part := info.Size() / count
	if part < size {
		return fmt.Errorf("%s is too small for %d changes of %d bytes", name, count, size)
	}
	from, random := noise(seed), rand.New(noise(seed+1))
	buf := make([]byte, size)
	for i := range count {
		from.Read(buf) // never fails
		if _, err := file.WriteAt(buf, i*part+random.Int64N(part-size+1)); err != nil {
			return err
		}
	}
	return nil
}

// copyText copies regular files of a tree, in the order of their names, until limit bytes
// are reached. It returns how many files and bytes it copied.
func copyText(to, from string, limit int64) (files int, size int64, err error) {
	err = filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if size+int64(len(content)) > limit {
			return filepath.SkipAll
		}
		copied := filepath.Join(to, strings.TrimPrefix(name, from))
		if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
			return err
		}
		files++
		size += int64(len(content))
		return os.WriteFile(copied, content, 0o644)
	})
	return files, size, err
}

// same returns an error if two files, or trees of files, differ in names, kinds or content.
func same(a, b string) error {
	info, err := os.Stat(a)
	if err != nil {
		return err
	}
	other, err := os.Stat(b)
	switch {
	case err != nil:
		return err
	case info.Mode().Type() != other.Mode().Type():
		return fmt.Errorf("%s is %v, %s is %v", a, info.Mode(), b, other.Mode())
	case !info.IsDir():
		return sameContent(a, b)
	}
	mine, err := os.ReadDir(a)
	if err != nil {
		return err
	}
	theirs, err := os.ReadDir(b)
	if err != nil {
		return err
	}
	if len(mine) != len(theirs) {
		return fmt.Errorf("%s has %d entries, %s has %d", a, len(mine), b, len(theirs))
	}
	for _, entry := range mine {
		if err := same(filepath.Join(a, entry.Name()), filepath.Join(b, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func sameContent(a, b string) error {
	one, err := os.Open(a)
	if err != nil {
		return err
	}
	defer one.Close()
	two, err := os.Open(b)
	if err != nil {
		return err
	}
	defer two.Close()
	mine, theirs := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(one, mine)
		m, other := io.ReadFull(two, theirs)
		if !bytes.Equal(mine[:n], theirs[:m]) {
			return fmt.Errorf("%s and %s differ", a, b)
		}
		if err != nil || other != nil {
			for _, err := range []error{err, other} {
				if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
					return err
				}
			}
			return nil
		}
	}
}
