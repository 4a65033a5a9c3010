package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// scan walks the selected files and folders and lists them in a manifest, without
// reading any content. Symbolic links below the selection are not followed, nothing
// but regular files is ever opened; both are reported.
type scan struct {
	manifest *manifest
	tops     []selected

	mu        sync.Mutex
	skipped   []Skipped // at most maxReport
	skipCount int64
	links     int64
}

// selected is one top-level entry.
type selected struct {
	wire  string // name on the wire
	local string // path below root; "" for a folder, which is root itself
	info  os.FileInfo
	root  *os.Root
	err   error
}

// newScan looks at the top-level entries and nothing below them. It fails with
// [ErrNothing] when none can be sent.
func newScan(paths []string) (*scan, error) {
	s := &scan{manifest: newManifest()}
	used := map[string]bool{}
	var first error
	for _, p := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		t := selectPath(p)
		if t.err != nil {
			first = cmpError(first, t.err)
			s.skip(portable(filepath.Base(p)), reasonOf(t.err), cause(t.err))
			continue
		}
		for n := 0; ; n++ {
			if name := numbered(t.wire, n, t.info.IsDir()); !used[name] {
				t.wire = name
				break
			}
		}
		used[t.wire] = true
		s.tops = append(s.tops, t)
	}
	if len(s.tops) == 0 {
		s.close()
		return nil, fmt.Errorf("%w: %w", ErrNothing, cmpError(first, errors.New("empty selection")))
	}
	slices.SortFunc(s.tops, func(a, b selected) int { return strings.Compare(a.wire, b.wire) })
	return s, nil
}

var errSpecial = errors.New("not a regular file or folder")

// selectPath opens what a user named. A link that was named itself is followed.
func selectPath(p string) selected {
	t := selected{}
	info, err := os.Stat(p)
	if err != nil {
		t.err = err
		return t
	}
	t.info = info
	t.wire = portable(filepath.Base(p))
	if base := filepath.Base(p); base == string(filepath.Separator) || checkComponent(t.wire) != nil { // a whole volume has no name
		t.wire = "root"
	}
	real, err := filepath.EvalSymlinks(p)
	if err != nil {
		t.err = err
		return t
	}
	switch {
	case info.IsDir():
		t.root, t.err = os.OpenRoot(real)
	case info.Mode().IsRegular():
		t.local = filepath.Base(real)
		t.root, t.err = os.OpenRoot(filepath.Dir(real))
	default:
		t.err = errSpecial
	}
	return t
}

func reasonOf(err error) Reason {
	if errors.Is(err, errSpecial) {
		return SkipSpecial
	}
	return SkipUnreadable
}

// skip reports an entry that is not sent.
func (s *scan) skip(path string, why Reason, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipCount++
	if why == SkipLink {
		s.links++
	}
	if len(s.skipped) < maxReport {
		s.skipped = append(s.skipped, Skipped{Path: path, Reason: why, Detail: clip(detail, maxText)})
	}
}

// report returns what was skipped so far.
func (s *scan) report() (rows []Skipped, count, links int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.skipped), s.skipCount, s.links
}

// names returns the first top-level names, for the offer.
func (s *scan) names() []Name {
	var names []Name
	for _, t := range s.tops[:min(len(s.tops), maxNames)] {
		name := Name{Name: t.wire, Folder: t.info.IsDir()}
		if !name.Folder {
			name.Size = t.info.Size()
		}
		names = append(names, name)
	}
	return names
}

func (s *scan) close() {
	for _, t := range s.tops {
		if t.root != nil {
			t.root.Close()
		}
	}
}

// run fills the manifest.
func (s *scan) run(ctx context.Context) error {
	for i, t := range s.tops {
		n := nodeOf(t.wire, t.info)
		n.source = int32(i)
		index, err := s.manifest.add(n)
		if err != nil {
			return err
		}
		if t.info.IsDir() {
			if err := s.folder(ctx, i, ".", index); err != nil {
				return err
			}
		}
	}
	s.manifest.finish()
	return nil
}

// folder lists what is in one folder, and below it. dir is the path below the root of
// source; its own entry is index.
func (s *scan) folder(ctx context.Context, source int, dir string, index int32) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	root := s.tops[source].root
	names, err := readNames(root, dir)
	if err != nil {
		s.skip(s.manifest.path(uint32(index)), SkipUnreadable, cause(err))
		return nil
	}
	depth, _ := s.manifest.node(uint32(index))
	for _, name := range names {
		rel := filepath.Join(dir, name.local)
		path := func() string { return cleanJoin(s.manifest.path(uint32(index)), name.wire) }
		info, err := root.Lstat(rel)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // gone since the folder was listed
		case err != nil:
			s.skip(path(), SkipUnreadable, cause(err))
			continue
		case info.Mode()&fs.ModeSymlink != 0 || info.Mode()&fs.ModeIrregular != 0:
			s.skip(path(), SkipLink, "")
			continue
		case !info.IsDir() && !info.Mode().IsRegular():
			s.skip(path(), SkipSpecial, "")
			continue
		case int(depth.depth)+1 >= maxDepth || len(path()) > maxPath:
			s.skip(path(), SkipBadName, "path too long")
			continue
		}
		n := nodeOf(name.wire, info)
		n.source, n.parent, n.depth = int32(source), index, depth.depth+1
		if name.local != name.wire {
			n.local = name.local
		}
		child, err := s.manifest.add(n)
		if err != nil {
			return err
		}
		if n.kind == kindFolder {
			if err := s.folder(ctx, source, rel, child); err != nil {
				return err
			}
		}
	}
	return nil
}

// names of one folder entry: as the system has it and as it travels.
type entryName struct{ local, wire string }

// readNames lists a folder in the order of the wire names, which are made distinct.
// Folders of unfinished transfers are not part of anybody's files.
func readNames(root *os.Root, dir string) ([]entryName, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(list)
	used := make(map[string]bool, len(list))
	var rewritten []string
	names := make([]entryName, 0, len(list))
	for _, local := range list {
		if local == incomingFolder {
			continue
		}
		if wire := portable(local); wire != local {
			rewritten = append(rewritten, local)
			continue
		}
		used[local] = true
		names = append(names, entryName{local, local})
	}
	for _, local := range rewritten {
		for n := 0; ; n++ {
			if wire := numbered(portable(local), n, false); !used[wire] {
				used[wire] = true
				names = append(names, entryName{local, wire})
				break
			}
		}
	}
	slices.SortFunc(names, func(a, b entryName) int { return strings.Compare(a.wire, b.wire) })
	return names, nil
}

// open opens the content of entry i for reading and checks that it still is a
// regular file.
func (s *scan) open(i uint32, n node) (*os.File, os.FileInfo, error) {
	t := s.tops[n.source]
	rel := t.local
	if n.depth > 0 {
		_, rel, _ = strings.Cut(s.manifest.localPath(i), "/")
	}
	f, err := t.root.OpenFile(filepath.FromSlash(rel), readFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errSpecial
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// sameContent reports whether two looks at a source show the same file unchanged, as
// far as a file system tells.
func sameContent(a, b os.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && changeTime(a) == changeTime(b) && os.SameFile(a, b)
}
