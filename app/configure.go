package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/adrg/xdg"
)

// Configure implements [Backend].
func (a *App) Configure(ctx context.Context, s Settings) error {
	s.Name = cleanSpaces(s.Name)
	if p := s.problem(); p != nil {
		return p
	}
	if s.Folder != "" {
		s.Folder = filepath.Clean(s.Folder)
	}
	a.mu.Lock()
	chosen := s.Folder != "" && s.Folder != a.settings.Folder
	a.mu.Unlock()
	if chosen { // one that was chosen earlier may be on a disk that is not attached now
		if p := checkFolder(s.Folder, false); p != nil {
			bad := newProblem(CodeBadSetting, s.Folder, "folder")
			bad.Hint = p.Text
			return bad
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if chosen {
		a.place = chosenPlace{s.Folder, mountPoint(s.Folder)}
		a.saved(a.store.putPlace(a.place))
	}
	old := a.settings
	s.Visible, s.EveryoneUntil = old.Visible, old.EveryoneUntil
	if s.Name != old.Name {
		a.override.Name = ""
	}
	if s.Folder != old.Folder {
		a.override.Folder = ""
	}
	if s.Port != old.Port {
		a.override.Port = 0
	}
	if s.Discovery != old.Discovery {
		a.override.Discovery = ""
	}
	if s.DownLimit != old.DownLimit {
		a.override.DownLimit = 0
	}
	if s.Policy != old.Policy {
		a.override.Policy = ""
	}
	a.keepSettings(s)
	a.applyNetwork()
	a.applyRates()
	if s.NoGossip != old.NoGossip && a.node != nil {
		a.node.SetGossip(!s.NoGossip)
		a.wakeGossip()
	}
	a.refreshMe()
	return nil
}

// chosenPlace is the folder of the settings as it was when it was chosen.
type chosenPlace struct {
	Path  string `json:"path"`
	Mount string `json:"mount,omitempty"` // where its volume was mounted; empty: it is that of the root
}

// placeKey is where it is among the values of the profile.
const placeKey = "folder"

func (s *store) place() (p chosenPlace) {
	decode(s.meta(placeKey), &p)
	return p
}

func (s *store) putPlace(p chosenPlace) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.setMeta(placeKey, data)
}

// cleanSpaces leaves everything as typed but the spaces around it.
func cleanSpaces(s string) string {
	if clean := cleanName(s); len(clean) < len(s) && foldName(clean) == foldName(s) {
		return clean
	}
	return s
}

// name returns what this device is called. The caller holds mu, here and below.
func (a *App) name() string {
	for _, name := range []string{a.override.Name, a.settings.Name, a.given} {
		if name = cleanName(name); name != "" {
			return name
		}
	}
	return a.me.ID.Short()
}

// port returns the TCP port to use if it is free.
func (a *App) port() int {
	for _, port := range []int{a.override.Port, a.settings.Port} {
		if port != 0 {
			return port
		}
	}
	return DefaultPort
}

// searchMode returns how people are looked for.
func (a *App) searchMode() string {
	for _, mode := range []string{a.override.Discovery, a.settings.Discovery} {
		if mode != "" {
			return mode
		}
	}
	return "both"
}

// policy returns what happens to names that exist: chosen unless that is empty.
func (a *App) policy(chosen Policy) Policy {
	for _, policy := range []Policy{chosen, a.override.Policy, a.settings.Policy} {
		if policy != "" {
			return policy
		}
	}
	return KeepBoth
}

// folder returns where files land, absolute.
func (a *App) folder() string {
	for _, dir := range []string{a.override.Folder, a.settings.Folder} {
		if dir != "" {
			return dir
		}
	}
	return defaultFolder()
}

// chosenFolder reports whether the user chose folder, so that it is not made if missing.
func (a *App) chosenFolder() bool { return a.override.Folder != "" || a.settings.Folder != "" }

// defaultFolder is the user's download folder; "" for a user who has no home.
func defaultFolder() string {
	dir := xdg.UserDirs.Download
	if !filepath.IsAbs(dir) || homeless() && os.Getenv("XDG_DOWNLOAD_DIR") == "" {
		return ""
	}
	return dir
}

// checkFolder reports why nothing can be received into dir, nil if it can. A
// missing one is made only if make is set: the user's own choice may lie on a disk
// that is not attached, and the mount point must stay empty.
func checkFolder(dir string, make bool) *Problem {
	switch {
	case dir == "":
		return newProblem(CodeNoFolder, "Downloads", "this user has none")
	case !filepath.IsAbs(dir):
		return newProblem(CodeNoFolder, dir, "not an absolute path")
	}
	info, err := os.Stat(dir)
	if os.IsNotExist(err) && make {
		if err = os.MkdirAll(dir, 0o755); err == nil {
			info, err = os.Stat(dir)
		}
	}
	switch {
	case os.IsPermission(err):
		return newProblem(CodeReadOnly, dir, cause(err))
	case err != nil:
		return newProblem(CodeNoFolder, dir, cause(err))
	case !info.IsDir():
		return newProblem(CodeNoFolder, dir, "a file is there")
	}
	switch err := tryWrite(dir); {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return newProblem(CodeDiskFull, dir, cause(err))
	default:
		return newProblem(CodeReadOnly, dir, cause(err))
	}
}
