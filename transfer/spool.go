package transfer

import (
	"fmt"
	"os"
)

// spoolMemory is how many bytes of a spool stay in memory; most manifests are smaller.
const spoolMemory = 1 << 20

// spool keeps bytes that are read again now and then: the first of them in memory, the
// rest in a temporary file, so that a manifest of a million entries does not fill the
// memory of either side. It is not safe for concurrent use.
type spool struct {
	head []byte
	file *os.File // nil until it is needed
	size int64    // bytes in all
}

// append keeps b and returns where.
func (s *spool) append(b []byte) (at int64, err error) {
	at = s.size
	if s.file == nil && len(s.head)+len(b) <= spoolMemory {
		s.head = append(s.head, b...)
		s.size += int64(len(b))
		return at, nil
	}
	if s.file == nil {
		if s.file, err = os.CreateTemp("", "yonder-list-"); err != nil {
			return 0, fmt.Errorf("keep the list of files: %w", err)
		}
		os.Remove(s.file.Name()) // where open files can be; else close does it
	}
	if _, err := s.file.WriteAt(b, at-int64(len(s.head))); err != nil {
		return 0, fmt.Errorf("keep the list of files: %w", err)
	}
	s.size += int64(len(b))
	return at, nil
}

// read returns n bytes from at on, which were appended together. The result is valid
// until the next append.
func (s *spool) read(at int64, n int) ([]byte, error) {
	if at+int64(n) <= int64(len(s.head)) {
		return s.head[at : at+int64(n)], nil
	}
	b := make([]byte, n)
	if _, err := s.file.ReadAt(b, at-int64(len(s.head))); err != nil {
		return nil, fmt.Errorf("read the list of files: %w", err)
	}
	return b, nil
}

// close forgets everything.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
	*s = spool{}
}
