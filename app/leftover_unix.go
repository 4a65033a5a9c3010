//go:build unix

package app

import (
	"io/fs"
	"syscall"
)

// allocated returns how many bytes of the disk a file takes: those of one that arrives
// in pieces may be fewer than its size.
func allocated(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
