// Command meta tells every package what the program is called. It reads
// FyneApp.toml in the current folder, which is the only place where name, id,
// version and icon are written down.
//
//	go run ./packaging/meta vars                     # NAME='Yonder' … for a shell
//	go run ./packaging/meta render FILE.in           # fill a description in
//	go run ./packaging/meta render FILE.in Key=Value # with further values
//
// A description is a Go template over [App]; {{.Set.Key}} is a further value.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error: meta:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	app, err := readApp("FyneApp.toml")
	if err != nil {
		return err
	}
	if len(args) == 1 && args[0] == "vars" {
		return app.writeVars(w)
	}
	if len(args) < 2 || args[0] != "render" {
		return errors.New("want: vars, or render FILE [KEY=VALUE...]")
	}
	for _, pair := range args[2:] {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return fmt.Errorf("value %q: want KEY=VALUE", pair)
		}
		app.Set[key] = value
	}
	return app.render(w, args[1])
}
