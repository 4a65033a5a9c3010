package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"yonder/app"
)

// rootCommand returns the whole tree of commands. Without one of them the
// arguments are paths and the window opens.
func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "yonder [PATH...]",
		Short: "Send files and messages straight to the computers around you",
		Long: `Yonder sends files and messages straight to the computers around you.

Without a command it opens the window, with the PATHs ready to be sent.
Each command below works in a terminal alone and needs no display.

Exit codes: 0 all done, 1 failed, 2 wrong usage, 3 peer not found, 4 declined,
5 interrupted but resumable.`,
		Example: `  yonder receive --save ~/Downloads
  yonder peers
  yonder send --to "Quiet Heron" photos/ notes.txt
  yonder chat "Quiet Heron" "on my way"
  yonder pair "Quiet Heron"
  yonder doctor`,
		Version:       p.version,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          p.openWindow,
		PersistentPreRun: func(*cobra.Command, []string) {
			p.understood = true
			p.speak() // the flags are known now
		},
	}
	root.SetVersionTemplate("yonder {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if words := cmd.Flags().Args(); cmd == root && len(words) > 0 && !exists(words[0]) {
			return notUnderstood(root, words[0]) // a misspelt command before its flags
		}
		return flagError(cmd, err)
	})
	p.flags.register(root)
	p.flags.registerVisible(root)
	root.AddCommand(p.sendCommand(), p.receiveCommand(), p.peersCommand(), p.chatCommand(), p.pairCommand(), p.trustCommand(), p.doctorCommand(), p.versionCommand(), p.manCommand())
	return root
}

// openWindow is what happens without a command.
func (p *program) openWindow(cmd *cobra.Command, args []string) error {
	var paths []string
	for _, arg := range args {
		if !exists(arg) {
			return notUnderstood(cmd, arg)
		}
		path, err := filepath.Abs(arg)
		if err != nil {
			return usagef("", "%q: %v", arg, err)
		}
		paths = append(paths, path)
	}
	o, err := p.options()
	if err != nil {
		return err
	}
	err = p.window(cmd.Context(), o, paths)
	if none, ok := errors.AsType[interface {
		error
		NoWindow() bool
	}](err); ok && none.NoWindow() {
		hint := `"yonder receive" takes files and "yonder send --to PEER PATH..." sends them, without a window`
		return &app.Problem{Code: codeNoWindow, Text: none.Error(), Hint: hint}
	}
	return err
}

// exists reports whether there is something at path, whatever it is.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil || !errors.Is(err, fs.ErrNotExist) && !strings.ContainsRune(path, 0)
}

// notUnderstood is the error for a word that is neither a command nor a path.
func notUnderstood(root *cobra.Command, word string) error {
	hint := fmt.Sprintf("%q lists the commands", root.CommandPath()+" --help")
	if like := didYouMean(root, word); len(like) > 0 {
		hint = "did you mean " + strings.Join(like, " or ") + "?"
	}
	return usagef(hint, "%.80q is neither a command nor a file or folder", word)
}

// didYouMean returns the commands that word may have been meant for, quoted.
func didYouMean(root *cobra.Command, word string) []string {
	if strings.ContainsAny(word, `./\`) { // surely a path
		return nil
	}
	root.SuggestionsMinimumDistance = 2
	var like []string
	for _, name := range root.SuggestionsFor(word) {
		like = append(like, fmt.Sprintf("%q", root.Name()+" "+name))
	}
	return like
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef(fmt.Sprintf("%q explains the command", cmd.CommandPath()+" --help"), "%s takes no argument, got %.80q", cmd.Name(), args[0])
	}
	return nil
}

// exactArgs wants n arguments, which want describes.
func exactArgs(n int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef(fmt.Sprintf("%q explains the command", cmd.CommandPath()+" --help"), "%s wants %s, got %d arguments", cmd.Name(), want, len(args))
		}
		return nil
	}
}
