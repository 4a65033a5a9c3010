package app

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/adrg/xdg"
)

// The files of a profile.
const (
	identityFile = "identity.pem"
	settingsName = "settings.json"
	databaseFile = "yonder.db"
	ownerFile    = "owner.json"
)

// EnvData names the environment variable that overrides the profile directory.
const EnvData = "YONDER_DATA"

// profile is the folder of one user of Yonder. work is where files are written: dir
// itself, or a temporary folder where dir cannot be written, so that Yonder runs
// for this session all the same.
type profile struct {
	dir       string // absolute
	work      string // absolute
	temporary bool   // work is removed by close
	problems  []*Problem
	log       io.Closer // nil: there is none
}

// profileDir returns the absolute path of the profile directory: dir, else
// $YONDER_DATA, else "yonder" in the user's configuration directory. It is "" for a
// user who has none.
func profileDir(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv(EnvData)
	}
	if dir == "" && homeless() && os.Getenv("XDG_CONFIG_HOME") == "" {
		return "", nil
	}
	if dir == "" {
		dir = filepath.Join(xdg.ConfigHome, "yonder")
	}
	return filepath.Abs(dir)
}

// homeless reports whether this user has no home directory; the root of the file
// system, which would be taken for it, is not ours to write to.
func homeless() bool { return runtime.GOOS != "windows" && os.Getenv("HOME") == "" }

// openProfile makes the folder (0700) if it is missing and finds out whether it can
// be written. Without any, the profile lasts for this session.
func openProfile(dir string) (*profile, error) {
	p := &profile{dir: dir, work: dir}
	err := errNoHome
	if dir != "" {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = tryWrite(dir)
	}
	if err == nil {
		return p, nil
	}
	notSaved := newProblem(CodeNotSaved, dir, cause(err))
	if p.work, err = os.MkdirTemp("", "yonder-"); err != nil {
		return nil, notSaved
	}
	p.temporary = true
	p.problems = append(p.problems, notSaved)
	if dir == "" {
		p.dir = p.work
		return p, nil
	}
	for _, name := range []string{identityFile, settingsName, databaseFile} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(p.work, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.problems = append(p.problems, newProblem(CodeNotSaved, filepath.Join(dir, name), cause(err)))
		}
	}
	return p, nil
}

// path returns where the file called name is read and written.
func (p *profile) path(name string) string { return filepath.Join(p.work, name) }

// close ends the log, and removes what lived for this session only.
func (p *profile) close() {
	if p.log != nil {
		p.log.Close()
	}
	if p.temporary {
		os.RemoveAll(p.work)
	}
}

var errNoHome = errors.New("HOME is not set")

// tryWrite reports why no file can be made in dir, nil if one can.
func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".yonder-try-*")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return notFolder(err)
	}
	return os.WriteFile(to, data, 0o600)
}

// cause returns the innermost words of a file system error, without verb and path,
// which the problem names already.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return le.Err.Error()
	}
	return err.Error()
}
