package transfer

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"
)

// incomingFolder holds the partials of a destination while they are on their way.
const incomingFolder = ".yonder-incoming"

// PartialStore remembers unfinished incoming transfers over restarts. It never holds
// which chunks are there: that is the journal's.
type PartialStore interface {
	FindPartial(peer ID, key [16]byte) (Partial, bool)
	PutPartial(Partial) error
	RemovePartial(peer ID, key [16]byte) error
	// PutDone replaces a partial, in one step, by the fact that its transfer is through.
	// It may be forgotten after some days.
	PutDone(peer ID, key [16]byte, done Finished) error
	// FindDone finds what PutDone put.
	FindDone(peer ID, transfer [16]byte) (Finished, bool)
}

// Finished is a transfer that is on disk under its final names. Its sender may not
// know that yet.
type Finished struct {
	Transfer  [16]byte
	Folder    string // the destination, absolute
	Staging   string // where it arrived; removed next, and again at the next start, see [Finished.Remove]
	Files     int64
	Published []Published // at most 100
}

// Partial is one unfinished incoming transfer.
type Partial struct {
	Peer    ID
	Key     [16]byte // resume key, as the sender makes it
	Folder  string   // absolute; the destination
	Staging string   // absolute; holds what arrived
	Names   []string // accepted top-level names, at most 100
	Count   int64    // accepted top-level names in all
	Entries int64    // accepted limit
	Bytes   int64    // accepted limit, content bytes
	Policy  Policy
	Links   bool // symbolic links are made
	Created time.Time
}

// Remove deletes what had arrived of a partial. Nothing outside its own staging
// folder is touched.
func (p Partial) Remove() error {
	s, err := openDestination(p.Folder)
	if err == nil {
		err = s.at(p)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.remove()
}

// Remove deletes what is left of the staging folder, should the program have ended before
// it was removed.
func (f Finished) Remove() error { return Partial{Folder: f.Folder, Staging: f.Staging}.Remove() }

// staging is the folder in which one transfer arrives, inside its destination:
// .yonder-incoming/<random>/, with the content under final names in tree/ and the
// journal beside it. Everything is reached through handles that stay open, so that
// nobody can redirect it by moving folders about.
type staging struct {
	dest    *os.Root // the destination
	destDir *os.File
	rel     string // staging folder below dest, with slashes
	base    *os.Root
	tree    *os.Root
	treeDir *os.File // open since before the first write
	journal *journal
	earlier earlier  // what an earlier run left
	intents *os.File // nil before the first
}

// newStaging names a staging folder in folder, which [staging.create] makes: what is on
// disk is remembered first, so that nothing is left behind that nobody knows. Errors wrap
// [ErrNoFolder] or [ErrReadOnly].
func newStaging(folder string) (*staging, error) {
	s, err := openDestination(folder)
	if err != nil {
		return nil, err
	}
	var random [8]byte
	rand.Read(random[:])
	s.rel = path.Join(incomingFolder, hex.EncodeToString(random[:]))
	return s, nil
}

func openDestination(folder string) (*staging, error) {
	dest, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoFolder, err)
	}
	dir, err := dest.Open(".")
	if err != nil {
		dest.Close()
		return nil, classify(err)
	}
	return &staging{dest: dest, destDir: dir}, nil
}

// create makes the staging folder. Errors wrap [ErrReadOnly] or [ErrDiskFull].
func (s *staging) create() error {
	if err := s.make(); err != nil {
		s.remove()
		return classify(fmt.Errorf("prepare %q: %w", s.dest.Name(), err))
	}
	return nil
}

func (s *staging) make() error {
	for try := 0; ; try++ {
		if err := s.dest.Mkdir(incomingFolder, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := s.mustBeFolder(incomingFolder); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		err := s.dest.Mkdir(filepath.FromSlash(s.rel), 0o700)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrNotExist) || try == 100 { // or the last transfer before this one has just removed it
			return err
		}
	}
	if err := s.openBase(); err != nil {
		return err
	}
	if err := s.base.Mkdir("tree", 0o700); err != nil {
		return err
	}
	if err := s.openTree(); err != nil {
		return err
	}
	f, err := s.base.OpenFile("journal", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.journal, err = createJournal(f)
	return err
}

// openBase opens the staging folder, which must be a folder and no link.
func (s *staging) openBase() error {
	for _, name := range []string{incomingFolder, filepath.FromSlash(s.rel)} {
		if err := s.mustBeFolder(name); err != nil {
			return err
		}
	}
	var err error
	s.base, err = s.dest.OpenRoot(filepath.FromSlash(s.rel))
	return err
}

// mustBeFolder refuses what is no folder below the destination, links above all.
func (s *staging) mustBeFolder(name string) error {
	info, err := s.dest.Lstat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%w: %q is not a folder", ErrReadOnly, name)
	}
	return err
}

func (s *staging) openTree() error {
	info, err := s.base.Lstat("tree")
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errors.New("staging tree is not a folder")
	}
	if s.tree, err = s.base.OpenRoot("tree"); err != nil {
		return err
	}
	s.treeDir, err = s.tree.Open(".")
	return err
}

// openStaging opens what an earlier run left and reads its journal.
func openStaging(p Partial) (*staging, error) {
	s, err := openDestination(p.Folder)
	if err != nil {
		return nil, err
	}
	if err := s.at(p); err != nil {
		return nil, err
	}
	if err = s.reopen(); err != nil {
		s.close()
		return nil, classify(fmt.Errorf("open partial %q: %w", p.Staging, err))
	}
	return s, nil
}

// at points to the staging folder of a partial; it closes s when that cannot be right.
func (s *staging) at(p Partial) error {
	rel, err := filepath.Rel(p.Folder, p.Staging)
	if err != nil || path.Dir(filepath.ToSlash(rel)) != incomingFolder {
		s.close()
		return fmt.Errorf("staging folder %q is not below %q", p.Staging, p.Folder)
	}
	s.rel = filepath.ToSlash(rel)
	return nil
}

func (s *staging) reopen() error {
	if err := s.openBase(); err != nil {
		return err
	}
	if err := s.openTree(); err != nil {
		return err
	}
	f, err := s.base.OpenFile("journal", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if s.journal, s.earlier, err = openJournal(f); err != nil {
		return err
	}
	return s.tidy()
}

// resumes reports whether an earlier run left anything.
func (s *staging) resumes() bool { return len(s.earlier.files)+len(s.earlier.folders) > 0 }

// tidy removes what the journal does not know: the last that an earlier run did before
// it was killed. So a name that is taken is taken by something that is known.
func (s *staging) tidy() error {
	known := make(map[string]bool, len(s.earlier.files)+len(s.earlier.folders))
	for _, f := range s.earlier.files {
		known[f.local] = true
	}
	for _, f := range s.earlier.folders {
		known[f.local] = true
	}
	var gone []string
	err := fs.WalkDir(s.tree.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." || known[name] {
			return err
		}
		gone = append(gone, name)
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	for _, name := range gone {
		err = cmpError(err, s.tree.RemoveAll(filepath.FromSlash(name)))
	}
	return err
}

// close releases the handles and leaves the partial where it is.
func (s *staging) close() {
	s.closeInner()
	s.destDir.Close()
	s.dest.Close()
}

// closeInner releases the handles below the destination.
func (s *staging) closeInner() {
	if s.journal != nil {
		s.journal.close()
		s.journal = nil
	}
	for _, f := range []**os.File{&s.treeDir, &s.intents} {
		if *f != nil {
			(*f).Close()
			*f = nil
		}
	}
	for _, root := range []**os.Root{&s.tree, &s.base} {
		if *root != nil {
			(*root).Close()
			*root = nil
		}
	}
}

// remove deletes the staging folder and closes it.
func (s *staging) remove() error {
	s.closeInner()                        // Windows does not let go of names that are open
	err := s.mustBeFolder(incomingFolder) // no link that somebody put there
	if err == nil {
		err = s.dest.RemoveAll(filepath.FromSlash(s.rel))
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if info, statErr := s.dest.Lstat(incomingFolder); statErr == nil && info.IsDir() { // no link that somebody put there
		s.dest.Remove(incomingFolder) // only when it is empty
	}
	s.close()
	return err
}

// gone reports whether somebody has deleted the staging folder, or the whole destination.
func (s *staging) gone() bool {
	_, err := s.dest.Lstat(filepath.FromSlash(s.rel))
	return errors.Is(err, os.ErrNotExist)
}

// path returns the absolute path of the staging folder, for [Partial.Staging].
func (s *staging) path() string { return filepath.Join(s.dest.Name(), filepath.FromSlash(s.rel)) }

// classify adds the sentinel of what went wrong with our disk.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case diskFull(err):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case readOnly(err):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// memoryPartials is the store of a node that was given none.
type memoryPartials struct {
	mu   sync.Mutex
	rows map[partialKey]Partial
	done map[partialKey]Finished // by transfer id
}

// partialKey finds a partial.
type partialKey struct {
	peer ID
	key  [16]byte
}

func (m *memoryPartials) FindPartial(peer ID, key [16]byte) (Partial, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.rows[partialKey{peer, key}]
	return p, ok
}

func (m *memoryPartials) PutPartial(p Partial) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[partialKey]Partial{}
	}
	m.rows[partialKey{p.Peer, p.Key}] = p
	return nil
}

func (m *memoryPartials) RemovePartial(peer ID, key [16]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, partialKey{peer, key})
	return nil
}

func (m *memoryPartials) PutDone(peer ID, key [16]byte, done Finished) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, partialKey{peer, key})
	if m.done == nil || len(m.done) >= 1000 {
		m.done = map[partialKey]Finished{}
	}
	m.done[partialKey{peer, done.Transfer}] = done
	return nil
}

func (m *memoryPartials) FindDone(peer ID, transfer [16]byte) (Finished, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	done, ok := m.done[partialKey{peer, transfer}]
	return done, ok
}
