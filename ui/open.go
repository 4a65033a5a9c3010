package ui

import (
	"context"
	"os/exec"
	"path/filepath"

	"yonder/app"
)

// openCommand returns the program and arguments that open a file, a folder or an address of
// the web with what the system uses for it. No shell sees it, so nothing in it can act.
func openCommand(system, path string) []string {
	switch system {
	case "windows":
		return []string{"rundll32.exe", "url.dll,FileProtocolHandler", path}
	case "darwin":
		return []string{"open", path}
	}
	return []string{"xdg-open", path}
}

// revealCommand returns the program and arguments that show a path in its folder,
// selected where the system can.
func revealCommand(system, path string) []string {
	switch system {
	case "windows":
		return []string{"explorer.exe", "/select," + path}
	case "darwin":
		return []string{"open", "-R", path}
	}
	return []string{"xdg-open", filepath.Dir(path)}
}

// open and reveal refuse anything but an absolute path: a relative one could be an
// option, or mean another file in another folder.
func (w *Window) open(path string)   { w.launch(path, openCommand) }
func (w *Window) reveal(path string) { w.launch(path, revealCommand) }

// showFolder opens a folder itself.
func (w *Window) showFolder(path string) { w.launch(path, openCommand) }

func (w *Window) launch(path string, command func(system, path string) []string) {
	w.call(func(context.Context, app.Backend) error {
		if !filepath.IsAbs(path) || !exist([]string{path}) {
			return &app.Problem{Code: app.CodeNoPath, Object: path, Text: "the file is not there any more"}
		}
		return w.run(command(w.o.System, filepath.Clean(path)))
	})
}

// run starts a program with arguments.
func (w *Window) run(argv []string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	passRaw(cmd, argv)
	if err := w.o.Launch(cmd); err != nil {
		return &app.Problem{Code: app.CodeInternal, Object: argv[0], Text: err.Error()}
	}
	return nil
}

// start runs a program beside us. Its end is awaited so that no zombie stays; that
// goroutine belongs to the program, which may well outlive the window.
func start(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}
