package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/BurntSushi/toml"
)

// App is what the packages need to know of the program.
type App struct {
	Name     string    // as people see it: "Yonder"
	Package  string    // as package managers and shells see it: "yonder"
	ID       string    // reverse domain name: "app.yonder.Yonder"
	Version  string    // three numbers: "0.1.0"
	Build    int       // rises with every published build
	Icon     string    // path of the PNG
	Generic  string    // what kind of program it is
	Comment  string    // one sentence
	Date     time.Time // of the release; SOURCE_DATE_EPOCH, else now
	Category []string  // of the desktop menu
	Keywords []string
	Params   string            // after the command in the desktop file
	Set      map[string]string // further values from the command line
}

var versionPattern = regexp.MustCompile(`^(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$`)

// readApp reads a FyneApp.toml. Everything must be there and well formed: a
// package with a wrong version is worse than none.
func readApp(path string) (*App, error) {
	var file struct {
		Details struct {
			Name, ID, Version, Icon string
			Build                   int
		}
		LinuxAndBSD struct {
			GenericName, Comment, ExecParams string
			Categories, Keywords             []string
		}
	}
	if _, err := toml.DecodeFile(path, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	d, l := file.Details, file.LinuxAndBSD
	switch {
	case d.Name == "" || d.ID == "" || d.Icon == "" || l.GenericName == "" || l.Comment == "":
		return nil, fmt.Errorf("%s: Name, ID, Icon, GenericName and Comment must be set", path)
	case !versionPattern.MatchString(d.Version):
		return nil, fmt.Errorf("%s: version %q: want three numbers like 0.1.0", path, d.Version)
	case d.Build < 1 || d.Build > 65535: // the fourth number of a Windows version
		return nil, fmt.Errorf("%s: build %d: want 1 to 65535", path, d.Build)
	}
	date := time.Now()
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		date = time.Unix(seconds, 0)
	}
	return &App{
		Name: d.Name, Package: strings.ToLower(d.Name), ID: d.ID, Version: d.Version, Build: d.Build, Icon: d.Icon,
		Generic: l.GenericName, Comment: l.Comment, Date: date.UTC(),
		Category: l.Categories, Keywords: l.Keywords, Params: l.ExecParams,
		Set: map[string]string{},
	}, nil
}

// WindowsVersion returns the four numbers of a Windows resource: "0,1,0,1".
func (a *App) WindowsVersion() string {
	return fmt.Sprintf("%s,%d", strings.ReplaceAll(a.Version, ".", ","), a.Build)
}

// List joins values as desktop files want them: each ended by a semicolon.
func (a *App) List(values []string) string { return strings.Join(values, ";") + ";" }

// writeVars prints assignments for `eval` in a shell.
func (a *App) writeVars(w io.Writer) error {
	for _, v := range []struct{ name, value string }{
		{"NAME", a.Name}, {"PACKAGE", a.Package}, {"ID", a.ID}, {"VERSION", a.Version},
		{"BUILD", strconv.Itoa(a.Build)}, {"ICON", a.Icon},
	} {
		quoted := "'" + strings.ReplaceAll(v.value, "'", `'\''`) + "'"
		if _, err := fmt.Fprintf(w, "%s=%s\n", v.name, quoted); err != nil {
			return err
		}
	}
	return nil
}

// render fills the description at path. A value that is not there is an error.
func (a *App) render(w io.Writer, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	t, err := template.New(filepath.Base(path)).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return err
	}
	return t.Execute(w, a)
}
