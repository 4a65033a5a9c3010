package computer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"time"
)

const (
	runTime   = 2 * time.Second // for one tool
	maxOutput = 4 << 20         // bytes of it that are read
)

// run returns what a tool prints on its standard output, in English. A tool that ends
// with a code says something too: its output is returned with the error.
func run(ctx context.Context, name string, args ...string) (string, error) {
	path, err := find(name)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LANG=C", "LC_ALL=C")
	hide(cmd)
	cmd.WaitDelay = runTime / 4 // its children may keep the output open
	var out limited
	cmd.Stdout = &out
	err = cmd.Run()
	return out.kept.String(), errors.Join(err, ctx.Err())
}

// find returns where a tool is: those of administrators are not in everybody's PATH.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if err != nil {
			path, err = exec.LookPath(dir + "/" + name)
		}
	}
	return path, err
}

// limited keeps the beginning of what is written to it.
type limited struct{ kept bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if room := maxOutput - l.kept.Len(); room > 0 {
		l.kept.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
