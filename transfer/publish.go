package transfer

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// publish gives a top-level entry of the staging tree its place in the destination
// under want, or under the next free "want (n)". Nothing that exists is replaced: the
// file system itself refuses. note is called before each attempt. It returns the name
// that the entry got.
func (s *staging) publish(local, want string, folder bool, note func(name string) error) (string, error) {
	for n := 0; n < 1<<20; n++ {
		name := numbered(want, n, folder)
		if err := note(name); err != nil {
			return "", err
		}
		err := renameNoReplace(s.treeDir, local, s.destDir, name)
		if errors.Is(err, errors.ErrUnsupported) {
			err = s.publishSlowly(local, name, folder)
		}
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return "", classify(fmt.Errorf("publish %q: %w", want, err))
		}
	}
	return "", fmt.Errorf("publish %q: no free name", want)
}

// publishSlowly serves file systems without a rename that refuses to replace. A file
// gets its name by a hard link, which never replaces; where there are none, by a
// rename over a placeholder that was created exclusively. A rename of a folder never
// replaces a file or a folder that holds something; [os.Root] lets it replace none at all.
func (s *staging) publishSlowly(local, name string, folder bool) error {
	from := filepath.FromSlash(path.Join(s.rel, "tree", local))
	if folder {
		if _, err := s.dest.Lstat(filepath.FromSlash(name)); err == nil {
			return os.ErrExist
		}
		return s.dest.Rename(from, filepath.FromSlash(name))
	}
	err := s.dest.Link(from, name)
	if err == nil {
		return s.dest.Remove(from)
	}
	if errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := s.dest.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	placeholder, statErr := f.Stat()
	f.Close()
	if err = s.dest.Rename(from, name); err != nil {
		if now, nowErr := s.dest.Lstat(name); statErr == nil && nowErr == nil && os.SameFile(placeholder, now) && now.Size() == 0 {
			s.dest.Remove(name)
		}
	}
	return err
}

// fewFiles is how many files are synced one by one rather than with the whole file
// system, which may have a lot to write that is not ours.
const fewFiles = 16

// sync makes what is staged durable: count files, and the folders. staged calls its
// argument with each, what is inside a folder before the folder.
func (s *staging) sync(count int64, staged func(each func(name string, folder bool) error) error) error {
	if count > fewFiles {
		err := syncAll(s.treeDir)
		if !errors.Is(err, errors.ErrUnsupported) {
			return classify(err)
		}
	}
	err := staged(func(name string, folder bool) error {
		if folder {
			return s.syncOne(name, syncDir)
		}
		return s.syncOne(name, syncFile)
	})
	if err != nil {
		return err
	}
	return classify(syncDir(s.treeDir))
}

func (s *staging) syncOne(name string, sync func(*os.File) error) error {
	f, err := openForSync(s.tree, filepath.FromSlash(name))
	if err != nil {
		return classify(fmt.Errorf("sync %q: %w", name, err))
	}
	defer f.Close()
	if err := sync(f); err != nil {
		return classify(fmt.Errorf("sync %q: %w", name, err))
	}
	return nil
}
