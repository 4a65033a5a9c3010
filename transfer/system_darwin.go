package transfer

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// changeTime returns the inode's change time in nanoseconds.
func changeTime(info os.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctimespec.Nano()
	}
	return 0
}

// renameNoReplace moves one name between two open directories and fails with
// os.ErrExist when the new name is taken. errors.ErrUnsupported: the file system
// cannot promise that.
func renameNoReplace(from *os.File, old string, to *os.File, new string) error {
	err := unix.RenameatxNp(int(from.Fd()), old, int(to.Fd()), new, unix.RENAME_EXCL)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: old, New: new, Err: err}
	}
	return nil
}

// syncAll is not there on macOS: each file is synced by itself.
func syncAll(dir *os.File) error { return errors.ErrUnsupported }

// syncFile hands one file to the drive. The directory sync that follows all of them
// is Go's F_FULLFSYNC, which empties the drive's cache once.
func syncFile(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = unix.Fsync(int(fd)) }); err != nil {
		return err
	}
	return os.NewSyscallError("fsync", failed)
}

// limitUnsent limits what the kernel holds of a connection before it goes out to about n
// bytes, so that control frames do not queue behind megabytes.
func limitUnsent(conn syscall.RawConn, n int) {
	const tcpNotSentLowat = 0x201 // TCP_NOTSENT_LOWAT in <netinet/tcp.h>
	conn.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, tcpNotSentLowat, n)
	})
}

// quarantineFd marks a file as downloaded, so that Gatekeeper looks at programs among
// what arrives before they run: flags, time in hexadecimal, program, no record in the
// database of downloads.
func quarantineFd(fd int) error {
	mark := fmt.Sprintf("0083;%08x;Yonder;", time.Now().Unix())
	return unix.Fsetxattr(fd, "com.apple.quarantine", []byte(mark), 0)
}
