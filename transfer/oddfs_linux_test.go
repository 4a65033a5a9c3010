package transfer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// oddDisk is a file system in memory that behaves as the test wants: it may not tell
// names apart, fail at a byte, or lack what others have. The kernel asks for everything
// through /dev/fuse, in the protocol of linux/fuse.h, version 7.31.
type oddDisk struct {
	dir     string
	fold    func(name string) string                             // names that fold alike are one; nil: none do
	fault   func(op uint32, name string, at int64) syscall.Errno // before OPEN, READ and WRITE; nil: none
	missing map[uint32]syscall.Errno                             // operations that it does not know

	fd    int
	over  chan struct{}
	mu    sync.Mutex
	nodes []*oddNode // by number, from 1
}

type oddNode struct {
	id    uint64
	name  string
	mode  uint32
	data  []byte
	mtime [2]uint64           // seconds, nanoseconds
	names map[string]*oddNode // of a folder, folded
}

const (
	fuseLookup                                                                      = 1
	fuseForget                                                                      = 2
	fuseGetattr                                                                     = 3
	fuseSetattr                                                                     = 4
	fuseMkdir                                                                       = 9
	fuseUnlink                                                                      = 10
	fuseRmdir                                                                       = 11
	fuseRename                                                                      = 12
	fuseLink                                                                        = 13
	fuseOpen                                                                        = 14
	fuseRead                                                                        = 15
	fuseWrite                                                                       = 16
	fuseStatfs                                                                      = 17
	fuseRelease                                                                     = 18
	fuseFsync                                                                       = 20
	fuseFlush                                                                       = 25
	fuseInit                                                                        = 26
	fuseOpendir                                                                     = 27
	fuseReaddir                                                                     = 28
	fuseClosedir, fuseFsyncdir, fuseCreate, fuseInterrupt, fuseForgets, fuseRename2 = 29, 30, 35, 36, 42, 45
)

// mount puts the disk into a folder of its own until the test ends.
func (d *oddDisk) mount(t *testing.T) *oddDisk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no FUSE here: %v", err)
	}
	d.fd, d.dir, d.over = fd, t.TempDir(), make(chan struct{})
	d.nodes = []*oddNode{nil}
	d.add("", unix.S_IFDIR|0o755)
	if err := unix.Mount("yonder-test", d.dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		unix.Close(fd)
		t.Skipf("mount: %v", err)
	}
	var stop [2]int
	if err := unix.Pipe2(stop[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	go d.serve(stop[0])
	t.Cleanup(func() {
		if err := unix.Unmount(d.dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
		unix.Close(stop[1])
		<-d.over
		unix.Close(stop[0])
		unix.Close(fd) // ends it also where another namespace has a copy of the mount
	})
	// The runtime asks each file that it opens for readiness, and waits for the answer
	// where it must not. Once the kernel knows that there is none, it does not ask.
	probe, err := unix.Open(d.dir+"/probe", unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	unix.Poll([]unix.PollFd{{Fd: int32(probe), Events: unix.POLLIN}}, 0)
	unix.Close(probe)
	unix.Unlink(d.dir + "/probe")
	return d
}

func (d *oddDisk) add(name string, mode uint32) *oddNode {
	now := time.Now()
	n := &oddNode{id: uint64(len(d.nodes)), name: name, mode: mode, mtime: [2]uint64{uint64(now.Unix()), uint64(now.Nanosecond())}}
	if mode&unix.S_IFMT == unix.S_IFDIR {
		n.names = map[string]*oddNode{}
	}
	d.nodes = append(d.nodes, n)
	return n
}

func (d *oddDisk) key(name string) string {
	if d.fold == nil {
		return name
	}
	return d.fold(name)
}

// serve answers the kernel until the other end of stop is closed.
func (d *oddDisk) serve(stop int) {
	defer close(d.over)
	buf := make([]byte, 256<<10)
	for {
		ready := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err == nil && ready[1].Revents != 0 {
			return
		}
		n, err := unix.Read(d.fd, buf)
		if err == unix.EINTR || err == unix.EAGAIN || err == unix.ENOENT { // the call was interrupted
			continue
		}
		if err != nil || n < 40 {
			return
		}
		op, unique := binary.NativeEndian.Uint32(buf[4:]), binary.NativeEndian.Uint64(buf[8:])
		if op == fuseForget || op == fuseForgets || op == fuseInterrupt {
			continue
		}
		d.mu.Lock()
		answer, errno := d.answer(op, binary.NativeEndian.Uint64(buf[16:]), buf[40:n])
		d.mu.Unlock()
		if errno != 0 {
			answer = nil
		}
		head := binary.NativeEndian.AppendUint32(nil, uint32(16+len(answer)))
		head = binary.NativeEndian.AppendUint32(head, uint32(-int32(errno)))
		unix.Write(d.fd, append(binary.NativeEndian.AppendUint64(head, unique), answer...))
	}
}

func (d *oddDisk) answer(op uint32, id uint64, in []byte) ([]byte, syscall.Errno) {
	if errno, ok := d.missing[op]; ok {
		return nil, errno
	}
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(in[at:]) }
	u64 := func(at int) uint64 { return binary.NativeEndian.Uint64(in[at:]) }
	text := func(at int) (string, int) { // up to its zero
		end := at + bytes.IndexByte(in[at:], 0)
		return string(in[at:end]), end + 1
	}
	if op == fuseInit {
		return numbers(uint32(7), uint32(31), uint32(128<<10), uint32(1<<5 /* big writes */), uint16(8), uint16(8), uint32(128<<10), uint32(1), [9]uint32{}), 0
	}
	n := d.nodes[id]
	switch op {
	case fuseLookup:
		name, _ := text(0)
		child := n.names[d.key(name)]
		if child == nil {
			return nil, unix.ENOENT
		}
		return child.entry(), 0
	case fuseGetattr:
		return append(numbers(uint64(0), uint64(0)), n.attr()...), 0
	case fuseSetattr:
		if u32(0)&1 != 0 {
			n.mode = n.mode&unix.S_IFMT | u32(68)&0o7777
		}
		if u32(0)&8 != 0 {
			n.resize(int(u64(16)))
		}
		if u32(0)&32 != 0 {
			n.mtime = [2]uint64{u64(40), uint64(u32(60))}
		}
		return append(numbers(uint64(0), uint64(0)), n.attr()...), 0
	case fuseMkdir, fuseCreate:
		at, mode := 8, unix.S_IFDIR|u32(0)&0o7777
		if op == fuseCreate {
			at, mode = 16, unix.S_IFREG|u32(4)&0o7777
		}
		name, _ := text(at)
		if n.names[d.key(name)] != nil {
			return nil, unix.EEXIST
		}
		child := d.add(name, mode)
		n.names[d.key(name)] = child
		if op == fuseCreate {
			return append(child.entry(), opened...), 0
		}
		return child.entry(), 0
	case fuseUnlink, fuseRmdir:
		name, _ := text(0)
		child := n.names[d.key(name)]
		if child == nil {
			return nil, unix.ENOENT
		}
		if len(child.names) > 0 {
			return nil, unix.ENOTEMPTY
		}
		delete(n.names, d.key(name))
		return nil, 0
	case fuseRename, fuseRename2:
		at, flags := 8, uint32(0)
		if op == fuseRename2 {
			at, flags = 16, u32(8)
		}
		from, next := text(at)
		to, _ := text(next)
		into, child := d.nodes[u64(0)], n.names[d.key(from)]
		if there := into.names[d.key(to)]; child == nil {
			return nil, unix.ENOENT
		} else if there != nil && flags&unix.RENAME_NOREPLACE != 0 {
			return nil, unix.EEXIST
		} else if there != nil && len(there.names) > 0 {
			return nil, unix.ENOTEMPTY
		}
		delete(n.names, d.key(from))
		child.name = to
		into.names[d.key(to)] = child
		return nil, 0
	case fuseLink:
		name, _ := text(8)
		if n.names[d.key(name)] != nil {
			return nil, unix.EEXIST
		}
		child := d.nodes[u64(0)]
		child.name = name // the old one is on its way out
		n.names[d.key(name)] = child
		return child.entry(), 0
	case fuseOpen, fuseOpendir:
		if op == fuseOpen && d.fault != nil {
			if errno := d.fault(op, n.name, 0); errno != 0 {
				return nil, errno
			}
		}
		return opened, 0
	case fuseRead:
		from, size := int(min(u64(8), uint64(len(n.data)))), int(u32(16))
		if d.fault != nil {
			if errno := d.fault(op, n.name, int64(u64(8))); errno != 0 {
				return nil, errno
			}
		}
		return n.data[from:min(from+size, len(n.data))], 0
	case fuseWrite:
		from, size := int(u64(8)), int(u32(16))
		if d.fault != nil {
			if errno := d.fault(op, n.name, int64(from)); errno != 0 {
				return nil, errno
			}
		}
		if from+size > len(n.data) {
			n.resize(from + size)
		}
		copy(n.data[from:], in[40:40+size])
		return numbers(uint32(size), uint32(0)), 0
	case fuseReaddir:
		return n.list(int(u64(8)), int(u32(16))), 0
	case fuseStatfs:
		const blocks = uint64(1 << 24)
		return numbers(blocks, blocks, blocks, blocks, blocks, uint32(4096), uint32(255), uint32(4096), [7]uint32{}), 0
	case fuseRelease, fuseFsync, fuseFlush, fuseClosedir, fuseFsyncdir:
		return nil, 0
	}
	return nil, unix.ENOSYS
}

// opened answers an open: no handle, and no cache of the kernel in between.
var opened = numbers(uint64(0), uint32(1), uint32(0))

// numbers are fields of an answer, one after the other.
func numbers(fields ...any) []byte {
	var b bytes.Buffer
	for _, f := range fields {
		if err := binary.Write(&b, binary.NativeEndian, f); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func (n *oddNode) resize(size int) {
	if size <= len(n.data) {
		n.data = n.data[:size]
		return
	}
	n.data = append(n.data, make([]byte, size-len(n.data))...)
}

func (n *oddNode) attr() []byte {
	return numbers(n.id, uint64(len(n.data)), uint64(len(n.data)+511)/512, n.mtime[0], n.mtime[0], n.mtime[0],
		uint32(n.mtime[1]), uint32(n.mtime[1]), uint32(n.mtime[1]), n.mode, uint32(1), uint32(0), uint32(0), uint32(0), uint32(4096), uint32(0))
}

// entry answers a lookup; nothing of it may be kept.
func (n *oddNode) entry() []byte {
	return append(numbers(n.id, uint64(0), uint64(0), uint64(0), uint64(0)), n.attr()...)
}

// list gives the names of a folder from the at-th on. None may be added meanwhile.
func (n *oddNode) list(at, size int) (out []byte) {
	children := make([]*oddNode, 0, len(n.names))
	for _, child := range n.names {
		children = append(children, child)
	}
	for i := range children { // in an order that is always the same
		for j := i; j > 0 && children[j].id < children[j-1].id; j-- {
			children[j], children[j-1] = children[j-1], children[j]
		}
	}
	for i := at; i < len(children); i++ {
		row := numbers(children[i].id, uint64(i+1), uint32(len(children[i].name)), children[i].mode&unix.S_IFMT>>12)
		row = append(row, children[i].name+strings.Repeat("\x00", -len(children[i].name)&7)...)
		if len(out)+len(row) > size {
			break
		}
		out = append(out, row...)
	}
	return out
}
