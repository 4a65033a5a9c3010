package computer

import (
	"strconv"
	"strings"
)

// Process is a program of this computer that uses a port.
type Process struct {
	PID  int    // 0: unknown
	Name string // "": unknown
	UID  int    // user; -1: unknown
}

// PortOwner returns who uses a port of this host, network "tcp" or "udp", other than this process. What
// cannot be found out is left unknown: the programs of other users are seen by root only.
func PortOwner(network string, port uint16) Process { return portOwner(network, port) }

// socketEntry is one line of /proc/net/tcp and its neighbours.
type socketEntry struct {
	inode string
	uid   int
}

// stateListen is the state of a TCP listener there.
const stateListen = "0A"

// parseSockets returns the sockets that are bound to a port in the text of /proc/net/tcp,
// tcp6, udp or udp6; of TCP only those that listen.
func parseSockets(text string, tcp bool, port uint16) (found []socketEntry) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line) // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
		if len(fields) < 10 {
			continue
		}
		_, hex, ok := strings.Cut(fields[1], ":")
		n, err := strconv.ParseUint(hex, 16, 16)
		if !ok || err != nil || uint16(n) != port || tcp && fields[3] != stateListen {
			continue
		}
		uid, err := strconv.Atoi(fields[7])
		if err != nil {
			uid = -1
		}
		found = append(found, socketEntry{inode: fields[9], uid: uid})
	}
	return found
}
