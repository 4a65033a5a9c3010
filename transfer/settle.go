package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// outcomes takes what the sender says about files that it has read to the end.
func (k *keeper) outcomes(m *files) error {
	k.outcome.Lock()
	defer k.outcome.Unlock()
	if k.finished {
		return nil
	}
	for _, row := range m.Done {
		f, err := k.named(row.Entry)
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.expected = &row.Digest
		f.mu.Unlock()
		if err := k.settle(f); err != nil {
			k.r.fail(err)
		}
	}
	for _, row := range m.Failed {
		f, err := k.named(row.Entry)
		if err != nil {
			return err
		}
		k.drop(f, Skipped{Path: k.r.manifest.path(row.Entry), Reason: row.Reason, Detail: row.Detail})
	}
	return nil
}

func (k *keeper) named(i uint32) (*incomingFile, error) {
	if n, ok := k.r.manifest.node(i); !ok || n.kind != kindFile {
		return nil, fmt.Errorf("%w: outcome of entry %d, which is no file", ErrProtocol, i)
	}
	return k.state(i), nil
}

// settle finishes a file once every chunk is checked and the sender has said its
// digest. A file whose chunks do not add up to it is not published.
func (k *keeper) settle(f *incomingFile) error {
	f.mu.Lock()
	if f.over || f.left > 0 || f.pending > 0 || f.expected == nil || !f.created {
		f.mu.Unlock()
		return nil
	}
	if digest(f.values) != *f.expected {
		f.mu.Unlock()
		k.drop(f, Skipped{Path: k.r.manifest.path(f.index), Reason: SkipChanged, Detail: "content does not match its digest"})
		return nil
	}
	err := k.seal(f)
	f.over = true
	if err == nil {
		f.values, f.states = nil, nil
	}
	if f.refs == 0 && f.f != nil {
		err = cmpError(err, f.f.Close())
		f.f = nil
	}
	f.mu.Unlock()
	if err != nil {
		f.mu.Lock()
		f.over = false
		f.mu.Unlock()
		return k.giveUp(f, err)
	}
	k.r.complete.Add(1)
	k.r.settledOne()
	return nil
}

// seal gives a complete file its size, mode and modification time. f.mu is held.
func (k *keeper) seal(f *incomingFile) error {
	handle := f.f
	if handle == nil {
		var err error
		if handle, err = k.r.staging.tree.OpenFile(filepath.FromSlash(f.path), os.O_RDWR, 0); err != nil {
			return err
		}
		f.f = handle
	}
	info, err := handle.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.node.size {
		if err := handle.Truncate(f.node.size); err != nil {
			return err
		}
	}
	if err := setMode(handle, f.node.exec); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	mtime := f.node.mtime()
	return k.r.staging.tree.Chtimes(filepath.FromSlash(f.path), mtime, mtime)
}

func (r *receiver) settledOne() {
	r.mu.Lock()
	r.settled++
	r.mu.Unlock()
	r.signal()
}

// giveUp fails one file because of our own disk. What concerns the whole destination
// ends the transfer instead.
func (k *keeper) giveUp(f *incomingFile, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return k.giveUpLocked(f, err)
}

func (k *keeper) giveUpLocked(f *incomingFile, err error) error {
	if fatal(err) {
		return classify(err)
	}
	k.dropLocked(f, Skipped{Path: k.r.manifest.path(f.index), Reason: SkipFailed, Detail: cause(err)})
	return nil
}

// drop takes a file out of the transfer.
func (k *keeper) drop(f *incomingFile, row Skipped) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k.dropLocked(f, row)
}

func (k *keeper) dropLocked(f *incomingFile, row Skipped) {
	if f.over {
		return
	}
	f.over, f.failed = true, true
	if f.refs == 0 && f.f != nil {
		f.f.Close()
		f.f = nil
	}
	k.r.report(row)
	k.r.settledOne()
}

// closeAll closes what is open when nothing more is written. What the sender still says
// about files is not looked at any more.
func (k *keeper) closeAll() {
	k.outcome.Lock()
	k.finished = true
	k.outcome.Unlock()
	k.r.mu.Lock()
	defer k.r.mu.Unlock()
	for _, f := range k.r.files {
		f.mu.Lock()
		if f.f != nil {
			f.f.Close()
			f.f = nil
		}
		f.mu.Unlock()
	}
}

// finish removes what does not belong to the result, makes the rest durable, gives it
// its place and tells the sender.
func (r *receiver) finish() (Report, error) {
	for _, f := range r.files {
		if f.failed && f.created {
			if err := r.staging.tree.Remove(filepath.FromSlash(f.path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return Report{}, classify(err)
			}
		}
	}
	if len(r.staging.earlier) > 0 {
		if err := r.sweep(); err != nil {
			return Report{}, classify(err)
		}
	}
	files, folders := r.listed()
	for i := len(folders) - 1; i >= 0; i-- { // deepest first: what is inside changes the time of its folder
		n, _ := r.manifest.node(folders[i])
		r.staging.tree.Chtimes(filepath.FromSlash(r.manifest.localPath(folders[i])), n.mtime(), n.mtime())
	}
	if err := r.staging.sync(r.paths(files), r.paths(folders), r.complete.Load()); err != nil {
		return Report{}, err
	}
	published, err := r.publish()
	if err != nil {
		return Report{}, err
	}
	r.clean(published)
	return r.reportDone(published), nil
}

// listed returns the entries that are in the staging tree.
func (r *receiver) listed() (files, folders []uint32) {
	entries, _, _, _ := r.manifest.totals()
	for i := uint32(0); int64(i) < entries; i++ {
		n, _ := r.manifest.node(i)
		switch {
		case n.kind == kindFolder && r.keeper.folders[int32(i)]:
			folders = append(folders, i)
		case n.kind == kindFile && r.files[i] != nil && r.files[i].created && !r.files[i].failed:
			files = append(files, i)
		}
	}
	return files, folders
}

func (r *receiver) paths(entries []uint32) []string {
	list := make([]string, len(entries))
	for i, entry := range entries {
		list[i] = r.manifest.localPath(entry)
	}
	return list
}

// sweep removes what an earlier run staged and this one did not name: the source has
// lost it since.
func (r *receiver) sweep() error {
	var extra []string
	err := fs.WalkDir(r.staging.tree.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if !r.keeper.taken[name] {
			extra = append(extra, name)
			if d.IsDir() {
				return fs.SkipDir
			}
		}
		return nil
	})
	for _, name := range extra {
		err = cmpError(err, r.staging.tree.RemoveAll(filepath.FromSlash(name)))
	}
	return err
}

// publish gives every top-level entry its place. The ones that have theirs when a later
// one fails keep it, and the next attempt knows them (already.go).
func (r *receiver) publish() ([]Published, error) {
	var list []Published
	entries, _, _, _ := r.manifest.totals()
	for i := uint32(0); int64(i) < entries; i++ {
		n, _ := r.manifest.node(i)
		if n.depth != 0 {
			continue
		}
		if as, ok := r.before[n.name]; ok {
			list = append(list, Published{Name: n.name, As: as, Path: filepath.Join(r.staging.dest.Name(), as)})
			continue
		}
		if !r.present(i, n) {
			continue
		}
		local := r.manifest.localPath(i)
		want := localBaseOf(n, local)
		name, err := r.place(n, local, want)
		if err != nil {
			return list, err
		}
		list = append(list, Published{Name: n.name, As: name, Path: filepath.Join(r.staging.dest.Name(), name)})
	}
	return list, classify(syncDir(r.staging.destDir))
}

// place gives one top-level entry its name, as the policy says.
func (r *receiver) place(n node, local, want string) (string, error) {
	if r.policy != KeepBoth { // doing it again does no harm
		m := merger{staging: r.staging, policy: r.policy, report: r.report}
		return m.place(local, want, n.kind == kindFolder)
	}
	note := func(as string) error { return r.staging.intend(r.in.Transfer, n.name, local, as) }
	return r.staging.publish(local, want, n.kind == kindFolder, note)
}

func localBaseOf(n node, local string) string {
	if n.local != "" {
		return n.local
	}
	return path.Base(local)
}

func (r *receiver) present(i uint32, n node) bool {
	if n.kind == kindFolder {
		return r.keeper.folders[int32(i)]
	}
	f := r.files[i]
	return f != nil && f.created && !f.failed
}

// reportDone tells both sides what came of the transfer.
func (r *receiver) reportDone(published []Published) Report {
	entries, _, bytes, _ := r.manifest.totals()
	r.mu.Lock()
	report := Report{Files: r.complete.Load(), Entries: entries, Bytes: bytes, Published: published,
		Skipped: r.skipped, SkipCount: r.skipCount, Failed: r.failedCount}
	m := done{Files: uint64(report.Files), SkipCount: uint64(r.skipCount), Failed: uint64(r.failedCount), Skipped: wireReport(r.skipped)}
	for _, row := range r.end.Skipped {
		if len(report.Skipped) < maxReport {
			report.Skipped = append(report.Skipped, Skipped{Path: row.Path, Reason: row.Reason, Detail: row.Detail})
		}
	}
	report.SkipCount += int64(min(r.end.SkipCount, maxEntries))
	report.Links = int64(min(r.end.Links, maxEntries))
	report.Failed += max(0, int64(min(r.end.SkipCount, maxEntries))-report.Links)
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
