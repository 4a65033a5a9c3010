//go:build !linux

package cli

import (
	"errors"
	"os"
	"os/exec"
)

// onTerminal has no terminal to give here; the scripts that need one ask first.
func onTerminal(*exec.Cmd) (user, terminal *os.File, err error) {
	return nil, nil, errors.ErrUnsupported
}
