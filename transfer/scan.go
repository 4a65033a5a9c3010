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
// but regular files is ever opened; both are reported, unless links were asked for.
type scan struct {
	manifest *manifest
	tops     []selected
	links    bool // symbolic links that stay inside are sent as such

	mu        sync.Mutex
	skipped   []Skipped // at most maxReport
	skipCount int64
	linkCount int64
	renamed   []Skipped // travel under another name; at most maxReport, and the receiver is not told
	renames   int64
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
func newScan(paths []string, links bool) (*scan, error) {
	s := &scan{manifest: newManifest(), links: links}
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
		if base := filepath.Base(p); base != t.wire {
			s.rename(base, t.wire)
		}
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
		s.linkCount++
	}
	if len(s.skipped) < maxReport {
		s.skipped = append(s.skipped, Skipped{Path: path, Reason: why, Detail: clip(detail, maxText)})
	}
}

// rename reports an entry whose own name cannot travel, or not beside another one.
func (s *scan) rename(path, wire string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renames++
	if len(s.renamed) < maxReport {
		s.renamed = append(s.renamed, Skipped{Path: path, Reason: SkipRenamed, Detail: wire})
	}
}

// report returns what was skipped so far.
func (s *scan) report() (rows []Skipped, count, links int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.skipped), s.skipCount, s.linkCount
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
	s.manifest.close()
	for _, t := range s.tops {
		if t.root != nil {
			t.root.Close()
		}
	}
}

// run fills the manifest.
func (s *scan) run(ctx context.Context) error {
	for i, t := range s.tops {
		if _, err := s.manifest.add(nodeOf(t.wire, t.info)); err != nil {
			return err
		}
		if t.info.IsDir() {
			w := walk{scan: s, top: i, path: t.wire}
			if err := w.folder(ctx, t.root, ".", 0); err != nil {
				return err
			}
		}
	}
	s.manifest.finish()
	return s.manifest.err()
}

// walk lists one top-level folder.
type walk struct {
	scan *scan
	top  int
	path string // wire path of the folder that is being listed
}

// openFolders is how many folders of a path a walk holds open: enough that most names
// are looked at from the folder that they are in, and few enough for any limit.
const openFolders = 24

// folder lists what is in one folder at depth, and below it. dir is its path below
// root, an open folder above it.
func (w *walk) folder(ctx context.Context, root *os.Root, dir string, depth int) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	s := w.scan
	names, err := readNames(root, dir)
	if err != nil {
		s.skip(w.path, SkipUnreadable, cause(err))
		return nil
	}
	if dir != "." && depth < openFolders {
		if inner, err := root.OpenRoot(dir); err == nil {
			defer inner.Close()
			root, dir = inner, "."
		}
	}
	for _, name := range names {
		rel := name.local
		if dir != "." {
			rel = filepath.Join(dir, name.local)
		}
		info, err := root.Lstat(rel)
		var n node
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // gone since the folder was listed
		case err != nil:
			s.skip(w.path+"/"+name.wire, SkipUnreadable, cause(err))
			continue
		case depth+1 >= maxDepth || len(w.path)+1+len(name.wire) > maxPath:
			s.skip(w.path+"/"+name.wire, SkipBadName, "path too long")
			continue
		case info.Mode()&fs.ModeSymlink != 0 && s.links:
			if n, err = linkNode(root, rel, name.wire, info, depth+1); err != nil {
				s.skip(w.path+"/"+name.wire, SkipLink, cause(err))
				continue
			}
		case refused(info.Mode()) != 0:
			s.skip(w.path+"/"+name.wire, refused(info.Mode()), "")
			continue
		default:
			n = nodeOf(name.wire, info)
		}
		n.depth = uint16(depth + 1)
		child, err := s.manifest.add(n)
		if err != nil {
			return err
		}
		if name.local != name.wire {
			s.manifest.setLocal(uint32(child), name.local)
			s.rename(w.path+"/"+name.local, name.wire)
		}
		if n.kind == kindFolder {
			above := w.path
			w.path += "/" + name.wire
			if err := w.folder(ctx, root, rel, depth+1); err != nil {
				return err
			}
			w.path = above
		}
	}
	return nil
}

// refused says why an entry of a folder is not sent as what it is; 0: it is sent.
// Irregular are the junctions, mount points and placeholders of Windows, which like
// symbolic links stand for something that is elsewhere.
func refused(mode fs.FileMode) Reason {
	switch {
	case mode&(fs.ModeSymlink|fs.ModeIrregular) != 0:
		return SkipLink
	case !mode.IsDir() && !mode.IsRegular():
		return SkipSpecial
	}
	return 0
}

// linkNode describes a symbolic link that stays inside what is sent.
func linkNode(root *os.Root, rel, wire string, info os.FileInfo, depth int) (node, error) {
	target, err := root.Readlink(rel)
	if err != nil {
		return node{}, err
	}
	target = filepath.ToSlash(target)
	if err := checkTarget(target, depth); err != nil {
		return node{}, err
	}
	n := nodeOf(wire, info)
	n.kind, n.size, n.exec, n.target = kindLink, 0, false, target
	return n, nil
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
// regular file. near, which may be nil, is a cache of the folder it is in.
func (s *scan) open(i uint32, n *node, near *nearby) (*os.File, os.FileInfo, error) {
	t := s.tops[n.top]
	root, rel := t.root, t.local
	if n.depth > 0 {
		_, rel, _ = strings.Cut(s.manifest.localPath(i), "/")
		root, rel = near.in(t.root, n.parent, filepath.FromSlash(rel))
	}
	f, err := root.OpenFile(rel, readFlags, 0)
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

// nearby keeps the folder open in which a worker has just read a file: the next one is
// most likely beside it. The nil nearby keeps nothing.
type nearby struct {
	folder int32 // entry; valid while root is not nil
	root   *os.Root
}

// in returns the folder of the file rel below top, and the file's name in it.
func (c *nearby) in(top *os.Root, folder int32, rel string) (*os.Root, string) {
	dir, base := filepath.Split(rel)
	if c == nil || dir == "" {
		return top, rel
	}
	if c.root == nil || c.folder != folder {
		c.close()
		root, err := top.OpenRoot(filepath.Clean(dir))
		if err != nil {
			return top, rel // opening the file will say why
		}
		c.root, c.folder = root, folder
	}
	return c.root, base
}

func (c *nearby) close() {
	if c.root != nil {
		c.root.Close()
		c.root = nil
	}
}

// sameContent reports whether two looks at a source show the same file unchanged, as
// far as a file system tells.
func sameContent(a, b os.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && changeTime(a) == changeTime(b) && os.SameFile(a, b)
}
