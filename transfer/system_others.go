//go:build !linux

package transfer

import (
	"errors"
	"net"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// createWhole makes a file with its content in the folder dir of tree. It fails with
// os.ErrExist when the name is taken.
func createWhole(tree *os.Root, _ *os.File, dir, name string, content []byte, exec bool, mtime time.Time) error {
	rel := filepath.FromSlash(path.Join(dir, name))
	f, err := tree.OpenFile(rel, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = cmpError(err, setMode(f, exec))
	quarantine(f)
	err = cmpError(err, f.Close())
	err = cmpError(err, tree.Chtimes(rel, mtime, mtime))
	if err != nil {
		tree.Remove(rel)
	}
	return err
}

// shareBlocks is not done here: parts of files cannot be shared on macOS, and on Windows
// only where nobody has their folder of downloads.
func shareBlocks(to, from *os.File, offset, n int64) error { return errors.ErrUnsupported }

// sendApart writes b; how the kernel gathers writes cannot be told here.
func sendApart(conn net.Conn, _ syscall.RawConn, b []byte) error {
	_, err := conn.Write(b)
	return err
}
