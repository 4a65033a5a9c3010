package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
}

// place puts the entry at staged (a path in the tree) to target (a path in the
// destination) and returns the path that it got.
func (m *merger) place(staged, target string, folder bool) (string, error) {
	for range 1 << 10 {
		info, err := m.staging.dest.Lstat(filepath.FromSlash(target))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return m.keepBoth(staged, target, folder)
		case err != nil:
			return "", classify(fmt.Errorf("look at %q: %w", target, err))
		case folder && info.IsDir():
			return target, m.folder(staged, target)
		case folder || !info.Mode().IsRegular():
			return m.keepBoth(staged, target, folder)
		case m.policy == SkipExisting:
			m.report(Skipped{Path: target, Reason: SkipExists})
			return target, nil
		}
		same, err := m.same(staged, target)
		if errors.Is(err, errNotComparable) {
			return m.keepBoth(staged, target, folder)
		}
		if err != nil || same {
			return target, err
		}
		now, err := m.staging.dest.Lstat(filepath.FromSlash(target))
		if err != nil || !sameContent(info, now) {
			continue // somebody is writing it: look again
		}
		return target, classify(m.staging.dest.Rename(m.inDest(staged), filepath.FromSlash(target)))
	}
	return m.keepBoth(staged, target, folder)
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
			return path.Join(path.Dir(target), name), nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", classify(fmt.Errorf("publish %q: %w", target, err))
		}
	}
	return "", fmt.Errorf("publish %q: no free name", target)
}

// errNotComparable: the existing file cannot be read, so nobody knows what replacing it
// would lose.
var errNotComparable = errors.New("existing file cannot be read")

// same compares the content of a staged file with that of an existing one.
func (m *merger) same(staged, target string) (bool, error) {
	a, err := m.staging.tree.Open(filepath.FromSlash(staged))
	if err != nil {
		return false, classify(err)
	}
	defer a.Close()
	b, err := m.staging.dest.OpenFile(filepath.FromSlash(target), readFlags, 0)
	if err != nil {
		return false, errNotComparable
	}
	defer b.Close()
	return sameBytes(a, b)
}

// sameBytes reads both to the first difference.
func sameBytes(a, b io.Reader) (bool, error) {
	bufA, putA := rawBuffer(chunkSize)
	defer putA()
	bufB, putB := rawBuffer(chunkSize)
	defer putB()
	for {
		n, errA := io.ReadFull(a, bufA)
		k, errB := io.ReadFull(b, bufB)
		if !bytes.Equal(bufA[:n], bufB[:k]) {
			return false, nil
		}
		ended := func(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
		switch {
		case ended(errA) && ended(errB):
			return true, nil
		case errA != nil && !ended(errA):
			return false, errA
		case errB != nil && !ended(errB):
			return false, errB
		case errA != nil || errB != nil:
			return false, nil
		}
	}
}
