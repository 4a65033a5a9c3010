package transfer

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"

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

// shareBlocks makes n bytes of to at offset share their blocks with those of from, where
// the file system can.
func shareBlocks(to, from *os.File, offset, n int64) error {
	return unix.IoctlFileCloneRange(int(to.Fd()), &unix.FileCloneRange{
		Src_fd: int64(from.Fd()), Src_offset: uint64(offset), Src_length: uint64(n), Dest_offset: uint64(offset)})
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

// limitUnsent limits what the kernel holds of a connection before it goes out to about n
// bytes, so that control frames do not queue behind megabytes.
func limitUnsent(conn syscall.RawConn, n int) {
	conn.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, n)
	})
}

// createWhole makes a file with its content in the open folder dir, whose path below
// tree is rel. It fails with os.ErrExist when the name is taken.
func createWhole(_ *os.Root, dir *os.File, _, name string, content []byte, exec bool, mtime time.Time) error {
	mode := uint32(0o666)
	if exec {
		mode = 0o777
	}
	at := int(dir.Fd())
	fd, err := unix.Openat(at, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return &os.PathError{Op: "create", Path: name, Err: err}
	}
	err = finishWhole(fd, name, content, mtime)
	if e := unix.Close(fd); err == nil && e != nil {
		err = &os.PathError{Op: "close", Path: name, Err: e}
	}
	if err != nil {
		unix.Unlinkat(at, name, 0)
	}
	return err
}

func finishWhole(fd int, name string, content []byte, mtime time.Time) error {
	for len(content) > 0 {
		n, err := unix.Write(fd, content)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return &os.PathError{Op: "write", Path: name, Err: err}
		}
		content = content[n:]
	}
	if err := setTime(fd, mtime); err != nil {
		return &os.PathError{Op: "chtimes", Path: name, Err: err}
	}
	return nil
}

// setTime sets the modification time of an open file.
func setTime(fd int, mtime time.Time) error {
	t := unix.NsecToTimespec(mtime.UnixNano())
	times := [2]unix.Timespec{t, t}
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// quarantineFd has nothing to do: Linux knows no such mark.
func quarantineFd(int) error { return nil }

// sendApart writes b in a piece of its own that later writes are not added to.
func sendApart(_ net.Conn, raw syscall.RawConn, b []byte) error {
	var failed error
	err := raw.Write(func(fd uintptr) bool {
		for len(b) > 0 {
			n, err := unix.SendmsgN(int(fd), b, nil, nil, unix.MSG_EOR|unix.MSG_NOSIGNAL)
			switch err {
			case nil:
				b = b[n:]
			case unix.EINTR:
			case unix.EAGAIN:
				return false
			default:
				failed = os.NewSyscallError("sendmsg", err)
				return true
			}
		}
		return true
	})
	return cmpError(failed, err)
}
