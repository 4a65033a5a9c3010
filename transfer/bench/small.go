//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var small = scenario{"small",
	"10,000 files that cannot be compressed, 100 MB in all, in 100 folders, over loopback: how much work a file is.",
	func(b *bench) (string, error) {
		return b.compareTree(int(10_000/b.scale), 100, 100_000_000/b.scale, yonder(), tarCopy(), rsyncCopy("-a", "-W"))
	}}

var source100 = scenario{"source100",
	"Go's own source text, at most 200 MB of it, over a link of 100 Mbit/s: what compression gives. The share of the line rate is that of the uncompressed bytes.",
	func(b *bench) (string, error) {
		root, err := exec.Command("go", "env", "GOROOT").Output()
		if err != nil {
			return "", unavailable("there is no go command, whose source is sent")
		}
		l, err := b.wire(100 * mbit)
		if err != nil {
			return "", err
		}
		defer l.remove()
		dir, err := os.MkdirTemp(b.dir, "scenario-")
		if err != nil {
			return "", err
		}
		defer os.RemoveAll(dir)
		source := filepath.Join(dir, "src")
		files, size, err := copyText(source, filepath.Join(strings.TrimSpace(string(root)), "src"), 200_000_000/b.scale)
		if err != nil {
			return "", err
		}
		if files == 0 {
			return "", unavailable("this Go has no source")
		}
		outcomes, notes, err := b.compare(l, source, yonder(), tarCopy())
		if err != nil {
			return "", err
		}
		return costs(l, size, outcomes, append(notes, fmt.Sprintf("%d files, %.1f MB.", files, float64(size)/1e6))), nil
	}}
