package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"yonder/app"
)

// manCommand writes the manual pages for packages. The date in them is
// SOURCE_DATE_EPOCH where that is set.
func (p *program) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		Args:   exactArgs(1, "a folder for the manual pages"),
		RunE: func(cmd *cobra.Command, args []string) error {
			header := &doc.GenManHeader{Section: "1", Source: "Yonder " + p.version, Manual: "Yonder"}
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return &app.Problem{Code: app.CodeNoFolder, Object: args[0], Text: fmt.Sprintf("cannot write manual pages: %v", err)}
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			root.InitDefaultHelpCmd()
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("write manual pages to %q: %w", args[0], err)
			}
			return nil
		},
	}
}
