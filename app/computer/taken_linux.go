package computer

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func portOwner(network string, port uint16) Process {
	var entries []socketEntry
	for _, file := range []string{network, network + "6"} {
		if text, err := os.ReadFile("/proc/net/" + file); err == nil {
			entries = append(entries, parseSockets(string(text), network == "tcp", port)...)
		}
	}
	owner := Process{UID: -1}
	inodes := map[string]int{}
	for _, e := range entries {
		inodes["socket:["+e.inode+"]"] = e.uid
	}
	ours, _ := filepath.Glob("/proc/self/fd/*") // the pattern is right
	for _, fd := range ours {
		if to, err := os.Readlink(fd); err == nil {
			delete(inodes, to)
		}
	}
	if len(inodes) == 0 {
		return owner
	}
	for _, uid := range inodes {
		owner.UID = uid
	}
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is right; what may not be read is left out
	for _, fd := range fds {
		to, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		uid, ok := inodes[to]
		if !ok {
			continue
		}
		dir := filepath.Dir(filepath.Dir(fd))
		pid, err := strconv.Atoi(filepath.Base(dir))
		name, readErr := os.ReadFile(filepath.Join(dir, "comm"))
		if err != nil || readErr != nil {
			continue // it has just ended
		}
		return Process{PID: pid, Name: strings.TrimSpace(string(name)), UID: uid}
	}
	return owner
}
