package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
)

// merger puts a staged entry into a destination where the receiver's user chose that
// what exists is updated or left alone. It goes file by file: folders that are on both
// sides are merged, a new file or folder gets its place by one rename, an existing file
// stays as it is or is replaced by one rename, and nothing is ever deleted. Where the
// two sides are not of one kind, or a link is in the way, both are kept.
type merger struct {
	staging *staging
	policy  Policy
	report  func(Skipped)
	// Existing files, by path, that what is staged under the same path was made from.
	// Only these are replaced, and only as long as they are what they were.
	replacing map[string]identity
}

// place puts the entry at staged (a path in the tree) to target (a path in the
// destination) and returns the path that it got.
func (m *merger) place(staged, target string, folder bool) (string, error) {
	info, err := m.staging.dest.Lstat(filepath.FromSlash(target))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m.keepBoth(staged, target, folder)
	case err != nil:
		return "", classify(fmt.Errorf("look at %q: %w", target, err))
	case folder && info.IsDir():
		return target, m.folder(staged, target)
	case folder || !info.Mode().IsRegular():
		if m.sameLink(staged, target) {
			return target, nil
		}
		return m.keepBoth(staged, target, folder)
	case m.policy == SkipExisting:
		m.report(Skipped{Path: target, Reason: SkipExists})
		return target, nil
	}
	if was, ok := m.replacing[target]; !ok || !m.still(target, was) {
		return m.keepBoth(staged, target, folder)
	}
	return target, classify(m.staging.dest.Rename(m.inDest(staged), filepath.FromSlash(target)))
}

// still reports whether an existing file is what it was when it was hashed.
func (m *merger) still(target string, was identity) bool {
	f, err := m.staging.dest.OpenFile(filepath.FromSlash(target), readFlags, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	now, err := identify(f)
	return err == nil && now == was
}

// sameLink reports whether both are symbolic links to the same target.
func (m *merger) sameLink(staged, target string) bool {
	a, errA := m.staging.tree.Readlink(filepath.FromSlash(staged))
	b, errB := m.staging.dest.Readlink(filepath.FromSlash(target))
	return errA == nil && errB == nil && a == b
}

// inDest returns a staged path as the destination's root knows it.
func (m *merger) inDest(staged string) string {
	return filepath.FromSlash(path.Join(m.staging.rel, "tree", staged))
}

// folder merges the entries of a staged folder into an existing one.
func (m *merger) folder(staged, target string) error {
	entries, err := fs.ReadDir(m.staging.tree.FS(), staged)
	if err != nil {
		return classify(err)
	}
	for _, entry := range entries {
		if _, err := m.place(path.Join(staged, entry.Name()), path.Join(target, entry.Name()), entry.IsDir()); err != nil {
			return err
		}
	}
	dir, err := m.staging.dest.Open(filepath.FromSlash(target))
	if err != nil {
		return classify(err)
	}
	defer dir.Close()
	return classify(syncDir(dir))
}

// keepBoth gives a staged entry the first free name of target, "name (1)" and so on.
func (m *merger) keepBoth(staged, target string, folder bool) (string, error) {
	from, err := m.staging.tree.Open(filepath.FromSlash(path.Dir(staged)))
	if err != nil {
		return "", classify(err)
	}
	defer from.Close()
	to, err := m.staging.dest.Open(filepath.FromSlash(path.Dir(target)))
	if err != nil {
		return "", classify(err)
	}
	defer to.Close()
	for n := range 1 << 20 {
		name := numbered(path.Base(target), n, folder)
		err := renameNoReplace(from, path.Base(staged), to, name)
		if errors.Is(err, errors.ErrUnsupported) {
			err = m.staging.publishSlowly(staged, path.Join(path.Dir(target), name), folder)
		}
		if err == nil {
			if n > 0 {
				m.report(Skipped{Path: target, Reason: SkipRenamed, Detail: name})
			}
			return path.Join(path.Dir(target), name), nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", classify(fmt.Errorf("publish %q: %w", target, err))
		}
	}
	return "", fmt.Errorf("publish %q: no free name", target)
}
