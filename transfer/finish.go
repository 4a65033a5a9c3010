package transfer

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// finish removes what does not belong to the result, makes the rest durable, gives it
// its place and tells the sender.
func (r *receiver) finish() (Report, error) {
	if err := r.sweep(); err != nil {
		return Report{}, classify(err)
	}
	if err := r.makeLinks(); err != nil {
		return Report{}, classify(err)
	}
	entries, _, _, _ := r.manifest.totals()
	for i := uint32(entries); i > 0; i-- { // deepest first: what is inside changes the time of its folder
		n, ok := r.manifest.node(i - 1)
		if !ok {
			return Report{}, r.manifest.err()
		}
		if n.kind == kindFolder && r.marked(i-1, markFolder) {
			r.staging.tree.Chtimes(filepath.FromSlash(r.manifest.localPath(i-1)), n.mtime(), n.mtime())
		}
	}
	if err := r.staging.sync(r.complete.Load(), r.staged); err != nil {
		return Report{}, err
	}
	published, err := r.publish()
	if err != nil {
		return Report{}, err
	}
	r.clean(published)
	return r.reportDone(published), nil
}

// staged calls each with what is in the staging tree, the deepest first.
func (r *receiver) staged(each func(name string, folder bool) error) error {
	entries, _, _, _ := r.manifest.totals()
	for i := uint32(entries); i > 0; i-- {
		if !r.marked(i-1, markFolder|markStaged) {
			continue
		}
		if err := each(r.manifest.localPath(i-1), r.marked(i-1, markFolder)); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes files that failed, and what an earlier run staged and this one did not
// name: the source has lost it since.
func (r *receiver) sweep() error {
	gone := r.discard
	for _, f := range r.staging.earlier.files {
		if !f.used {
			gone = append(gone, f.local)
		}
	}
	for _, f := range r.staging.earlier.folders {
		if !f.used {
			gone = append(gone, f.local)
		}
	}
	var err error
	for _, name := range gone {
		e := r.staging.tree.RemoveAll(filepath.FromSlash(name))
		if !errors.Is(e, fs.ErrNotExist) {
			err = cmpError(err, e)
		}
	}
	return err
}

// makeLinks makes the symbolic links, when nothing arrives through them any more.
func (r *receiver) makeLinks() error {
	slices.Sort(r.linkEntries)
	for _, i := range r.linkEntries {
		n, ok := r.manifest.node(i)
		if !ok {
			return r.manifest.err()
		}
		dir, err := r.keeper.folder(n.parent)
		if err == nil {
			err = r.makeLink(i, &n, dir)
		}
		if err != nil {
			if fatal(err) && !errors.Is(err, fs.ErrPermission) {
				return err
			}
			r.report(Skipped{Path: r.manifest.path(i), Reason: SkipFailed, Detail: cause(err)})
		}
	}
	return nil
}

func (r *receiver) makeLink(i uint32, n *node, dir string) error {
	base := localName(n.name, runtime.GOOS == "windows")
	target := localTarget(n.target)
	tree := r.staging.tree
	for try := range 1 << 16 {
		local := cleanJoin(dir, numbered(base, try, false))
		err := tree.Symlink(target, filepath.FromSlash(local))
		if errors.Is(err, fs.ErrExist) {
			if have, e := tree.Readlink(filepath.FromSlash(local)); e == nil && have == target && try == 0 {
				return nil // an earlier run made it
			}
			continue
		}
		if err == nil {
			r.keeper.named(i, n.name, r.manifest.path(i), local)
		}
		return err
	}
	return fs.ErrExist
}

// localTarget is the target of a link as our disk names it.
func localTarget(target string) string {
	parts := strings.Split(target, "/")
	for i, part := range parts {
		if part != ".." {
			parts[i] = localName(part, runtime.GOOS == "windows")
		}
	}
	return filepath.Join(parts...)
}

// publish gives every top-level entry its place. The ones that have theirs when a later
// one fails keep it, and the next attempt knows them (already.go).
func (r *receiver) publish() ([]Published, error) {
	var list []Published
	entries, _, _, _ := r.manifest.totals()
	for i := uint32(0); int64(i) < entries; i++ {
		n, ok := r.manifest.node(i)
		if !ok {
			return list, r.manifest.err()
		}
		if n.depth != 0 {
			continue
		}
		if as, ok := r.before[n.name]; ok {
			list = append(list, Published{Name: n.name, As: as, Path: filepath.Join(r.staging.dest.Name(), as)})
			continue
		}
		if !r.marked(i, markFolder|markStaged) {
			if as, ok := r.stays(i, &n); ok {
				list = append(list, Published{Name: n.name, As: as, Path: filepath.Join(r.staging.dest.Name(), as)})
			}
			continue
		}
		local := r.manifest.localPath(i)
		name, err := r.place(n, local)
		if err != nil {
			return list, err
		}
		list = append(list, Published{Name: n.name, As: name, Path: filepath.Join(r.staging.dest.Name(), name)})
	}
	return list, classify(syncDir(r.staging.destDir))
}

// place gives one top-level entry its name, as the policy says.
func (r *receiver) place(n node, local string) (string, error) {
	if r.policy != KeepBoth { // doing it again does no harm
		m := merger{staging: r.staging, policy: r.policy, report: r.report, replacing: r.replacing}
		return m.place(local, local, n.kind == kindFolder)
	}
	note := func(as string) error { return r.staging.intend(r.in.Transfer, n.name, local, as) }
	return r.staging.publish(local, local, n.kind == kindFolder, note)
}

// stays returns the name of a top-level file that was to be updated and is right as it is.
func (r *receiver) stays(i uint32, n *node) (string, bool) {
	if n.kind != kindFile || r.policy == KeepBoth || r.marked(i, markGone) {
		return "", false
	}
	return r.keeper.existingName(i, n), true
}

// reportDone tells both sides what came of the transfer.
func (r *receiver) reportDone(published []Published) Report {
	entries, _, bytes, _ := r.manifest.totals()
	r.mu.Lock()
	report := Report{Files: r.complete.Load(), Entries: entries, Bytes: bytes, Published: published,
		Skipped: r.skipped, SkipCount: r.skipCount, Failed: r.failedCount, Links: r.linkCount}
	m := done{Files: uint64(report.Files), SkipCount: uint64(r.skipCount), Failed: uint64(r.failedCount), Links: uint64(r.linkCount), Skipped: wireReport(r.skipped)}
	for _, row := range r.end.Skipped {
		if len(report.Skipped) < maxReport {
			report.Skipped = append(report.Skipped, Skipped{Path: row.Path, Reason: row.Reason, Detail: row.Detail})
		}
	}
	report.SkipCount += int64(min(r.end.SkipCount, maxEntries))
	links := int64(min(r.end.Links, maxEntries))
	report.Links += links
	report.Failed += max(0, int64(min(r.end.SkipCount, maxEntries))-links)
	r.mu.Unlock()
	m.Published = wireNames(published)
	r.session.out.send(frameDone, r.stream, &m)
	return report
}

// wireNames returns as many published names as fit into a frame.
func wireNames(published []Published) []renamed {
	rows, size := []renamed{}, 0
	for _, p := range published[:min(len(published), maxNames)] {
		if size += len(p.Name) + len(p.As) + 8; size > maxControl/3 {
			break
		}
		rows = append(rows, renamed{Name: p.Name, As: p.As})
	}
	return rows
}
