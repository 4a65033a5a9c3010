//go:build linux

package main

var memoryFile = scenario{"memory-file",
	"4 GiB in one file, over loopback: whether memory grows with the size of a file.",
	func(b *bench) (string, error) {
		l, err := b.loopback()
		if err != nil {
			return "", err
		}
		defer l.remove()
		return b.compareFile(l, 4*gib/b.scale, yonder(), plainCopy(), rsyncCopy("-a", "-W"))
	}}

var memoryTree = scenario{"memory-tree",
	"200,000 files, 200 MB in all, in 2,000 folders, over loopback: whether memory grows with the number of files.",
	func(b *bench) (string, error) {
		return b.compareTree(int(200_000/b.scale), 2_000, 200_000_000/b.scale, yonder(), tarCopy(), rsyncCopy("-a", "-W"))
	}}
