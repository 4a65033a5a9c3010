package computer

import (
	"context"
	"os"
)

// firewalls asks the application firewall of macOS, which is about programs and not ports.
func firewalls(ctx context.Context, _ Ports, _ []string) []Firewall {
	global, err := run(ctx, socketFilter, "--getglobalstate")
	if err != nil {
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		exe = "yonder"
	}
	program, err := run(ctx, socketFilter, "--getappblocked", exe)
	if err != nil {
		program = ""
	}
	on, v := macosJudge(global, program)
	if !on {
		return nil
	}
	return []Firewall{{Name: "macos", On: true, TCP: v, UDP: v, Open: macosOpen(exe)}}
}
