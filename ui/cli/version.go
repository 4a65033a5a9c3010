package cli

import (
	"bufio"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// VersionIn returns the Version of the [Details] of a FyneApp.toml, or "unknown".
func VersionIn(fyneApp string) string {
	section := ""
	lines := bufio.NewScanner(strings.NewReader(fyneApp))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = line
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found || section != "[Details]" || strings.TrimSpace(key) != "Version" {
			continue
		}
		if value = strings.TrimSpace(value); len(value) > 2 && value[0] == '"' {
			if end := strings.IndexByte(value[1:], '"'); end > 0 {
				return value[1 : end+1]
			}
		}
	}
	return "unknown"
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			p.printer.print(versionEvent{Version: p.version, Go: runtime.Version(), System: runtime.GOOS, Machine: runtime.GOARCH})
			return nil
		},
	}
}
