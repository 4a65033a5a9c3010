package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"yonder/app"
)

// sources checks what is to be sent before anybody is asked to take it, and
// returns absolute paths, each once. All that is wrong is reported together;
// each error is a [*app.Problem].
func sources(args []string) ([]string, error) {
	var paths []string
	var problems []error
	for _, arg := range args {
		for _, name := range expand(arg) {
			path, err := source(name)
			if err != nil {
				problems = append(problems, err)
			} else if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths, errors.Join(problems...)
}

// expand resolves patterns where the shell leaves that to programs.
func expand(arg string) []string {
	if runtime.GOOS == "windows" && strings.ContainsAny(arg, "*?") {
		if found, err := filepath.Glob(arg); err == nil && len(found) > 0 {
			return found
		}
	}
	return []string{arg}
}

// source returns the absolute form of one path if it can be read. What lies
// inside a folder is for the engine to find out.
func source(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err != nil || name == "" {
		return "", &app.Problem{Code: app.CodeNoPath, Object: name, Text: fmt.Sprintf("%q is no path", name), Hint: "name a file or a folder"}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint := "check the spelling; nothing was sent"
		if _, err := os.Lstat(path); err == nil {
			hint = "it is a link whose target is gone; nothing was sent"
		}
		return "", &app.Problem{Code: app.CodeNoPath, Object: path, Text: fmt.Sprintf("there is no %s", path), Hint: hint}
	case err != nil:
		return "", unreadable(path, err)
	case !info.Mode().IsRegular() && !info.IsDir():
		return "", &app.Problem{Code: app.CodeSpecial, Object: path, Text: path + " is neither a file nor a folder", Hint: "devices, pipes and sockets cannot be sent"}
	}
	f, err := os.Open(path) // a regular file or a folder: this never blocks
	if err != nil {
		return "", unreadable(path, err)
	}
	f.Close()
	return path, nil
}

func unreadable(path string, err error) error {
	cause := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err
	}
	return &app.Problem{
		Code: app.CodeUnreadable, Object: path, Detail: cause.Error(),
		Text: fmt.Sprintf("cannot read %s: %v", path, cause),
		Hint: "check its permissions; nothing was sent",
	}
}

// destination checks the folder that --save names and returns its absolute
// path. It creates nothing.
func destination(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return "", usagef("", "--save %q: %v", name, err)
	}
	hint := "create it, or name another one with --save"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &app.Problem{Code: app.CodeNoFolder, Object: path, Text: fmt.Sprintf("there is no folder %s", path), Hint: hint}
	case err != nil:
		return "", unreadable(path, err)
	case !info.IsDir():
		return "", &app.Problem{Code: app.CodeNoFolder, Object: path, Detail: "a file", Text: path + " is not a folder", Hint: "name a folder with --save"}
	}
	if err := writable(path); err != nil {
		return "", &app.Problem{
			Code: app.CodeReadOnly, Object: path, Detail: err.Error(),
			Text: fmt.Sprintf("cannot write to %s: %v", path, err),
			Hint: "check its permissions, or name another one with --save",
		}
	}
	return path, nil
}
