//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30

	mbit = 1_000_000 // bits per second
)

// scenario is one thing that is measured.
type scenario struct {
	name  string
	about string
	run   func(b *bench) (results string, err error)
}

var allScenarios = []scenario{large, small, gigabit, source100, random100, again, memoryFile, memoryTree, fair}

// compareFile compares how an incompressible file of size bytes is moved over l.
func (b *bench) compareFile(l *link, size int64, methods ...method) (string, error) {
	dir, err := b.spacious(2 * size)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "large.bin")
	if err := writeNoise(source, noise(1), size); err != nil {
		return "", err
	}
	outcomes, notes, err := b.compare(l, source, methods...)
	if err != nil {
		return "", err
	}
	return costs(l, size, outcomes, notes), nil
}

// compareTree compares how a tree of incompressible files is moved over loopback.
func (b *bench) compareTree(files, folders int, size int64, methods ...method) (string, error) {
	l, err := b.loopback()
	if err != nil {
		return "", err
	}
	defer l.remove()
	dir, err := b.spacious(2 * (size + int64(files)*4*kib))
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "tree")
	if err := writeTree(source, 2, planTree(3, files, folders, size)); err != nil {
		return "", err
	}
	outcomes, notes, err := b.compare(l, source, methods...)
	if err != nil {
		return "", err
	}
	return costs(l, size, outcomes, notes), nil
}

// spacious makes a folder of this run for size bytes, or, if they would not leave 2 GiB of
// memory to everybody else, one where temporary files are. The caller removes it.
func (b *bench) spacious(size int64) (string, error) {
	available, ok := kilobytes(readText("/proc/meminfo"), "MemAvailable")
	if ok && available-size > 2*gib || !strings.HasPrefix(b.dir, inMemory) {
		return os.MkdirTemp(b.dir, "scenario-")
	}
	fmt.Fprintf(b.log, "%d bytes are too much for memory and go to %s\n", size, os.TempDir())
	return os.MkdirTemp("", "yonder-bench-")
}
