package ui

import (
	"os/exec"
	"strings"
	"syscall"
)

// passRaw quotes the path for explorer.exe, which does not split its command line
// as other programs do: /select,"C:\a b". No Windows path contains a quote.
func passRaw(cmd *exec.Cmd, argv []string) {
	if path, ok := strings.CutPrefix(argv[len(argv)-1], "/select,"); ok && !strings.Contains(path, `"`) {
		cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: argv[0] + ` /select,"` + path + `"`}
	}
}
