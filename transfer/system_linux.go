package transfer

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// changeTime returns the inode's change time in nanoseconds.
func changeTime(info os.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctim.Nano()
	}
	return 0
}

// renameNoReplace moves one name between two open directories and fails with
// os.ErrExist when the new name is taken. errors.ErrUnsupported: the file system
// cannot promise that.
func renameNoReplace(from *os.File, old string, to *os.File, new string) error {
	err := unix.Renameat2(int(from.Fd()), old, int(to.Fd()), new, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: old, New: new, Err: err}
	}
	return nil
}

// syncAll makes everything written so far to the file system of dir durable with one
// call. errors.ErrUnsupported: each file must be synced by itself. dir must have been
// open since before the first write, so that write errors are reported to it.
func syncAll(dir *os.File) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &st); err != nil {
		return os.NewSyscallError("fstatfs", err)
	}
	switch uint32(st.Type) {
	case unix.FUSE_SUPER_MAGIC, unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.V9FS_MAGIC:
		return errors.ErrUnsupported
	}
	return os.NewSyscallError("syncfs", unix.Syncfs(int(dir.Fd())))
}

// syncFile makes the content of one file durable.
func syncFile(f *os.File) error { return f.Sync() }

// lowLatency limits what the kernel holds of a connection before it goes out, so that
// control frames do not queue behind megabytes.
func lowLatency(conn syscall.RawConn) {
	conn.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSentLowWater)
	})
}
