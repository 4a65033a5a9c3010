//go:build unix

package app

import (
	"path/filepath"
	"syscall"
)

// mountPoint returns where the volume of a folder is mounted, "" if that is the root of the
// file system or the folder is not there.
func mountPoint(folder string) string {
	for {
		above := filepath.Dir(folder)
		if above == folder {
			return ""
		}
		if isMounted(folder) {
			return folder
		}
		folder = above
	}
}

// isMounted reports whether something is mounted at a path: it is on another volume than the
// folder above it.
func isMounted(path string) bool {
	var here, above syscall.Stat_t
	return syscall.Stat(path, &here) == nil && syscall.Stat(filepath.Dir(path), &above) == nil && here.Dev != above.Dev
}
