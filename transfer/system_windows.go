package transfer

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// readFlags open a source.
const readFlags = os.O_RDONLY

// executable is not a property of files on Windows.
func executable(os.FileInfo) bool { return false }

func setMode(*os.File, bool) error { return nil }

// changeTime is not told by Windows without opening the file: size, modification
// time and file index decide alone.
func changeTime(os.FileInfo) int64 { return 0 }

// freeSpace returns the bytes that this user may still write on the volume of dir.
func freeSpace(dir *os.File) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir.Name())
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, os.NewSyscallError("GetDiskFreeSpaceEx", err)
	}
	return int64(min(free, maxTotal)), nil
}

func diskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

func readOnly(err error) bool {
	return errors.Is(err, windows.ERROR_WRITE_PROTECT) || errors.Is(err, os.ErrPermission)
}

// renameNoReplace moves one name between two open directories and fails with
// os.ErrExist when the new name is taken. A program that holds the file open for a
// moment, such as a virus scanner, is waited for, 5 s at most.
func renameNoReplace(from *os.File, old string, to *os.File, new string) error {
	var err error
	for wait := 10 * time.Millisecond; wait < 3*time.Second; wait *= 2 {
		err = renameOnce(windows.Handle(from.Fd()), old, windows.Handle(to.Fd()), new)
		if !errors.Is(err, windows.STATUS_SHARING_VIOLATION) && !errors.Is(err, windows.STATUS_ACCESS_DENIED) {
			break
		}
		time.Sleep(wait)
	}
	if err == nil {
		return nil
	}
	var status windows.NTStatus
	if errors.As(err, &status) {
		err = status.Errno()
	}
	return &os.LinkError{Op: "rename", Old: old, New: new, Err: err}
}

func renameOnce(from windows.Handle, old string, to windows.Handle, new string) error {
	name, err := windows.NewNTUnicodeString(old)
	if err != nil {
		return err
	}
	attributes := windows.OBJECT_ATTRIBUTES{RootDirectory: from, ObjectName: name}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var file windows.Handle
	var io windows.IO_STATUS_BLOCK
	err = windows.NtCreateFile(&file, windows.DELETE|windows.SYNCHRONIZE, &attributes, &io, nil, 0,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, windows.FILE_OPEN,
		windows.FILE_OPEN_REPARSE_POINT|windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_OPEN_FOR_BACKUP_INTENT, 0, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(file)
	target, err := windows.UTF16FromString(new)
	if err != nil {
		return err
	}
	target = target[:len(target)-1]
	// FILE_RENAME_INFORMATION: ReplaceIfExists, RootDirectory, FileNameLength, FileName.
	type renameInfo struct {
		replace uint32
		root    windows.Handle
		length  uint32
		name    [1]uint16
	}
	size := int(unsafe.Offsetof(renameInfo{}.name)) + 2*len(target)
	buffer := make([]uint64, (max(size, int(unsafe.Sizeof(renameInfo{})))+7)/8) // aligned for the handle
	info := (*renameInfo)(unsafe.Pointer(&buffer[0]))
	info.root, info.length = to, uint32(2*len(target))
	copy(unsafe.Slice(&info.name[0], len(target)), target)
	return windows.NtSetInformationFile(file, &io, (*byte)(unsafe.Pointer(info)), uint32(size), windows.FileRenameInformation)
}

// syncAll is not there for ordinary users of Windows.
func syncAll(*os.File) error { return errors.ErrUnsupported }

// syncFile makes the content of one file durable.
func syncFile(f *os.File) error { return f.Sync() }

// syncDir has no counterpart: NTFS journals names by itself.
func syncDir(*os.File) error { return nil }

// limitUnsent has no counterpart on Windows.
func limitUnsent(syscall.RawConn, int) {}

// openForSync opens a file for syncFile: FlushFileBuffers needs the right to write.
func openForSync(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil { // a folder; syncDir does nothing with it
		return root.Open(name)
	}
	return f, err
}

// identity says which file something is and when it last changed, as far as the system
// tells. Two that are equal are the same file unchanged.
type identity struct {
	size, mtime int64
	id          [3]uint32
}

// identify looks at an open file.
func identify(f *os.File) (identity, error) {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &info); err != nil {
		return identity{}, os.NewSyscallError("GetFileInformationByHandle", err)
	}
	return identity{size: int64(info.FileSizeHigh)<<32 | int64(info.FileSizeLow), mtime: info.LastWriteTime.Nanoseconds(),
		id: [3]uint32{info.VolumeSerialNumber, info.FileIndexHigh, info.FileIndexLow}}, nil
}

// quarantine marks a file as one that came from another computer: Windows asks before
// it runs what is marked so. A volume without such marks is left alone.
func quarantine(f *os.File) {
	name, err := windows.NewNTUnicodeString(":Zone.Identifier")
	if err != nil {
		return
	}
	attributes := windows.OBJECT_ATTRIBUTES{RootDirectory: windows.Handle(f.Fd()), ObjectName: name}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var stream windows.Handle
	var status windows.IO_STATUS_BLOCK
	err = windows.NtCreateFile(&stream, windows.FILE_GENERIC_WRITE|windows.SYNCHRONIZE, &attributes, &status, nil, 0,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, windows.FILE_OVERWRITE_IF,
		windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_NON_DIRECTORY_FILE, 0, 0)
	if err != nil {
		return
	}
	out := os.NewFile(uintptr(stream), "Zone.Identifier")
	out.WriteString("[ZoneTransfer]\r\nZoneId=3\r\n")
	out.Close()
}
