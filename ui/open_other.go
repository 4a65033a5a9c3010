//go:build !windows

package ui

import "os/exec"

// passRaw is needed for one program of Windows only.
func passRaw(*exec.Cmd, []string) {}
