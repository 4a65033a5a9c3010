package app

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
)

// writeFileAtomic replaces path with data: readers see the old file or the new one,
// after a power cut too. The file is made O_EXCL beside path with exactly mode.
func writeFileAtomic(path string, data []byte, mode os.FileMode) (err error) {
	var tag [8]byte
	rand.Read(tag[:])
	temp := path + "." + hex.EncodeToString(tag[:]) + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // a second close does no harm
			os.Remove(temp)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(temp, path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// syncDir makes a rename in dir durable where directories can be synced; Windows
// and some network file systems cannot, and the rename is atomic all the same.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// setAside renames a damaged file to "NAME.bad", or the next free "NAME.bad.N", and
// returns the new path. After nine of them the last is replaced.
func setAside(path string) (string, error) {
	to := path + ".bad"
	for n := 2; n <= 9; n++ {
		if _, err := os.Lstat(to); err != nil {
			break
		}
		to = path + ".bad." + string(rune('0'+n))
	}
	return to, os.Rename(path, to)
}
