package ui

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// tilde writes a path below the home folder the short way where that is the custom.
func tilde(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" || runtime.GOOS == "windows" {
		return path
	}
	if path == home {
		return "~"
	}
	if rest, ok := strings.CutPrefix(path, home+string(filepath.Separator)); ok {
		return filepath.Join("~", rest)
	}
	return path
}

// pathsInText reads a clipboard that file managers filled: absolute paths or
// file:// addresses, one per line, and nothing else. Otherwise it returns nil.
func pathsInText(text string) []string {
	var paths []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line == "copy" || line == "x-special/nautilus-clipboard" {
			continue
		}
		path := line
		if strings.HasPrefix(line, "file://") {
			if path = fileURL(line); path == "" {
				return nil
			}
		}
		if !filepath.IsAbs(path) || strings.HasPrefix(path, `\\`) || strings.HasPrefix(path, "//") {
			return nil // looking at a share of another host would greet it with our password
		}
		paths = append(paths, filepath.Clean(path))
	}
	return paths
}

// fileURL turns a local file:// address into a path; "" for one of another host.
func fileURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" {
		return ""
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/")
	}
	return filepath.FromSlash(path)
}

// exist reports whether every path names something. It asks the disk.
func exist(paths []string) bool {
	for _, path := range paths {
		if _, err := os.Lstat(path); err != nil {
			return false
		}
	}
	return len(paths) > 0
}

// pathNames lists what a few paths are called, and that there are more.
func pathNames(paths []string) string {
	var names []string
	for i, path := range paths {
		if i == 3 {
			names = append(names, "…")
			break
		}
		names = append(names, shorten(cleanName(filepath.Base(path)), 32))
	}
	return strings.Join(names, ", ")
}
