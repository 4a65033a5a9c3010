// Yonder sends files and messages straight to the computers around you.
//
// Without a command it opens the window; with one it is a terminal program.
// Both are thin: everything they do goes through package app.
package main

import (
	_ "embed"
	"os"

	"yonder/ui/cli"
	"yonder/ui/desktop"
)

// fyneApp is the one place that names the version.
//
//go:embed FyneApp.toml
var fyneApp string

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.VersionIn(fyneApp), desktop.Run))
}
