package app

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

const maxIdentityFile = 16 << 10 // bytes; a PKCS #8 Ed25519 key in PEM has 119

// loadIdentity reads the key in path, or makes a new one if there is no such file
// (made reports that). A damaged file is an error that names it and is never
// replaced: the key is this device to everybody else. A file that others may read
// is tightened to 0600 and named in notice. The caller holds the profile's lock.
func loadIdentity(path string) (key ed25519.PrivateKey, made bool, notice *Problem, err error) {
	key, open, err := readIdentity(path)
	switch {
	case err == nil && open:
		if err := os.Chmod(path, 0o600); err != nil {
			return key, false, newProblem(CodeKeyReadable, path, cause(err)), nil
		}
		return key, false, newProblem(CodeKeyReadable, path, ""), nil
	case err == nil:
		return key, false, nil, nil
	case !errors.Is(err, fs.ErrNotExist):
		p := newProblem(CodeDamaged, path, cause(err))
		p.Text = fmt.Sprintf("the identity in %s cannot be used: %v", quotePath(path), cause(err))
		p.Hint = "put a backup of it back; or move it away and start again, then this is a new device for everybody else"
		return nil, false, nil, p
	}
	key, err = newIdentity(path)
	return key, err == nil, nil, err
}

// readIdentity also reports whether other users may read the file.
func readIdentity(path string) (key ed25519.PrivateKey, open bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, errors.New("not a file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxIdentityFile))
	if err != nil {
		return nil, false, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, false, errors.New("no private key in it")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, false, errors.New("the private key in it is damaged")
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, false, errors.New("the key in it is not an Ed25519 key")
	}
	return key, runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0, nil
}

func newIdentity(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := writeFileAtomic(path, data, 0o600); err != nil {
		return nil, newProblem(CodeNotSaved, path, cause(err))
	}
	return key, nil
}
