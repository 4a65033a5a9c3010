//go:build unix

package transfer

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// readFlags open a source: never through a link, never waiting for a writer.
const readFlags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// executable reports whether the owner may execute a file.
func executable(info os.FileInfo) bool { return info.Mode()&0o100 != 0 }

// setMode gives a finished file its mode: what the umask allows of 0666 or 0777.
func setMode(f *os.File, exec bool) error {
	mode := os.FileMode(0o666)
	if exec {
		mode = 0o777
	}
	return f.Chmod(mode &^ umask)
}

// umask is read once at start, before other goroutines create files.
var umask = func() os.FileMode {
	old := syscall.Umask(0o077)
	syscall.Umask(old)
	return os.FileMode(old)
}()

// freeSpace returns the bytes that this user may still write in the file system of dir.
func freeSpace(dir *os.File) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &st); err != nil {
		return 0, os.NewSyscallError("fstatfs", err)
	}
	return int64(min(uint64(st.Bavail)*uint64(st.Bsize), maxTotal)), nil
}

// diskFull and readOnly classify errors of writing.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func readOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, os.ErrPermission)
}

// syncDir makes the names in a directory durable.
func syncDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil // a file system without it
	}
	return err
}

// openForSync opens a file or folder for syncFile or syncDir.
func openForSync(root *os.Root, name string) (*os.File, error) { return root.Open(name) }

// identity says which file something is and when it last changed, as far as the system
// tells. Two that are equal are the same file unchanged.
type identity struct {
	size, mtime, ctime int64
	id                 [2]uint64
}

// identify looks at an open file.
func identify(f *os.File) (identity, error) {
	info, err := f.Stat()
	if err != nil {
		return identity{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, errors.ErrUnsupported
	}
	return identity{size: info.Size(), mtime: info.ModTime().UnixNano(), ctime: changeTime(info), id: [2]uint64{uint64(st.Dev), uint64(st.Ino)}}, nil
}

// quarantine marks a file as one that came from somewhere else, where the system has
// such a mark.
func quarantine(f *os.File) { quarantineFd(int(f.Fd())) }
