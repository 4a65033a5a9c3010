package computer

import (
	"os/exec"
	"syscall"
)

// hide keeps a console from flashing up where the window runs.
func hide(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true} }
